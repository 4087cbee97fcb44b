//! Messages are what is said about errors, for someone who runs payroll: what is wrong, and what to
//! do. Each stage's error is put into words by one function, which names every variant, so that a
//! new one does not compile until it is worded.
//!
//! No hint leads to another sum or to a second payment.

pub(super) mod address;
pub(super) mod amount;
pub(super) mod currency;
pub(super) mod duplicate;
pub(super) mod file;
pub(super) mod header;
pub(super) mod memo;
pub(super) mod reference;
pub(super) mod row;
pub(super) mod text;

use super::rows::Fault;
use text::{Context, Message};

/// What is said about a fault of a row.
pub(super) fn fault(context: &Context<'_>, fault: &Fault) -> Message {
    let value = |column| context.value(column);
    match fault {
        Fault::Row(error) => row::row(context, *error),
        Fault::Cell(column, error) => row::cell(*column, *error, &value(*column)),
        Fault::Currency(error) => currency::message(context, *error),
        Fault::Address(error) => address::message(context, *error),
        Fault::Amount(error) => amount::message(context, *error),
        Fault::Reference(error) => reference::reference(context, *error),
        Fault::Payee(error) => reference::payee(*error),
        Fault::Memo(index, error) => memo::message(context, *index, *error),
        Fault::OtherNetwork(index, paid) => currency::other_network(context, *index, *paid),
    }
}
