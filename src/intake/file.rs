//! A [`FileError`] is about the file as a whole: what keeps it from being read, and what no single
//! row is to blame for.

use super::decode::{DecodeError, TextEncoding};
use crate::domain::batch::MinorUnits;
use crate::domain::{Amount, Currency, Severity};

/// What is wrong with a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FileError {
    /// It is larger than is read.
    TooLarge,
    /// It is not text.
    Decode(DecodeError),
    /// The name of a column or a reference makes no sense in the encoding that was detected, and does
    /// in another one.
    Misread {
        line: u64,
        value: String,
        detected: TextEncoding,
        other: TextEncoding,
        in_other: String,
    },
    /// There is nothing in it.
    Empty,
    /// There is no row below the header.
    NoPayouts,
    /// The amounts come to more than can be counted.
    Uncountable,
    /// The payouts of a currency come to more than the limit.
    OverTotal {
        currency: Currency,
        sum: MinorUnits,
        limit: Amount,
    },
    /// Every amount with a decimal mark has three digits behind it.
    MaybeThousands,
    /// The header of the amounts names another unit than the currency of some payouts.
    OtherUnit {
        name: String,
        unit: String,
        paid: Currency,
    },
    /// The header of the addresses names another network than the one of some payouts.
    OtherChain {
        name: String,
        chain: String,
        paid: Currency,
    },
    /// A column that is not used holds addresses, on this line another one than the column that was
    /// taken for the addresses.
    OtherAddresses {
        name: String,
        taken: String,
        line: u64,
    },
    /// The name of a column that is not used says that it may be what is to be paid, beside the amounts.
    OtherAmounts { name: String, taken: String },
}

impl FileError {
    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::TooLarge
            | Self::Decode(_)
            | Self::Misread { .. }
            | Self::Empty
            | Self::NoPayouts
            | Self::Uncountable
            | Self::OverTotal { .. } => Severity::Error,
            Self::MaybeThousands
            | Self::OtherUnit { .. }
            | Self::OtherChain { .. }
            | Self::OtherAddresses { .. }
            | Self::OtherAmounts { .. } => Severity::Warning,
        }
    }

    /// The noun under which it is counted.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge => "size",
            Self::Decode(error) => match error {
                DecodeError::Workbook | DecodeError::OldWorkbook => "workbook",
                DecodeError::Pdf | DecodeError::Binary => "binary",
                DecodeError::UnmarkedUtf16
                | DecodeError::DamagedUtf8 { .. }
                | DecodeError::Mixed { .. }
                | DecodeError::Malformed { .. } => "encoding",
            },
            Self::Misread { .. } => "encoding",
            Self::Empty | Self::NoPayouts => "empty",
            Self::Uncountable | Self::OverTotal { .. } => "limit",
            Self::MaybeThousands => "thousands mark",
            Self::OtherUnit { .. } | Self::OtherAmounts { .. } => "header",
            Self::OtherChain { .. } => "other network",
            Self::OtherAddresses { .. } => "other address",
        }
    }

    /// The line it is about, as an editor shows it.
    pub(super) fn line(&self) -> Option<u64> {
        match self {
            Self::Decode(
                DecodeError::DamagedUtf8 { line, .. }
                | DecodeError::Mixed { line }
                | DecodeError::Malformed { line, .. },
            )
            | Self::Misread { line, .. } => Some(*line),
            Self::TooLarge
            | Self::Decode(_)
            | Self::Empty
            | Self::NoPayouts
            | Self::Uncountable
            | Self::OverTotal { .. }
            | Self::MaybeThousands
            | Self::OtherUnit { .. }
            | Self::OtherChain { .. }
            | Self::OtherAddresses { .. }
            | Self::OtherAmounts { .. } => None,
        }
    }
}
