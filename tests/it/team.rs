//! The way of a team to its first shared batch: every command of docs/team.md, in its order.

use crate::cluster::{Cluster, Login, free_port, tell_skipped};
use crate::harness::{BITCOIN, HEADER, KEY, Scene, rows};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The commands of the page, as one script.
fn commands() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/team.md");
    let page = fs::read_to_string(page).unwrap();
    let blocks = page.split("```sh\n").skip(1);
    let commands = blocks.map(|block| block.split("```").next().unwrap());
    commands.collect()
}

#[test]
fn every_command_of_the_team_s_page_does_what_it_says() {
    let Some(cluster) = Cluster::start_with(
        Login::PasswordOverNetwork,
        &["listen_addresses=127.0.0.1", "wal_level=replica"],
    ) else {
        return;
    };
    if Command::new("openssl").arg("version").output().is_err() {
        tell_skipped("openssl");
        return;
    }
    cluster.sql_in("postgres", "DROP DATABASE ledger");
    // What the standby finds in the copy of the settings.
    let folder = cluster.path("");
    let folder = folder.trim_end_matches('/');
    let socket = format!("ALTER SYSTEM SET unix_socket_directories = '{folder}'");
    cluster.sql_in("postgres", &socket);
    let home = cluster.home();
    let write = |name: &str, text: &str| cluster.write(&format!("home/{name}"), text);
    // One machine has paid before, and another whose ledger is gone.
    let before = Scene::paying("", &rows(2));
    let ledger = before.path("ledger.db");
    let run = before.pay().args(["--ledger", ledger.to_str().unwrap()]);
    run.stderr_has("2 created").go();
    let state = cluster.folder_of_server("home/.local/state/ccbatch");
    fs::copy(&ledger, state.join("ledger.db")).unwrap();
    cluster.give(&state.join("ledger.db"));
    let old = format!("OLD,BTC,{BITCOIN},0.7\n");
    before.write_rows(&old);
    let run = before.pay().args(["--results", "old.results.csv"]);
    run.stderr_has("1 created").go();
    write("old.results.csv", &before.read("old.results.csv"));
    let row = format!("{HEADER}\nNEW,BTC,{BITCOIN},0.8\n");
    write("payouts.csv", &row);
    let standby = free_port();
    let script = commands()
        .replace("db.example:5432", &format!("localhost:{}", cluster.port))
        .replace("=DNS:db.example", "=DNS:localhost")
        .replace("db.example/", &format!("localhost:{}/", cluster.port))
        .replace("pg_ctl ", &format!("PGPORT={standby} pg_ctl "));
    let script = write("script", &script);
    let output = cluster.shell(
        &script,
        &[
            ("HOME", home.to_str().unwrap()),
            ("PGDATA", &cluster.path("data")),
            ("CCBATCH_API_URL", &before.url()),
            ("CCBATCH_API_KEY", KEY),
        ],
    );
    cluster.stop_other(&home.join("standby"));
    assert!(output.contains("with 2 attempts"), "{output}");
    assert!(output.contains("1 of 1 attempt taken over"), "{output}");
    assert!(output.contains("0 of 1 attempt taken over"), "{output}");
    assert!(output.contains("All done: 1 created"), "{output}");
    assert!(output.contains("created              4"), "{output}");
    assert_eq!(before.book().created.len(), 4);
    let may_delete = "SELECT has_table_privilege('ccbatch', 'attempt', 'DELETE')";
    assert_eq!(cluster.sql(may_delete), "f");
    for database in ["ledger", "ledger_before"] {
        let count = cluster.sql_in(database, "SELECT count(*) FROM attempt");
        assert_eq!(count, "4", "{database}");
    }
}
