//! A person at a terminal is asked before anything is sent, types the key unseen, and sees a bar.

use crate::harness::{INPUT, KEY, Run, Scene, rows, unhurried};
use ccbatch::sandbox::Options;

/// A run that asks before it sends.
fn asking(scene: &Scene) -> Run {
    let url = scene.url();
    scene.program(["run", INPUT, "--interval", "0s", "--api-url", &url])
}

#[test]
fn only_a_yes_sends() {
    let question = "Submit these 2 payouts? [y/N] ";
    for (answer, sent, why) in [
        ("y", 2, ""),
        ("yes", 2, ""),
        ("Y", 2, ""),
        ("да", 2, ""),
        ("Д", 2, ""),
        ("n", 0, "the answer was \"n\", not yes"),
        ("", 0, "the answer was not yes"),
        ("yep", 0, "the answer was \"yep\", not yes"),
        ("даю", 0, "the answer was \"даю\", not yes"),
    ] {
        let scene = Scene::paying("", &rows(2));
        let mut terminal = asking(&scene).env("CCBATCH_API_KEY", KEY).on_terminal();
        let plan = terminal.await_text(question);
        assert!(
            plan.contains("2 payouts to submit through 127.0.0.1"),
            "{plan}"
        );
        assert_eq!(
            scene.sent_and_created(),
            (0, 0),
            "nothing before the answer"
        );
        terminal.type_line(answer);
        let told = terminal.end(if sent == 0 { 5 } else { 0 });
        assert_eq!(scene.sent_and_created(), (sent, sent), "{answer:?}");
        if sent == 0 {
            let told_why = format!("Stopped: {why}; nothing was sent in this run");
            assert!(told.contains(&told_why), "{told}");
            assert_eq!(scene.files(), [INPUT], "{answer:?}");
        } else {
            assert!(told.contains("All done: 2 created"), "{told}");
        }
    }
}

#[test]
fn an_end_of_input_or_half_a_letter_at_the_question_sends_nothing() {
    for (typed, told) in [
        (
            &b"\x04"[..],
            "\r\nStopped: the answer was not yes; nothing was sent",
        ),
        (
            b"\xd0\n",
            "Stopped: the answer was \"\u{fffd}\", not yes; nothing was sent",
        ),
    ] {
        let scene = Scene::paying("", &rows(1));
        let mut terminal = asking(&scene).env("CCBATCH_API_KEY", KEY).on_terminal();
        terminal.await_text("Submit this payout? [y/N] ");
        terminal.type_bytes(typed);
        let shown = terminal.end(5);
        assert!(shown.contains(told), "{shown:?}");
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn an_interrupt_at_the_question_sends_nothing() {
    let scene = Scene::paying("", &rows(1));
    let mut terminal = asking(&scene).env("CCBATCH_API_KEY", KEY).on_terminal();
    terminal.await_text("Submit this payout? [y/N] ");
    terminal.interrupt();
    let told = terminal.end(5);
    assert!(told.contains("nothing was sent in this run"), "{told}");
    assert_eq!(scene.sent_and_created(), (0, 0));
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn any_signal_at_a_question_sends_nothing_and_tells_how_to_go_on() {
    for (key, question) in [(Some(KEY), "[y/N] "), (None, "CryptoCloud API key")] {
        for signal in ["TERM", "HUP"] {
            let scene = Scene::paying("", &rows(1));
            let run = asking(&scene);
            let run = match key {
                Some(key) => run.env("CCBATCH_API_KEY", key),
                None => run,
            };
            let mut terminal = run.on_terminal();
            terminal.await_text(question);
            terminal.signal(signal);
            let told = terminal.end(5);
            assert!(told.contains("nothing was sent in this run"), "{told}");
            assert!(told.contains("To go on: ccbatch run"), "{told}");
            assert_eq!(scene.sent_and_created(), (0, 0), "{signal}");
            assert_eq!(scene.files(), [INPUT], "{signal}");
        }
    }
}

#[test]
fn the_key_is_asked_for_and_not_shown() {
    let scene = Scene::new(&rows(1)).with_sandbox(Options {
        api_key: Some(KEY.to_owned()),
        ..unhurried("")
    });
    let mut terminal = asking(&scene).on_terminal();
    terminal.await_text("CryptoCloud API key");
    terminal.type_line(&format!("Token {KEY}"));
    let shown = terminal.await_text("Submit this payout? [y/N] ");
    assert!(!shown.contains(KEY), "{shown}");
    terminal.type_line("y");
    terminal.end(0);
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn an_interrupt_at_the_key_sends_nothing_and_shows_typing_again() {
    let scene = Scene::paying("", &rows(1));
    let mut terminal = asking(&scene).on_terminal();
    terminal.await_text("CryptoCloud API key");
    terminal.interrupt();
    let told = terminal.end(5);
    assert!(told.contains("nothing was sent in this run"), "{told}");
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn resolve_asks_before_it_records() {
    let scene = Scene::paying("drop-after", &rows(1));
    scene.pay().status(6).stderr_has("In doubt: line 2").go();
    let resolve = ["resolve", INPUT, "--line", "2", "--invoice-id", "INV-1"];
    for (answer, status, statuses) in [("n", 6, &["unknown"][..]), ("y", 0, &["created"])] {
        let mut terminal = scene.program(resolve).on_terminal();
        terminal.await_text("as created under INV-1? [y/N] ");
        terminal.type_line(answer);
        let told = terminal.end(status);
        let is_told = told.contains("Nothing was recorded: the answer was \"n\", not yes.");
        assert_eq!(is_told, answer == "n", "{told}");
        assert_eq!(scene.statuses(), statuses);
    }
}

#[test]
fn a_bar_counts_what_became_of_the_payouts() {
    let scene = Scene::paying("ok,reject:network,ok", &rows(3));
    let run = scene.pay_through(&scene.url());
    let run = run.args(["--interval", "2s"]).env("CCBATCH_API_KEY", KEY);
    let mut terminal = run.on_terminal();
    for text in [
        "1/3",
        "line 3: 0.002 BTC to R2",
        "1 created, 0 rejected, 0 in doubt, ends",
        "next in ",
        "line 3 rejected (network): 0.002 BTC",
        "2/3",
        "1 created, 1 rejected, 0 in doubt, ends",
        "2 created, 1 rejected",
    ] {
        terminal.await_text(text);
    }
    terminal.end(4);
}

#[test]
fn a_terminal_without_room_or_cursor_gets_lines() {
    for (kind, columns, is_bar) in [
        ("xterm", 80, true),
        ("dumb", 80, false),
        ("xterm", 19, false),
    ] {
        let scene = Scene::paying("", &rows(2));
        let terminal = scene.pay().on_terminal_like(kind, columns);
        let shown = terminal.end(0);
        let has_lines = shown.contains("Z 2/2 line 3 created INV-");
        let case = format!("{kind} {columns}: {shown}");
        assert_eq!(has_lines, !is_bar, "{case}");
        assert_eq!(
            shown.contains("0 rejected, 0 in doubt, ends"),
            is_bar,
            "{case}"
        );
        assert_eq!(shown.contains("\u{1b}[J"), is_bar, "{case}");
        assert!(shown.contains('\u{7}'), "the bell at the end: {case}");
    }
}

#[test]
fn the_taskbar_shows_how_far_a_run_is_where_it_can() {
    for (name, value, inside, is_told) in [
        ("WT_SESSION", "1", None, true),
        ("ConEmuANSI", "ON", None, true),
        ("TERM_PROGRAM", "ghostty", None, true),
        ("TERM_PROGRAM", "xterm", None, false),
        ("WT_SESSION", "1", Some("TMUX"), false),
    ] {
        let scene = Scene::paying("ok,drop-after", &rows(2));
        let run = scene.pay().env(name, value);
        let run = match inside {
            Some(other) => run.env(other, "1"),
            None => run,
        };
        let shown = run.on_terminal().end(6);
        let half = shown.find("\u{1b}]9;4;1;50\u{1b}\\");
        let cleared = shown.find("\u{1b}]9;4;0;0\u{1b}\\");
        assert_eq!(
            half.is_some() && half < cleared,
            is_told,
            "{name}: {shown:?}"
        );
        assert_eq!(shown.contains("]9;4"), is_told, "{name}: {shown:?}");
    }
}

#[test]
fn a_second_interrupt_leaves_no_bar_behind() {
    let scene = Scene::paying("delay:1m", &rows(1));
    let run = scene.pay().env("WT_SESSION", "1");
    let mut terminal = run.on_terminal();
    scene.await_deliveries(1);
    terminal.interrupt();
    terminal.await_text("Ctrl-C again leaves at once");
    terminal.interrupt();
    let shown = terminal.end(6);
    assert!(shown.ends_with("\u{1b}]9;4;0;0\u{1b}\\"), "{shown:?}");
}
