//! What becomes of each payout, by what the API does: every row of the table of outcomes, judged
//! by the sandbox's book.

use crate::harness::{
    BITCOIN, CERTIFICATE, ETHEREUM, INPUT, KEY, Scene, answering, certified, certified_until, rows,
    unhurried,
};
use ccbatch::cryptocloud::client::{Client, Endpoint, Limits};
use ccbatch::domain::{Amount, Currency, Outcome, Payout, Verdict};
use ccbatch::ledger::Reading;
use ccbatch::sandbox::{Options, Sandbox, Script};
use ccbatch::secret::ApiKey;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

/// What the API does to the one payout of a batch, the error key and a part of the detail in the
/// results file, and how many payouts the API created.
type Case<'a> = (&'a str, &'a str, &'a str, usize);

/// The same of an answer that creates nothing, by its status and its body.
type Answer<'a> = (u16, &'a str, &'a str, &'a str);

/// Checks that each of these ends with this status and exit status.
#[track_caller]
fn check(status: &str, exit: i32, cases: &[Case<'_>]) {
    for (script, error_key, detail, created) in cases {
        let api = || unhurried(script);
        check_one((status, exit), &api, (error_key, detail, *created));
    }
}

/// Checks that each of these answers ends with this status and exit status.
#[track_caller]
fn check_answers(status: &str, exit: i32, answers: &[Answer<'_>]) {
    for (code, body, error_key, detail) in answers {
        let api = || answering(*code, *body);
        check_one((status, exit), &api, (error_key, detail, 0));
    }
}

/// Checks how one payout ends after a single POST, plain and over TLS with an offer of HTTP/2.
#[track_caller]
fn check_one(
    (status, exit): (&str, i32),
    api: &dyn Fn() -> Options,
    (error_key, detail, created): (&str, &str, usize),
) {
    for scene in [
        Scene::new(&rows(1)).with_sandbox(api()),
        Scene::new(&rows(1)).with_sandbox_over_tls(api()),
    ] {
        let script = api().script;
        let run = scene.pay().env("SSL_CERT_FILE", CERTIFICATE);
        run.status(exit).stderr_has("Results: ").go();
        let [line] = &scene.results()[..] else {
            panic!("{script:?}: {:?}", scene.results());
        };
        let (actual, key) = (&*line.status, &*line.error_key);
        assert_eq!((actual, key), (status, error_key), "{script:?}");
        assert!(line.detail.contains(detail), "{script:?}: {}", line.detail);
        assert_eq!(scene.sent_and_created(), (1, created), "{script:?}");
    }
}

#[test]
fn a_documented_success_is_created() {
    check(
        "created",
        0,
        &[
            ("ok", "", "", 1),
            ("result", "", "", 1),
            ("info:103", "", "", 1),
            ("slow:1ms", "", "", 1),
            ("delay:50ms", "", "", 1),
        ],
    );
}

#[test]
fn another_amount_is_recorded_and_is_no_failure() {
    let scene = Scene::paying("amount:0.0029,amount:0.00200,amount:3e-3", &rows(3));
    scene.pay().stderr_has("with the amount 0.0029").go();
    let accepted: Vec<_> = scene
        .results()
        .into_iter()
        .map(|l| l.accepted_amount)
        .collect();
    assert_eq!(accepted, ["0.0029", "", ""]);
    let status = scene.program(["status", INPUT, "--format", "csv"]);
    status.stdout_has(",0.0029,,,").go();
    assert_eq!(scene.sent_and_created(), (3, 3));
}

#[test]
fn a_documented_key_is_rejected_wherever_an_error_names_it() {
    let refused = "Refused by the script.";
    check(
        "rejected",
        4,
        &[
            ("reject:network", "network", refused, 0),
            ("reject:network@200", "network", refused, 0),
            ("reject:network@413", "network", refused, 0),
            (
                "reject:required_parameter",
                "required_parameter",
                refused,
                0,
            ),
            ("reject:currency_code@422", "currency_code", refused, 0),
            (
                "reject:uncorrected_amount",
                "uncorrected_amount",
                refused,
                0,
            ),
            ("reject:validate_error", "validate_error", refused, 0),
            ("reject-in:detail:network", "network", "", 0),
            ("reject-in:message:network@200", "network", "", 0),
            ("reject-in:error_key:network", "network", "", 0),
        ],
    );
    let minimum =
        r#"{"status":"error","error":"uncorrected_amount","message":"Minimum is\n10 USDT"}"#;
    let told = "Minimum is 10 USDT";
    check_answers("rejected", 4, &[(400, minimum, "uncorrected_amount", told)]);
}

#[test]
fn another_refusal_in_the_api_s_words_is_rejected() {
    check(
        "rejected",
        4,
        &[
            ("reject:daily_limit", "daily_limit", "Refused", 0),
            ("reject:daily_limit@422", "daily_limit", "Refused", 0),
        ],
    );
    check_answers(
        "rejected",
        4,
        &[(422, r#"{"message":"No."}"#, "http_422", "No.")],
    );
}

/// Checks that an answer stops the batch at once, with a payout that was not created and these
/// words.
#[track_caller]
fn check_halt(step: &str, error_key: &str, why: &str) {
    for scene in [
        Scene::paying(step, &rows(2)),
        Scene::paying_over_tls(step, &rows(2)),
    ] {
        let run = scene.pay().env("SSL_CERT_FILE", CERTIFICATE).status(5);
        run.stderr_has(why).stderr_has("To go on: ccbatch").go();
        let [line] = &scene.results()[..] else {
            panic!("{step}: {:?}", scene.results());
        };
        let became = (&*line.status, &*line.error_key);
        assert_eq!(became, ("not_created", error_key), "{step}");
        assert_eq!(scene.sent_and_created(), (1, 0), "{step}");
    }
}

#[test]
fn a_refused_key_stops_the_batch_at_once() {
    for (step, key) in [
        ("unauthorized", "authorization"),
        ("detail", "http_403"),
        ("reject:network@403", "http_403"),
        ("reject:authorization@400", "authorization"),
        ("reject:authorization@200", "authorization"),
    ] {
        check_halt(step, key, "the API key was refused: check CCBATCH_API_KEY");
    }
}

#[test]
fn another_address_stops_the_batch_at_once_and_rejects_nothing() {
    for (step, key) in [
        ("status:404", "http_404"),
        ("status:405", "http_405"),
        ("html:404", "http_404"),
        ("reject:network@404", "http_404"),
    ] {
        check_halt(step, key, "the address is not the API's: check --api-url");
    }
}

#[test]
fn a_refusal_on_the_way_stops_the_batch_and_is_not_laid_to_the_key() {
    for (step, key) in [
        ("html:403", "http_403"),
        ("html:401", "http_401"),
        ("status:401", "http_401"),
        ("status:403", "http_403"),
        ("html:413", "http_413"),
        ("status:414", "http_414"),
        ("html:431", "http_431"),
    ] {
        check_halt(
            step,
            key,
            "the request was refused on its way, and not by the API",
        );
    }
    let scene = Scene::paying("html:403", &rows(1));
    let page = "the answer is not the API's but a web page (502 Bad Gateway)";
    let told = scene.pay().status(5).stderr_has(page).go();
    assert!(!told.stderr.contains("CCBATCH_API_KEY"), "{told}");
}

#[test]
fn an_answer_that_promises_nothing_is_unknown() {
    let page = "the answer is not the API's but a web page (502 Bad Gateway)";
    check(
        "unknown",
        6,
        &[
            ("redirect:301", "http_301", "", 0),
            ("redirect:302", "http_302", "", 0),
            ("redirect:303", "http_303", "", 0),
            ("redirect:307", "http_307", "", 0),
            ("redirect:308", "http_308", "", 0),
            ("redirect-after:307", "http_307", "", 1),
            ("status:400", "unreadable_answer", "no body", 0),
            ("html:410", "unreadable_answer", page, 0),
            ("status:408", "http_408", "", 0),
            ("status-after:408", "http_408", "", 1),
            ("status:409", "http_409", "", 0),
            ("reject:network@409", "http_409", "", 0),
            ("reject:network@425", "http_425", "", 0),
            ("status:500", "http_500", "", 0),
            ("status-after:500", "http_500", "", 1),
            ("reject:network@500", "http_500", "", 0),
            ("reject:rate_limit@500", "http_500", "", 0),
            ("reject:rate_limit@302", "http_302", "", 0),
            ("reject:authorization@500", "http_500", "", 0),
            ("html:502", "http_502", page, 0),
            ("html-after:502", "http_502", page, 1),
            ("html:503", "http_503", page, 0),
            ("status:999", "http_999", "", 0),
            ("status-after:101", "http_101", "", 1),
        ],
    );
}

#[test]
fn a_success_that_cannot_be_read_is_unknown() {
    let page = "the answer is not the API's but a web page (502 Bad Gateway)";
    check(
        "unknown",
        6,
        &[
            ("status:200", "unreadable_answer", "no body", 0),
            ("status-after:200", "unreadable_answer", "no body", 1),
            ("status:204", "http_204", "", 0),
            ("html", "unreadable_answer", page, 0),
            ("html-after:200", "unreadable_answer", page, 1),
            ("garbage-json", "unreadable_answer", "succ", 0),
            ("garbage-json-after", "unreadable_answer", "succ", 1),
            ("reject:daily_limit@200", "unreadable_answer", "Refused", 0),
            ("no-id", "no_invoice_id", "names no invoice", 1),
        ],
    );
}

/// Answers that name an invoice without being the documented success, and the id.
const NAMING: [(u16, &str, &str); 9] = [
    (
        200,
        r#"{"status":"success","data":{"invoice_id":"INV-1","currency":"LTC"}}"#,
        "INV-1",
    ),
    (
        200,
        r#"{"status":"success","data":{"invoice_id":"INV-1","status":"failed"}}"#,
        "INV-1",
    ),
    (
        200,
        r#"{"status":"processing","data":{"id":"W-1","rate_limit":{"remaining":4}}}"#,
        "W-1",
    ),
    (
        200,
        r#"{"result":{"id":"W-1","currency_code":"BTC","network":"BTC"}}"#,
        "W-1",
    ),
    (
        400,
        r#"{"status":"error","invoice_id":"W-1","result":{"network":"x"}}"#,
        "W-1",
    ),
    (
        400,
        r#"{"status":"error","result":{"network":"INV-AB12 exi"#,
        "INV-AB12",
    ),
    (429, r#"{"data":[{"invoice_id":"W-1"}]}"#, "W-1"),
    (403, "<html><title>INV-AB12</title>", "INV-AB12"),
    (504, r#"{"error":{"rate_limit":"INV-AB12"}}"#, "INV-AB12"),
];

#[test]
fn an_answer_that_names_an_invoice_is_unknown_and_its_id_is_kept() {
    for (code, body, id) in NAMING {
        let detail = format!("{id}; ");
        check_answers("unknown", 6, &[(code, body, "invoice_in_doubt", &detail)]);
    }
}

#[test]
fn an_answer_that_is_encoded_is_unknown() {
    for code in [200, 400, 429] {
        let answer = Script::answer(code, &[("content-encoding", "gzip")], "\u{1f}");
        let scene = Scene::new(&rows(1)).with_sandbox(Options {
            script: answer.unwrap(),
            ..unhurried("")
        });
        scene.pay().status(6).stderr_has("is encoded as gzip").go();
        assert_eq!(scene.statuses(), ["unknown"], "{code}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_unknown() {
    check(
        "unknown",
        6,
        &[
            ("drop-before", "no_answer", "no whole answer", 0),
            ("drop-after", "no_answer", "no whole answer", 1),
            ("reset-before", "no_answer", "no whole answer", 0),
            ("reset-after", "no_answer", "no whole answer", 1),
            ("garbage", "no_answer", "no whole answer", 0),
            ("cut:0", "no_answer", "no whole answer", 1),
            ("cut:20", "no_answer", "no whole answer", 1),
            ("half", "invoice_in_doubt", "; no whole answer", 1),
            (
                "endless",
                "invoice_in_doubt",
                "; the answer is longer than 65536 bytes",
                1,
            ),
        ],
    );
}

#[test]
fn a_rate_limit_is_told_from_a_refusal_wherever_it_stands() {
    for step in [
        "rate-limit:60",
        "reject:rate_limit",
        "reject:rate_limit@200",
        "reject-in:message:rate_limit@403",
        "reject-in:error:rate_limit@409",
        "status:429",
        "html:429",
    ] {
        let scene = Scene::paying(step, &rows(1));
        let run = scene.pay().status(5).stderr_has("To go on: ccbatch run");
        let run = run.start();
        run.await_stderr("not_created (rate_limit)");
        run.signal("INT");
        run.end();
        assert_eq!(scene.statuses(), ["not_created"], "{step}");
        assert_eq!(scene.sent_and_created(), (1, 0), "{step}");
    }
}

#[test]
fn a_rate_limit_is_waited_for_and_the_batch_goes_on() {
    let scene = Scene::paying("rate-limit:1,rate-limit:0*2", &rows(2));
    scene.pay().stderr_has("All done: 2 created").go();
    let lines = scene.results();
    let told = lines.iter().map(|l| (l.line, l.attempt, &*l.status));
    let expected = [
        (2, 1, "not_created"),
        (2, 2, "not_created"),
        (2, 3, "not_created"),
        (2, 4, "created"),
        (3, 1, "created"),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    assert_eq!(scene.sent_and_created(), (5, 2));
    let arrived: Vec<_> = scene
        .book()
        .deliveries
        .iter()
        .map(|d| d.since_start)
        .collect();
    assert!(
        arrived[1] - arrived[0] >= Duration::from_secs(1),
        "{arrived:?}"
    );
}

#[test]
fn a_rate_limit_without_an_end_stops_the_batch_after_four_tries() {
    let scene = Scene::paying("rate-limit:0*", &rows(2));
    let why = "something else is using the key";
    scene
        .pay()
        .status(5)
        .stderr_has(why)
        .stderr_has("To go on: ccbatch run")
        .go();
    assert_eq!(scene.statuses(), ["not_created"; 4]);
    assert_eq!(scene.sent_and_created(), (4, 0));
}

#[test]
fn a_wait_beyond_reason_stops_the_batch() {
    let scene = Scene::paying("rate-limit:3600", &rows(2));
    scene
        .pay()
        .status(5)
        .stderr_has("the API asks to wait 1h")
        .go();
    assert_eq!(scene.sent_and_created(), (1, 0));
}

#[test]
fn a_wait_that_cannot_be_counted_stops_the_batch() {
    let answer = Script::answer(429, &[("retry-after", &"9".repeat(30))], "");
    let scene = Scene::new(&rows(2)).with_sandbox(Options {
        script: answer.unwrap(),
        ..unhurried("")
    });
    let why = "the API asks to wait more than a year";
    scene.pay().status(5).stderr_has(why).go();
    assert_eq!(scene.sent_and_created(), (1, 0));
}

#[test]
fn an_invoice_id_is_one_payout_s_however_it_has_to_be_written() {
    for id in ["INV-\\u001b[31mA", "-W1", "=W1", "INV-A\\u200bB", "INV-A B"] {
        let body = format!(r#"{{"status":"success","data":{{"invoice_id":"{id}"}}}}"#);
        let once = answering(200, body).script;
        let scene = Scene::new(&rows(3)).with_sandbox(Options {
            script: once.clone().then(once),
            ..unhurried("")
        });
        let told = "has this invoice id already";
        scene.pay().status(6).stderr_has(told).go();
        assert_eq!(scene.statuses(), ["created", "unknown"], "{id}");
        assert_eq!(scene.sent_and_created(), (2, 0), "{id}");
    }
}

#[test]
fn without_a_connection_there_are_four_tries_with_growing_waits() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let scene = Scene::new(&rows(2));
    let run = scene.pay_through(&url).args(["--interval", "0s"]);
    run.status(5)
        .stderr_has("four tries to connect to the API have failed")
        .go();
    let lines = scene.results();
    assert_eq!(scene.statuses(), ["not_created"; 4]);
    for (pair, seconds) in lines.windows(2).zip([2, 4, 8]) {
        assert_eq!(pair[0].error_key, "connect_failed");
        assert!(
            pair[0].detail.contains("Connection refused"),
            "{}",
            pair[0].detail
        );
        // Both times are cut to whole milliseconds.
        let waited = (pair[1].started_at - pair[0].finished_at.unwrap()).num_milliseconds();
        assert!(waited >= seconds * 1000 - 1, "{waited} ms of {seconds} s");
    }
}

#[test]
fn a_server_that_cannot_prove_who_it_is_is_sent_nothing() {
    let (stranger, _) = certified();
    let plain = Scene::paying("", &rows(1));
    let tls = Scene::paying_over_tls("", &rows(1));
    let (expired, config) = certified_until(2020);
    let late = Scene::new(&rows(1)).with_sandbox(Options {
        tls: Some(config),
        ..unhurried("")
    });
    for (scene, trusted, why) in [
        (
            plain,
            &stranger,
            "no connection to 127.0.0.1: what answers there is not TLS",
        ),
        (
            tls,
            &stranger,
            "its certificate is not signed by an authority that is trusted here",
        ),
        (late, &expired, "its certificate has expired"),
    ] {
        scene.write(CERTIFICATE, trusted);
        try_to_connect(&scene, &scene.url().replace("http:", "https:"), why);
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn a_server_that_closes_before_tls_stands_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            // All of what it says first, or it would see a reset.
            let _ = client.unwrap().read(&mut [0; 4096]).unwrap();
        }
    });
    let scene = Scene::new(&rows(1));
    scene.write(CERTIFICATE, certified().0);
    let words = "no connection to 127.0.0.1: it closed the connection";
    try_to_connect(&scene, &url, words);
}

/// Runs up to the first attempt, which must find no connection that can be trusted.
#[track_caller]
fn try_to_connect(scene: &Scene, url: &str, why: &str) {
    let run = scene.pay_through(url).args(["--interval", "1h"]);
    let run = run.env("SSL_CERT_FILE", CERTIFICATE).status(5);
    let run = run.stderr_has("To go on: ccbatch run").start();
    run.await_stderr("not_created (connect_failed)");
    run.signal("INT");
    run.end();
    let [line] = &scene.results()[..] else {
        panic!("{:?}", scene.results());
    };
    assert_eq!(
        (&*line.status, &*line.error_key),
        ("not_created", "connect_failed")
    );
    assert!(line.detail.contains(why), "{}", line.detail);
}

#[test]
fn without_certificates_https_is_refused_and_this_machine_is_reached_all_the_same() {
    let scene = Scene::paying("", &rows(1));
    let through = |url: &str| {
        let run = scene.pay_through(url).env("SSL_CERT_FILE", "missing.pem");
        run.env("SSL_CERT_DIR", "missing")
    };
    through(&scene.url().replace("http:", "https:"))
        .status(1)
        .stderr_has("https: no HTTPS client can be made: ")
        .stderr_has("ca-certificates")
        .go();
    assert_eq!(scene.sent_and_created(), (0, 0));
    through(&scene.url()).stderr_has("All done: 1 created").go();
}

#[test]
fn a_name_that_nobody_has_and_a_handshake_that_stalls_are_no_connection() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stalls = format!("https://{}", silent.local_addr().unwrap());
    for (url, host) in [
        ("https://ccbatch.invalid", "ccbatch.invalid"),
        (&stalls, "127.0.0.1 in time"),
    ] {
        let scene = Scene::new(&rows(1));
        scene.write(CERTIFICATE, certified().0);
        try_to_connect(&scene, url, &format!("no connection to {host}"));
    }
}

#[test]
fn every_post_arrives_once_over_tls_and_past_an_offer_of_http_2() {
    for (script, status, exit) in [
        ("ok", "created", 0),
        ("redirect-after:307", "unknown", 6),
        ("drop-after", "unknown", 6),
    ] {
        let scene = Scene::paying_over_tls(script, &rows(1));
        let run = scene.pay().env("SSL_CERT_FILE", CERTIFICATE);
        run.status(exit).stderr_has("Results: ").go();
        assert_eq!(scene.statuses(), [status], "{script}");
        assert_eq!(scene.book().deliveries.len(), 1, "{script}");
    }
}

#[test]
fn no_connection_carries_two_requests() {
    let scene = Scene::paying("", &rows(3));
    scene.pay().stderr_has("All done: 3 created").go();
    let used: Vec<_> = scene
        .book()
        .deliveries
        .iter()
        .map(|d| d.connection)
        .collect();
    assert_eq!(used, [1, 2, 3]);
}

#[test]
fn a_redirect_to_another_server_takes_nothing_there() {
    let elsewhere = Scene::paying("", "");
    for code in [301, 302, 303, 307, 308] {
        let script = format!(
            "redirect:{code}:{}/v2/invoice/api/out/create",
            elsewhere.url()
        );
        let scene = Scene::paying(&script, &rows(1));
        scene.pay().status(6).stderr_has("In doubt: line 2").go();
        assert_eq!(scene.sent_and_created(), (1, 0), "{code}");
    }
    assert_eq!(elsewhere.sent_and_created(), (0, 0));
}

#[test]
fn an_answer_that_takes_too_long_is_unknown() {
    let limits = Limits {
        answer: Duration::from_secs(1),
        ..Limits::default()
    };
    for script in ["delay:1h", "delay-before:1h", "slow:1h"] {
        let sandbox = Sandbox::start(unhurried(script)).unwrap();
        let outcome = submit_once(&sandbox, limits);
        assert_eq!(outcome.verdict, Verdict::Unknown, "{script}");
        assert_eq!(outcome.detail, "no whole answer in time", "{script}");
        assert!(sandbox.book().deliveries.len() <= 1, "{script}");
    }
}

/// One request with limits other than the program's own.
fn submit_once(sandbox: &Sandbox, limits: Limits) -> Outcome {
    let payout = Payout {
        line: 2,
        reference: String::new(),
        payee: String::new(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: BITCOIN.to_owned(),
        account: String::new(),
        amount: Amount::parse("1", 8).unwrap(),
        minor_units: 100_000_000,
    };
    let endpoint = Endpoint::new(&sandbox.url()).unwrap();
    let client = Client::new(endpoint, &ApiKey::new(KEY).unwrap(), limits).unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime
        .block_on(client.exchange(&payout, Reading::now()))
        .outcome
}

#[test]
fn an_amount_goes_out_digit_for_digit() {
    let payouts = [
        ("BTC", BITCOIN, "0.0000001"),
        ("ETH", ETHEREUM, "1.234567890123456789"),
        ("BTC", BITCOIN, "12345678.00000001"),
        ("BTC", BITCOIN, "1.50"),
        ("ETH", ETHEREUM, "7"),
    ];
    let row = |(code, to, amount): &_| format!("R-{amount},{code},{to},{amount}\n");
    let scene = Scene::paying("", &payouts.iter().map(row).collect::<String>());
    scene.pay().stderr_has("All done: 5 created").go();
    let body = |(code, to, amount): &_| {
        format!(r#"{{"currency_code":"{code}","to_address":"{to}","amount":{amount}}}"#)
    };
    let sent: Vec<_> = scene
        .book()
        .deliveries
        .into_iter()
        .map(|d| d.body)
        .collect();
    assert_eq!(sent, payouts.iter().map(body).collect::<Vec<_>>());
    let recorded: Vec<_> = scene.results().into_iter().map(|l| l.amount).collect();
    assert_eq!(recorded, payouts.map(|(_, _, amount)| amount));
}

#[test]
fn five_equal_rejections_in_a_row_stop_the_batch() {
    let scene = Scene::paying("reject:uncorrected_amount*", &rows(8));
    let why = "five payouts in a row were rejected with uncorrected_amount";
    scene
        .pay()
        .status(5)
        .stderr_has(why)
        .stderr_has("To go on: ccbatch run")
        .go();
    assert_eq!(scene.sent_and_created(), (5, 0));

    // Rejections of other kinds, and payouts between them, are not a drained balance.
    let steps = "reject:a*4,reject:b*4,ok,reject:b*4";
    let scene = Scene::paying(steps, &rows(13));
    scene
        .pay()
        .status(4)
        .stderr_has("1 created, 12 rejected")
        .go();
    assert_eq!(scene.sent_and_created(), (13, 1));
}

#[test]
fn keep_going_goes_on_after_rejections_and_doubts() {
    let scene = Scene::paying("reject:network*6,drop-after*2,ok,drop-after*2", &rows(11));
    let run = scene.pay().args(["--keep-going"]).status(6);
    run.stderr_has("1 created, 6 rejected, 4 in doubt").go();
    assert_eq!(scene.sent_and_created(), (11, 5));
}

#[test]
fn keep_going_stops_at_the_third_doubt_in_a_row() {
    let scene = Scene::paying("drop-after,ok,drop-after*", &rows(6));
    let run = scene.pay().args(["--keep-going"]).status(6);
    run.stderr_has("three outcomes in a row are not known").go();
    assert_eq!(scene.sent_and_created(), (5, 5));
}

#[test]
fn the_first_doubt_stops_a_careful_batch() {
    let scene = Scene::paying("ok,drop-after", &rows(4));
    let run = scene.pay().status(6);
    run.stderr_has("the outcome of a payout is not known")
        .stderr_has("In doubt: line 3")
        .go();
    assert_eq!(scene.statuses(), ["created", "unknown"]);
    assert_eq!(scene.sent_and_created(), (2, 2));
}

#[test]
fn a_limit_leaves_the_rest_for_later() {
    let scene = Scene::paying("", &rows(5));
    let run = scene.pay().args(["--limit", "2"]).status(5);
    run.stderr_has("3 left for later by --limit")
        .stderr_has("To go on: ccbatch run")
        .go();
    assert_eq!(scene.sent_and_created(), (2, 2));
    scene
        .pay()
        .args(["--limit", "3"])
        .stderr_has("All done: 5 created")
        .go();
    assert_eq!(scene.sent_and_created(), (5, 5));
}
