//! What is new about the payees of a plan: an address that is not the one of their last payment, and
//! an address that was another payee's.

use crate::address::differing;
use crate::domain::escape::escape;
use crate::domain::{Column, Finding, Payout, Severity};
use crate::ledger::payees::Payment;
use crate::payout::run::Prospect;
use std::ops::Range;

/// A changed or borrowed address of a payout that is going to be submitted. The most common fraud in
/// payouts is a changed address.
#[must_use]
pub fn findings(prospect: &Prospect<'_>, severity: Severity) -> Vec<Finding> {
    let mut findings = Vec::new();
    let paid = prospect.paid;
    if paid.is_empty() {
        return findings;
    }
    for payout in prospect.to_submit().filter(|it| !it.payee.is_empty()) {
        let last = paid.payee(&payout.payee, payout.currency.network());
        let changed = last.filter(|last| last.account != payout.account);
        findings.extend(changed.map(|last| changed_address(&payout, last, severity)));
        let last = paid.account(&payout.account);
        let other = last.filter(|last| is_other_payee(&last.payee, &payout.payee));
        findings.extend(other.map(|last| address_of_other(&payout, last, severity)));
    }
    findings
}

/// Whether two names are of two payees; no name is nobody's.
fn is_other_payee(last: &str, now: &str) -> bool {
    !last.is_empty() && last.to_lowercase() != now.to_lowercase()
}

fn changed_address(payout: &Payout, last: &Payment, severity: Severity) -> Finding {
    let (before, now) = differing(&last.to_address, &payout.to_address);
    let message = format!(
        "this payee was last paid on {} at {}, line {} pays {} (what differs is in brackets)",
        last.started_at.format("%Y-%m-%d"),
        marked(&last.to_address, before),
        payout.line,
        marked(&payout.to_address, now.clone()),
    );
    let hint = "ask the payee by a way that you know from before, and not by answering the message that brought the new address";
    Finding {
        value: payout.to_address.clone(),
        span: (!now.is_empty()).then_some(now),
        column: Some(Column::ToAddress),
        message,
        hint: hint.to_owned(),
        ..Finding::of_ledger(severity, Some(payout.line), "changed address")
    }
}

fn address_of_other(payout: &Payout, last: &Payment, severity: Severity) -> Finding {
    let message = format!(
        "this address was last used for another payee: {} on {}, and line {} pays {} there",
        escape(&last.payee),
        last.started_at.format("%Y-%m-%d"),
        payout.line,
        escape(&payout.payee),
    );
    let hint =
        "one of the two may have a line of the other; if both share a wallet, nothing is wrong";
    Finding {
        value: payout.payee.clone(),
        span: Some(0..payout.payee.len()),
        column: Some(Column::Payee),
        message,
        hint: hint.to_owned(),
        ..Finding::of_ledger(severity, Some(payout.line), "address of another payee")
    }
}

/// An address, whole, with a part of it in brackets.
fn marked(address: &str, part: Range<usize>) -> String {
    let piece = |range: Range<usize>| escape(address.get(range).unwrap_or_default()).into_owned();
    format!(
        "{}[{}]{}",
        piece(0..part.start),
        piece(part.clone()),
        piece(part.end..address.len())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_whole_with_what_differs_in_brackets() {
        for (a, b, marked_a, marked_b) in [
            ("TJRaXYv8", "TJRaQv8", "TJRa[XY]v8", "TJRa[Q]v8"),
            ("abc", "xyz", "[abc]", "[xyz]"),
            ("aa", "aaa", "aa[]", "aa[a]"),
            ("aba", "aca", "a[b]a", "a[c]a"),
        ] {
            let (in_a, in_b) = differing(a, b);
            assert_eq!(marked(a, in_a), marked_a);
            assert_eq!(marked(b, in_b), marked_b);
        }
    }
}
