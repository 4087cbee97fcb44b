//! What is said about a file as a whole.

use super::text::{Message, quoted_unless_secret};
use crate::domain::finding::key;
use crate::domain::{Currency, DecimalMark, Finding};
use crate::intake::decode::{DecodeError, TextEncoding};
use crate::intake::file::FileError;
use crate::intake::header::Header;

/// How large a file may be, in words.
const SIZE: &str = "1 GiB";

/// What to do about a file of another kind.
pub(super) const SAVE_AS: &str = "save it as CSV UTF-8 in the spreadsheet program";

/// What the header must have.
pub(super) const HEADER_HINT: &str = "the first line must name the columns: \
                                      currency_code,to_address,amount and, if you like, reference \
                                      and payee";

/// The finding that tells it.
pub(in crate::intake) fn finding(
    error: &FileError,
    read: Option<(&Header, DecimalMark)>,
) -> Finding {
    let message = message(error, read);
    let is_about_header = matches!(
        error,
        FileError::OtherUnit { .. }
            | FileError::OtherChain { .. }
            | FileError::OtherAddresses { .. }
            | FileError::OtherAmounts { .. }
    );
    let header = read.map(|(header, _)| header).filter(|_| is_about_header);
    Finding {
        severity: error.severity(),
        line: error.line().or(header.map(|header| header.line)),
        column: None,
        key: if is_about_header {
            key::HEADER
        } else {
            key::FILE
        },
        kind: error.kind(),
        value: String::new(),
        span: None,
        message: message.text,
        hint: message.hint,
        row: header.map_or(String::new(), |header| header.text.clone()),
        row_span: None,
        related: None,
    }
}

fn message(error: &FileError, read: Option<(&Header, DecimalMark)>) -> Message {
    match error {
        FileError::TooLarge => Message::new(
            format!("the file is larger than {SIZE}, the most that is read"),
            "split it into several files, and leave the references as they are",
        ),
        FileError::Decode(error) => decode(*error),
        FileError::Misread {
            value,
            detected,
            other,
            in_other,
            ..
        } => misread((value, *detected), (in_other, *other)),
        FileError::Empty => Message::new("the file is empty", HEADER_HINT),
        FileError::NoPayouts => Message::new(
            "there are no payouts in the file",
            "add a row below the header",
        ),
        FileError::Uncountable => Message::new(
            "the sum of the amounts is more than can be counted",
            "check the amounts",
        ),
        FileError::OverTotal {
            currency,
            sum,
            limit,
        } => {
            let mark = read.map_or_else(DecimalMark::default, |(_, mark)| mark);
            over_total(
                *currency,
                mark.show(&sum.to_string()),
                mark.show(&limit.to_string()),
            )
        }
        FileError::MaybeThousands => thousands(read),
        FileError::OtherUnit { name, unit, paid } => Message::new(
            format!(
                "the column {} is taken for amount; its name says {unit}, and there are payouts in {paid}",
                quoted_unless_secret(name)
            ),
            "each amount is paid as whole units of the row's own currency: make sure that it is not in another one",
        ),
        FileError::OtherChain { name, chain, paid } => Message::new(
            format!(
                "the column {} is taken for to_address; its name says {chain}, and {paid} is paid on {}",
                quoted_unless_secret(name),
                paid.chain()
            ),
            "the code decides where the money goes: make sure that the recipients wait for it on that network",
        ),
        FileError::OtherAddresses { name, taken, line } => Message::new(
            format!(
                "the column {} holds addresses too, on line {line} another one than {}, which is paid",
                quoted_unless_secret(name),
                quoted_unless_secret(taken)
            ),
            "make sure that the right column is paid, and say which one it is: --columns 'to_address=…'",
        ),
        FileError::OtherAmounts { name, taken } => Message::new(
            format!(
                "the column {} may be what is to be paid, and {} is paid",
                quoted_unless_secret(name),
                quoted_unless_secret(taken)
            ),
            "make sure that the right column is paid, and say which one it is: --columns 'amount=…'",
        ),
    }
}

fn misread(
    (value, detected): (&str, TextEncoding),
    (in_other, other): (&str, TextEncoding),
) -> Message {
    Message::new(
        format!(
            "it is not certain how the file is encoded: this is {} in {detected}, and {} in {other}",
            quoted_unless_secret(value),
            quoted_unless_secret(in_other)
        ),
        "save it as CSV UTF-8 in the program that it comes from; if that cannot be done, name with --encoding the one in which all of the file reads right",
    )
}

fn over_total(currency: Currency, sum: String, limit: String) -> Message {
    Message::new(
        format!(
            "the payouts come to {sum} {currency}, more than the limit of {limit} for all together"
        ),
        "check the amounts, or raise the limit (--max-total)",
    )
}

fn decode(error: DecodeError) -> Message {
    match error {
        DecodeError::Workbook | DecodeError::OldWorkbook => Message::new(
            "the file is a workbook (or another archive), not a CSV",
            SAVE_AS,
        ),
        DecodeError::Pdf => Message::new("the file is a PDF document, not a CSV", SAVE_AS),
        DecodeError::UnmarkedUtf16 => Message::new(
            "the file is in UTF-16 without a byte order mark",
            "save it as CSV UTF-8, or read it with --encoding utf-16le",
        ),
        DecodeError::Binary => {
            Message::new("the file contains NUL bytes, so it is not text", SAVE_AS)
        }
        DecodeError::DamagedUtf8 { byte, .. } => Message::new(
            format!("the file is in UTF-8, but the byte 0x{byte:02X} here is not"),
            "save the file as CSV UTF-8 again, or each of the files that were put together",
        ),
        DecodeError::Mixed { .. } => Message::new(
            "this line is in UTF-8, and others are not",
            "save each of the files that were put together as CSV UTF-8, and put them together again",
        ),
        DecodeError::Malformed { encoding, .. } => Message::new(
            format!("the file is not in {encoding}: a byte here has no meaning in it"),
            "save the file as CSV UTF-8 again; if --encoding was given, name another one or leave it out",
        ),
    }
}

fn thousands(read: Option<(&Header, DecimalMark)>) -> Message {
    let (mark, example) = match read {
        Some((_, DecimalMark::Comma)) => ("comma", "1,000"),
        Some((_, DecimalMark::Point)) | None => ("point", "1.000"),
    };
    Message::new(
        format!(
            "every {mark} in an amount stands before three digits, so {example} may mean a thousand; it is read as 1"
        ),
        format!("make sure that the {mark} is the decimal mark; a thousand is written 1000"),
    )
}
