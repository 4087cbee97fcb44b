//! Where the API key comes from, and that it goes nowhere but to the API.

use crate::harness::{INPUT, KEY, RESULTS, Run, Scene, rows, unhurried};
use ccbatch::sandbox::{Options, Script};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const VARIABLE: &str = "CCBATCH_API_KEY";

/// A scene whose sandbox opens to [`KEY`] alone.
fn locked() -> Scene {
    Scene::new(&rows(1)).with_sandbox(Options {
        api_key: Some(KEY.to_owned()),
        ..unhurried("")
    })
}

/// A run with the key in a file of this mode.
fn with_key_file(scene: &Scene, content: &str, mode: u32) -> Run {
    scene.write("key.txt", content);
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(scene.path("key.txt"), permissions).unwrap();
    scene.pay().args(["--api-key-file", "key.txt"])
}

#[test]
fn what_is_pasted_around_it_is_taken_off() {
    for text in [
        KEY.to_owned(),
        format!("{KEY}\n"),
        format!(" {KEY}\r\n"),
        format!("Token {KEY}"),
        format!("token  {KEY}\n"),
    ] {
        let scene = locked();
        scene
            .pay()
            .env(VARIABLE, &text)
            .stderr_has("All done: 1 created")
            .go();
        let scene = locked();
        let run = with_key_file(&scene, &text, 0o600).without_env(VARIABLE);
        run.stderr_has("All done: 1 created").go();
    }
}

#[test]
fn a_file_comes_before_the_environment_and_is_named_in_the_command_to_go_on() {
    let scene = locked();
    scene.write_rows(&rows(2));
    let run = with_key_file(&scene, KEY, 0o400).env(VARIABLE, "another-key");
    let told = run
        .args(["--limit", "1"])
        .status(5)
        .stderr_has("1 created")
        .go();
    assert!(
        told.after("To go on: ccbatch run")
            .contains("--api-key-file key.txt")
    );
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    for mode in [0o644, 0o640, 0o604, 0o660, 0o602, 0o610] {
        let scene = locked();
        let run = with_key_file(&scene, KEY, mode).status(1);
        let why = format!("key.txt: others can read or change the API key (mode {mode:04o})");
        run.stderr_has(&why)
            .stderr_has("hint: chmod 600 key.txt")
            .go();
        assert_eq!(scene.sent_and_created(), (0, 0));
        assert_eq!(scene.files(), ["key.txt", INPUT]);
    }
}

#[test]
fn nobody_is_told_to_change_a_device() {
    let scene = locked();
    let run = scene.program(["run", INPUT, "--yes", "--api-key-file", "/dev/null"]);
    let output = run
        .status(1)
        .stderr_has("/dev/null: the API key cannot be read: this is a device")
        .go();
    assert!(!output.stderr.contains("chmod"), "{output}");
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn what_cannot_be_a_key_is_refused_by_what_is_odd_and_not_repeated() {
    let alone = "give the key alone";
    let whole = "copy it whole";
    for (text, why, hint) in [
        ("", "the API key is empty", whole),
        ("\n", "the API key is empty", whole),
        ("Token ", "the API key is empty", whole),
        ("KEY=secret-5d1f", "begins with a name and `=`", alone),
        (
            "export CCBATCH_API_KEY=secret-5d1f",
            "begins with a name and `=`",
            alone,
        ),
        ("\"secret-5d1f\"", "has a quotation mark in it", alone),
        ("“secret-5d1f”", "has a quotation mark in it", alone),
        ("secret 5d1f", "has a blank in it", whole),
        ("secret\n5d1f", "has a line break in it", whole),
        (
            "secret\u{200b}5d1f",
            "has an invisible character in it",
            whole,
        ),
        (
            "ключ-5d1f",
            "has a letter or sign in it that no key has",
            whole,
        ),
    ] {
        let scene = locked();
        let run = scene.pay().env(VARIABLE, text).status(1);
        let told = run
            .stderr_has(&format!("{VARIABLE}: the API key"))
            .stderr_has(why)
            .stderr_has(hint)
            .go();
        assert!(!told.stderr.contains("5d1f"), "{told}");
        let run = with_key_file(&scene, text, 0o600).status(1);
        let told = run.stderr_has("key.txt: the API key").stderr_has(why).go();
        assert!(!told.stderr.contains("5d1f"), "{told}");
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let scene = locked();
    for (name, why) in [
        (
            "nowhere.txt",
            "nowhere.txt: the API key cannot be read: there is no such file",
        ),
        (".", ".: "),
    ] {
        let run = scene.pay().args(["--api-key-file", name]);
        run.status(1).stderr_has(why).go();
    }
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn without_one_and_without_a_terminal_nothing_is_sent() {
    let scene = locked();
    let run = scene.pay().without_env(VARIABLE).status(1);
    run.stderr_has("there is no API key, and no terminal to ask for it")
        .go();
    assert_eq!(scene.files(), [INPUT]);
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn a_wrong_one_stops_the_batch_at_once_and_its_source_is_named() {
    let scene = locked();
    let run = scene.pay().env(VARIABLE, "another-key").status(5);
    run.stderr_has("the API key was refused: check CCBATCH_API_KEY, and")
        .go();
    assert_eq!(scene.sent_and_created(), (1, 0));

    let scene = locked();
    let run = with_key_file(&scene, "another-key", 0o600).status(5);
    let told = run
        .stderr_has("the API key was refused: check key.txt, and")
        .go();
    assert!(!told.stderr.contains(VARIABLE), "{told}");
}

#[test]
fn a_typed_one_that_is_refused_is_named_as_such() {
    let scene = locked();
    let mut terminal = scene.pay().without_env(VARIABLE).on_terminal();
    terminal.await_text("CryptoCloud API key");
    terminal.type_line("another-key");
    let shown = terminal.end(5);
    let why = "the API key was refused: check the key that was typed, and";
    assert!(shown.contains(why), "{shown}");
    assert!(!shown.contains(VARIABLE), "{shown}");
}

#[test]
fn a_key_that_was_typed_ahead_of_the_question_is_taken() {
    let scene = locked();
    let mut terminal = scene.pay().without_env(VARIABLE).on_terminal();
    terminal.type_line("another-key");
    let shown = terminal.end(5);
    assert!(shown.contains("the API key was refused"), "{shown}");
}

/// A sandbox of the program's own, with these arguments and variables; what is to be done through
/// it gets its URL.
fn through_own_sandbox(
    arguments: &[&str],
    variables: &[(&str, &str)],
    pay: impl FnOnce(&Scene, &str),
) {
    let scene = Scene::new(&rows(1));
    scene.write("only.txt", "only-key");
    fs::set_permissions(scene.path("only.txt"), fs::Permissions::from_mode(0o600)).unwrap();
    let call = ["sandbox", "--interval", "0s"].iter().chain(arguments);
    let run = scene.program(call.copied());
    let run = variables
        .iter()
        .fold(run, |run, (name, text)| run.env(name, text));
    let sandbox = run.start();
    let url = sandbox.await_stdout("listening on ");
    pay(&scene, &url);
    sandbox.kill();
}

#[test]
fn a_sandbox_opens_to_any_key_unless_it_is_given_its_own() {
    let pay = |scene: &Scene, url: &str, key: &str| {
        let run = scene.pay_through(url).args(["--interval", "0s"]);
        run.env(VARIABLE, key)
    };
    // The sandbox does not read the variable of a real key.
    through_own_sandbox(&[], &[(VARIABLE, "real-key")], |scene, url| {
        pay(scene, url, "another-key").stderr_has("1 created").go();
    });
    let by_file = (&["--api-key-file", "only.txt"][..], &[][..]);
    let by_variable = (&[][..], &[("CCBATCH_SANDBOX_KEY", "only-key")][..]);
    for (arguments, variables) in [by_file, by_variable] {
        through_own_sandbox(arguments, variables, |scene, url| {
            let refused = pay(scene, url, "another-key").status(5);
            refused.stderr_has("the API key was refused").go();
            pay(scene, url, "only-key").stderr_has("1 created").go();
        });
    }
}

#[test]
fn a_sandbox_asks_for_no_real_key() {
    let scene = Scene::new("");
    let sandbox = || scene.program(["sandbox", "--listen", "127.0.0.1:0"]);
    let odd = sandbox().env("CCBATCH_SANDBOX_KEY", "two words");
    let missing = sandbox().args(["--api-key-file", "missing.txt"]);
    for run in [odd, missing] {
        let told = run
            .status(1)
            .stderr_has("the sandbox needs no real key")
            .go();
        assert!(!told.stderr.contains("Security"), "{told}");
    }
}

#[test]
fn it_is_not_stored_or_shown_even_if_the_api_repeats_it() {
    let echo = format!("bad header: Token {KEY}!");
    let error = serde_json::json!({"status": "error", "result": {"authorization": echo}});
    for (status, exit, body) in [
        (401, 5, error.to_string()),
        (
            200,
            6,
            serde_json::json!({"status": "success", "data": {"invoice_id": echo}}).to_string(),
        ),
        (400, 5, error.to_string()),
        (400, 4, error.to_string().replace("authorization", KEY)),
        (422, 4, format!(r#"{{"message":"{echo}"}}"#)),
        (500, 6, format!("<pre>{echo}</pre>")),
        (200, 6, echo.clone()),
    ] {
        let scene = Scene::new(&rows(1)).with_sandbox(Options {
            script: Script::answer(status, &[], body).unwrap(),
            ..unhurried("")
        });
        // Every output is searched for the key anyway.
        let run = scene.pay().args(["--format", "json"]).status(exit);
        run.stdout_has("(redacted)").stderr_has("Results: ").go();
        assert!(!scene.read(RESULTS).contains(KEY), "{status}");
    }
}
