//! A [`Scene`]: a folder with a batch in it, a home for the ledger, and a sandbox where one is
//! needed.

use super::{CERTIFICATE, HEADER, INPUT, KEY, RESULTS, Run, eventually};
use ccbatch::sandbox::{Book, Options, Sandbox, Script};
use rcgen::{CertificateParams, KeyPair};
use serde::Deserialize;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_rustls::rustls::ServerConfig;

/// A folder with an input, and a sandbox where one is needed.
pub(crate) struct Scene {
    folder: TempDir,
    /// Where the program keeps its ledger, and looks for its config file.
    home: TempDir,
    sandbox: Option<Sandbox>,
}

impl Scene {
    /// A folder with these rows as [`INPUT`], and no API.
    pub(crate) fn new(rows: &str) -> Self {
        let scene = Self {
            folder: TempDir::new().unwrap(),
            home: TempDir::new().unwrap(),
            sandbox: None,
        };
        scene.write_rows(rows);
        scene
    }

    /// The same with a sandbox that follows a script and asks for no interval.
    pub(crate) fn paying(script: &str, rows: &str) -> Self {
        Self::new(rows).with_sandbox(unhurried(script))
    }

    /// The same over TLS.
    pub(crate) fn paying_over_tls(script: &str, rows: &str) -> Self {
        Self::new(rows).with_sandbox_over_tls(unhurried(script))
    }

    /// The same folder with another sandbox.
    pub(crate) fn with_sandbox(self, options: Options) -> Self {
        let sandbox = Some(Sandbox::start(options).unwrap());
        Self { sandbox, ..self }
    }

    /// The same folder with a sandbox that speaks TLS and would like to speak HTTP/2. Its
    /// certificate is in the folder, under the name [`CERTIFICATE`].
    pub(crate) fn with_sandbox_over_tls(self, options: Options) -> Self {
        let (certificate, config) = certified();
        self.write(CERTIFICATE, certificate);
        self.with_sandbox(Options {
            tls: Some(config),
            ..options
        })
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the program keeps its ledger.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.home.path().join("ccbatch/ledger.db")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Lets any user of the machine read and write in the folder.
    pub(crate) fn open_to_everyone(&self) {
        let mode = |bits| fs::Permissions::from_mode(bits);
        fs::set_permissions(self.path(""), mode(0o777)).unwrap();
        fs::set_permissions(self.path(INPUT), mode(0o666)).unwrap();
    }

    /// Writes the input anew.
    pub(crate) fn write_rows(&self, rows: &str) {
        self.write(INPUT, format!("{HEADER}\n{rows}"));
    }

    /// Writes the operator's own config file; gives back where it is.
    pub(crate) fn configure(&self, text: &str) -> PathBuf {
        let folder = self.home.path().join("ccbatch");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let path = folder.join("config.toml");
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The names of the files in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The whole lines of [`RESULTS`], read by a CSV library that knows nothing of this program.
    pub(crate) fn results(&self) -> Vec<Line> {
        let mut reader = csv::Reader::from_path(self.path(RESULTS)).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The status of each line of [`RESULTS`].
    pub(crate) fn statuses(&self) -> Vec<String> {
        let lines = self.results().into_iter();
        lines.map(|line| line.status).collect()
    }

    fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("this scene has no sandbox")
    }

    /// The sandbox's base URL.
    pub(crate) fn url(&self) -> String {
        self.sandbox().url()
    }

    /// What arrived and what was created so far.
    pub(crate) fn book(&self) -> Book {
        self.sandbox().book()
    }

    /// How often the POST arrived, and how many payouts were created.
    pub(crate) fn sent_and_created(&self) -> (usize, usize) {
        let book = self.book();
        (book.deliveries.len(), book.created.len())
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn await_deliveries(&self, count: usize) {
        eventually("the requests arrive", || {
            self.book().deliveries.len() >= count
        });
    }

    /// The program with these arguments, in the folder.
    pub(crate) fn program<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        Run::new(self.folder.path())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .args(arguments)
    }

    /// A command that the program has shown, as its reader would run it, without a question.
    pub(crate) fn shown(&self, command: &str) -> Run {
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("ccbatch"), "{command}");
        let run = self.program(words).args(["--yes"]);
        run.env("CCBATCH_API_KEY", KEY)
    }

    /// The program with these arguments, the sandbox as its API and a key.
    pub(crate) fn through_sandbox(&self, arguments: &[&str]) -> Run {
        self.program(arguments.iter().copied())
            .env("CCBATCH_API_URL", self.url())
            .env("CCBATCH_API_KEY", KEY)
    }

    /// `ccbatch run payouts.csv` through the sandbox, without a question and without an interval.
    pub(crate) fn pay(&self) -> Run {
        self.pay_through(&self.url()).args(["--interval", "0s"])
    }

    /// `ccbatch run payouts.csv` through another API, without a question.
    pub(crate) fn pay_through(&self, url: &str) -> Run {
        self.program(["run", INPUT, "--yes", "--api-url", url])
            .env("CCBATCH_API_KEY", KEY)
    }
}

/// A sandbox that follows a script and asks for no interval.
pub(crate) fn unhurried(script: &str) -> Options {
    Options {
        interval: Duration::ZERO,
        script: script.parse().unwrap(),
        ..Options::default()
    }
}

/// The same, and its one step answers this and creates nothing.
pub(crate) fn answering(status: u16, body: impl Into<Vec<u8>>) -> Options {
    Options {
        script: Script::answer(status, &[("content-type", "application/json")], body).unwrap(),
        ..unhurried("")
    }
}

/// A certificate for the sandbox's address as PEM, and what a server needs to show it.
pub(crate) fn certified() -> (String, Arc<ServerConfig>) {
    certified_until(4000)
}

/// The same, good until the beginning of a year.
pub(crate) fn certified_until(year: i32) -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key_pair = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key_pair).unwrap();
    let key = key_pair.serialize_der().try_into().unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (certificate.pem(), Arc::new(config))
}

/// A whole line of a results file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Line {
    pub(crate) line: u64,
    pub(crate) reference: String,
    pub(crate) payee: String,
    pub(crate) currency_code: String,
    pub(crate) to_address: String,
    pub(crate) amount: String,
    pub(crate) attempt: u32,
    pub(crate) api: String,
    pub(crate) started_at: chrono::DateTime<chrono::Utc>,
    pub(crate) status: String,
    pub(crate) invoice_id: String,
    pub(crate) accepted_amount: String,
    pub(crate) error_key: String,
    pub(crate) detail: String,
    pub(crate) http_status: Option<u16>,
    pub(crate) finished_at: Option<chrono::DateTime<chrono::Utc>>,
    pub(crate) id: String,
}
