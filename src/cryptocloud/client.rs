//! The client sends each request once and only once: HTTP/1.1, a fresh connection each, no
//! redirects, no proxy, no retries. The defaults of its library would repeat a request.

use super::classify::{self, Answer, Fault};
use crate::api::{CREATE_PATH, CreateRequest, TOKEN_SCHEME};
use crate::domain::escape::without_error_number;
use crate::domain::{Outcome, Payout};
use crate::payout::gateway::Gateway;
use crate::secret::ApiKey;
use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url, redirect, retry};
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// The base URL of the real API.
pub const PRODUCTION_URL: &str = "https://api.cryptocloud.plus";

/// How long a request may take and how much of an answer is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the name's look-up, the connection and the TLS handshake together.
    pub connect: Duration,
    /// From the start to the end of the answer.
    pub answer: Duration,
    /// A documented answer has 200 bytes; more than this is no answer to read.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(120),
            body_bytes: 64 * 1024,
        }
    }
}

/// Where requests go: a base URL that is fit to carry a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    host: String,
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
    /// It carries a user, a password, a query or a fragment.
    #[error("carries more than a host, a port and a path")]
    Extras,
}

impl Endpoint {
    /// The endpoint under a base URL; the endpoint's own URL is taken as well.
    ///
    /// # Errors
    /// When the URL is not fit to carry a key.
    pub fn new(base: &str) -> Result<Self, EndpointError> {
        let base = base.trim().trim_end_matches('/');
        let base = base.strip_suffix(CREATE_PATH).unwrap_or(base);
        let url =
            Url::parse(&format!("{base}{CREATE_PATH}")).map_err(|_| EndpointError::NotAUrl)?;
        let host = url.host_str().ok_or(EndpointError::NotAUrl)?.to_owned();
        let is_loopback = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(EndpointError::PlainHttp),
            _ => return Err(EndpointError::NotAUrl),
        }
        let has_extras =
            !url.username().is_empty() || url.password().is_some() || base.contains(['?', '#']);
        if has_extras {
            return Err(EndpointError::Extras);
        }
        Ok(Self {
            url,
            host,
            is_loopback,
        })
    }

    /// The host's name, as the results file has it.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether requests stay on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

/// Whether a URL's host can only be this machine.
fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || literal
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The strict HTTP client.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    key: ApiKey,
    body_bytes: usize,
}

/// The shortest key that is taken out of an answer: a shorter one would be found in plain words.
const MIN_HIDDEN_KEY_BYTES: usize = 8;

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key does not fit a header. An [`ApiKey`] always does.
    #[error("the API key does not fit an HTTP header")]
    Key,
    /// Mostly a machine without certificates of authorities.
    #[error("no HTTPS client can be made: {0}")]
    Tls(String),
}

impl Client {
    /// A client for one endpoint and one key.
    ///
    /// # Errors
    /// When the machine has no certificates to check the API's against.
    pub fn new(endpoint: Endpoint, key: &ApiKey, limits: Limits) -> Result<Self, ClientError> {
        let header = format!("{TOKEN_SCHEME} {}", key.expose());
        let mut authorization = HeaderValue::try_from(header).map_err(|_| ClientError::Key)?;
        authorization.set_sensitive(true);
        let is_plain = endpoint.url.scheme() == "http";
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("ccbatch/", env!("CARGO_PKG_VERSION")))
            .default_headers(HeaderMap::from_iter([(AUTHORIZATION, authorization)]))
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .https_only(!is_plain)
            .referer(false)
            .connect_timeout(limits.connect)
            .timeout(limits.answer);
        if is_plain {
            // Nothing to check, so a machine without certificates must do.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| ClientError::Tls(innermost(&error)))?;
        Ok(Self {
            http,
            endpoint,
            key: key.clone(),
            body_bytes: limits.body_bytes,
        })
    }

    async fn exchange(&self, payout: &Payout) -> Outcome {
        let request = CreateRequest {
            currency_code: payout.currency.code(),
            to_address: &payout.to_address,
            amount: payout.amount.decimal(),
        };
        let sent = self
            .http
            .post(self.endpoint.url.clone())
            .json(&request)
            .send()
            .await;
        let response = match sent {
            Ok(response) => response,
            // With redirects off, a failed connection means that nothing was sent.
            Err(error) if error.is_connect() => {
                let detail = self.connect_detail(&error);
                return classify::no_answer(Fault::ConnectFailed, None, detail);
            }
            Err(error) => {
                return classify::no_answer(Fault::NoAnswer, None, answer_detail(&error));
            }
        };
        let http_status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), Utc::now());
        match self.read_body(response).await {
            Ok(body) => classify::answer(
                payout,
                &Answer {
                    http_status,
                    retry_after,
                    body: &body,
                },
            ),
            Err(detail) => classify::broken_answer(http_status, &[], &detail),
        }
    }

    /// Reads the body up to the limit.
    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => return Err(answer_detail(&error)),
            }
            if body.len() > self.body_bytes {
                return Err(format!(
                    "the answer is longer than {} bytes",
                    self.body_bytes
                ));
            }
        }
    }

    /// The outcome without the key, should the API have repeated it.
    fn hide_key(&self, outcome: Outcome) -> Outcome {
        let key = self.key.expose();
        if key.len() < MIN_HIDDEN_KEY_BYTES {
            return outcome;
        }
        Outcome {
            error_key: outcome.error_key.replace(key, "(redacted)"),
            detail: outcome.detail.replace(key, "(redacted)"),
            ..outcome
        }
    }

    fn connect_detail(&self, error: &reqwest::Error) -> String {
        let host = self.endpoint.host();
        if error.is_timeout() {
            return format!("no connection to {host} in time");
        }
        let cause = innermost(error);
        if cause.contains("certificate") {
            let why = certificate_words(&cause);
            return format!("{host} did not prove that it is {host}: {why}");
        }
        format!("no connection to {host}: {cause}")
    }
}

impl Gateway for Client {
    async fn submit(&self, payout: &Payout) -> Outcome {
        self.hide_key(self.exchange(payout).await)
    }
}

/// What is wrong with a certificate, for a person; its library's words where there are no better.
fn certificate_words(cause: &str) -> &str {
    let says = |word| cause.contains(word);
    if says("UnknownIssuer") || says("BadSignature") {
        "its certificate is not signed by an authority that this machine trusts"
    } else if says("expired") || says("Expired") {
        "its certificate has expired, or this machine's clock is wrong"
    } else if says("not valid for name") || says("NotValidForName") {
        "its certificate is for another name"
    } else {
        cause
    }
}

fn answer_detail(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "no whole answer in time".to_owned()
    } else {
        format!("no whole answer: {}", innermost(error))
    }
}

/// The words of the first cause: those around it only repeat the URL.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    without_error_number(&cause.to_string()).to_owned()
}

/// RFC 9110, section 10.2.3: a number of seconds or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = DateTime::parse_from_rfc2822(text).ok()?;
            Some(date.signed_duration_since(now).to_std().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_must_be_fit_to_carry_a_key() {
        let refused = |url| Endpoint::new(url).unwrap_err();
        assert_eq!(
            refused("http://api.cryptocloud.plus"),
            EndpointError::PlainHttp
        );
        assert_eq!(
            refused("http://127.0.0.1.example.com"),
            EndpointError::PlainHttp
        );
        assert_eq!(refused("http://10.0.0.1"), EndpointError::PlainHttp);
        assert_eq!(refused("ftp://127.0.0.1"), EndpointError::NotAUrl);
        assert_eq!(refused("api.cryptocloud.plus"), EndpointError::NotAUrl);
        assert_eq!(refused(""), EndpointError::NotAUrl);
        assert_eq!(refused("https://user@example.com"), EndpointError::Extras);
        assert_eq!(refused("https://example.com/?a=b"), EndpointError::Extras);
    }

    #[test]
    fn the_path_is_put_under_the_base_url_once() {
        let whole = format!("{PRODUCTION_URL}{CREATE_PATH}");
        for base in [PRODUCTION_URL, "https://api.cryptocloud.plus/", &whole] {
            let endpoint = Endpoint::new(base).unwrap();
            assert_eq!(endpoint.url.as_str(), whole);
            assert_eq!(endpoint.host(), "api.cryptocloud.plus");
            assert!(!endpoint.is_loopback());
        }
        for base in [
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost:9/prefix",
        ] {
            assert!(Endpoint::new(base).unwrap().is_loopback(), "{base}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z")
            .unwrap()
            .to_utc();
        let read = |text: &'static str| {
            let header = HeaderValue::from_static(text);
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, header)]), now)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            read("Sun, 22 Nov 2026 10:00:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(read("Sun, 22 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn the_key_is_not_in_the_debug_text() {
        let endpoint = Endpoint::new("http://127.0.0.1:1").unwrap();
        let key = ApiKey::new("canary").unwrap();
        let client = Client::new(endpoint, &key, Limits::default()).unwrap();
        assert!(!format!("{client:?}").contains("canary"));
    }
}
