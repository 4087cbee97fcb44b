//! What is wrong about a flag, a variable of the environment or a setting of the config file.

use crate::cryptocloud::client::EndpointError;
use crate::payout::pacer::API_INTERVAL;
use std::borrow::Cow;
use std::time::Duration;

/// Why what was asked cannot be meant. The flag, the variable or the setting is the place.
#[derive(Debug, thiserror::Error)]
pub enum UsageError {
    /// The config file is not TOML, in the words of its reader.
    #[error("{0}")]
    Syntax(String),
    /// A setting of another type.
    #[error("this is {found}, and has to be {wanted}")]
    Type {
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
        /// How it is written.
        like: String,
    },
    /// A setting whose value is not fit.
    #[error("{text:?} is not valid: {why}")]
    Value {
        /// The value.
        text: String,
        /// Why it is not fit.
        why: String,
        /// How it is written.
        like: String,
    },
    /// A flag that cannot be a setting.
    #[error("{} cannot stand in the config file: {why}", flag.replace('-', "_"))]
    NeverASetting {
        /// The flag, without the dashes in front.
        flag: String,
        /// Why it cannot be one.
        why: &'static str,
    },
    /// A name that is not a setting.
    #[error("{name} is not a setting")]
    NotASetting {
        /// The name.
        name: String,
        /// The setting that is spelled most like it.
        nearest: &'static str,
        /// The settings there are.
        known: Vec<&'static str>,
    },
    /// The API's base URL is not fit. A password in it is not repeated.
    #[error("{} {error}", if *.error == EndpointError::Extras { "the URL" } else { url })]
    Endpoint {
        /// The URL.
        url: String,
        /// What is wrong about it.
        #[source]
        error: EndpointError,
    },
    /// The interval is one that the API refuses.
    #[error(
        "{} is shorter than the {} that the API asks for",
        humantime::format_duration(*.0),
        humantime::format_duration(API_INTERVAL)
    )]
    IntervalTooShort(Duration),
    /// The interval is beyond reason: longer than this.
    #[error("more than {}", humantime::format_duration(*.0))]
    IntervalTooLong(Duration),
    /// A flag of CSV was given where none is written.
    #[error("this is for CSV only")]
    CsvOnly,
    /// Standard input has no place beside which results could be kept.
    #[error("payouts from standard input need a results file")]
    NoResults,
    /// `--only` names a line, this one, without a payout.
    #[error("no payout stands on line {0}")]
    OnlyLine(u64),
    /// `--only` names a reference that no row has.
    #[error("no row has the reference {0:?}")]
    OnlyReference(String),
    /// `--only` names what is both.
    #[error("{0} is both a line and a reference")]
    OnlyEither(String),
    /// What `resolve` was given is not an invoice id.
    #[error("{0:?} is not an invoice id")]
    InvoiceId(String),
    /// No `--yes`, and nobody to ask.
    #[error("nothing was sent: there is no terminal to ask on")]
    NoConsent,
    /// No `--yes` for a verdict, and nobody to ask.
    #[error("nothing was recorded: there is no terminal to ask on")]
    NoConsentToVerdict,
}

impl UsageError {
    pub(super) fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Syntax(_) => "write one setting per line, like interval = \"15s\"".into(),
            Self::Type { like, .. } | Self::Value { like, .. } => {
                format!("write it like {like}").into()
            }
            Self::NeverASetting { flag, .. } if flag == "api-key" => {
                "name a file that only you can read with api_key_file".into()
            }
            Self::NeverASetting { flag, .. } => {
                format!("take it out, and give --{flag} to the command that needs it").into()
            }
            Self::NotASetting { nearest, known, .. } => format!(
                "did you mean {nearest}? the settings are {}",
                known.join(", ")
            )
            .into(),
            Self::Endpoint { error, .. } => error.hint().into(),
            Self::IntervalTooShort(_) => {
                "leave it out; only a loopback --api-url or --sandbox may be faster".into()
            }
            Self::IntervalTooLong(_) => "leave it out for 12s".into(),
            Self::CsvOnly => "add --format csv, or leave the flag out".into(),
            Self::NoResults => "name one with --results, and the same one to go on".into(),
            Self::OnlyLine(_) => {
                "count the lines as an editor shows them: the first of the file is line 1".into()
            }
            Self::OnlyReference(_) => "write it as it stands in the file".into(),
            Self::OnlyEither(bare) => format!("write line:{bare} or ref:{bare}").into(),
            Self::InvoiceId(_) => {
                "copy it from the dashboard's entry for this payout: INV- and what stands behind it"
                    .into()
            }
            Self::NoConsent => "look at the plan with --dry-run, then add --yes".into(),
            Self::NoConsentToVerdict => {
                "make sure of what the dashboard shows, then add --yes".into()
            }
        }
    }
}
