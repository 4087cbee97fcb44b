//! What the ledger has against a row, as a finding.

use super::report::attempted_when;
use super::table;
use crate::domain::escape::escape;
use crate::domain::{Column, DecimalMark, Dialect, Finding, Payout, Severity};
use crate::intake::header::Header;
use crate::ledger::rules::{Refusal, RefusalReason};
use crate::ledger::{Attempt, AttemptStatus, Realm};
use crate::payout::run::Paths;

/// The places where messages say that attempts stand.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The results file of this batch.
    pub own: String,
    /// Those of others.
    pub others: &'a Paths,
    /// The command that settles a payout in doubt, up to the attempt's id.
    pub resolve: String,
    /// The header of the input, where its rows are spoken of.
    pub header: Option<&'a Header>,
    /// How the input writes its amounts.
    pub decimal_mark: DecimalMark,
}

impl Places<'_> {
    /// The results file that an attempt stands in.
    #[must_use]
    pub fn of(&self, attempt: &Attempt) -> String {
        match self.others.get(&attempt.batch) {
            Some(path) => path.path.clone(),
            None => self.own.clone(),
        }
    }

    /// Whether an attempt is of this batch.
    fn is_own(&self, attempt: &Attempt) -> bool {
        !self.others.contains_key(&attempt.batch)
    }

    /// How to settle a payout that is in doubt.
    fn settle(&self, attempt: &Attempt) -> String {
        let (resolve, id) = (&self.resolve, &attempt.id);
        format!(
            "look for it in the CryptoCloud dashboard, then say what it shows: {resolve} {id} --invoice-id INV-…, or {resolve} {id} --not-created"
        )
    }
}

/// What the ledger has against a row. `earlier` is the line of the first row that collides with the
/// same attempt, if it is another one: only one of them can be changed back to what was paid.
#[must_use]
pub fn refused(
    payout: &Payout,
    refusal: &Refusal<&Attempt>,
    earlier: Option<u64>,
    places: &Places<'_>,
) -> Finding {
    let attempt = refusal.attempt;
    let record = record(attempt, places);
    let (column, kind, message, hint) = match refusal.reason {
        RefusalReason::ReferenceUsed => (
            Some(Column::Reference),
            "reference used",
            format!(
                "the reference was used for another payout (each part of an instalment needs a reference of its own): {record}"
            ),
            format!(
                "change this row back to what was paid: {}",
                row(attempt, places)
            ),
        ),
        RefusalReason::InDoubtElsewhere => (
            None,
            "in doubt",
            format!("this payout is in doubt: {record}"),
            places.settle(attempt),
        ),
        RefusalReason::Twin => (
            None,
            "paid before",
            format!("the same sum went to the same address before: {record}"),
            twin_hint(attempt, earlier, places),
        ),
        RefusalReason::SpellingOfReference => (
            Some(Column::Reference),
            "reference used",
            format!("the reference was used before, written otherwise: {record}"),
            if attempt.content.is_of(payout) {
                format!("write it as it was: {}", attempt.reference)
            } else {
                "if it is the same payout, take the row out; if it is another one, give it a reference that differs in more".to_owned()
            },
        ),
    };
    Finding {
        column,
        message,
        hint: rehearsal_hint(attempt, places).unwrap_or(hint),
        ..Finding::of_ledger(Severity::Error, Some(payout.line), kind)
    }
}

/// In a rehearsal nothing was paid, and who mended a row since must not be told to take that back.
fn rehearsal_hint(attempt: &Attempt, places: &Places<'_>) -> Option<String> {
    let is_rehearsed = attempt.realm == Realm::Sandbox && !attempt.status().is_in_doubt();
    is_rehearsed.then(|| {
        let file = places.of(attempt);
        format!(
            "in this rehearsal nothing was paid: to rehearse the file as it is now, delete {file}"
        )
    })
}

/// A row that is going to be submitted though another reference was paid the same not long ago: the
/// rows may have been numbered anew.
#[must_use]
pub fn paid_alike(
    payout: &Payout,
    attempt: &Attempt,
    places: &Places<'_>,
    severity: Severity,
) -> Finding {
    let what = match attempt.status() {
        AttemptStatus::Submitting | AttemptStatus::Unknown => "may have been paid",
        AttemptStatus::Created | AttemptStatus::Rejected | AttemptStatus::NotCreated => "was paid",
    };
    Finding {
        column: Some(Column::Reference),
        value: payout.reference.clone(),
        message: format!(
            "line {} pays what {what} on {} under another reference: {}",
            payout.line,
            attempt.started_at.format("%Y-%m-%d"),
            record(attempt, places)
        ),
        hint: "if it is the same payout, take the row out".to_owned(),
        ..Finding::of_ledger(severity, Some(payout.line), "paid under another reference")
    }
}

/// A live attempt whose row is no longer in the input. Of a payout that pays the same and is in
/// doubt, its row may be that one's: which it is shows when the doubt is settled, and a row put back
/// before would be paid.
#[must_use]
pub fn missing(
    attempt: &Attempt,
    equal_in_doubt: Option<&Attempt>,
    places: &Places<'_>,
) -> Finding {
    let hint = match equal_in_doubt {
        Some(doubt) => places.settle(doubt),
        None => format!(
            "put the row back ({}); if it was changed and not taken out, change it back and add none; if this is a new batch, give the file another name and leave the results file behind",
            row(attempt, places)
        ),
    };
    Finding {
        message: format!(
            "a payout of this batch is no longer in the file: {}",
            record(attempt, places)
        ),
        hint: rehearsal_hint(attempt, places).unwrap_or(hint),
        ..Finding::of_ledger(Severity::Error, None, "row missing")
    }
}

/// A row that was added to a batch which was finished long ago.
#[must_use]
pub fn added(payout: &Payout, newest: &Attempt) -> Finding {
    let hint = "put the rows that were added alone into a new file with a name of its own, without the rows that were paid";
    Finding {
        message: format!(
            "this batch was finished, its last payout on {}",
            newest.started_at.format("%Y-%m-%d")
        ),
        hint: hint.to_owned(),
        ..Finding::of_ledger(Severity::Error, Some(payout.line), "batch closed")
    }
}

fn twin_hint(attempt: &Attempt, earlier: Option<u64>, places: &Places<'_>) -> String {
    match attempt.status() {
        AttemptStatus::Submitting | AttemptStatus::Unknown => places.settle(attempt),
        AttemptStatus::Created | AttemptStatus::Rejected | AttemptStatus::NotCreated => {
            if let (true, Some(line)) = (places.is_own(attempt), earlier) {
                format!(
                    "line {line} collides with it too: if both rows are that payout, take this one out; if this one is another, change line {line} back first, then run again"
                )
            } else if places.is_own(attempt) {
                format!(
                    "if it is the same payout, change this row back to what was paid, and add none: {}; README.md tells how to pay the same sum again",
                    row(attempt, places)
                )
            } else {
                "if it is the same payout, take the row out: it is paid; README.md tells how to pay the same sum again"
                    .to_owned()
            }
        }
    }
}

/// `0.1 BTC to bc1q…, created at 2026-11-01 10:00 UTC (INV-1), see payouts.results.csv`
fn record(attempt: &Attempt, places: &Places<'_>) -> String {
    format!("{}, see {}", attempted_when(attempt), places.of(attempt))
}

/// The row of an attempt, to be put back as the input has its rows, with the names of their columns:
/// `reference,currency_code,to_address,amount: R1,BTC,bc1q…,0.1`
fn row(attempt: &Attempt, places: &Places<'_>) -> String {
    let amount = places.decimal_mark.show(&attempt.amount);
    let cells = [
        (Column::Reference, attempt.reference.as_str()),
        (Column::CurrencyCode, attempt.content.currency_code()),
        (Column::ToAddress, &attempt.to_address),
        (Column::Amount, &amount),
        (Column::Payee, &attempt.payee),
    ];
    let filled = cells.into_iter().filter(|(_, text)| !text.is_empty());
    let in_input = places
        .header
        .and_then(|header| in_columns(header, filled.clone()));
    let text = in_input.unwrap_or_else(|| {
        let (names, cells): (Vec<_>, Vec<_>) =
            filled.map(|(column, text)| (column.name(), text)).unzip();
        table::lines([names, cells], Dialect::default())
    });
    let text = text.trim_end_matches('\n').replacen('\n', ": ", 1);
    escape(&text).into_owned()
}

/// The names of the input's columns, and a row of it with these cells; `None` if it has no column for
/// the reference, or tabs, which cannot be shown.
fn in_columns<'c>(
    header: &Header,
    cells: impl Iterator<Item = (Column, &'c str)>,
) -> Option<String> {
    let mut row = vec![""; header.names.len()];
    for (column, text) in cells {
        match header.place(column) {
            Some(place) => *row.get_mut(place)? = text,
            None if column == Column::Payee => {}
            None => return None,
        }
    }
    let names = header.names.iter().map(String::as_str).collect();
    let dialect = Dialect {
        delimiter: header.delimiter,
        ..Dialect::default()
    };
    (header.delimiter != b'\t').then(|| table::lines([names, row], dialect))
}
