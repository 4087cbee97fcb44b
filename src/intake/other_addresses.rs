//! Finds a second column of addresses beside the one that is `to_address` by its name: «Новый кошелёк»
//! beside «Кошелёк». Nobody but the operator knows which of them is to be paid.

use super::content::Content;
use super::csv::{Splitter, lines};
use super::file::FileError;
use super::rows::FEWEST_IN_ADDRESS;
use crate::address::{self, Account};
use crate::domain::{Column, Currency};
use std::collections::HashSet;

/// How many lines are looked at.
const LOOKED_AT_LINES: usize = 1_000;

/// The first such column. One that holds the same address in every row is the payer's own wallet, or
/// a contract.
pub(super) fn find(content: &Content) -> Option<FileError> {
    let header = &content.header;
    let given = &content.options.reading.columns;
    let taken = header.place(Column::ToAddress)?;
    if given.of(Column::ToAddress).is_some() {
        return None;
    }
    let others = others(content, taken);
    let is_own = |index: usize| {
        let of_column = others.iter().filter(|it| it.index == index);
        let accounts: HashSet<_> = of_column.clone().map(|it| it.account).collect();
        of_column.count() > 1 && accounts.len() == 1
    };
    let found = others.iter().find(|it| !is_own(it.index))?;
    Some(FileError::OtherAddresses {
        name: header.names.get(found.index)?.clone(),
        taken: header.names.get(taken)?.clone(),
        line: found.line,
    })
}

/// An address in a column that is not used, which is not the payout's.
struct Other {
    index: usize,
    line: u64,
    account: Account,
}

/// All of them in the first lines.
fn others(content: &Content, taken: usize) -> Vec<Other> {
    let header = &content.header;
    let body = content.text.get(header.end..).unwrap_or_default();
    let behind = lines(body, header.line_break).nth(LOOKED_AT_LINES);
    let body = behind.map_or(body, |line| body.get(..line.start).unwrap_or_default());
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let first = header.line.saturating_add(1);
    let rows = (first..).zip(lines(body, header.line_break));
    let mut ignored = header.ignored();
    // Of one without a name an example is told.
    ignored.retain(|index| {
        header
            .names
            .get(*index)
            .is_some_and(|name| !name.is_empty())
    });
    let mut others = Vec::new();
    for (line, row) in rows {
        let record = splitter.split(row.text);
        let account = |currency: Currency, index: usize| {
            let text = Some(record.value(index)).filter(|text| text.len() >= FEWEST_IN_ADDRESS)?;
            let address = address::check(currency.network(), &text).ok()?;
            Some(*address.account())
        };
        let code = header.place(Column::CurrencyCode);
        let code = code.map(|code| record.value(code)).unwrap_or_default();
        let Some(currency) = Currency::from_code(&code) else {
            continue;
        };
        let Some(paid) = account(currency, taken) else {
            continue;
        };
        let of_row = ignored.iter().filter_map(|index| {
            let account = account(currency, *index).filter(|account| *account != paid)?;
            Some(Other {
                index: *index,
                line,
                account,
            })
        });
        others.extend(of_row);
    }
    others
}
