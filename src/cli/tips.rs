//! A tip says which command was probably meant by a word that is not a command.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsStr;

/// Words for what a command does, each with what to type instead.
const MEANT: [(&[&str], &str); 6] = [
    (
        &["resume", "continue", "restart"],
        "run goes on where it stopped: ccbatch run FILE",
    ),
    (
        &["pay", "send", "submit", "start", "payout"],
        "run pays, after a question: ccbatch run FILE",
    ),
    (
        &["retry", "resend", "repeat"],
        "mend the rejected rows, then: ccbatch run FILE --retry-rejected",
    ),
    (
        &["check", "verify", "plan", "test", "lint"],
        "validate checks and sends nothing: ccbatch validate FILE",
    ),
    (
        &["fix", "repair"],
        "validate writes a corrected copy: ccbatch validate FILE --fix NEW.csv",
    ),
    (
        &["list", "log"],
        "history shows all that was ever sent; status shows one file: ccbatch status FILE",
    ),
];

/// The longest word in which two letters may be wrong; in a shorter one it is one.
const SHORT_WORD_BYTES: usize = 4;

/// The error with a tip, where its word is not a command. `first` is the first argument.
pub(super) fn with_tip(
    mut error: clap::Error,
    first: Option<&OsStr>,
    commands: &[String],
) -> clap::Error {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) if error.kind() == ErrorKind::InvalidSubcommand => {
            word.clone()
        }
        Some(_) | None => return error,
    };
    // A word after `ledger` is not one of these commands.
    if first != Some(OsStr::new(&word)) {
        return error;
    }
    error.remove(ContextKind::SuggestedSubcommand);
    if let Some(tip) = tip(&word, commands) {
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

fn tip(word: &str, commands: &[String]) -> Option<String> {
    let lower = word.to_lowercase();
    if lower.ends_with(".csv") {
        return Some(format!(
            "name the command first: ccbatch validate {word} checks it, ccbatch run {word} pays it"
        ));
    }
    let of_meaning = MEANT.iter().find(|(words, _)| words.contains(&&*lower));
    if let Some((_, tip)) = of_meaning {
        return Some((*tip).to_owned());
    }
    let most = if lower.len() <= SHORT_WORD_BYTES {
        1
    } else {
        2
    };
    let near = commands
        .iter()
        .map(|it| (strsim::osa_distance(&lower, it), it));
    let near = near.filter(|(distance, _)| *distance <= most).min()?;
    Some(format!("a similar command exists: ccbatch {}", near.1))
}
