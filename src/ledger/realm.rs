//! A [`Realm`] is where money moves: nothing that was paid in one is seen from another.

use std::fmt;

/// What the realm and the column `api` of a rehearsal read.
const SANDBOX: &str = "sandbox";

/// What every loopback name is written as, before the port.
const LOOPBACK: &str = "127.0.0.1:";

/// Where money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Realm {
    /// Every host that is not loopback.
    Live,
    /// A port of this machine, whatever name it was called by.
    Loopback(u16),
    /// A rehearsal inside the program.
    Sandbox,
}

impl Realm {
    /// Reads a realm as [`fmt::Display`] writes it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "live" {
            return Some(Self::Live);
        }
        match Self::of_host(text) {
            Self::Live => None,
            other => Some(other),
        }
    }

    /// The realm of a host as the results file's column `api` has it.
    #[must_use]
    pub fn of_host(api: &str) -> Self {
        if api == SANDBOX {
            return Self::Sandbox;
        }
        let port = api.strip_prefix(LOOPBACK).map(str::parse);
        match port {
            Some(Ok(port)) => Self::Loopback(port),
            Some(Err(_)) | None => Self::Live,
        }
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live => f.write_str("live"),
            Self::Loopback(port) => write!(f, "{LOOPBACK}{port}"),
            Self::Sandbox => f.write_str(SANDBOX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_realm() {
        for (host, realm) in [
            ("api.cryptocloud.plus", Realm::Live),
            ("127.0.0.1:8080", Realm::Loopback(8080)),
            ("sandbox", Realm::Sandbox),
        ] {
            assert_eq!(Realm::of_host(host), realm);
            assert_eq!(Realm::parse(&realm.to_string()), Some(realm));
        }
        assert_eq!(Realm::parse("api.cryptocloud.plus"), None);
    }
}
