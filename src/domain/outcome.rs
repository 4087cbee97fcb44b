//! An [`Outcome`] is what became of one attempt to submit a payout.

use super::escape::cut;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::time::Duration;

/// The program's own error keys: what it records where the API names none.
pub mod own_key {
    /// The claim was void or too old, so no byte of the request left.
    pub const NOT_SENT: &str = "not_sent";
    /// No connection was made, so no request left.
    pub const CONNECT_FAILED: &str = "connect_failed";
    /// The request may have left, and nothing that can be read came back.
    pub const NO_ANSWER: &str = "no_answer";
    /// An answer began and did not end, or was too long.
    pub const BROKEN_ANSWER: &str = "broken_answer";
    /// The answer arrived whole and cannot be understood.
    pub const UNREADABLE_ANSWER: &str = "unreadable_answer";
    /// The answer says success and names no invoice.
    pub const NO_INVOICE_ID: &str = "no_invoice_id";
    /// The answer names an invoice that is not surely this payout's. The detail begins with its
    /// id: see [`super::named_invoice_id`].
    pub const INVOICE_IN_DOUBT: &str = "invoice_in_doubt";

    /// The key of an answer that says no more than its HTTP status.
    #[must_use]
    pub fn of_http(http_status: u16) -> String {
        format!("{HTTP}{http_status}")
    }

    /// Whether an attempt with this key on record is in doubt, whatever status stands beside it:
    /// only an unknown outcome has such a key.
    #[must_use]
    pub fn is_doubt(error_key: &str) -> bool {
        match error_key.strip_prefix(HTTP).map(str::parse) {
            Some(Ok(code)) => !(400..500).contains(&code) || MAY_BE_UNDER_WAY.contains(&code),
            Some(Err(_)) | None => [
                NO_ANSWER,
                BROKEN_ANSWER,
                UNREADABLE_ANSWER,
                NO_INVOICE_ID,
                INVOICE_IN_DOUBT,
            ]
            .contains(&error_key),
        }
    }

    /// What stands before the HTTP status.
    const HTTP: &str = "http_";

    /// The errors after which a request may still be carried out: timeout, conflict, too early.
    pub const MAY_BE_UNDER_WAY: [u16; 3] = [408, 409, 425];
}

/// A payout with a longer invoice id is in doubt: the API's own have a dozen letters, and PostgreSQL
/// looks up texts of some 2,700 bytes at most. An id of nothing but escapes is stored in five times
/// its bytes.
pub const MAX_INVOICE_ID_BYTES: usize = 500;

/// What stands between the invoice id and the words, in the detail of an
/// [`own_key::INVOICE_IN_DOUBT`].
const AFTER_ID: &str = "; ";

/// The invoice id that an answer named although the outcome is unknown, read back from what is
/// recorded of the attempt.
#[must_use]
pub fn named_invoice_id<'a>(error_key: &str, detail: &'a str) -> Option<&'a str> {
    let id = detail.split(AFTER_ID).next().unwrap_or(detail);
    (error_key == own_key::INVOICE_IN_DOUBT && !id.is_empty()).then_some(id)
}

/// What became of one attempt. There is no error beside it: whatever is not known is
/// [`Verdict::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Created, rejected, not created or unknown.
    pub verdict: Verdict,
    /// The API's error key, or one of [`own_key`]; empty when created.
    pub error_key: String,
    /// More words on it, as long as the API made them: [`Outcome::short_detail`] cuts them.
    pub detail: String,
    /// The HTTP status, where an answer came.
    pub http_status: Option<u16>,
}

/// The part of an outcome that decides how the batch goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API created the withdrawal.
    Created {
        /// The API's id for it, never cut.
        invoice_id: String,
        /// The amount that the API says it accepted, where that differs from the payout's.
        accepted_amount: Option<Decimal>,
    },
    /// The API refused this payout.
    Rejected,
    /// Provably nothing was created, and the payout is not at fault.
    NotCreated(Cause),
    /// The request may have arrived, and no trustworthy answer came.
    Unknown,
}

/// Why nothing was created although the payout is not at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The claim was void or too old, so no byte of the request left.
    NotSent,
    /// No connection was made, so no request left.
    ConnectFailed,
    /// Too soon after another request with the same key.
    RateLimited {
        /// How long the API asks to wait.
        retry_after: Option<Duration>,
    },
    /// The API key was refused.
    KeyRefused,
    /// The answer is a 404 or 405: the address is not the API's.
    WrongAddress,
    /// Something between this machine and the API refused the request, such as a firewall.
    RefusedInBetween,
}

impl Outcome {
    /// The outcome of a request of which no byte was sent.
    #[must_use]
    pub fn not_sent(why: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotCreated(Cause::NotSent),
            error_key: own_key::NOT_SENT.to_owned(),
            detail: why.into(),
            http_status: None,
        }
    }

    /// The unknown outcome of an answer that names an invoice, without being the documented
    /// success. `why` says what is odd about it.
    #[must_use]
    pub fn names_invoice(id: &str, why: &str, http_status: Option<u16>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            error_key: own_key::INVOICE_IN_DOUBT.to_owned(),
            detail: format!("{id}{AFTER_ID}{why}"),
            http_status,
        }
    }

    /// The same outcome as unknown, when `created` cannot be right: another payout has its invoice
    /// id already. The detail begins with the id. An outcome without an id stays what it is.
    #[must_use]
    pub fn into_unknown_with_id(self, why: &str) -> Self {
        match &self.verdict {
            Verdict::Created { invoice_id, .. } => {
                let words = [why, &self.detail].join(AFTER_ID);
                let words = words.trim_end_matches(AFTER_ID);
                Self::names_invoice(invoice_id, words, self.http_status)
            }
            Verdict::Rejected | Verdict::NotCreated(_) | Verdict::Unknown => self,
        }
    }

    /// The detail with no more than so many characters of words; an invoice id at its beginning
    /// is not counted and never cut.
    #[must_use]
    pub fn short_detail(&self, max_chars: usize) -> Cow<'_, str> {
        match named_invoice_id(&self.error_key, &self.detail) {
            Some(id) => {
                let words = self.detail.get(id.len()..).unwrap_or_default();
                Cow::Owned(format!("{id}{}", cut(words, max_chars)))
            }
            None => Cow::Borrowed(cut(&self.detail, max_chars)),
        }
    }

    /// The invoice id, where one was created.
    #[must_use]
    pub fn invoice_id(&self) -> &str {
        match &self.verdict {
            Verdict::Created { invoice_id, .. } => invoice_id,
            Verdict::Rejected | Verdict::NotCreated(_) | Verdict::Unknown => "",
        }
    }

    /// The amount the API accepted, where it differs.
    #[must_use]
    pub fn accepted_amount(&self) -> Option<Decimal> {
        match self.verdict {
            Verdict::Created {
                accepted_amount, ..
            } => accepted_amount,
            Verdict::Rejected | Verdict::NotCreated(_) | Verdict::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_cannot_be_this_payout_s_stands_uncut_before_the_words() {
        let id = format!("INV-{}", "A".repeat(500));
        let created = Outcome {
            verdict: Verdict::Created {
                invoice_id: id.clone(),
                accepted_amount: None,
            },
            error_key: String::new(),
            detail: String::new(),
            http_status: Some(200),
        };
        let unknown = created.into_unknown_with_id("line 7 has this id already");
        assert_eq!(unknown.verdict, Verdict::Unknown);
        assert_eq!(unknown.detail, format!("{id}; line 7 has this id already"));
        assert_eq!(unknown.short_detail(8), format!("{id}; line 7"));
        let read = named_invoice_id(&unknown.error_key, &unknown.detail);
        assert_eq!(read, Some(id.as_str()));
    }

    #[test]
    fn an_outcome_without_an_id_stays_what_it_is() {
        let not_sent = Outcome::not_sent("the claim is void; it is 20 s old");
        assert_eq!(not_sent.clone().into_unknown_with_id("x"), not_sent);
        assert_eq!(not_sent.short_detail(9), "the claim");
        assert_eq!(
            named_invoice_id(&not_sent.error_key, &not_sent.detail),
            None
        );
    }
}
