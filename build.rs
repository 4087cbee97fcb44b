//! Tells the program its version and, where the source knows it, the commit that it is built from.
//! A source without git and without cargo's own note of it has the version alone.

#![allow(clippy::print_stdout, reason = "so a build script speaks to cargo")]

use std::path::Path;
use std::process::Command;

/// How much of a commit is named. Git's own choice differs from clone to clone.
const SHOWN: usize = 12;

fn main() {
    let commit = commit_of_clone().or_else(commit_of_package);
    let commit = commit.and_then(|commit| Some(format!(" ({})", commit.get(..SHOWN)?)));
    let version = env!("CARGO_PKG_VERSION");
    println!(
        "cargo::rustc-env=CCBATCH_VERSION={version}{}",
        commit.unwrap_or_default()
    );
    println!("cargo::rerun-if-changed=build.rs");
}

/// In a clone the commit that is checked out. A source that merely lies in the clone of something
/// else is not asked about.
fn commit_of_clone() -> Option<String> {
    Path::new(".git").exists().then_some(())?;
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// In a package what cargo has noted there: `{"git": {"sha1": "…"}}`.
fn commit_of_package() -> Option<String> {
    let note = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = note.split_once("\"sha1\": \"")?;
    Some(rest.split('"').next()?.to_owned())
}
