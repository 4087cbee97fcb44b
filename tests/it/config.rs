//! The config file: which settings count and before what, what may not stand there, and who may
//! change it.

use crate::harness::{BITCOIN, INPUT, KEY, Run, Scene, rows};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;

/// A scene that pays, and its run without a flag that could be a setting.
fn paying() -> Scene {
    let scene = Scene::paying("", &rows(2));
    scene.write("key.txt", KEY);
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(scene.path("key.txt"), mode).unwrap();
    scene
}

fn pay(scene: &Scene) -> Run {
    scene.program(["run", INPUT, "--yes"])
}

/// What every run in the scene needs.
fn basics(scene: &Scene) -> String {
    format!(
        "api_url = {:?}\napi_key_file = {:?}\ninterval = \"0s\"\n",
        scene.url(),
        scene.path("key.txt")
    )
}

#[test]
fn settings_stand_for_flags_that_are_left_out_and_the_plan_names_the_file() {
    let scene = paying();
    let config = scene.configure(&format!(
        "# our own\n{}ledger = \"team.db\"\nprogress = \"none\"\non_end = \"cat >ended.json\"\n",
        basics(&scene)
    ));
    let named = format!("Config file: {}\n", config.display());
    let run = pay(&scene).stderr_has(&named);
    let told = run.stderr_has("All done: 2 created").go().stderr;
    assert!(!told.contains("line 2 created"), "{told}");
    assert!(scene.read("ended.json").contains(r#""created":2"#));
    // A path is one from the file's own folder, wherever the program is called.
    let ledger = config.with_file_name("team.db");
    assert!(ledger.exists() && !scene.ledger().exists());
    let shown = ledger.display().to_string();
    scene.program(["ledger"]).stdout_has(&shown).go();
    let json = pay(&scene).args(["--format", "json", "--dry-run"]);
    let named = format!(r#""config":{config:?}"#);
    json.stdout_has(&named)
        .stderr_has("Already created: 2")
        .go();
}

#[test]
fn a_flag_comes_before_the_environment_and_the_environment_before_the_file() {
    let scene = paying();
    let nowhere = "http://127.0.0.1:9";
    let file = format!("api_url = {nowhere:?}\ninterval = \"1h\"\nledger = \"of-file.db\"\n");
    let config = scene.configure(&file);
    let run = pay(&scene).args(["--interval", "0s"]);
    let run = run.env("CCBATCH_API_URL", scene.url());
    let run = run.env("CCBATCH_API_KEY", KEY);
    let run = run.env("CCBATCH_LEDGER", scene.path("of-environment.db"));
    let run = run.args(["--limit", "1"]).status(5);
    run.stderr_has("1 created").go();
    let url = scene.url();
    let run = pay(&scene).args(["--interval", "0s", "--api-url", &url]);
    let run = run.args(["--ledger", "of-environment.db"]);
    let run = run.env("CCBATCH_LEDGER", scene.path("of-nothing.db"));
    let run = run.env("CCBATCH_API_URL", nowhere);
    let run = run.env("CCBATCH_API_KEY", KEY);
    run.stderr_has("All done: 2 created").go();
    assert!(!config.with_file_name("of-file.db").exists());
    assert!(!scene.path("of-nothing.db").exists());
    // A variable that is empty is not set.
    scene.write("other.csv", scene.read(INPUT));
    let check = scene.program(["validate", "other.csv", "--format", "json"]);
    let check = check.env("CCBATCH_API_URL", "").env("CCBATCH_LEDGER", "");
    check
        .stdout_has(r#""api":"127.0.0.1:9""#)
        .stderr_has("")
        .go();
}

#[test]
fn a_limit_of_the_file_counts_for_the_currencies_that_no_flag_names() {
    let scene = Scene::new(&rows(2));
    scene.configure("max_amount = [\"BTC=0.001\", \"ETH=1\"]\nmax_total = [\"BTC=0.003\"]\n");
    let check = || scene.program(["validate", INPUT]);
    check().status(3).stderr_has("payouts.csv:3: amount: ").go();
    let raised = check().args(["--max-amount", "BTC=0.002"]);
    raised.stderr_has("2 payouts to submit").go();
    let other = check().args(["--max-amount", "ETH=2"]);
    other.status(3).stderr_has("payouts.csv:3: amount: ").go();
    let total = check().args(["--max-amount", "BTC=0.002", "--max-total", "BTC=0.001"]);
    total.status(3).stderr_has("1 error").go();
}

#[test]
fn a_file_that_is_too_long_is_refused_and_not_cut_before_a_limit() {
    let scene = Scene::new(&rows(2));
    let comment = format!("# {}\n", "x".repeat(70_000));
    let settings = format!("{comment}max_total = [\"BTC=0.001\"]\n");
    scene.configure(&settings);
    let check = scene.program(["validate", INPUT]).status(1);
    check.stderr_has("too long for a config file").go();
    // A pipe does not say how long it is.
    let pipe = scene.path("pipe");
    let mut made = Command::new("mkfifo");
    made.args(["-m", "600"]).arg(&pipe);
    assert!(made.status().unwrap().success());
    let writer = thread::spawn(move || fs::write(pipe, settings));
    let check = scene.program(["validate", INPUT, "--config", "pipe"]);
    check
        .status(1)
        .stderr_has("too long for a config file")
        .go();
    let _ = writer.join().unwrap();
}

#[test]
fn what_is_decided_for_one_run_cannot_stand_in_the_file() {
    let scene = Scene::new(&rows(1));
    for (line, why) in [
        (
            "yes = true",
            "yes cannot stand in the config file: the question",
        ),
        (
            "repeat = true",
            "repeat cannot stand in the config file: paying again",
        ),
        (
            "retry_rejected = true",
            "retry_rejected cannot stand in the config file: sending again",
        ),
        (
            "keep_going = true",
            "keep_going cannot stand in the config file: going on",
        ),
        (
            "only = \"3\"",
            "only cannot stand in the config file: which rows",
        ),
        (
            "limit = 3",
            "limit cannot stand in the config file: how many",
        ),
        (
            "results = \"r.csv\"",
            "results cannot stand in the config file: each batch",
        ),
        (
            "sandbox = true",
            "sandbox cannot stand in the config file: it is for one",
        ),
        (
            "format = \"json\"",
            "format cannot stand in the config file: it is for one",
        ),
        (
            "retry-rejected = true",
            "retry_rejected cannot stand in the config file",
        ),
    ] {
        let config = scene.configure(&format!("strict = true\n\n{line}\n"));
        let at = format!("{}:3: {why}", config.display());
        let flag = line.split(' ').next().unwrap().replace('_', "-");
        let hint = format!("hint: take it out, and give --{flag} to the command that needs it");
        let run = scene.program(["status", INPUT]).status(2);
        run.stderr_has(&at).stderr_has(&hint).go();
    }
    scene.configure(&format!("api_key = {KEY:?}\n"));
    let run = scene.program(["status", INPUT]).status(2);
    run.stderr_has("config.toml:1: api_key cannot stand in the config file: whoever reads")
        .stderr_has("name a file that only you can read with api_key_file")
        .go();
}

#[test]
fn an_unknown_setting_is_told_with_its_line_and_the_nearest_name() {
    let scene = Scene::new(&rows(1));
    for (name, nearest) in [
        ("intervall", "interval"),
        ("api-url", "api_url"),
        ("max_totals", "max_total"),
        ("colour", "color"),
        ("apikeyfile", "api_key_file"),
    ] {
        let config = scene.configure(&format!("strict = true\n{name} = \"x\"\n"));
        let at = format!("{}:2: {name} is not a setting", config.display());
        let hint = format!("hint: did you mean {nearest}? the settings are api_key_file, api_url");
        let run = scene.program(["validate", INPUT]).status(2);
        run.stderr_has(&at).stderr_has(&hint).go();
    }
}

#[test]
fn a_wrong_value_is_told_with_its_name_its_line_and_an_example() {
    let scene = Scene::new(&rows(1));
    for (line, why, hint) in [
        (
            "interval = 15",
            "interval: this is a number, and has to be text",
            "interval = \"15s\"",
        ),
        (
            "interval = \"15\"",
            "interval: \"15\" is not valid: write it with its unit",
            "interval = \"15s\"",
        ),
        (
            "strict = \"yes\"",
            "strict: this is text, and has to be true or false",
            "strict = true",
        ),
        (
            "max_findings = \"5\"",
            "max_findings: this is text, and has to be a whole number",
            "max_findings = 50",
        ),
        (
            "max_findings = -5",
            "max_findings: this is -5, and has to be a whole number",
            "max_findings = 50",
        ),
        (
            "max_total = \"BTC=1\"",
            "max_total: this is text, and has to be a list of texts",
            "max_total = [\"BTC=0.5\"]",
        ),
        (
            "max_total = [1]",
            "max_total: this is a list with a number in it",
            "max_total = [\"BTC=0.5\"]",
        ),
        (
            "max_total = [\"BTC\"]",
            "max_total: \"BTC\" is not valid: write it like BTC=0.5",
            "max_total = [\"BTC=0.5\"]",
        ),
        (
            "progress = \"loud\"",
            "progress: \"loud\" is not valid: write one of auto, bar, lines, none",
            "progress = \"lines\"",
        ),
        (
            "color = true",
            "color: this is true or false, and has to be text",
            "color = \"never\"",
        ),
        (
            "encoding = \"morse\"",
            "encoding: \"morse\" is not valid",
            "encoding = \"windows-1251\"",
        ),
        ("interval = 12s", " ", "write one setting per line"),
        ("strict", " ", "write one setting per line"),
    ] {
        let config = scene.configure(&format!("\n{line}\n"));
        let at = format!("{}:2: {}", config.display(), why.trim_start());
        let run = scene.program(["validate", INPUT]).status(2);
        run.stderr_has(&at).stderr_has(hint).go();
    }
}

#[test]
fn a_value_that_does_not_go_with_the_others_is_blamed_on_the_file() {
    let scene = Scene::new(&rows(1));
    for (line, why) in [
        (
            "interval = \"3s\"",
            ":1: interval: 3s is shorter than the 12s",
        ),
        ("interval = \"25h\"", ":1: interval: more than"),
        (
            "api_url = \"http://example.com\"",
            ":1: api_url: http://example.com is not encrypted",
        ),
        (
            "ledger = \"mysql://db/x\"",
            ":1: ledger: only a URL of PostgreSQL",
        ),
        (
            "ledger = \"postgres://me:secret-5d1f@db.example/x\"",
            ":1: ledger: the URL holds a password",
        ),
    ] {
        let config = scene.configure(&format!("{line}\n"));
        let run = pay(&scene).env("CCBATCH_API_KEY", KEY).status(2);
        let told = run.stderr_has(&format!("{}{why}", config.display())).go();
        assert!(!told.stderr.contains("5d1f"), "{told}");
    }
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let scene = Scene::new(&rows(1));
    let config = scene.configure("strict = true\n");
    for (mode, status) in [(0o600, 0), (0o644, 0), (0o664, 1), (0o646, 1), (0o666, 1)] {
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).unwrap();
        let why = match status {
            0 => "to submit".to_owned(),
            _ => format!("{}: others can change the config file", config.display()),
        };
        let run = scene.program(["validate", INPUT]).status(status);
        run.stderr_has(&why).go();
    }
}

#[test]
fn another_file_is_read_when_it_is_named_and_none_is_looked_for_beside_the_payouts() {
    let scene = paying();
    scene.configure("interval = \"3s\"\n");
    for name in ["config.toml", "ccbatch.toml", ".ccbatch.toml"] {
        scene.write(name, "nonsense");
    }
    let why = "interval: 3s is shorter";
    let dry = ["run", INPUT, "--dry-run"];
    scene.program(dry).status(2).stderr_has(why).go();
    let left_out = scene.program(dry).args(["--config", "/dev/null"]);
    left_out.stderr_has("2 payouts to submit").go();
    scene.write("my config.toml", basics(&scene));
    let run = pay(&scene).args(["--config", "my config.toml"]);
    run.stderr_has("Config file: my config.toml\n")
        .stderr_has("All done: 2 created")
        .go();
    let missing = pay(&scene).args(["--config", "nowhere.toml"]).status(1);
    missing
        .stderr_has("nowhere.toml: there is no such file")
        .go();
    let folder = pay(&scene).args(["--config", "."]).status(1);
    folder.stderr_has("this is a directory").go();
    // What it says of the ledger must not be left out.
    scene.write("cyrillic.toml", b"# \xea\xee\xec\nledger = \"l.db\"\n");
    let other = pay(&scene).args(["--config", "cyrillic.toml"]).status(1);
    other
        .stderr_has("cyrillic.toml: the config file is not UTF-8\n  hint: nothing was sent; save it as UTF-8\n")
        .go();
}

#[test]
fn a_command_that_is_shown_names_the_config_file_again() {
    let scene = Scene::paying("ok,drop-after", &rows(3));
    let config = format!("{}ledger = \"own.db\"\n", basics(&scene));
    scene.write("my config.toml", config);
    let pay = |limit| {
        let run = pay(&scene).args(["--config", "my config.toml", "--limit", limit]);
        run.env("CCBATCH_API_KEY", KEY)
    };
    let told = pay("1").status(5).stderr_has("1 created").go();
    let go_on = told.after("To go on: ccbatch run ");
    assert!(go_on.contains("--config 'my config.toml'"), "{told}");
    let command = "ccbatch resolve payouts.csv --config 'my config.toml' --line 3 ";
    pay("2").status(6).stderr_has(command).go();
}

#[test]
fn a_rehearsal_needs_nothing_of_the_api_that_the_file_names() {
    let scene = Scene::new(&rows(1));
    scene.configure(
        "api_url = \"https://api.example.com\"\napi_key_file = \"gone\"\ninterval = \"0s\"\n",
    );
    let run = scene.program(["run", INPUT, "--sandbox"]);
    run.stderr_has("All done: 1 created").go();
}

#[test]
fn a_path_in_a_hint_is_one_word_for_a_shell() {
    let scene = Scene::new(&rows(1));
    scene.write("my key.txt", KEY);
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(scene.path("my key.txt"), mode).unwrap();
    let run = pay(&scene).args(["--api-key-file", "my key.txt"]).status(1);
    run.stderr_has("hint: chmod 600 'my key.txt'\n").go();
}

#[test]
fn a_ledger_that_cannot_be_moved_to_is_blamed_on_its_own_flag() {
    let scene = Scene::new("");
    let run = scene.program(["ledger", "move", "--to", "mysql://db/x"]);
    let why = "--to: only a URL of PostgreSQL can name a ledger";
    run.status(2).stderr_has(why).go();
}

#[test]
fn a_copy_with_fixes_is_read_with_the_settings_that_it_was_made_with() {
    let scene = Scene::new("");
    scene.configure(
        "decimal_comma = true\nencoding = \"windows-1251\"\ncolumns = \"reference=ID,amount=Нетто, BTC\"\n",
    );
    let rest = |code: &str| format!("{code};{BITCOIN};0,5;1,000\n");
    let input = format!(
        "ID;reference;валюта;адрес;нетто, BTC;сумма\nЗП-1;x;{}",
        rest("btc")
    );
    let input = encoding_rs::WINDOWS_1251.encode(&input).0.into_owned();
    scene.write(INPUT, input);
    let fix = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    fix.stderr_has("To see what it would pay: ccbatch validate new.csv\n")
        .go();
    let names = "ID;reference (not used);currency_code;to_address;Нетто, BTC;сумма";
    let copy = format!("{names}\nЗП-1;x;{}", rest("BTC"));
    assert_eq!(scene.read("new.csv"), copy);
    let validate = scene.program(["validate", "new.csv"]);
    validate.stderr_has("BTC  1 ×  0.5\n").go();
}

#[test]
fn a_copy_with_fixes_is_read_without_the_flags_that_it_was_made_with() {
    let scene = Scene::new("");
    scene.configure("columns = \"amount=Net\"\n");
    let input = format!("currency_code;to_address;Net;Gross\nBTC;{BITCOIN};0,5;0,75\n");
    scene.write(INPUT, input);
    let fix = scene.program(["validate", INPUT, "--fix", "new.csv", "--decimal-comma"]);
    fix.args(["--columns", "amount=Gross"])
        .stderr_has("the column \"Gross\" is named Net\n")
        .go();
    let copy = format!("currency_code,to_address,Net (not used),Net\nBTC,{BITCOIN},\"0,5\",0.75\n");
    assert_eq!(scene.read("new.csv"), copy);
    let validate = scene.program(["validate", "new.csv"]);
    validate.stderr_has("BTC  1 ×  0.75\n").go();
}
