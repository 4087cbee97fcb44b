//! A dry run shows what a run would do: it needs no key, calls nobody and writes nothing.

use crate::harness::{INPUT, RESULTS, Scene, rows};

#[test]
fn a_dry_run_needs_no_key_calls_nobody_and_writes_nothing() {
    for arguments in [["run", "--dry-run"], ["validate", "--format=human"]] {
        let scene = Scene::paying("", &rows(3));
        let run = scene
            .program(arguments)
            .args([INPUT])
            .env("CCBATCH_API_URL", scene.url());
        let output = run
            .stderr_has("3 payouts to submit")
            .stderr_has("Dry run")
            .go();
        assert_eq!(output.after("BTC").split_whitespace().last(), Some("0.006"));
        assert_eq!(scene.files(), [INPUT]);
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn a_dry_run_of_a_batch_under_way_shows_what_is_left_and_touches_nothing() {
    let scene = Scene::paying("ok,reject:network,drop-after", &rows(5));
    scene.pay().status(6).stderr_has("In doubt: line 4").go();
    let results = scene.read(RESULTS);
    let run = scene.program(["run", INPUT, "--dry-run", "--api-url", &scene.url()]);
    let run = run
        .stderr_has("2 payouts to submit")
        .stderr_has("Already created: 1");
    run.stderr_has("1 rejected").stderr_has("1 in doubt").go();
    assert_eq!(scene.read(RESULTS), results);
    assert_eq!(scene.sent_and_created(), (3, 2));
}

#[test]
fn a_dry_run_holds_the_results_against_the_input() {
    let scene = Scene::paying("", &rows(2));
    scene.pay().stderr_has("2 created").go();
    scene.write_rows(&rows(2).replace("0.001", "0.005"));
    let run = scene.program(["run", INPUT, "--dry-run", "--api-url", &scene.url()]);
    run.status(3)
        .stderr_has("payouts.csv:2: reference: the reference was used for another payout")
        .go();
}

#[test]
fn a_dry_run_shows_no_more_than_the_limit_lets_through() {
    let scene = Scene::new(&rows(3));
    let run = scene.program(["run", INPUT, "--dry-run", "--limit", "1"]);
    let run = run.stderr_has("1 payout to submit");
    let output = run.stderr_has("2 left for later by --limit").go();
    let total = output.after("BTC").split_whitespace().last();
    assert_eq!(total, Some("0.001"));
}

/// Where nothing is known about the rows, none is looked at again for the plan; with a limit each is.
#[test]
fn a_plan_of_unknown_rows_is_the_same_with_a_limit_that_leaves_none_out() {
    let rows = "a,ETH,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1.5\n\
        b,USDC_ARB,0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed,0.25\n\
        c,TON,UQBnXgu5gKV1qJZh_sCKqDtj8e4IRpzNrJ_3NasnioS6bbz0,3\n\
        ,ETH,0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359,0.10\n\
        ,USDT_TON,EQBnXgu5gKV1qJZh_sCKqDtj8e4IRpzNrJ_3NasnioS6beEx,4\n\
        d,ETH,0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359,0.10\n";
    let scene = Scene::new(rows);
    let plan = |arguments: &[&str]| {
        let run = scene.program(["run", INPUT, "--dry-run", "--format", "json"]);
        let output = run
            .args(arguments.iter().copied())
            .stdout_has("plan")
            .stderr_has("6 payouts")
            .go();
        let mut plan = output
            .stdout
            .lines()
            .filter(|it| it.contains("\"type\":\"plan\""));
        let mut plan: serde_json::Value = serde_json::from_str(plan.next().unwrap()).unwrap();
        plan["ends_at"].take();
        plan
    };
    let expected = plan(&["--limit", "6"]);
    let lines = expected["new_recipients"].as_array().unwrap().iter();
    let lines: Vec<_> = lines.map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [2, 4, 5]);
    assert_eq!(plan(&[]), expected);
}

#[test]
fn a_plan_of_created_rows_is_the_same_with_a_limit_that_leaves_none_out() {
    let all = format!(
        "{},ETH,0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359,0.10\n",
        rows(3)
    );
    let scene = Scene::paying("", &all);
    scene.pay().stderr_has("All done: 4 created").go();
    let fewer = all.split_once('\n').unwrap().1;
    let reversed: String = all.split_inclusive('\n').rev().collect();
    for (rows, told) in [
        (all.as_str(), "All done: 4 created"),
        (&reversed, "All done: 4 created"),
        (fewer, "1 more of this batch is created"),
    ] {
        scene.write_rows(rows);
        let with_limit = |limit: &[&str]| {
            let run = scene.pay().args(limit.iter().copied());
            run.stderr_has("nothing to submit")
                .stderr_has(told)
                .go()
                .stderr
        };
        assert_eq!(with_limit(&[]), with_limit(&["--limit", "9"]));
    }
}

#[test]
fn a_dry_run_changes_nothing_before_and_after_a_payout() {
    let scene = Scene::paying("", &rows(2));
    let url = scene.url();
    let dry = || scene.program(["run", INPUT, "--dry-run", "--api-url", &url]);
    let told = "Dry run: nothing was sent, nothing was written.";
    dry()
        .stderr_has("2 payouts to submit")
        .stderr_has(told)
        .go();
    assert_eq!(scene.files(), [INPUT]);
    scene
        .pay()
        .args(["--limit", "1"])
        .status(5)
        .stderr_has("1 created")
        .go();
    let record = scene.read(RESULTS);
    dry()
        .stderr_has("1 payout to submit")
        .stderr_has("Already created: 1")
        .go();
    assert_eq!(scene.read(RESULTS), record);
    assert_eq!(scene.sent_and_created(), (1, 1));
}
