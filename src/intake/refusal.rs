//! A refusal is a finding about the file as a whole: what keeps it from being read, and what no
//! single row is to blame for.

use super::Limits;
use super::header::HeaderFault;
use super::opening::OpeningFault;
use super::source::{MAX_LINE_BYTES, Unreadable};
use super::survey::Survey;
use super::wording::{Words, holds_secret, quoted};
use crate::domain::finding::key;
use crate::domain::{Column, Finding, Severity};

/// What to do about a file of another kind.
const SAVE_AS: &str = "save it as CSV UTF-8 in the spreadsheet program";

/// What the header must have.
const HEADER_HINT: &str = "the first line must name the columns: currency_code,to_address,amount \
                           and, if you like, reference";

/// Why a file is no CSV at all.
pub(super) fn unreadable(unreadable: Unreadable) -> Finding {
    let words = match unreadable {
        Unreadable::Empty => Words::new("empty", "the file is empty", HEADER_HINT),
        Unreadable::Workbook | Unreadable::OldWorkbook => Words::new(
            "workbook",
            "the file is a workbook (or another archive), not a CSV",
            SAVE_AS,
        ),
        Unreadable::Pdf => Words::new("binary", "the file is a PDF document, not a CSV", SAVE_AS),
        Unreadable::UnmarkedUtf16 => Words::new(
            "encoding",
            "the file is in UTF-16 without a byte order mark",
            "save it as CSV UTF-8",
        ),
        Unreadable::Binary => Words::new(
            "binary",
            "the file contains NUL bytes, so it is no text",
            SAVE_AS,
        ),
    };
    about(None, key::FILE, words)
}

/// Why a file has no header.
pub(super) fn no_opening(fault: &OpeningFault) -> Vec<Finding> {
    match fault {
        OpeningFault::Blank => vec![unreadable(Unreadable::Empty)],
        OpeningFault::Overlong { line } => {
            let words = Words::new(
                "long line",
                format!(
                    "the line is longer than {} KiB, so it is no header",
                    MAX_LINE_BYTES >> 10
                ),
                HEADER_HINT,
            );
            vec![about(Some(*line), key::HEADER, words)]
        }
        OpeningFault::Header { line, text, faults } => {
            let row = if holds_secret(text.as_bytes()) {
                ""
            } else {
                text
            };
            faults
                .iter()
                .map(|fault| Finding {
                    row: row.to_owned(),
                    ..about(Some(*line), key::HEADER, header_words(fault))
                })
                .collect()
        }
    }
}

fn header_words(fault: &HeaderFault) -> Words {
    match fault {
        HeaderFault::Results => Words::new(
            "header",
            "this is a results file, not a file of payouts",
            "give the file that the payouts were read from",
        ),
        HeaderFault::Data => Words::new(
            "header",
            "the first line is a row, not a header",
            HEADER_HINT,
        ),
        HeaderFault::Missing(columns, names) => {
            let missing: Vec<_> = columns.iter().map(|column| column.name()).collect();
            let found: Vec<_> = names.iter().map(|name| named(name)).collect();
            let plural = if missing.len() == 1 {
                "column"
            } else {
                "columns"
            };
            Words::new(
                "header",
                format!("the header lacks the {plural} {}", missing.join(" and ")),
                match renamed(columns, names) {
                    Some((name, column)) => format!("rename {} to {}", quoted(name), column.name()),
                    None => format!("{HEADER_HINT}; it has {}", found.join(", ")),
                },
            )
        }
        HeaderFault::Doubled(column) => Words::new(
            "header",
            format!("the header has the column {} more than once", column.name()),
            "rename or remove one of them",
        ),
        HeaderFault::OpenQuote => Words::new(
            "quote",
            "a quote opens in the header and is not closed on its line",
            "close it, and keep the header on one line",
        ),
    }
}

/// A column's name in quotes, unless it is something that must not be shown.
fn named(name: &str) -> String {
    if holds_secret(name.as_bytes()) {
        "…".to_owned()
    } else {
        quoted(name)
    }
}

/// The column that is meant by a name, if only one column is missing and one name will do.
fn renamed<'a>(columns: &[Column], names: &'a [String]) -> Option<(&'a str, Column)> {
    let [column] = columns else {
        return None;
    };
    let usual: &[&str] = match column {
        Column::CurrencyCode => &["currency", "code", "coin", "token", "asset", "ticker"],
        Column::ToAddress => &["address", "wallet", "recipient", "to", "wallet_address"],
        Column::Amount => &["sum", "value", "quantity", "total", "payout", "amount_due"],
        Column::Reference | Column::Payee => &[],
    };
    let bare = |name: &str| name.to_ascii_lowercase().replace([' ', '-'], "_");
    let mut fitting = names.iter().filter(|name| {
        let name = bare(name);
        usual.contains(&name.as_str()) || name == column.name()
    });
    let name = fitting.next()?;
    fitting.next().is_none().then_some((name.as_str(), *column))
}

/// What is wrong with all the rows together.
pub(super) fn of_the_whole(survey: &Survey, limits: &Limits) -> Vec<Finding> {
    let mut findings = Vec::new();
    if survey.row_count == 0 {
        let words = Words::new(
            "empty",
            "there are no payouts in the file",
            "add a row below the header",
        );
        findings.push(about(None, key::FILE, words));
    }
    let Some(totals) = &survey.totals else {
        let words = Words::new(
            "limit",
            "the sum of the amounts is more than can be counted",
            "check the amounts",
        );
        findings.push(about(None, key::FILE, words));
        return findings;
    };
    for (currency, _, sum) in totals.iter() {
        if let Some(limit) = limits.exceeded_in_all(currency, sum.units) {
            let words = Words::new(
                "limit",
                format!(
                    "the payouts come to {sum} {currency}, more than the limit of {limit} for all together"
                ),
                "check the amounts, or raise the limit (--max-total)",
            );
            findings.push(about(None, key::FILE, words));
        }
    }
    findings
}

fn about(line: Option<u64>, key: &'static str, words: Words) -> Finding {
    Finding {
        severity: Severity::Error,
        line,
        column: None,
        key,
        kind: words.kind,
        value: String::new(),
        span: words.span,
        message: words.message,
        hint: words.hint,
        row: String::new(),
        row_span: None,
        related: None,
    }
}
