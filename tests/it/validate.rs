//! Validation is what comes before any sending: one row that is wrong, and nothing leaves.

use crate::harness::{BITCOIN, INPUT, Scene, rows};
use serde_json::Value;

/// The run of a scene whose input is refused: nothing sent, nothing written.
#[track_caller]
fn assert_refused(scene: &Scene, parts: &[&str]) {
    let files = scene.files();
    let run = scene.through_sandbox(&["run", INPUT, "--yes"]).status(3);
    let run = parts.iter().fold(run, |run, part| run.stderr_has(part));
    run.stderr_has("nothing was sent").go();
    assert_eq!(scene.files(), files, "a file was written");
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn one_bad_row_among_a_thousand_stops_all_of_them() {
    let good = rows(1000);
    let bad = good.replace("R500,BTC,", "R500,USDT_ERC20,");
    let scene = Scene::paying("", &bad);
    let words = "payouts.csv:501: to_address: this is a Bitcoin address\n  hint: did you mean BTC?";
    assert_refused(&scene, &[words, "1 error: 1 wrong network"]);
    let validate = scene.program(["validate", INPUT]).status(3);
    validate.stderr_has(words).go();
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn every_finding_is_an_event_with_its_place_and_a_hint() {
    let scene = Scene::new(&format!(
        "R1,btc,{BITCOIN},1e-7\nR1,BTC,{BITCOIN},\"1,5\"\n"
    ));
    let run = scene
        .program(["validate", INPUT, "--format", "json"])
        .status(3);
    let output = run.stdout_has("finding").stderr_has("4 errors").go();
    let events: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let found: Vec<String> = events
        .iter()
        .filter(|event| event["type"] == "finding")
        .map(|event| {
            for name in ["message", "hint", "value"] {
                assert!(
                    event[name].as_str().is_some_and(|text| !text.is_empty()),
                    "{event}"
                );
            }
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            format!(
                "{} {} {} {}",
                text("severity"),
                event["line"],
                text("column"),
                text("key")
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "error 2 currency_code currency_code",
            "error 2 amount uncorrected_amount",
            "error 3 amount uncorrected_amount",
            "error 3 reference reference",
        ]
    );
    let summary = events.last().unwrap();
    assert_eq!(
        (&summary["type"], &summary["errors"]),
        (&"summary".into(), &4.into())
    );
}

/// A file that is not a batch, and the words that say so.
type Unfit<'a> = (&'a [u8], &'a [&'a str]);

#[test]
fn a_file_that_is_no_batch_gets_one_clear_error() {
    let header = "currency_code,to_address,amount\n";
    let long = format!("{header}BTC,{},1\n", "a".repeat(3_000_000));
    let results = ccbatch::payout::results::line::HEADER;
    let unfit: [Unfit<'_>; 10] = [
        (b"", &["payouts.csv: the file is empty"]),
        (header.as_bytes(), &["there are no payouts"]),
        (
            b"currency_code,to_address\nBTC,x\n",
            &["payouts.csv:1: the header lacks the column amount"],
        ),
        (
            b"amount,AMOUNT ,currency_code,to_address\n1,1,BTC,x\n",
            &["amount more than once"],
        ),
        (
            b"currency_code,to_address,amount\nBTC,x\n",
            &["payouts.csv:2: the row has 2 cells, the header has 3"],
        ),
        (
            b"currency_code,to_address,amount\nBTC,\xff,1\n",
            &["payouts.csv:2: to_address: this is not an address"],
        ),
        (
            b"currency_code,to_address,amount\nBTC,\"x,1\n",
            &["payouts.csv:2: a quote opens here"],
        ),
        (b"PK\x03\x04and so on", &["workbook", "save it as CSV"]),
        (
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0 @ \0\0\0\0",
            &["payouts.csv: the file"],
        ),
        (
            long.as_bytes(),
            &["payouts.csv:2: the line is longer than 64 KiB"],
        ),
    ];
    for (bytes, words) in unfit {
        let scene = Scene::paying("", "");
        scene.write(INPUT, bytes);
        assert_refused(&scene, words);
    }
    let scene = Scene::paying("", "");
    scene.write(INPUT, results);
    assert_refused(&scene, &["this is a record that ccbatch wrote"]);
}

#[test]
fn rows_with_findings_are_written_out_with_their_lines_and_are_no_input() {
    let scene = Scene::paying("", &format!("R1,BTC,{BITCOIN},1\nR2,btc,{BITCOIN},2\n"));
    let validate = |input: &'static str, more: &[&'static str]| {
        let run = scene
            .program(["validate", input])
            .args(more.iter().copied());
        run.stderr_has(input)
    };
    validate(INPUT, &["--findings", "found.csv"])
        .status(3)
        .stderr_has("found.csv: 1 row with findings")
        .go();
    let text = scene.read("found.csv");
    let (header, row) = text.split_once('\n').unwrap();
    assert_eq!(
        header,
        "line,reference,currency_code,to_address,amount,severity,finding"
    );
    assert!(
        row.starts_with(&format!("3,R2,btc,{BITCOIN},2,error,")),
        "{row}"
    );
    let again = validate(INPUT, &["--findings", "found.csv"]).status(1);
    again.stderr_has("nothing is ever overwritten").go();
    scene.write("found.csv", text.replace("btc", "BTC"));
    validate("found.csv", &[])
        .status(3)
        .stderr_has("this is a record that ccbatch wrote")
        .go();
}

#[test]
fn a_copy_is_written_in_which_all_is_put_right_that_is_certain() {
    let scene = Scene::new("");
    let input = format!(
        "Payouts;;;\nФИО;Валюта;Адрес;Сумма\nA;btc;{BITCOIN}\u{a0};0,5\nB;BTC;'{BITCOIN};1,25\n"
    );
    scene.write(INPUT, &input);
    let fix = |status| {
        let run = scene.program(["validate", INPUT, "--decimal-comma", "--fix", "new.csv"]);
        run.status(status)
    };
    fix(0)
        .stderr_has("payouts.csv:1: left out: it stands above the header")
        .stderr_has("payouts.csv:2: the column \"ФИО\" is named payee")
        .stderr_has("payouts.csv:3: currency_code: \"btc\" is written \"BTC\"")
        .stderr_has("payouts.csv:3: to_address: blanks around it are left out")
        .stderr_has("payouts.csv:3: amount: \"0,5\" is written \"0.5\"")
        .stderr_has("new.csv: written, with 12 changes")
        .stderr_has("No errors are left. To see what it would pay: ccbatch validate new.csv\n")
        .go();
    assert_eq!(
        scene.read("new.csv"),
        format!(
            "payee,currency_code,to_address,amount\nA,BTC,{BITCOIN},0.5\nB,BTC,{BITCOIN},1.25\n"
        )
    );
    assert_eq!(scene.read(INPUT), input);
    scene
        .program(["validate", "new.csv"])
        .stderr_has("2 payouts")
        .go();
    fix(1).stderr_has("nothing is ever overwritten").go();
    scene.write(INPUT, format!("currency,address,sum\nbtc,{BITCOIN},1 5\n"));
    let run = scene
        .program(["validate", INPUT, "--fix", "other.csv"])
        .status(3);
    run.stderr_has("other.csv:2: amount: \"1 5\" contains a blank")
        .stderr_has("other.csv: 1 error: 1 amount; nothing was sent")
        .go();
    let copy = scene.read("other.csv");
    assert_eq!(
        copy,
        format!("currency_code,to_address,amount\nBTC,{BITCOIN},1 5\n")
    );
    scene.write(INPUT, "a,b\n1,2\n");
    let run = scene
        .program(["validate", INPUT, "--fix", "none.csv"])
        .status(3);
    run.stderr_has("the header lacks the columns").go();
    assert!(!scene.path("none.csv").exists());
}

#[test]
fn a_whole_amount_before_another_number_stays_whole_in_the_copy() {
    let scene = Scene::new("");
    scene.write(
        INPUT,
        format!("Валюта;Адрес;Сумма;;№;\nBTC;{BITCOIN};1;25;7;x\n"),
    );
    let run = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    run.stderr_has("No errors are left").go();
    let copy = scene.read("new.csv");
    assert!(
        copy.ends_with(&format!("BTC,{BITCOIN},\"1\",25,7,x\n")),
        "{copy}"
    );
    // What may be one amount that a comma has split stays so.
    let split = format!("Валюта,Адрес,Сумма,\nBTC,{BITCOIN}, 1,25\n");
    scene.write(INPUT, &split);
    let run = scene.program(["validate", INPUT, "--fix", "split.csv"]);
    run.status(3)
        .stderr_has("split.csv:2: \"1\" and \"25\" in the next cell may be one amount")
        .go();
    assert!(
        scene
            .read("split.csv")
            .ends_with(&split[split.len() - 10..])
    );
}

#[test]
fn a_row_whose_cells_are_in_doubt_stays_the_error_that_it_is() {
    let scene = Scene::new("");
    scene.write(
        INPUT,
        format!(
            "ФИО;Валюта;Адрес;Сумма\n\"A\nB\";BTC;{BITCOIN};1\nC;BTC;{BITCOIN}\nD \"E\";BTC;{BITCOIN};1\n"
        ),
    );
    let run = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    run.status(3)
        .stderr_has("payouts.csv:5: copied as one cell, because it cannot be told where its cells end; mend the row in this file, and make the copy anew")
        .stderr_has("new.csv:2: a cell that begins here has a line break in it, and ends 1 line below\n  hint: take the line break out of the cell")
        .stderr_has("new.csv:4: the row has 3 cells, the header has 4")
        .stderr_has("new.csv:5: semicolons separate the cells of this row, commas those of the header\n  hint: take away the quotes around the whole row")
        .stderr_has("new.csv: 3 errors: 2 row width, 1 quote; nothing was sent")
        .go();
    assert_eq!(
        scene.read("new.csv"),
        format!(
            "payee,currency_code,to_address,amount\n\"A\nB\",BTC,{BITCOIN},1\nC,BTC,{BITCOIN}\n\"D \"\"E\"\";BTC;{BITCOIN};1\"\n"
        )
    );
}

#[test]
fn the_copy_has_no_second_column_of_a_used_name_in_whatever_spelling() {
    for unused in ["to_address", "To Address", "TO-ADDRESS"] {
        let scene = Scene::new("");
        let input = format!("currency_code,{unused},amount,Wallet 2\nBTC,,1,{BITCOIN}\n");
        scene.write(INPUT, input);
        let run = scene.program(["validate", INPUT, "--fix", "new.csv"]);
        run.args(["--columns", "to_address=Wallet 2"])
            .stderr_has(&format!("is named {unused} (not used)"))
            .go();
        assert_eq!(
            scene.read("new.csv"),
            format!("currency_code,{unused} (not used),amount,to_address\nBTC,,1,{BITCOIN}\n")
        );
        let run = scene.program(["validate", "new.csv"]);
        run.stderr_has("1 payout").go();
    }
}

#[test]
fn the_copy_does_not_ask_again_which_amounts_are_paid() {
    let scene = Scene::new("");
    let input = format!("Валюта,Адрес,Сумма,К выплате\nBTC,{BITCOIN},1,2\n");
    scene.write(INPUT, input);
    let run = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    run.args(["--columns", "amount=Сумма"])
        .stderr_has("is named К выплате (not used)")
        .go();
    let run = scene.program(["validate", "new.csv", "--strict"]);
    run.stderr_has("BTC  1 ×  1\n").go();
}

#[test]
fn standard_input_is_read_to_its_end() {
    let scene = Scene::new("");
    let text = format!("currency_code,to_address,amount\nBTC,{BITCOIN},1\n");
    let command = format!(
        "printf '{text}' | {} validate -",
        env!("CARGO_BIN_EXE_ccbatch")
    );
    let output = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(scene.path("."))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && stderr.contains("1 payout to submit"),
        "{stderr}"
    );
    assert!(stderr.contains("\nResults: a run from standard input needs --results\n"));
    for command in ["run", "status", "report"] {
        let run = scene.program([command, "-"]).status(2);
        run.stderr_has("--results: payouts from standard input need a results file")
            .go();
    }
}

#[test]
fn only_so_many_findings_are_shown_and_all_are_counted() {
    let scene = Scene::new(&rows(30).replace("BTC", "btc"));
    let run = scene
        .program(["validate", INPUT, "--max-findings", "2"])
        .status(3);
    let output = run
        .stderr_has("28 more findings")
        .stderr_has("30 errors: 30 currency code")
        .go();
    assert_eq!(output.stderr.matches("hint: write BTC").count(), 2);
}

#[test]
fn what_was_reviewed_is_what_is_sent() {
    let scene = Scene::paying("", &rows(2));
    let plan = scene
        .program(["validate", INPUT])
        .stderr_has("2 payouts")
        .go();
    let fingerprint = plan.after("Batch ").trim().to_owned();
    scene.write_rows(&rows(3));
    let run = scene.pay().args(["--expect", &fingerprint]).status(3);
    run.stderr_has("--expect asks for").go();
    assert_eq!(scene.sent_and_created(), (0, 0));
    scene.write_rows(&rows(2));
    scene
        .pay()
        .args(["--expect", &fingerprint])
        .stderr_has("All done: 2 created")
        .go();
}

#[test]
fn limits_stop_a_batch_before_anything_is_sent() {
    let scene = Scene::paying("", &rows(2));
    for limit in [
        ["--max-amount", "BTC=0.0015"],
        ["--max-total", "BTC=0.0029"],
    ] {
        scene
            .pay()
            .args(limit)
            .status(3)
            .stderr_has("nothing was sent")
            .go();
    }
    let wrong = scene.pay().args(["--max-total", "XYZ=1"]).status(2);
    wrong.stderr_has("not a currency code").go();
    assert_eq!(scene.sent_and_created(), (0, 0));
    let within = scene
        .pay()
        .args(["--max-amount", "BTC=0.002", "--max-total", "BTC=0.003"]);
    within.stderr_has("All done").go();
}

#[test]
fn warnings_are_told_and_with_strict_they_stop_the_batch() {
    let same = format!("R1,BTC,{BITCOIN},1\nR2,BTC,{BITCOIN},1\n");
    let scene = Scene::paying("", &same);
    let strict = scene.pay().args(["--strict"]).status(3);
    strict
        .stderr_has("line 2")
        .stderr_has("nothing was sent")
        .go();
    assert_eq!(scene.sent_and_created(), (0, 0));
    scene
        .pay()
        .stderr_has("payouts.csv:3: warning: ")
        .stderr_has("2 created")
        .go();
}

#[test]
fn a_secret_in_a_cell_is_refused_without_being_shown() {
    let secret = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    let scene = Scene::paying("", &format!("R1,BTC,{secret},1\n"));
    for format in ["human", "json"] {
        let run = scene.program(["validate", INPUT, "--format", format]).raw();
        assert_eq!(run.status.code(), Some(3));
        for stream in [run.stdout, run.stderr] {
            assert!(!String::from_utf8(stream).unwrap().contains(secret));
        }
    }
}
