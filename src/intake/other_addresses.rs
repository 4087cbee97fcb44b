//! Finds a second column of addresses beside the one that is `to_address` by its name: «Новый кошелёк»
//! beside «Кошелёк». Nobody but the operator knows which of them is to be paid.

use super::content::Content;
use super::csv::{Line, Splitter, lines};
use super::file::FileError;
use crate::address::{self, Account};
use crate::domain::{Column, Currency};
use std::collections::HashSet;

/// How many lines are looked at.
const LOOKED_AT_LINES: usize = 1_000;

/// No address is shorter.
const FEWEST_BYTES: usize = 25;

/// The first such column. One that holds the same address in every row is the payer's own wallet, or
/// a contract.
pub(super) fn find(content: &Content) -> Option<FileError> {
    let header = &content.header;
    let given = &content.options.reading.columns;
    let taken = header.place(Column::ToAddress)?;
    if given.of(Column::ToAddress).is_some() {
        return None;
    }
    let is_other = |index: &usize| {
        header
            .names
            .get(*index)
            .is_some_and(|name| !name.is_empty())
    };
    let mut ignored = header.ignored().into_iter().filter(is_other);
    ignored.find_map(|index| {
        let others = others(content, (index, taken));
        let accounts: HashSet<_> = others.iter().map(|(_, account)| account).collect();
        let (line, _) = others.first()?;
        let is_own = others.len() > 1 && accounts.len() == 1;
        let name = |index: usize| header.names.get(index).cloned().unwrap_or_default();
        (!is_own).then(|| FileError::OtherAddresses {
            name: name(index),
            taken: name(taken),
            line: *line,
        })
    })
}

/// The addresses in a column that are not the payout's, each with its line.
fn others(content: &Content, (index, taken): (usize, usize)) -> Vec<(u64, Account)> {
    let header = &content.header;
    let body = content.text.get(header.end..).unwrap_or_default();
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let first = header.line.saturating_add(1);
    let rows = (first..).zip(lines(body, header.line_break));
    let other = |(number, line): (u64, Line<'_>)| {
        let record = splitter.split(line.text);
        let text = record.value(index);
        if text.len() < FEWEST_BYTES {
            return None;
        }
        let code = header.place(Column::CurrencyCode)?;
        let currency = Currency::from_code(&record.value(code))?;
        let account = |text: &str| address::check(currency.network(), text).ok();
        let (here, paid) = (account(&text)?, account(&record.value(taken))?);
        (here.account() != paid.account()).then(|| (number, here.account()))
    };
    rows.take(LOOKED_AT_LINES).filter_map(other).collect()
}
