//! A cluster is a PostgreSQL server of a test's own, on a socket in a folder of its own. Where
//! PostgreSQL is not installed, a test that asks for one says that it is skipped.

use crate::strace;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use tempfile::TempDir;

/// The password of the user `postgres`, where a cluster asks for one. No output may ever hold it.
pub(crate) const PASSWORD: &str = "canary-password-77aa";

/// Where Debian keeps the programs of a server, a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Does the same with a ledger in a file and with a shared one.
pub(crate) fn with_both_engines(check: impl Fn(&str)) {
    let folder = TempDir::new().unwrap();
    check(folder.path().join("ledger.db").to_str().unwrap());
    if let Some(cluster) = Cluster::start(&[]) {
        check(&cluster.url());
    }
}

/// How the server lets users in.
#[derive(Clone, Copy)]
pub(crate) enum Login {
    /// Everyone.
    Open,
    /// With [`PASSWORD`].
    Password,
    /// Everyone over the socket, and with a password over the network.
    PasswordOverNetwork,
}

/// A server, stopped when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    settings: Vec<String>,
    /// The port on 127.0.0.1, where it listens there.
    pub(crate) port: u16,
}

impl Cluster {
    /// A server with these settings, and a database `ledger` in it.
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        Self::start_with(Login::Open, settings)
    }

    /// The same, where users are let in like this.
    pub(crate) fn start_with(login: Login, settings: &[&str]) -> Option<Self> {
        let Some(binaries) = binaries() else {
            tell_skipped("PostgreSQL");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let cluster = Self {
            folder,
            binaries,
            settings: settings.iter().map(|it| (*it).to_owned()).collect(),
            port: free_port(),
        };
        cluster.give_to_server(cluster.folder.path());
        cluster.write("password", PASSWORD);
        let (data, password) = (cluster.path("data"), cluster.path("password"));
        let mut initdb = cluster.as_server("initdb");
        initdb.args(["-E", "UTF8", "--locale=C", "-U", "postgres", "--no-sync"]);
        let [local, network] = login.methods();
        initdb.args(["--auth-local", local, "--auth-host", network]);
        initdb.args(["--pwfile", &password, "-D", &data]);
        run(initdb);
        cluster.go_on();
        cluster.sql_in("postgres", "CREATE DATABASE ledger");
        Some(cluster)
    }

    /// Starts the server again.
    pub(crate) fn go_on(&self) {
        let mut options = format!(
            "-k {} -p {} -c unix_socket_permissions=0777 -c shared_buffers=16MB",
            self.folder.path().display(),
            self.port
        );
        if !self
            .settings
            .iter()
            .any(|it| it.starts_with("listen_addresses"))
        {
            options.push_str(" -c listen_addresses=");
        }
        for setting in &self.settings {
            options.push_str(&format!(" -c {setting}"));
        }
        let mut start = self.as_server("pg_ctl");
        start.args(["-D", &self.path("data"), "-l", &self.path("log")]);
        start.args(["-w", "-s", "-o", &options, "start"]);
        run(start);
    }

    /// Stops the server as a crash would.
    pub(crate) fn crash(&self) {
        self.stop("immediate");
    }

    /// Stops the server: `smart`, `fast` or `immediate`.
    pub(crate) fn stop(&self, mode: &str) {
        let mut stop = self.as_server("pg_ctl");
        stop.args(["-D", &self.path("data"), "-w", "-s", "-m", mode, "stop"]);
        run(stop);
    }

    /// The ledger's URL, over the socket.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres@", "ledger")
    }

    /// The URL of a database, for a user and perhaps a password (`user:password@`).
    pub(crate) fn url_of(&self, user: &str, database: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let host = folder.replace('/', "%2F");
        format!("postgres://{user}{host}:{}/{database}", self.port)
    }

    /// What a statement gives in the database of the ledger.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.sql_in("ledger", sql)
    }

    /// What a statement gives in a database, one row a line, fields with `|` between.
    pub(crate) fn sql_in(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.binaries.join("psql"));
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres"]);
        psql.args(["-h", &self.folder.path().display().to_string()]);
        psql.args(["-p", &self.port.to_string(), "-d", database, "-c", sql]);
        psql.env("PGPASSWORD", PASSWORD);
        run(psql)
    }

    /// A program of PostgreSQL, with what it needs to find this server and its ledger.
    pub(crate) fn client(&self, program: &str) -> Command {
        let mut client = Command::new(self.binaries.join(program));
        client.args(["-U", "postgres", "-p", &self.port.to_string()]);
        client.args(["-h", &self.folder.path().display().to_string()]);
        client
    }

    /// A path in the server's folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Writes a file that the server can read and nobody else.
    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        self.give_to_server(Path::new(&path));
        path
    }

    /// A program as the user who may run a server, which root may not.
    pub(crate) fn as_server(&self, program: &str) -> Command {
        self.as_server_any(&self.binaries.join(program).display().to_string())
    }

    /// Any program as that user.
    pub(crate) fn as_server_any(&self, path: &str) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir("/").env("LC_ALL", "C");
        command
    }

    /// A folder of the server's user, with those above it.
    pub(crate) fn folder_of_server(&self, name: &str) -> PathBuf {
        let mut path = self.folder.path().to_owned();
        for part in name.split('/') {
            path.push(part);
            fs::create_dir_all(&path).unwrap();
            self.give_to_server(&path);
        }
        path
    }

    /// The home of the server's user.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder_of_server("home")
    }

    /// Gives a file to the server's user.
    pub(crate) fn give(&self, path: &Path) {
        self.give_to_server(path);
    }

    /// Runs a script as the server's user, who finds this server, its programs and this one's.
    pub(crate) fn shell(&self, script: &str, environment: &[(&str, &str)]) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_ccbatch")).parent().unwrap();
        let path = format!(
            "{}:{}:/usr/bin:/bin",
            program.display(),
            self.binaries.display()
        );
        let mut shell = self.as_server_any("/usr/bin/env");
        shell.arg(format!("PATH={path}"));
        shell.arg(format!("PGHOST={}", self.folder.path().display()));
        shell.arg(format!("PGPORT={}", self.port));
        shell.arg("PGUSER=postgres");
        for (name, value) in environment {
            shell.arg(format!("{name}={value}"));
        }
        let home = self.home().display().to_string();
        let order = format!("cd {home} && exec sh -e {script} 2>&1");
        shell.args(["sh", "-c", &order]);
        run(shell)
    }

    /// Stops another server of the same user.
    pub(crate) fn stop_other(&self, data: &Path) {
        let mut stop = self.as_server("pg_ctl");
        stop.args(["-s", "-m", "immediate", "stop", "-D"]).arg(data);
        run(stop);
    }

    fn give_to_server(&self, path: &Path) {
        if is_root() {
            let mut chown = Command::new("chown");
            chown.arg("postgres:postgres").arg(path);
            run(chown);
        }
        if path.is_dir() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A test may have stopped it already.
        let mut stop = self.as_server("pg_ctl");
        stop.args(["-D", &self.path("data"), "-s", "-m", "immediate", "stop"]);
        let _ = stop.output();
    }
}

impl Login {
    fn methods(self) -> [&'static str; 2] {
        match self {
            Self::Open => ["trust"; 2],
            Self::Password => ["scram-sha-256"; 2],
            Self::PasswordOverNetwork => ["trust", "scram-sha-256"],
        }
    }
}

/// A certificate and its key as PEM, for a name.
pub(crate) fn certificate_for(name: &str) -> (String, String) {
    self_signed(CertificateParams::new([name.to_owned()]).unwrap())
}

/// The same as `openssl req -x509` makes it: as an authority's.
pub(crate) fn certificate_of_authority_for(name: &str) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    self_signed(params)
}

fn self_signed(params: CertificateParams) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// Says that a test is skipped for want of a program: one that proves nothing must not pass in
/// silence.
pub(crate) fn tell_skipped(what: &str) {
    let test = thread::current();
    let test = test.name().unwrap_or_default();
    strace::say(&format!("SKIPPED {test}: {what} is not installed"));
}

/// A port of this machine that nobody listens on just now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// The folder with the programs of a server.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok().into_iter().flatten();
    let debian = versions.map(|version| version.unwrap().path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(debian).collect();
    let has = |folder: &PathBuf, name: &str| folder.join(name).exists();
    let mut complete = folders
        .into_iter()
        .filter(|it| has(it, "initdb") && has(it, "pg_ctl") && has(it, "psql"));
    complete.next_back()
}

fn run(mut command: Command) -> String {
    // A server must not hold the pipe open that its starter wrote to.
    let [stdout, stderr] = [(); 2].map(|()| tempfile::NamedTempFile::new().unwrap());
    let status = command
        .stdin(std::process::Stdio::null())
        .stdout(stdout.reopen().unwrap())
        .stderr(stderr.reopen().unwrap())
        .status()
        .unwrap();
    let stderr = fs::read_to_string(stderr.path()).unwrap();
    let text = fs::read_to_string(stdout.path()).unwrap();
    assert!(status.success(), "{command:?}\n{text}{stderr}");
    text.trim_end().to_owned()
}
