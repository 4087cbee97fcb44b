//! What is said about a memo.

use super::text::{Context, Message, quoted_unless_secret};
use crate::intake::rows::MemoError;

pub(super) fn message(context: &Context<'_>, index: usize, error: MemoError) -> Message {
    let names = &context.checker.header.names;
    let name = names
        .get(index)
        .map_or(String::new(), |name| quoted_unless_secret(name));
    let value = context.record.value(index);
    match error {
        MemoError::Memo => Message::new(
            format!(
                "the column {name} holds {}, and the API has no field for a memo",
                quoted_unless_secret(&value)
            ),
            "without its memo the payout would arrive without a name: ask the recipient for an address that needs none, or take the row out",
        ),
        MemoError::Comment => Message::new(
            format!(
                "the column {name} holds {}, which is not sent: on TON a comment is a memo",
                quoted_unless_secret(&value)
            ),
            "if the recipient needs it, ask for an address that needs none, or take the row out",
        ),
    }
}
