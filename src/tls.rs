//! Why there is no TLS with a server, in words for a person: the API's server or the ledger's.

use std::error;
use std::io;
use std::iter::successors;
use tokio_rustls::rustls::{CertificateError, Error, OtherError};

/// Why a server was not taken for the one that is meant, or could not be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsFault {
    /// Its certificate does not prove that it is the one.
    Unproven(String),
    /// It did not get as far as that.
    NoTls(String),
}

impl From<&Error> for TlsFault {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::Unproven(certificate_words(error)),
            Error::InvalidMessage(_) => Self::NoTls("what answers there is not TLS".to_owned()),
            Error::AlertReceived(alert) => Self::NoTls(format!("it refuses this TLS: {alert:?}")),
            // The library's own enum, which grows: its words are better than a general text.
            other => Self::NoTls(other.to_string()),
        }
    }
}

impl TlsFault {
    /// What is wrong about TLS behind this error, if anything is.
    #[must_use]
    pub fn behind(error: &(dyn error::Error + 'static)) -> Option<Self> {
        let mut causes = causes(error);
        let fault = causes.find_map(|it| it.downcast_ref::<Error>());
        fault.map(Self::from)
    }
}

/// An error and what it comes from, the first cause last.
pub fn causes<'a>(
    error: &'a (dyn error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn error::Error + 'static)> {
    successors(Some(error), |&error: &&'a (dyn error::Error + 'static)| {
        // It does not name what it is made from as its source.
        let made_from = error.downcast_ref().and_then(io::Error::get_ref);
        match made_from {
            Some(cause) => Some(cause as &(dyn error::Error + 'static)),
            None => error.source(),
        }
    })
}

/// What the libraries' words mean, where they are about bytes: a server that ends a connection, or the
/// making of one, without a word.
#[must_use]
pub fn plain(words: &str) -> &str {
    match words {
        "tls handshake eof" | "early eof" | "connection closed" => "it closed the connection",
        _ => words,
    }
}

/// What is wrong with a certificate; its library's words where there are no better.
fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not signed by an authority that is trusted here".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        // `openssl req -x509` makes such a one unless it is told not to.
        CertificateError::Other(OtherError(error)) if is_of_an_authority(&**error) => {
            "its certificate is one of an authority (CA:TRUE), and not of a server".to_owned()
        }
        other => other.to_string(),
    }
}

/// The library tells this in the words of another one, which are the name of a variant.
fn is_of_an_authority(error: &(dyn error::Error + 'static)) -> bool {
    error.to_string() == "CaUsedAsEndEntity"
}
