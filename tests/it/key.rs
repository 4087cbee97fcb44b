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
fn what_cannot_be_a_key_is_refused_without_repeating_it() {
    let secret = "two words-5d1f";
    for (text, why) in [
        ("", "the API key is empty"),
        ("\n", "the API key is empty"),
        ("Token ", "the API key is empty"),
        (secret, "has a character that no key has"),
        ("ключ", "has a character that no key has"),
    ] {
        let scene = locked();
        let run = scene.pay().env(VARIABLE, text).status(1);
        let told = run
            .stderr_has(&format!("{VARIABLE}: the API key"))
            .stderr_has(why)
            .go();
        assert!(!told.stderr.contains(secret), "{told}");
        let run = with_key_file(&scene, text, 0o600).status(1);
        run.stderr_has("key.txt: the API key").stderr_has(why).go();
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
fn a_wrong_one_stops_the_batch_at_once() {
    let scene = locked();
    let run = scene.pay().env(VARIABLE, "another-key").status(5);
    run.stderr_has("the API key was refused: check CCBATCH_API_KEY")
        .go();
    assert_eq!(scene.sent_and_created(), (1, 0));
}

#[test]
fn it_is_not_stored_or_shown_even_if_the_api_repeats_it() {
    let echo = format!("bad header: Token {KEY}!");
    let error = serde_json::json!({"status": "error", "result": {"authorization": echo}});
    for (status, exit, body) in [
        (401, 5, error.to_string()),
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
