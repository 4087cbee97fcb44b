//! What is said about a row that has to do with an earlier one.

use super::text::{Context, Message, quoted, quoted_unless_secret};
use crate::address::differing;
use crate::domain::batch::MinorUnits;
use crate::domain::finding::key;
use crate::domain::{Column, Currency, Finding, Related};
use crate::intake::duplicates::{OUTLIER_FACTOR, RelationKind};
use crate::intake::rows::Row;

/// A row, and the earlier one that it has to do with.
#[derive(Clone, Copy, Debug)]
pub(in crate::intake) struct Pair<'a> {
    pub(in crate::intake) row: &'a Row<'a>,
    pub(in crate::intake) first: &'a Row<'a>,
    /// The line of the earlier one.
    pub(in crate::intake) first_line: u64,
    /// The median of the row's currency.
    pub(in crate::intake) median: u128,
}

/// The finding that tells what they have to do with each other.
pub(in crate::intake) fn finding(
    context: &Context<'_>,
    kind: RelationKind,
    pair: Pair<'_>,
) -> Finding {
    let column = match kind {
        RelationKind::SameReference | RelationKind::SimilarReference => Some(Column::Reference),
        RelationKind::SamePayout => None,
        RelationKind::SameAddress | RelationKind::SimilarAddress => Some(Column::ToAddress),
        RelationKind::SamePayee => Some(Column::Payee),
        RelationKind::Outlier => Some(Column::Amount),
    };
    let key = column.map_or(key::ROW, Column::key);
    let mut message = message(kind, pair);
    let is_similar = kind == RelationKind::SimilarAddress;
    let related = is_similar.then(|| {
        let (span, first_span) = differing(&pair.row.to_address, &pair.first.to_address);
        message.span = Some(span);
        Related {
            line: pair.first_line,
            value: pair.first.to_address.to_string(),
            span: first_span,
        }
    });
    let finding = context.tell((column, key, kind.noun()), message);
    Finding {
        severity: kind.severity(),
        // A private key is not shown, and neither is what it differs from.
        related: related.filter(|_| finding.span.is_some()),
        ..finding
    }
}

fn message(kind: RelationKind, pair: Pair<'_>) -> Message {
    let Pair {
        row,
        first,
        first_line,
        median,
    } = pair;
    match kind {
        RelationKind::SameReference => same_reference(pair),
        RelationKind::SimilarReference => similar_reference(pair),
        RelationKind::SamePayout => Message::new(
            format!(
                "line {first_line} pays the same amount of the same currency to the same recipient"
            ),
            "make sure that both are meant; references tell them apart",
        ),
        RelationKind::SameAddress => Message::new(
            format!(
                "the recipient of {} on line {first_line} is paid here as well, under {}",
                quoted_unless_secret(&first.reference),
                quoted_unless_secret(&row.reference)
            ),
            "make sure that both payouts are meant for one recipient",
        ),
        RelationKind::SimilarAddress => Message::new(
            format!(
                "{} begins and ends like {} on line {first_line}, but is another address",
                row.to_address, first.to_address
            ),
            "compare both with what the recipients gave, letter by letter: such addresses are made to be copied by mistake",
        ),
        RelationKind::SamePayee => Message::new(
            format!(
                "{} is paid at another address on line {first_line}: {}",
                quoted(&row.payee),
                first.to_address
            ),
            "compare both with what the payee gave: one of them may be old, or not theirs",
        ),
        RelationKind::Outlier => {
            let (code, decimals) = row.currency.map_or(("", 0), |currency| {
                (currency.code(), Currency::decimals(currency))
            });
            let median = MinorUnits {
                units: median,
                decimals,
            };
            Message::new(
                format!(
                    "the amount is more than {OUTLIER_FACTOR} times the median of {code} in this file, which is {median}"
                ),
                "check the decimal mark and the currency",
            )
        }
    }
}

fn same_reference(pair: Pair<'_>) -> Message {
    let (row, first) = (pair.row, pair.first);
    let line = pair.first_line;
    let text = if row.reference == first.reference {
        format!(
            "the reference {} is already on line {line}",
            quoted(&row.reference)
        )
    } else {
        format!(
            "the reference {} is the same as on line {line}, only composed of other characters",
            quoted(&row.reference)
        )
    };
    Message::new(
        text,
        "if it is the same payout, remove one of the rows; if it is another, give it a reference of its own",
    )
}

fn similar_reference(pair: Pair<'_>) -> Message {
    let (row, first) = (pair.row, pair.first);
    let differ_in_case = row.reference.to_lowercase() == first.reference.to_lowercase();
    let how = if differ_in_case {
        "differs only in case from"
    } else {
        "looks like"
    };
    Message::new(
        format!(
            "the reference {} {how} {} on line {}",
            quoted(&row.reference),
            quoted_unless_secret(&first.reference),
            pair.first_line
        ),
        "make sure that these are two payouts; if they are one, remove one of the rows",
    )
}
