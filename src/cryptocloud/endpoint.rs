//! An [`Endpoint`] is where requests go: a base URL that is fit to carry a key.

use crate::api::CREATE_PATH;
use reqwest::Url;
use std::net::IpAddr;

/// The base URL of the real API.
pub const PRODUCTION_URL: &str = "https://api.cryptocloud.plus";

/// The host of the real API.
pub const PRODUCTION_HOST: &str = "api.cryptocloud.plus";

/// A base URL that is fit to carry a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    host: String,
    port: u16,
    is_loopback: bool,
}

/// Why a base URL is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It cannot be read as a URL with a host.
    #[error("is not the base URL of an API")]
    NotAUrl,
    /// A key must not cross a network unencrypted.
    #[error("is not encrypted, and the API key would be readable on the way")]
    PlainHttp,
    /// It has a user, a password, a query or a fragment.
    #[error("has more than a host, a port and a path")]
    Extras,
}

impl EndpointError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::PlainHttp => {
                "use https://; only a loopback address like http://127.0.0.1:8080 may do without"
            }
            Self::NotAUrl | Self::Extras => "write it like https://api.cryptocloud.plus",
        }
    }
}

impl Endpoint {
    /// The endpoint under a base URL; the endpoint's own URL is taken as well.
    ///
    /// # Errors
    /// When the URL is not fit to carry a key.
    pub fn new(base: &str) -> Result<Self, EndpointError> {
        let base = base.trim();
        if base.contains(['?', '#', '@']) {
            return Err(EndpointError::Extras);
        }
        // A URL's reader passes over blanks and takes `\` for `/`.
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let (scheme, rest) = base.split_once("://").ok_or(EndpointError::NotAUrl)?;
        // Before a path is put behind it: `https://` with one reads as a host of that name.
        if rest.is_empty() || rest.starts_with('/') || base.contains(is_odd) {
            return Err(EndpointError::NotAUrl);
        }
        let base = base.trim_end_matches('/');
        let base = base.strip_suffix(CREATE_PATH).unwrap_or(base);
        let url =
            Url::parse(&format!("{base}{CREATE_PATH}")).map_err(|_| EndpointError::NotAUrl)?;
        let host = url.host_str().ok_or(EndpointError::NotAUrl)?.to_owned();
        let is_loopback = is_loopback(&host);
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(EndpointError::PlainHttp),
            _ => return Err(EndpointError::NotAUrl),
        }
        let is_address = address(&host).is_some();
        // A single word, as in `https://v2`, cannot be the name of the API.
        if !is_loopback && !is_address && !host.trim_end_matches('.').contains('.') {
            return Err(EndpointError::NotAUrl);
        }
        let port = url.port_or_known_default().ok_or(EndpointError::NotAUrl)?;
        Ok(Self {
            url,
            host,
            port,
            is_loopback,
        })
    }

    /// The host's name, without a port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host as records name it: `127.0.0.1:PORT` under every name of this machine, else the
    /// host, with its port where that is not the usual one.
    #[must_use]
    pub fn api(&self) -> String {
        match self.url.port() {
            _ if self.is_loopback => format!("127.0.0.1:{}", self.port),
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Whether the host is neither the real API's nor this machine: who gets the key and the payouts
    /// then is to be told before anything is sent.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.api() != PRODUCTION_HOST && !self.is_loopback
    }

    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Where requests go.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether there is no TLS, which only this machine can do without.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The host, where it is a name that has to be looked up.
    pub(super) fn name(&self) -> Option<&str> {
        address(&self.host).is_none().then_some(&self.host)
    }
}

/// Whether a URL's host can only be this machine.
fn is_loopback(host: &str) -> bool {
    match address(host) {
        Some(address) => address.to_canonical().is_loopback(),
        None => host.trim_end_matches('.') == "localhost",
    }
}

/// The address that a URL's host is, where it is one. A URL's reader has brought it into its
/// usual form.
fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_must_be_fit_to_carry_a_key() {
        for (url, error) in [
            ("http://api.cryptocloud.plus", EndpointError::PlainHttp),
            ("http://127.0.0.1.example.com", EndpointError::PlainHttp),
            ("http://10.0.0.1", EndpointError::PlainHttp),
            ("HTTP://10.0.0.1", EndpointError::PlainHttp),
            ("ftp://127.0.0.1", EndpointError::NotAUrl),
            ("api.cryptocloud.plus", EndpointError::NotAUrl),
            ("", EndpointError::NotAUrl),
            ("https://", EndpointError::NotAUrl),
            ("https:///", EndpointError::NotAUrl),
            ("https:///api.cryptocloud.plus", EndpointError::NotAUrl),
            ("https:/api.cryptocloud.plus", EndpointError::NotAUrl),
            ("https://v2", EndpointError::NotAUrl),
            ("https://v2/invoice", EndpointError::NotAUrl),
            ("https://v2.", EndpointError::NotAUrl),
            ("https://:443", EndpointError::NotAUrl),
            ("https://api.crypto cloud.plus", EndpointError::NotAUrl),
            ("https://api.crypto\ncloud.plus", EndpointError::NotAUrl),
            ("https://example.com\\x", EndpointError::NotAUrl),
            ("https://example.com:99999", EndpointError::NotAUrl),
            ("https://user@example.com", EndpointError::Extras),
            ("https://user:word@example.com", EndpointError::Extras),
            ("https://@example.com", EndpointError::Extras),
            ("https://example.com/?a=b", EndpointError::Extras),
            ("https://example.com?", EndpointError::Extras),
            ("https://example.com#", EndpointError::Extras),
        ] {
            assert_eq!(Endpoint::new(url), Err(error), "{url}");
        }
    }

    #[test]
    fn the_path_is_put_under_the_base_url_once() {
        let whole = format!("{PRODUCTION_URL}{CREATE_PATH}");
        for base in [PRODUCTION_URL, "https://api.cryptocloud.plus/", &whole] {
            let endpoint = Endpoint::new(base).unwrap();
            assert_eq!(endpoint.url.as_str(), whole);
            assert_eq!(endpoint.host(), "api.cryptocloud.plus");
            assert_eq!(endpoint.api(), "api.cryptocloud.plus");
            assert!(!endpoint.is_foreign() && !endpoint.is_loopback);
        }
    }

    #[test]
    fn this_machine_is_one_host_under_all_its_names() {
        for base in [
            "http://127.0.0.1:81",
            "http://[::1]:81",
            "http://[::ffff:127.0.0.1]:81",
            "http://localhost:81/prefix",
            "http://LOCALHOST.:81",
            "https://127.9.9.9:81",
        ] {
            let endpoint = Endpoint::new(base).unwrap();
            assert!(endpoint.is_loopback && !endpoint.is_foreign(), "{base}");
            assert_eq!(endpoint.api(), "127.0.0.1:81", "{base}");
        }
        assert_eq!(
            Endpoint::new("http://localhost").unwrap().api(),
            "127.0.0.1:80"
        );
    }

    #[test]
    fn another_host_is_foreign_and_named_with_its_port() {
        for (base, host) in [
            (
                "https://api.cryptocloud.plus.example.com",
                "api.cryptocloud.plus.example.com",
            ),
            (
                "https://api.cryptocloud.plus:8443",
                "api.cryptocloud.plus:8443",
            ),
            ("https://10.0.0.1", "10.0.0.1"),
            ("https://[2001:db8::1]:444", "[2001:db8::1]:444"),
        ] {
            let endpoint = Endpoint::new(base).unwrap();
            assert!(endpoint.is_foreign(), "{base}");
            assert_eq!(endpoint.api(), host);
        }
    }
}
