//! A [`Location`] is where a shared ledger is, as its URL says: server, database, user, password and
//! how the server proves that it is the one that is meant.

use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// What such a URL begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// How a word of libpq's other way to name a database begins.
const LIBPQ_OPTIONS: [&str; 6] = [
    "host=",
    "hostaddr=",
    "dbname=",
    "user=",
    "password=",
    "service=",
];

/// The port of a server that is not said to have another.
const USUAL_PORT: u16 = 5432;

/// Where a URL stands, which decides whether it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line, which every user of the machine can read.
    Argument,
    /// In the environment.
    Environment,
    /// In the config file, which others may read.
    ConfigFile,
}

/// Why a URL is not one of a ledger. The URL is never part of it: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// A password on the command line or in the config file.
    #[error("the URL holds a password, which other users of this machine could read there")]
    Password,
    /// It cannot be read.
    #[error("this is not a URL of a PostgreSQL database: {0}")]
    NotAUrl(String),
    /// It is a URL, and not one of PostgreSQL.
    #[error("only a URL of PostgreSQL can name a ledger")]
    OtherScheme,
    /// A password or a user with an `@` of its own, of which the rest counts as the host.
    #[error("the URL has more than one @ before its host")]
    At,
    /// It names no server.
    #[error("the URL names no host")]
    NoHost,
    /// It names several servers, and the driver would go on to the next where one is down. That one
    /// may be a stranger, or a standby that lags behind.
    #[error("the URL names several servers, and a ledger is on one")]
    SeveralHosts,
    /// It names no database.
    #[error("the URL names no database")]
    NoDatabase,
    /// The server would not have to prove anything.
    #[error("sslmode={0} does not make sure which server it is")]
    WeakTls(String),
}

impl LocationError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Password => {
                "put it into CCBATCH_LEDGER with the URL, into PGPASSWORD or into ~/.pgpass"
            }
            Self::NotAUrl(_) | Self::NoDatabase => "write it like postgres://USER@HOST/DATABASE",
            Self::OtherScheme => "write it like postgres://USER@HOST/DATABASE, or name a file",
            Self::At => "write %40 for an @ in the user or the password",
            Self::NoHost => {
                "write it like postgres://USER@HOST/DATABASE; a socket's folder is a host as well: %2Fvar%2Frun%2Fpostgresql"
            }
            Self::SeveralHosts => {
                "name the one that it is on; before a standby takes its place, give that one every results file written since (ccbatch ledger adopt)"
            }
            Self::WeakTls(_) => {
                "leave it out, and name the certificate of the server's authority with sslrootcert=FILE if this machine does not know it"
            }
        }
    }
}

/// How a server proves that it is the one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It is this machine.
    NotNeeded,
    /// TLS, by an authority that this machine trusts.
    Platform,
    /// TLS, by the authority in this file.
    Authority(PathBuf),
}

/// Where a shared ledger is.
#[derive(Clone)]
pub struct Location {
    pub(super) config: Config,
    pub(super) proof: Proof,
    password: Option<SecretString>,
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.to_string()).finish()
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        let secret = |it: &Self| it.password.as_ref().map(|it| it.expose_secret().to_owned());
        (self.to_string(), &self.proof) == (other.to_string(), &other.proof)
            && secret(self) == secret(other)
    }
}

impl Eq for Location {}

/// Whether a text names a PostgreSQL database rather than a file.
#[must_use]
pub fn is_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

/// Whether a text names something else than a PostgreSQL database or a file: the URL of another kind
/// of server, one of PostgreSQL that lacks a slash, or the `dbname=ledger host=…` of libpq. A file of
/// that name would be a ledger that nobody shares.
#[must_use]
pub fn is_other_url(text: &str) -> bool {
    let lowered = text.to_ascii_lowercase();
    let has_scheme = ["postgres:", "postgresql:"]
        .iter()
        .any(|it| lowered.starts_with(it));
    let mut words = lowered.split_whitespace();
    let has_option = words.any(|word| LIBPQ_OPTIONS.iter().any(|it| word.starts_with(it)));
    (text.contains("://") || has_scheme || has_option) && !is_url(text)
}

impl Location {
    /// Reads a URL. `sslmode` and `sslrootcert` are ours: the driver does not know `verify-full`.
    ///
    /// # Errors
    /// See [`LocationError`].
    pub fn parse(url: &str, origin: Origin) -> Result<Self, LocationError> {
        let (mut base, query) = url.split_once('?').unwrap_or((url, ""));
        let lowered = base.get(..base.find("://").unwrap_or(0)).unwrap_or("");
        let lowered = lowered.to_ascii_lowercase();
        base = base.get(lowered.len()..).unwrap_or_default();
        let mut ours = Ours::default();
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => ours.mode = Some(decoded(value)),
                Some(("sslrootcert", value)) => ours.authority = Some(decoded(value)),
                Some((_, _)) | None => rest.push(pair),
            }
        }
        let cleaned = format!("{lowered}{base}?{}", rest.join("&"));
        let mut config: Config = cleaned.parse().map_err(|error| not_a_url(&error))?;
        let password = config.get_password().map(<[u8]>::to_vec);
        let password = password.map(|it| String::from_utf8_lossy(&it).into_owned());
        if password.is_some() && origin != Origin::Environment {
            return Err(LocationError::Password);
        }
        let has_at = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if config.get_hosts().iter().any(has_at) {
            return Err(LocationError::At);
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(LocationError::NoHost);
        }
        if config.get_hosts().len() > 1 || config.get_hostaddrs().len() > 1 {
            return Err(LocationError::SeveralHosts);
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(LocationError::NoDatabase);
        }
        if let Some(password) = &password {
            config.password(password);
        }
        Ok(Self {
            proof: ours.proof(is_this_machine(&config))?,
            config,
            password: password.map(SecretString::from),
        })
    }

    /// Takes a password from elsewhere where the URL has none.
    #[must_use]
    pub fn with_password(mut self, password: impl FnOnce(&Self) -> Option<String>) -> Self {
        if self.password.is_none()
            && let Some(password) = password(&self)
        {
            self.config.password(&password);
            self.password = Some(SecretString::from(password));
        }
        self
    }

    /// The password that a file of libpq has for this server: a line of
    /// `host:port:database:user:password`, where `*` fits all and `\` takes a character as it is.
    #[must_use]
    pub fn password_in(&self, file: &str) -> Option<String> {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(folder)) => folder.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().unwrap_or(&USUAL_PORT);
        let port = port.to_string();
        let database = self.config.get_dbname().unwrap_or_default();
        let user = self.config.get_user().unwrap_or_default();
        file.lines()
            .filter(|line| !line.starts_with('#'))
            .find_map(|line| {
                let fields = fields_of(line);
                let [of_host, of_port, of_database, of_user, password] = fields.as_slice() else {
                    return None;
                };
                let fits = |field: &str, value: &str| field == "*" || field == value;
                let host_fits =
                    fits(of_host, &host) || (of_host == "localhost" && host.starts_with('/'));
                (host_fits
                    && fits(of_port, &port)
                    && fits(of_database, database)
                    && fits(of_user, user))
                .then(|| password.clone())
            })
    }
}

/// Without the password, and without what the driver is told beside.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{}@", url_value(user))?;
        }
        match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) if name.contains(':') => write!(f, "[{name}]")?,
            Some(Host::Tcp(name)) => f.write_str(name)?,
            Some(Host::Unix(folder)) => write!(f, "{}", url_value(&folder.to_string_lossy()))?,
            None => {}
        }
        let port = self.config.get_ports().first().unwrap_or(&USUAL_PORT);
        if *port != USUAL_PORT {
            write!(f, ":{port}")?;
        }
        let database = self.config.get_dbname().unwrap_or_default();
        write!(f, "/{}", url_value(database))
    }
}

/// What of the URL the driver does not get to see.
#[derive(Default)]
struct Ours {
    mode: Option<String>,
    authority: Option<String>,
}

impl Ours {
    fn proof(self, is_this_machine: bool) -> Result<Proof, LocationError> {
        let full = match self.authority {
            None => Proof::Platform,
            Some(system) if system == "system" => Proof::Platform,
            Some(file) => Proof::Authority(PathBuf::from(file)),
        };
        match self.mode.as_deref() {
            Some("verify-full") => Ok(full),
            None | Some("disable") if is_this_machine => Ok(Proof::NotNeeded),
            None => Ok(full),
            Some(weaker) => Err(LocationError::WeakTls(weaker.to_owned())),
        }
    }
}

/// Whether what is connected to is this machine, whatever it is called.
fn is_this_machine(config: &Config) -> bool {
    let is_own_name = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|it: IpAddr| it.is_loopback())
        }
    };
    config.get_hosts().iter().all(is_own_name)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// The driver's reason, which names an option and never its value.
fn not_a_url(error: &tokio_postgres::Error) -> LocationError {
    let reason = std::error::Error::source(error).map(ToString::to_string);
    LocationError::NotAUrl(reason.unwrap_or_else(|| "it cannot be read".to_owned()))
}

/// The fields of a line of a password file.
fn fields_of(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let is_last = fields.len() == 5;
        match (character, fields.last_mut()) {
            (':', _) if !is_last => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (other, Some(field)) => field.push(other),
            (_, None) => {}
        }
    }
    fields
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// What needs a percent sign in a URL (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A value as it stands in a URL.
pub fn url_value(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, RESERVED)
}

/// The password file of libpq in a home folder.
#[must_use]
pub fn password_file(home: &Path) -> PathBuf {
    home.join(".pgpass")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_environment(url: &str) -> Result<Location, LocationError> {
        Location::parse(url, Origin::Environment)
    }

    #[test]
    fn a_password_is_taken_and_never_shown() {
        let location = of_environment("postgres://ada:se%2Fcret@db.example/ledger").unwrap();
        assert_eq!(location.config.get_password(), Some(&b"se/cret"[..]));
        assert_eq!(location.to_string(), "postgres://ada@db.example/ledger");
        let shown = format!("{location:?}{:?}", location.config);
        assert!(!shown.contains("cret"), "{shown}");
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_wherever_it_stands() {
        for url in [
            "postgres://ada:secret@db.example/ledger",
            "postgres://db.example/ledger?password=secret",
        ] {
            let refused = Location::parse(url, Origin::Argument).unwrap_err();
            assert_eq!(refused, LocationError::Password);
        }
    }

    #[test]
    fn only_this_machine_may_do_without_tls() {
        for (url, proof) in [
            ("postgres://localhost/l", Some(Proof::NotNeeded)),
            ("postgres://127.0.0.1:5433/l", Some(Proof::NotNeeded)),
            ("postgres://%2Ftmp%2Fsocket/l", Some(Proof::NotNeeded)),
            (
                "postgres://localhost/l?sslmode=disable",
                Some(Proof::NotNeeded),
            ),
            (
                "postgres://localhost/l?sslmode=verify-full",
                Some(Proof::Platform),
            ),
            ("postgres://db.example/l", Some(Proof::Platform)),
            (
                "postgres://db.example/l?sslrootcert=%2Fa%20b",
                Some(Proof::Authority("/a b".into())),
            ),
            ("postgres://db.example/l?sslmode=disable", None),
            ("postgres://db.example/l?sslmode=prefer", None),
            ("postgres://db.example/l?sslmode=require", None),
            ("postgres://db.example/l?sslmode=verify-ca", None),
            (
                "postgres://localhost/l?hostaddr=203.0.113.1&sslmode=disable",
                None,
            ),
        ] {
            let found = of_environment(url).ok().map(|it| it.proof);
            assert_eq!(found, proof, "{url}");
        }
    }

    #[test]
    fn a_url_names_one_host_and_a_database() {
        for (url, error) in [
            ("postgres://db.example", LocationError::NoDatabase),
            ("postgres://db.example/", LocationError::NoDatabase),
            ("postgres:///ledger", LocationError::NoHost),
            ("postgres://one,two/ledger", LocationError::SeveralHosts),
            (
                "postgres://one/ledger?host=two",
                LocationError::SeveralHosts,
            ),
        ] {
            assert_eq!(of_environment(url).unwrap_err(), error, "{url}");
        }
        let at = of_environment("postgres://ada:s@cret@db.example/l").unwrap_err();
        assert_eq!(at, LocationError::At);
        let unknown = of_environment("postgres://h/l?sslkey=secret").unwrap_err();
        assert!(!unknown.to_string().contains("secret"), "{unknown}");
    }

    #[test]
    fn a_password_file_is_read_as_libpq_does() {
        let file = "# a comment\nother:*:*:*:no\n*:5432:ledger:ada:s\\:e\\\\cret:s\n";
        let location = of_environment("postgres://ada@db.example/ledger").unwrap();
        assert_eq!(location.password_in(file).unwrap(), "s:e\\cret:s");
        let other = of_environment("postgres://bob@db.example/ledger").unwrap();
        assert_eq!(other.password_in(file), None);
    }
}
