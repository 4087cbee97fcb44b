//! The page of `ccbatch report`: what it says before and after a run, what it replaces, and that a
//! browser shows it without asking for anything.

use crate::cluster::tell_skipped;
use crate::harness::{BITCOIN, ETHEREUM, INPUT, RESULTS, Run, Scene, rows};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

const PAGE: &str = "payouts.report.html";

/// What a page of ours begins with.
const MARK: &str = "<!DOCTYPE html><!-- a page of ccbatch report -->";

fn report(scene: &Scene) -> Run {
    scene.program(["report", INPUT])
}

fn written(scene: &Scene) -> String {
    report(scene).stderr_has("Report: payouts.report.html").go();
    scene.read(PAGE)
}

fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
}

#[test]
fn before_a_run_the_page_is_the_plan() {
    let scene = Scene::new(&rows(2));
    let page = written(&scene);
    assert!(page.starts_with(MARK));
    has(
        &page,
        &[
            "Plan of payouts",
            "None of this has been paid yet",
            "none yet",
        ],
    );
    has(
        &page,
        &[
            "R1",
            "0.003",
            BITCOIN,
            "Approved by",
            "api.cryptocloud.plus",
        ],
    );
    assert!(!page.contains("<svg"), "nothing was attempted");
    let mode = scene.path(PAGE).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(scene.files(), [INPUT, PAGE]);
}

#[test]
fn after_a_run_the_page_has_every_payout_and_what_is_left_to_do() {
    let rows = format!("{}R3,ETH,{ETHEREUM},0.5\nR4,BTC,{BITCOIN},0.7\n", rows(2));
    let scene = Scene::paying("ok,reject:network,drop-after", &rows);
    scene.pay().status(6).stderr_has("1 in doubt").go();
    let page = written(&scene);
    let lines = scene.results();
    has(
        &page,
        &[
            "Report of payouts",
            "Not all of these payouts are created",
            "<svg",
        ],
    );
    has(
        &page,
        &[&lines[0].invoice_id, "ledger.db", RESULTS, "127.0.0.1:"],
    );
    let time = lines[0].started_at;
    has(&page, &[&time.format("%Y-%m-%d %H:%M:%S").to_string()]);
    let resolve = format!("ccbatch resolve --id {} --not-created", lines[2].id);
    has(
        &page,
        &[&resolve, "ccbatch run payouts.csv --retry-rejected"],
    );
    has(&page, &["<code>network</code>", "to be sent"]);
}

#[test]
fn a_payout_in_doubt_is_told_as_it_was_sent_whatever_has_become_of_its_row() {
    let scene = Scene::paying("drop-after,ok", &rows(2));
    let run = scene.pay().args(["--keep-going"]).status(6);
    run.stderr_has("1 in doubt").go();
    let doubt = format!("<b>0.001 BTC</b> → <code>{BITCOIN}</code>");
    let settle = format!("--id {} --not-created", scene.results()[0].id);
    let changed = rows(2).replace("0.001", "0.7");
    let gone = rows(2).lines().nth(1).unwrap().to_owned();
    for rows in [changed, gone] {
        scene.write_rows(&rows);
        let page = written(&scene);
        has(&page, &["Not all of these", "In doubt", &doubt, &settle]);
    }
}

#[test]
fn while_a_run_is_at_work_nothing_is_left_to_do_yet() {
    let scene = Scene::paying("reject:network,delay:1m", &rows(2));
    let run = scene.pay().start();
    scene.await_deliveries(2);
    let page = written(&scene);
    has(&page, &["A run is at work on this batch", "rejected"]);
    assert!(!page.contains("<pre>"), "what is left to do: {page}");
    run.kill();
    has(
        &written(&scene),
        &["ccbatch run payouts.csv --retry-rejected"],
    );
}

#[test]
fn a_payout_that_was_settled_says_by_whom_and_keeps_the_time_at_which_it_was_begun() {
    let scene = Scene::paying("drop-after", &rows(1));
    scene.pay().status(6).stderr_has("1 in doubt").go();
    let second = |time: chrono::DateTime<chrono::Utc>| time.format("%H:%M:%S</td>").to_string();
    let begun = scene.results()[0].started_at;
    thread::sleep(Duration::from_secs(1));
    let verdict = ["resolve", INPUT, "--yes", "--line", "2"];
    let verdict = scene.program(verdict).args(["--invoice-id", "INV-SEEN"]);
    verdict.stderr_has("Recorded").go();
    let page = written(&scene);
    has(&page, &["Begun (UTC)", &second(begun), "settled by <bdi>"]);
    let settled = scene.results()[0].finished_at.unwrap();
    assert!(!page.contains(&second(settled)), "{page}");
}

#[test]
fn a_batch_that_is_all_created_says_so() {
    let scene = Scene::paying("", &rows(2));
    scene.pay().stderr_has("2 created").go();
    let page = written(&scene);
    has(&page, &["All of these payouts are created"]);
    assert!(!page.contains("<pre>"), "nothing is left to do: {page}");
}

#[test]
fn a_register_that_was_copied_into_a_spreadsheet_is_not_an_input() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("All done: 1 created").go();
    for language in ["en", "ru"] {
        let page = report(&scene).args(["--language", language, "--output", "-"]);
        let page = page.stdout_has("INV-").go().stdout;
        let register = page.rsplit("<table>").next().unwrap();
        let names = register.split("</th>").filter(|it| it.contains("scope="));
        let names: Vec<_> = names.map(|it| it.rsplit('>').next().unwrap()).collect();
        let row = format!("2\tR1\t0.001\tBTC\t{BITCOIN}\tcreated\t2026-11-26\tINV-7");
        scene.write("pasted.csv", format!("{}\n{row}\n", names.join("\t")));
        let run = scene.program(["validate", "pasted.csv"]).status(3);
        run.stderr_has("this is a record that ccbatch wrote").go();
    }
}

#[test]
fn the_language_is_the_locale_s_unless_it_is_said() {
    let scene = Scene::new(&rows(1));
    let to_stdout = |language: &[&'static str]| {
        let run = scene.program(["report", INPUT, "--output", "-"]);
        run.args(language.iter().copied())
    };
    let russian = ["<html lang=\"ru\">", "План выплат", "к отправке"];
    let in_russian = |run: Run| {
        russian
            .iter()
            .fold(run, |run, part| run.stdout_has(part))
            .go()
    };
    in_russian(to_stdout(&["--language", "ru"]));
    in_russian(to_stdout(&[]).env("LANG", "ru_RU.UTF-8"));
    let english = to_stdout(&["--language", "en"]).env("LANG", "ru_RU.UTF-8");
    english.stdout_has("Plan of payouts").go();
    let english = to_stdout(&[])
        .env("LC_ALL", "C.UTF-8")
        .env("LANG", "ru_RU.UTF-8");
    english.stdout_has("Plan of payouts").go();
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn only_a_page_of_ours_is_replaced() {
    let scene = Scene::new(&rows(1));
    scene.write(PAGE, "<!DOCTYPE html><p>somebody else's");
    let refused = || report(&scene).status(1);
    refused().stderr_has("not a page of ccbatch report").go();
    assert!(scene.read(PAGE).contains("somebody else's"));
    fs::remove_file(scene.path(PAGE)).unwrap();
    std::os::unix::fs::symlink(scene.path("target"), scene.path(PAGE)).unwrap();
    refused().stderr_has("not a page of ccbatch report").go();
    fs::remove_file(scene.path(PAGE)).unwrap();
    let first = written(&scene);
    scene.write_rows(&rows(2));
    assert_ne!(written(&scene), first);
    let run = scene.program(["report", INPUT, "--output", INPUT]);
    run.status(1)
        .stderr_has("not a page of ccbatch report")
        .go();
    let run = scene.program(["report", INPUT, "--output", "missing/page.html"]);
    run.status(1).stderr_has("its folder does not exist").go();
    assert_eq!(scene.files(), [INPUT, PAGE]);
}

#[test]
fn an_input_with_an_error_makes_no_page() {
    let scene = Scene::new("R1,BTC,nowhere,0.1\n");
    report(&scene).status(3).stderr_has("payouts.csv:2:").go();
    assert_eq!(scene.files(), [INPUT]);
}

/// A batch whose cells would like to be more than text.
fn hostile() -> String {
    let marks = "\u{301}".repeat(64);
    let mut text = "payee,reference,currency_code,to_address,amount\n".to_owned();
    for (n, payee) in [
        "<script>document.title='run'</script>".to_owned(),
        "<img src=http://127.0.0.1:1/x onerror=document.title=1>".to_owned(),
        "\u{202e}evil\u{2066} \u{200f}".to_owned(),
        format!("a{marks}b"),
        "</style><link rel=stylesheet href=http://127.0.0.1:1/y>".to_owned(),
        "]]>&#x3c;b&gt; {{7*7}} javascript:alert(1)".to_owned(),
        "Иванова Мария".repeat(12),
    ]
    .iter()
    .enumerate()
    {
        text += &format!("\"{payee}\",<i>R{n}</i>,BTC,{BITCOIN},0.{:03}\n", n + 1);
    }
    text
}

#[test]
fn hostile_cells_stay_text() {
    let scene = Scene::new("");
    scene.write(INPUT, hostile());
    let page = written(&scene);
    for part in [
        "<script",
        "<img",
        "<i>R",
        "<link rel=stylesheet",
        "\u{202e}",
        "\u{200f}",
    ] {
        assert!(!page.contains(part), "{part:?}");
    }
    has(&page, &["&lt;script&gt;", "\\u{202e}evil", "&lt;i&gt;R0"]);
}

#[test]
fn the_page_asks_for_nothing_and_says_nothing_in_a_browser() {
    let Some(browser) = browser() else {
        tell_skipped("Chromium");
        return;
    };
    let scene = Scene::new("");
    scene.write(INPUT, hostile());
    written(&scene);
    let page = scene.path(PAGE);
    let log = scene.path("net.json");
    let profile = scene.path("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .args(["--enable-logging=stderr", "--v=0", "--no-first-run"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--disable-sync", "--disable-default-apps"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(dom.contains("<title>Plan of payouts"), "{dom}");
    assert!(!dom.contains("<script"), "{dom}");
    assert!(!told.contains("CONSOLE"), "{told}");
    let log = fs::read_to_string(log).unwrap();
    for address in ["127.0.0.1:1/", "favicon"] {
        assert!(!log.contains(address), "the page asks for {address}");
    }
}

/// Frames of several widths around a page, and after each width by how much the page is wider.
const FRAMES: &str = r#"<body><script>
const widths = [320, 480, 760, 920, 921, 1000, 1100, 1239, 1240, 1600];
for (const width of widths) {
    const frame = document.createElement("iframe");
    frame.width = width;
    frame.src = "payouts.sandbox.report.html";
    frame.onload = () => {
        const page = frame.contentDocument.documentElement;
        const more = page.scrollWidth - page.clientWidth;
        document.body.append(`[${width}:${more}]`);
    };
    document.body.append(frame);
}
</script></body>"#;

#[test]
fn the_page_is_as_wide_as_its_window() {
    let Some(browser) = browser() else {
        tell_skipped("Chromium");
        return;
    };
    let scene = Scene::new(&rows(2));
    let run = scene.program(["run", INPUT, "--sandbox", "--interval", "0s"]);
    run.stderr_has("All done").go();
    let report = scene.program(["report", INPUT, "--sandbox", "--language", "ru"]);
    report.stderr_has("Report: ").go();
    scene.write("frames.html", FRAMES);
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
        .args(["--hide-scrollbars", "--no-first-run"])
        .arg("--allow-file-access-from-files")
        .arg("--virtual-time-budget=20000")
        .arg(format!(
            "--user-data-dir={}",
            scene.path("profile").display()
        ))
        .arg(format!("file://{}", scene.path("frames.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    for width in [320, 480, 760, 920, 921, 1000, 1100, 1239, 1240, 1600] {
        assert!(dom.contains(&format!("[{width}:0]")), "{width}: {dom}");
    }
}

/// Chromium, where it is installed.
fn browser() -> Option<&'static str> {
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    known.into_iter().find(|path| Path::new(path).exists())
}

/// The colours of a theme, by their names.
fn colours(theme: &str) -> Vec<(&str, [f64; 3])> {
    let declared = theme.split("--").filter_map(|it| it.split_once(":#"));
    let channel = |hex: &str| {
        let value = f64::from(u8::from_str_radix(hex, 16).unwrap()) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    declared
        .map(|(name, hex)| (name, [0, 2, 4].map(|at| channel(&hex[at..at + 2]))))
        .collect()
}

/// Every text is told from what is behind it as WCAG 2 asks at level AA.
#[test]
fn every_colour_of_text_has_contrast_enough() {
    let style = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/style.css"));
    let style = style.unwrap();
    let themes: Vec<_> = style
        .split(":root{")
        .skip(1)
        .map(|it| it.split('}').next().unwrap())
        .collect();
    assert_eq!(themes.len(), 3, "light, dark and paper");
    for theme in themes {
        let colours = colours(theme);
        let light = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        let (grounds, texts): (Vec<_>, Vec<_>) = colours
            .iter()
            .filter(|(name, _)| *name != "line")
            .partition(|(name, _)| ["bg", "card"].contains(name));
        assert!(grounds.len() == 2 && texts.len() == 6, "{theme}");
        for (name, text) in &texts {
            for (_, ground) in &grounds {
                let (a, b) = (light(*text), light(*ground));
                let contrast = a.max(b) / a.min(b);
                assert!(contrast >= 4.5, "{name}: {contrast:.2} in {theme}");
            }
        }
    }
}
