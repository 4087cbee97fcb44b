//! What is said about a reference, and about the name of a payee.

use super::text::{Context, Message, named, place_of, quoted};
use crate::domain::Column;
use crate::intake::decode::before_misreading;
use crate::intake::rows::{MAX_PAYEE_CHARS, MAX_REFERENCE_CHARS, PayeeError, ReferenceError};

pub(super) fn reference(context: &Context<'_>, error: ReferenceError) -> Message {
    let value = context.value(Column::Reference);
    match error {
        ReferenceError::Long(length) => Message::new(
            format!(
                "the reference has {length} characters; at most {MAX_REFERENCE_CHARS} are allowed"
            ),
            "shorten it",
        ),
        ReferenceError::Nothing => Message::new(
            format!("{} says that there is no reference", quoted(&value)),
            "leave the cell empty if this payout has none",
        ),
        ReferenceError::Formula(first) => Message::new(
            format!(
                "the reference starts with {first}, so that a spreadsheet would run it as a formula"
            ),
            "write it without the sign in front",
        )
        .at(Some(0..1)),
        ReferenceError::Shortened => Message::new(
            format!("the reference {} is in scientific notation", quoted(&value)),
            "a spreadsheet has shortened this number; format the column as text and fill it in again",
        ),
        ReferenceError::Misread => {
            let was = before_misreading(&value).unwrap_or_default();
            Message::new(
                format!(
                    "the reference {} was {} before a program read the file in the wrong encoding",
                    quoted(&value),
                    quoted(&was)
                ),
                format!("write {was}, or save the file it was made of as CSV UTF-8 again"),
            )
        }
        ReferenceError::Lost => Message::new(
            format!(
                "characters of the reference {} are lost: a program has saved a sign in their place",
                quoted(&value)
            ),
            if value.contains("??") {
                "write it as it is in the file that this one was made of; if that has the question marks too, write one where several are side by side"
            } else {
                "write it as it is in the file that this one was made of"
            },
        ),
        ReferenceError::Unprintable(found) if found != '\t' && found.is_whitespace() => {
            Message::new(
                format!("the reference contains {}", named(found)),
                "put a plain blank in its place",
            )
            .at(place_of(&value, found))
        }
        ReferenceError::Unprintable(found) => Message::new(
            format!("the reference contains {}", named(found)),
            "take it out; type the reference instead of pasting it",
        )
        .at(place_of(&value, found)),
    }
}

pub(super) fn payee(error: PayeeError) -> Message {
    match error {
        PayeeError::Long(length) => Message::new(
            format!("the payee has {length} characters; at most {MAX_PAYEE_CHARS} are allowed"),
            "shorten it",
        ),
    }
}
