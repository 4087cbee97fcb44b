//! One ledger for a team: what must hold on both engines, and what only a server can do wrong.

use crate::cluster::{
    Cluster, Login, PASSWORD, certificate_for, certificate_of_authority_for, free_port,
    tell_skipped, with_both_engines,
};
use crate::harness::{INPUT, KEY, RESULTS, Run, Scene, eventually, rows};
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;

/// A run of the scene's file with this ledger, through the sandbox of any scene.
fn pay(scene: &Scene, ledger: &str, url: &str) -> Run {
    let run = scene.pay_through(url).args(["--interval", "0s"]);
    run.env("CCBATCH_LEDGER", ledger)
}

/// A cluster whose ledger has the one payout of a file, which was created; `None` where no server can
/// be had.
fn cluster_with_one_payout() -> Option<(Cluster, Scene)> {
    let cluster = Cluster::start(&[])?;
    let scene = Scene::paying("", &rows(1));
    pay(&scene, &cluster.url(), &scene.url())
        .stderr_has("1 created")
        .go();
    Some((cluster, scene))
}

#[test]
fn every_row_is_paid_once_and_a_copy_of_the_file_pays_nobody() {
    with_both_engines(|ledger| {
        let scene = Scene::paying("", &rows(3));
        let pay = || pay(&scene, ledger, &scene.url());
        pay().stderr_has("All done: 3 created").go();
        pay().stderr_has("Already created: 3").go();
        fs::remove_file(scene.path(RESULTS)).unwrap();
        pay().stderr_has("Already created: 3").go();
        assert_eq!(scene.statuses(), ["created"; 3]);
        let other = Scene::new(&rows(4));
        let run = self::pay(&other, ledger, &scene.url());
        run.stderr_has("All done: 4 created").go();
        assert_eq!(scene.sent_and_created(), (4, 4));
    });
}

#[test]
fn a_number_that_somebody_typed_into_a_results_file_stops_no_ledger() {
    with_both_engines(|ledger| {
        let scene = Scene::paying("", &rows(1));
        scene.pay().stderr_has("1 created").go();
        let results = scene.read(RESULTS);
        for typed in ["4000000000", "4294967295", "99999999999999999999"] {
            let changed = results.replacen(",1,127.0.0.1:", &format!(",{typed},127.0.0.1:"), 1);
            assert_ne!(changed, results);
            scene.write(RESULTS, changed);
            let run = pay(&scene, ledger, &scene.url());
            run.stderr_has("1 created").go();
        }
        assert_eq!(scene.sent_and_created(), (1, 1));
    });
}

#[test]
fn what_a_killed_run_has_sent_is_in_doubt_until_it_is_settled() {
    with_both_engines(|ledger| {
        let scene = Scene::paying("ok,delay-before:1h,ok*", &rows(3));
        let pay = || pay(&scene, ledger, &scene.url());
        let run = pay().start();
        scene.await_deliveries(2);
        run.kill();
        pay().status(6).stderr_has("1 in doubt").go();
        let resolve = scene.through_sandbox(&["resolve", INPUT, "--line", "3", "--yes"]);
        let resolve = resolve
            .args(["--not-created"])
            .env("CCBATCH_LEDGER", ledger);
        resolve.stderr_has("Recorded: line 3 not created").go();
        pay().stderr_has("3 created").go();
        assert_eq!(scene.book().created.len(), 3);
    });
}

#[test]
fn two_runs_over_copies_of_one_file_share_its_payouts() {
    with_both_engines(|ledger| {
        // Slowly enough for both to begin before all is paid.
        let [one, other] = [(); 2].map(|()| Scene::paying("delay:200ms*", &rows(20)));
        let url = one.url();
        let runs = [&one, &other].map(|scene| pay(scene, ledger, &url).start());
        for run in runs {
            run.expecting(0, "20 created").end();
        }
        assert_eq!(one.sent_and_created(), (20, 20));
    });
}

#[test]
fn a_batch_that_was_begun_on_one_machine_goes_on_at_the_other() {
    with_both_engines(|ledger| {
        let [one, other] = [(); 2].map(|()| Scene::paying("", &rows(5)));
        let url = one.url();
        let run = pay(&one, ledger, &url).args(["--limit", "2"]);
        run.status(5).stderr_has("2 created").go();
        fs::copy(one.path(RESULTS), other.path(RESULTS)).unwrap();
        pay(&other, ledger, &url)
            .stderr_has("All done: 5 created")
            .go();
        assert_eq!(other.statuses(), ["created"; 5]);
        pay(&one, ledger, &url)
            .stderr_has("All done: 5 created")
            .go();
        assert_eq!(one.sent_and_created(), (5, 5));
    });
}

#[test]
fn the_same_file_on_two_machines_is_one_batch_at_a_time() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let [one, other] = [(); 2].map(|()| Scene::paying("ok,delay:1h", &rows(3)));
    let url = one.url();
    let first = pay(&one, &cluster.url(), &url).args(["--limit", "1"]);
    first.status(5).stderr_has("1 created").go();
    fs::copy(one.path(RESULTS), other.path(RESULTS)).unwrap();
    let run = pay(&one, &cluster.url(), &url).start();
    one.await_deliveries(2);
    let second = pay(&other, &cluster.url(), &url).status(1);
    second
        .stderr_has("another run is at work on this batch")
        .go();
    run.kill();
    let third = pay(&other, &cluster.url(), &url);
    third.status(6).stderr_has("1 in doubt").go();
    assert_eq!(one.sent_and_created().0, 2);
}

#[test]
fn no_verdict_is_given_while_the_question_of_another_stands() {
    with_both_engines(|ledger| {
        let [one, other] = [(); 2].map(|()| Scene::paying("drop-after,ok*", &rows(1)));
        let url = one.url();
        let run = pay(&one, ledger, &url).status(6);
        run.stderr_has("1 in doubt").go();
        let resolve = |scene: &Scene| {
            let run = scene.program(["resolve", INPUT, "--line", "2"]);
            run.env("CCBATCH_API_URL", &url)
                .env("CCBATCH_LEDGER", ledger)
        };
        let mut terminal = resolve(&one).args(["--not-created"]).on_terminal();
        terminal.await_text("The next run submits it again.");
        let invoice_id = &one.book().created[0].invoice_id;
        let found = || resolve(&other).args(["--yes", "--invoice-id", invoice_id]);
        found()
            .status(1)
            .stderr_has("another run is at work on this batch")
            .go();
        terminal.type_line("n");
        terminal.end(6);
        found().stderr_has("Recorded: line 2 created").go();
        let run = pay(&one, ledger, &url);
        run.stderr_has("All done: 1 created").go();
        assert_eq!(one.sent_and_created(), (1, 1));
    });
}

#[test]
fn a_verdict_is_not_recorded_over_one_that_was_given_while_its_question_stood() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("drop-after,ok*", &rows(1));
    let pay = || pay(&scene, &cluster.url(), &scene.url());
    pay().status(6).stderr_has("1 in doubt").go();
    let resolve = |flags: &[&str]| {
        let run = scene.program(["resolve", INPUT, "--line", "2"]);
        let run = run.args(flags.iter().copied());
        run.env("CCBATCH_LEDGER", cluster.url())
    };
    let mut terminal = resolve(&["--not-created"]).on_terminal();
    terminal.await_text("The next run submits it again.");
    let invoice_id = &scene.book().created[0].invoice_id;
    let id = cluster.sql("SELECT id FROM attempt");
    let by_id = ["resolve", "--id", &id, "--yes", "--invoice-id", invoice_id];
    let by_id = scene.program(by_id).env("CCBATCH_LEDGER", cluster.url());
    // The batch is free when the connection of the one that asks is lost.
    cut(&cluster);
    by_id.stderr_has("Recorded: line 2 created").go();
    terminal.type_line("y");
    let told = terminal.end(1);
    let words = format!("meanwhile this payout was recorded as created {invoice_id}");
    assert!(told.contains(&words), "{told}");
    pay().stderr_has("All done: 1 created").go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

/// Ends every session of the program at the server.
fn cut(cluster: &Cluster) {
    let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE application_name LIKE 'ccbatch %'";
    assert_ne!(cluster.sql(sql), "0");
}

fn pay_slowly(scene: &Scene, ledger: &str) -> Run {
    let run = scene.pay_through(&scene.url());
    run.args(["--interval", "2s"]).env("CCBATCH_LEDGER", ledger)
}

#[test]
fn a_connection_that_is_lost_between_two_payouts_is_made_again() {
    let Some(cluster) = Cluster::start(&["idle_session_timeout=1s"]) else {
        return;
    };
    let scene = Scene::paying("", &rows(4));
    let run = pay_slowly(&scene, &cluster.url()).start();
    scene.await_deliveries(1);
    run.await_stderr("1/4");
    cut(&cluster);
    scene.await_deliveries(2);
    run.await_stderr("2/4");
    cluster.crash();
    cluster.go_on();
    run.expecting(0, "All done: 4 created").end();
    assert_eq!(scene.sent_and_created(), (4, 4));
}

#[test]
fn without_its_ledger_a_run_claims_nothing_and_stops() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("", &rows(3));
    let run = pay_slowly(&scene, &cluster.url()).start();
    run.await_stderr("1/3");
    cluster.crash();
    let run = run.expecting(5, "the next payout was not sent");
    run.expecting(5, "no connection to the ledger's server")
        .end();
    assert_eq!(scene.sent_and_created(), (1, 1));
    cluster.go_on();
    let run = pay(&scene, &cluster.url(), &scene.url());
    run.stderr_has("All done: 3 created").go();
    assert_eq!(scene.sent_and_created(), (3, 3));
}

#[test]
fn an_answer_that_the_ledger_did_not_get_is_taken_over_from_the_results_file() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("delay:5s", &rows(2));
    let run = pay(&scene, &cluster.url(), &scene.url()).start();
    scene.await_deliveries(1);
    cluster.crash();
    run.expecting(6, "its outcome could not be recorded everywhere")
        .end();
    assert_eq!(scene.statuses(), ["created"]);
    cluster.go_on();
    let run = pay(&scene, &cluster.url(), &scene.url());
    run.stderr_has("All done: 2 created").go();
    assert_eq!(scene.sent_and_created(), (2, 2));
    let counts = "SELECT status, count(*) FROM attempt GROUP BY status";
    assert_eq!(cluster.sql(counts), "created|2");
}

#[test]
fn a_verdict_stands_against_an_answer_that_never_came() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::new(&rows(1));
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let run = pay(&scene, &cluster.url(), &url).start();
    let (connection, _) = api.accept().unwrap();
    let verdict = settle_while_cut(&cluster, &scene, &["--invoice-id", "INV-SEEN"]);
    verdict.stderr_has("created INV-SEEN").go();
    drop(connection);
    run.expecting(6, "line 2 unknown (no_answer)").end();
    let recorded = "SELECT status, invoice_id FROM attempt";
    assert_eq!(cluster.sql(recorded), "created|INV-SEEN");
    assert_eq!(scene.statuses(), ["created"]);
}

#[test]
fn an_answer_that_comes_after_the_payout_was_sent_again_is_recorded_and_told() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::new(&rows(1));
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let late = pay(&scene, &cluster.url(), &url).start();
    let (first, _) = api.accept().unwrap();
    let verdict = settle_while_cut(&cluster, &scene, &["--not-created"]);
    verdict.stderr_has("Recorded: line 2 not created").go();
    let colleague = Scene::new(&rows(1));
    let again = pay(&colleague, &cluster.url(), &url).start();
    answer_created(api.accept().unwrap().0, "INV-AGAIN");
    again.expecting(0, "created INV-AGAIN").end();
    answer_created(first, "INV-LATE");
    let told = "two attempts of one payout may have been paid";
    late.expecting(0, told).end();
    let recorded = "SELECT invoice_id, extra FROM attempt ORDER BY number";
    assert_eq!(cluster.sql(recorded), "INV-LATE|1\nINV-AGAIN|0");
}

/// A verdict on the one payout, whose batch is free until the run that has sent it asks the ledger again.
fn settle_while_cut(cluster: &Cluster, scene: &Scene, verdict: &[&str]) -> Run {
    cut(cluster);
    let id = cluster.sql("SELECT id FROM attempt");
    let run = scene.program(["resolve", "--id", &id, "--yes"]);
    let run = run.args(verdict.iter().copied());
    run.env("CCBATCH_LEDGER", cluster.url())
}

/// Answers a request: it was created under this id.
fn answer_created(mut connection: TcpStream, invoice_id: &str) {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut part = [0; 4096];
        let count = connection.read(&mut part).unwrap();
        assert_ne!(count, 0, "half a request");
        request.extend_from_slice(&part[..count]);
    }
    let data = format!(r#"{{"invoice_id":"{invoice_id}","status":"created","currency":"BTC"}}"#);
    let body = format!(r#"{{"status":"success","data":{data}}}"#);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}", body.len());
    let answer = format!("{head}\r\nContent-Type: application/json\r\n\r\n{body}");
    connection.write_all(answer.as_bytes()).unwrap();
}

/// A relay to a server's socket, which cuts the first connection that sends one text and then
/// another: the server gets the second, and its answer is lost.
struct Relay {
    port: u16,
    cuts: Arc<AtomicUsize>,
}

impl Relay {
    fn start(cluster: &Cluster, texts: [&'static str; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = cluster.path(&format!(".s.PGSQL.{}", cluster.port));
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = cuts.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&socket));
                let (Ok(server), cuts) = (server, counted.clone()) else {
                    continue;
                };
                thread::spawn(move || relay(&client, &server, texts, &cuts));
            }
        });
        Self { port, cuts }
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/ledger", self.port)
    }
}

fn relay(client: &TcpStream, server: &UnixStream, texts: [&str; 2], cuts: &AtomicUsize) {
    let is_cut = Mutex::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 64 << 10];
            while let Ok(count) = (&mut &*server).read(&mut buffer) {
                let cut = *is_cut.lock().unwrap();
                if count == 0 || cut || (&mut &*client).write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
        let mut buffer = [0; 64 << 10];
        let mut awaited = texts.iter();
        let mut text = awaited.next();
        while let Ok(count) = (&mut &*client).read(&mut buffer) {
            let sent = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if text.is_some_and(|text| sent.contains(text)) && cuts.load(Ordering::SeqCst) == 0 {
                text = awaited.next();
                if text.is_none() {
                    *is_cut.lock().unwrap() = true;
                    cuts.store(1, Ordering::SeqCst);
                }
            }
            if count == 0 || (&mut &*server).write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Write);
    });
}

#[test]
fn a_claim_whose_commit_has_no_answer_is_voided_and_not_sent() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let relay = Relay::start(&cluster, ["INSERT INTO attempt", "COMMIT"]);
    let scene = Scene::paying("", &rows(2));
    let run = pay(&scene, &relay.url(), &scene.url()).status(5);
    run.stderr_has("line 2 was not sent: whether the ledger has recorded it is not known")
        .go();
    assert_eq!(relay.cuts.load(Ordering::SeqCst), 1);
    assert_eq!(scene.sent_and_created(), (0, 0));
    let sql = "SELECT status, error_key FROM attempt";
    assert_eq!(cluster.sql(sql), "not_created|not_sent");
    let run = pay(&scene, &relay.url(), &scene.url());
    run.stderr_has("All done: 2 created").go();
    assert_eq!(scene.sent_and_created(), (2, 2));
}

#[test]
fn an_answer_whose_commit_has_no_answer_is_recorded_all_the_same() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let relay = Relay::start(&cluster, ["UPDATE attempt SET", "COMMIT"]);
    let scene = Scene::paying("", &rows(2));
    let run = pay(&scene, &relay.url(), &scene.url());
    run.stderr_has("All done: 2 created").go();
    assert_eq!(scene.sent_and_created(), (2, 2));
}

#[test]
fn a_verdict_whose_commit_has_no_answer_is_not_said_to_be_lost() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let relay = Relay::start(&cluster, ["UPDATE attempt SET", "COMMIT"]);
    let scene = Scene::paying("drop-after", &rows(1));
    let run = pay(&scene, &cluster.url(), &scene.url()).status(6);
    run.stderr_has("1 in doubt").go();
    let resolve = || {
        let run = scene.through_sandbox(&["resolve", INPUT, "--line", "2", "--yes"]);
        run.args(["--not-created"])
            .env("CCBATCH_LEDGER", relay.url())
    };
    let run = resolve().status(1);
    run.stderr_has("whether the ledger has recorded it is not known")
        .stderr_has("hint: give the same verdict again")
        .go();
    let sql = "SELECT status FROM attempt";
    assert_eq!(cluster.sql(sql), "not_created");
    resolve().stderr_has("Recorded: line 2 not created").go();
}

/// A pooler in transaction mode, ended when it is dropped.
struct Pooler {
    /// The pooler, or what it was started through as another user.
    child: Child,
    port: u16,
    pid_file: String,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        if let Ok(pid) = fs::read_to_string(&self.pid_file) {
            let _ = Command::new("kill").arg(pid.trim()).status();
        }
        let _ = self.child.wait();
    }
}

/// `None` where pgbouncer is not installed.
fn pooler(cluster: &Cluster, settings: &str) -> Option<Pooler> {
    let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];
    let program = program.into_iter().find(|it| fs::exists(it).unwrap());
    let Some(program) = program else {
        tell_skipped("pgbouncer");
        return None;
    };
    let port = free_port();
    let folder = cluster.path("");
    let pid_file = cluster.path("pooler.pid");
    let config = format!(
        "[databases]\nledger = host={folder} port={} dbname=ledger user=postgres\n[pgbouncer]\n\
         listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n\
         pidfile = {pid_file}\n{settings}\n",
        cluster.port
    );
    let config = cluster.write("pgbouncer.ini", &config);
    let mut command = cluster.as_server_any(program);
    let log = fs::File::create(cluster.path("pooler.log")).unwrap();
    let child = command.args(["-q", &config]).stderr(log).spawn().unwrap();
    eventually("the pooler listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    Some(Pooler {
        child,
        port,
        pid_file,
    })
}

#[test]
fn a_pooler_in_transaction_mode_is_told_and_nothing_more_is_sent() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let Some(pooler) = pooler(&cluster, "pool_mode = transaction") else {
        return;
    };
    let url = format!("postgres://postgres@127.0.0.1:{}/ledger", pooler.port);
    let scene = Scene::paying("", &rows(3));
    let run = pay_slowly(&scene, &url).start();
    run.await_stderr("1/3");
    // The pooler goes on with another session of the server.
    cut(&cluster);
    let run = run.expecting(5, "shares its sessions");
    run.expecting(5, "connect directly, not through a pooler")
        .end();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn a_session_that_a_pooler_gives_to_its_client_again_is_not_ended() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let Some(pooler) = pooler(&cluster, "pool_mode = session") else {
        return;
    };
    let (port, passed) = way_to(pooler.port);
    let url = format!("postgres://postgres@127.0.0.1:{port}/ledger");
    let scene = Scene::paying("", &rows(2));
    let run = pay_slowly(&scene, &url).start();
    run.await_stderr("1/2");
    for client in passed.lock().unwrap().drain(..) {
        client.shutdown(Shutdown::Both).unwrap();
    }
    run.expecting(0, "All done: 2 created").end();
    assert_eq!(scene.sent_and_created(), (2, 2));
}

/// A port whose connections are passed on to another, and can be cut.
fn way_to(port: u16) -> (u16, Arc<Mutex<Vec<TcpStream>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().port();
    let passed = Arc::new(Mutex::new(Vec::new()));
    let clients = passed.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            for streams in [[&client, &server], [&server, &client]] {
                let [mut from, mut to] = streams.map(|it| it.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
            clients.lock().unwrap().push(client);
        }
    });
    (own, passed)
}

#[test]
fn tls_is_verified_with_the_server_s_name() {
    let certificate = certificate_for("localhost");
    let of_authority = certificate_of_authority_for("localhost");
    let Some(cluster) = Cluster::start(&["listen_addresses=127.0.0.1"]) else {
        return;
    };
    let scene = Scene::paying("", &rows(2));
    scene.write("right.pem", &certificate.0);
    scene.write("wrong.pem", certificate_for("localhost").0);
    scene.write("authority.pem", &of_authority.0);
    scene.write("none.pem", "nothing");
    let url = |host: &str, file: &str| {
        let port = cluster.port;
        format!("postgres://postgres@{host}:{port}/ledger?sslmode=verify-full&sslrootcert={file}")
    };
    let refused = |host: &str, file: &str, words: &str| {
        let run = pay(&scene, &url(host, file), &scene.url()).status(1);
        run.stderr_has(words).stderr_has("nothing was sent").go();
    };
    refused("localhost", "right.pem", "the ledger's server takes no TLS");
    let show = |(certificate, key): &(String, String)| {
        cluster.write("data/server.crt", certificate);
        cluster.write("data/server.key", key);
        cluster.sql("SELECT pg_reload_conf()");
    };
    cluster.sql("ALTER SYSTEM SET ssl = on");
    show(&of_authority);
    eventually("TLS is on", || cluster.sql("SHOW ssl") == "on");
    let words = "its certificate is one of an authority (CA:TRUE), and not of a server";
    refused("localhost", "authority.pem", words);
    show(&certificate);
    let words = "its certificate is not signed by an authority that is trusted here";
    eventually("the other certificate is shown", || {
        let run = pay(&scene, &url("localhost", "wrong.pem"), &scene.url());
        String::from_utf8_lossy(&run.raw().stderr).contains(words)
    });
    refused("localhost", "wrong.pem", words);
    let words = "its certificate is for another name";
    refused("127.0.0.1", "right.pem", words);
    refused("localhost", "none.pem", "there is no certificate in it");
    refused("localhost", "absent.pem", "absent.pem");
    refused(
        "localhost",
        "%2Fdev%2Fzero",
        "there is no certificate in it",
    );
    assert_eq!(scene.sent_and_created(), (0, 0));
    let tables = "SELECT count(*) FROM pg_class WHERE relname = 'attempt'";
    assert_eq!(cluster.sql(tables), "0", "nothing was written either");
    let run = pay(&scene, &url("localhost", "right.pem"), &scene.url());
    run.stderr_has("All done: 2 created").go();
    assert_eq!(cluster.sql(tables), "1");
}

#[test]
fn a_second_server_does_not_take_the_place_of_one_that_is_down() {
    let Some((cluster, scene)) = cluster_with_one_payout() else {
        return;
    };
    let Some(other) = Cluster::start(&["listen_addresses=127.0.0.1"]) else {
        return;
    };
    cluster.crash();
    let ports = [cluster.port, other.port].map(|port| format!("127.0.0.1:{port}"));
    let url = format!("postgres://postgres@{}/ledger", ports.join(","));
    let copy = Scene::new(&rows(1));
    let run = pay(&copy, &url, &scene.url()).status(2);
    run.stderr_has("the URL names several servers, and a ledger is on one")
        .stderr_has("hint: name the one that it is on")
        .go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn what_is_not_a_server_of_postgresql_is_told() {
    let scene = Scene::paying("", &rows(1));
    let page = "HTTP/1.1 400 Bad Request\r\n\r\n";
    for (answer, words) in [
        (page, "what answers there is not PostgreSQL"),
        ("J\0\0\0\n8.0.36\0", "what answers there is not PostgreSQL"),
        ("", "it closed the connection"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let mut client = listener.accept().unwrap().0;
            let _ = client.read(&mut [0; 1024]).unwrap();
            client.write_all(answer.as_bytes()).unwrap();
        });
        let url = format!("postgres://postgres@127.0.0.1:{port}/ledger");
        let run = pay(&scene, &url, &scene.url()).status(1);
        let words = format!("no connection to the ledger's server: {words}");
        run.stderr_has(&words).stderr_has("nothing was sent").go();
        server.join().unwrap();
    }
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn a_password_is_taken_from_three_places_and_shown_nowhere() {
    let Some(cluster) = Cluster::start_with(Login::Password, &[]) else {
        return;
    };
    let scene = Scene::paying("", &rows(1));
    let with_password = cluster.url_of(&format!("postgres:{PASSWORD}@"), "ledger");
    let without = cluster.url();
    let wrong = cluster.url_of(&format!("postgres:{PASSWORD}x@"), "ledger");
    let status = |ledger: &str| {
        let run = scene.through_sandbox(&["status", INPUT]);
        run.env("CCBATCH_LEDGER", ledger)
    };
    let told = [
        pay(&scene, &with_password, &scene.url()).raw(),
        status(&without).env("PGPASSWORD", PASSWORD).raw(),
        pay(&scene, &wrong, &scene.url()).raw(),
        pay(&scene, &without, &scene.url()).raw(),
        scene.program(["status", INPUT, "--ledger", &wrong]).raw(),
    ];
    // The rest of a password with an @ is not taken for the host, and shown as such.
    let with_at = cluster.url_of(&format!("postgres:p@{PASSWORD}@"), "ledger");
    let libpq = format!("dbname=ledger password={PASSWORD} port={}", cluster.port);
    let no_slash = with_password.replacen("://", ":", 1);
    let other = [&with_at, &libpq, &no_slash].map(|ledger| {
        let output = pay(&scene, ledger, &scene.url()).raw();
        assert_eq!(output.status.code(), Some(2), "{ledger}");
        output
    });
    let codes = told.each_ref().map(|it| it.status.code().unwrap());
    assert_eq!(codes, [0, 0, 1, 1, 2]);
    let home = TempDir::new().unwrap();
    let passwords = home.path().join(".pgpass");
    fs::write(&passwords, format!("*:*:*:postgres:{PASSWORD}\n")).unwrap();
    let of_home = || pay(&scene, &without, &scene.url()).env("HOME", home.path());
    let run = of_home().status(1);
    run.stderr_has("others can read or change the passwords")
        .go();
    let mut chmod = Command::new("chmod");
    chmod.arg("600").arg(&passwords).status().unwrap();
    of_home().stderr_has("Already created: 1").go();
    for output in told.into_iter().chain(other) {
        let shown = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        assert!(!shown.concat().contains(PASSWORD), "{shown:?}");
    }
    assert!(!scene.read(RESULTS).contains(PASSWORD));
}

#[test]
fn a_server_that_cannot_be_relied_on_is_refused_with_a_remedy() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("", &rows(1));
    cluster.sql("CREATE ROLE nobody LOGIN");
    cluster.sql("CREATE DATABASE other");
    cluster.sql_in("other", "CREATE TABLE something (n int)");
    let refused = |ledger: &str, status: i32, parts: [&str; 2]| {
        let run = pay(&scene, ledger, &scene.url()).status(status);
        run.stderr_has(parts[0]).stderr_has(parts[1]).go();
    };
    let url = |user: &str, database: &str| cluster.url_of(user, database);
    refused(
        &url("postgres@", ""),
        2,
        ["names no database", "postgres://USER@HOST/DATABASE"],
    );
    refused(
        &url("postgres@", "nothing"),
        1,
        ["does not exist", "make the database"],
    );
    refused(
        &url("nobody@", "ledger"),
        1,
        ["permission denied", "the role needs"],
    );
    refused(
        &url("postgres@", "other"),
        1,
        ["not a ledger of ccbatch", "nothing was sent"],
    );
    cluster.sql("REVOKE CONNECT ON DATABASE other FROM PUBLIC");
    refused(
        &url("nobody@", "other"),
        1,
        ["permission denied", "right to CONNECT"],
    );
    cluster.sql("ALTER ROLE nobody SET search_path = ''");
    refused(
        &url("nobody@", "ledger"),
        1,
        ["no schema has been selected", "the role needs"],
    );
    pay(&scene, &cluster.url(), &scene.url())
        .stderr_has("1 created")
        .go();
    cluster.sql("UPDATE ledger SET version = 99");
    refused(
        &cluster.url(),
        1,
        ["newer version", "use the newer ccbatch"],
    );
    cluster.sql("UPDATE ledger SET version = 1");
    cluster.sql("ALTER SYSTEM SET fsync = off");
    cluster.sql("SELECT pg_reload_conf()");
    eventually("fsync is off", || cluster.sql("SHOW fsync") == "off");
    refused(&cluster.url(), 1, ["fsync = off", "set fsync = on"]);
    cluster.stop("fast");
    cluster.write("data/standby.signal", "");
    cluster.go_on();
    refused(&cluster.url(), 1, ["replica", "name the primary server"]);
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn a_role_that_looks_into_another_schema_gets_no_second_ledger() {
    let Some((cluster, scene)) = cluster_with_one_payout() else {
        return;
    };
    cluster.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC");
    cluster.sql("CREATE ROLE ada LOGIN; CREATE SCHEMA AUTHORIZATION ada");
    cluster.sql("CREATE ROLE bob LOGIN");
    cluster.sql("CREATE ROLE eve LOGIN SUPERUSER");
    cluster.sql("ALTER ROLE eve SET search_path = pg_catalog");
    let other = Scene::new(&rows(1));
    for role in ["ada@", "bob@", "eve@"] {
        let url = cluster.url_of(role, "ledger");
        let words = "the database has a ledger in the schema \"public\"";
        let run = pay(&other, &url, &scene.url()).status(1);
        run.stderr_has(words)
            .stderr_has("?options=-csearch_path%3Dpublic")
            .go();
        for command in [&["history"][..], &["ledger"], &["ledger", "init"]] {
            let run = other.program(command.iter().copied());
            let run = run.env("CCBATCH_LEDGER", &url);
            run.status(1).stderr_has(words).go();
        }
        let dry = pay(&other, &url, &scene.url()).args(["--dry-run"]);
        dry.stderr_has(words)
            .stderr_has("these rows may be paid already")
            .go();
    }
    // As the hint says.
    cluster.sql("GRANT USAGE ON SCHEMA public TO ada");
    cluster.sql("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO ada");
    let url = cluster.url_of("ada@", "ledger");
    for url in [&url, &format!("{url}?options=-csearch_path%3Dpublic")] {
        let run = pay(&other, url, &scene.url()).status(1);
        run.stderr_has("all of these were paid").go();
    }
    // Who asks for a schema of its own gets a ledger of its own.
    let own = format!("{url}?options=-csearch_path%3Dada");
    let run = other.program(["ledger", "init"]);
    run.env("CCBATCH_LEDGER", &own).stderr_has("Ledger: ").go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn a_ledger_that_the_server_does_not_keep_is_refused() {
    let Some((cluster, scene)) = cluster_with_one_payout() else {
        return;
    };
    let words = "temporary or unlogged";
    // Of a schema that is not there and one that ends with the session, the second is taken.
    let temporary = format!("{}?options=-csearch_path%3Dmistyped,pg_temp", cluster.url());
    let run = pay(&scene, &temporary, &scene.url()).status(1);
    run.stderr_has(words).go();
    cluster.sql("ALTER TABLE attempt SET UNLOGGED");
    let run = pay(&scene, &cluster.url(), &scene.url()).status(1);
    run.stderr_has(words).stderr_has("nothing was sent").go();
    cluster.sql("ALTER TABLE attempt SET LOGGED");
    let run = pay(&scene, &cluster.url(), &scene.url());
    run.stderr_has("Already created: 1").go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn a_server_whose_clock_cannot_be_right_begins_nothing() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("", &rows(2));
    let pay = || pay(&scene, &cluster.url(), &scene.url());
    pay()
        .args(["--limit", "1"])
        .status(5)
        .stderr_has("1 created")
        .go();
    cluster.sql(
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
         AS $$ SELECT timestamptz '2000-01-01 00:00:07+00' $$",
    );
    cluster.sql("ALTER ROLE postgres SET search_path = public, pg_catalog");
    pay()
        .status(5)
        .stderr_has(
            "the clock of the ledger's server cannot be right: it says 2000-01-01 00:00 UTC",
        )
        .stderr_has("the next payout was not sent; set that clock")
        .go();
    assert_eq!(scene.sent_and_created(), (1, 1));
    cluster.sql("ALTER ROLE postgres RESET search_path");
    pay().stderr_has("All done: 2 created").go();
}

#[test]
fn a_ledger_that_has_gone_back_stops_the_run() {
    let others_have_written_since = "DELETE FROM attempt; UPDATE ledger SET writes = writes + 9";
    for older in ["UPDATE ledger SET writes = 1", others_have_written_since] {
        let Some(cluster) = Cluster::start(&[]) else {
            return;
        };
        let scene = Scene::paying("", &rows(3));
        let run = pay_slowly(&scene, &cluster.url()).start();
        run.await_stderr("1/3");
        cluster.sql(older);
        let run = run.expecting(5, "the ledger has gone back, and lacks payouts");
        run.expecting(5, "the next payout was not sent").end();
        assert_eq!(scene.sent_and_created(), (1, 1));
    }
}

#[test]
fn no_key_and_no_password_stands_in_a_shared_ledger() {
    let Some((cluster, _)) = cluster_with_one_payout() else {
        return;
    };
    let mut dump = cluster.client("pg_dump");
    let dump = dump.args(["-d", "ledger"]).output().unwrap();
    let dump = String::from_utf8(dump.stdout).unwrap();
    assert!(dump.contains("COPY") && !dump.contains(KEY), "{dump}");
}
