//! The sandbox as its clients see it: over raw sockets, and through reqwest.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::api::{CREATE_PATH, error_key};

const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const KEY: &str = "the-secret-key";

/// Long enough for any machine, short enough to notice that a test hangs.
const PATIENCE: Duration = Duration::from_secs(30);

fn start(script: &str) -> Sandbox {
    Sandbox::start(Options {
        interval: Duration::ZERO,
        script: script.parse().unwrap(),
        ..Options::default()
    })
    .unwrap()
}

fn order(amount: &str) -> String {
    format!(r#"{{"currency_code":"BTC","to_address":"{ADDRESS}","amount":{amount}}}"#)
}

fn connect(sandbox: &Sandbox) -> TcpStream {
    let socket = TcpStream::connect(sandbox.address).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// A request as bytes; the headers come as lines.
fn post(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {CREATE_PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {KEY}\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
}

/// Sends this and reads all there is, up to the end or a reset.
fn exchange(sandbox: &Sandbox, request: &str) -> (Vec<u8>, Result<usize, ErrorKind>) {
    let mut socket = connect(sandbox);
    socket.write_all(request.as_bytes()).unwrap();
    let mut heard = Vec::new();
    let end = socket.read_to_end(&mut heard);
    (heard, end.map_err(|error| error.kind()))
}

/// What comes back for a request with this body.
fn pay(sandbox: &Sandbox, body: &str) -> String {
    let (heard, end) = exchange(sandbox, &post("Connection: close\r\n", body));
    end.unwrap();
    String::from_utf8(heard).unwrap()
}

fn status(heard: &str) -> &str {
    heard.split(' ').nth(1).unwrap()
}

fn body(heard: &str) -> &str {
    heard.split_once("\r\n\r\n").unwrap().1
}

/// Reads one answer that has a Content-Length off a connection that stays open.
fn read_one(socket: &mut TcpStream) -> String {
    let mut heard = String::new();
    let mut byte = [0];
    while !heard.ends_with("\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        heard.push(char::from(byte[0]));
    }
    let length = heard
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    heard + &String::from_utf8(body).unwrap()
}

/// Waits for something that will be so in a moment.
fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_payout_is_created_to_the_letter() {
    let sandbox = start("");
    let heard = pay(&sandbox, &order("0.0500"));
    let book = sandbox.book();
    let [created] = &book.created[..] else {
        panic!("{book:?}");
    };
    assert_eq!(status(&heard), "200");
    assert_eq!(
        body(&heard),
        format!(
            r#"{{"status":"success","data":{{"invoice_id":"{}","status":"created","currency":"BTC","amount":0.0500}}}}"#,
            created.invoice_id
        )
    );
    assert_eq!(created.amount, "0.0500");
    assert_eq!(created.to_address, ADDRESS);
    let [delivery] = &book.deliveries[..] else {
        panic!("{book:?}");
    };
    assert_eq!(delivery.body, order("0.0500"));
    assert_eq!(delivery.invoice_id.as_ref(), Some(&created.invoice_id));
    assert_eq!(
        delivery.answer,
        format!("200, created {}", created.invoice_id)
    );
    assert!(delivery.authorization);
    assert_eq!(delivery.step, "ok");
    assert_eq!(delivery.path, CREATE_PATH);
}

#[test]
fn each_error_key_by_the_rules() {
    let sandbox = start("");
    let wrong = |from: &str, to: &str| pay(&sandbox, &order("1").replace(from, to));
    for (heard, key) in [
        (wrong("amount", "sum"), error_key::REQUIRED_PARAMETER),
        (wrong("BTC", "BTG"), error_key::CURRENCY_CODE),
        (wrong("BTC", "ETH"), error_key::NETWORK),
        (wrong(":1}", ":0}"), error_key::UNCORRECTED_AMOUNT),
        (wrong("}", ""), error_key::VALIDATE_ERROR),
    ] {
        assert_eq!(status(&heard), "400");
        let envelope = format!(r#"{{"status":"error","result":{{"{key}":""#);
        assert!(body(&heard).starts_with(&envelope), "{heard}");
    }
    let book = sandbox.book();
    assert!(book.created.is_empty());
    assert_eq!(book.deliveries.len(), 5);
    assert_eq!(book.deliveries[2].answer, "400, network");
}

#[test]
fn a_wrong_key_is_refused_and_no_key_is_kept() {
    let sandbox = Sandbox::start(Options {
        interval: Duration::ZERO,
        api_key: Some(KEY.to_owned()),
        ..Options::default()
    })
    .unwrap();
    assert_eq!(status(&pay(&sandbox, &order("1"))), "200");
    let request = post("Connection: close\r\n", &order("1"));
    for (from, to) in [
        (KEY, "another-key"),
        ("Token ", "token "),
        ("Token ", "Bearer "),
        ("Authorization", "X-Authorization"),
    ] {
        let (heard, _) = exchange(&sandbox, &request.replace(from, to));
        let heard = String::from_utf8(heard).unwrap();
        assert_eq!(status(&heard), "401");
        assert_eq!(
            body(&heard),
            r#"{"status":"error","result":{"authorization":"Unauthorized request."}}"#
        );
    }
    let book = sandbox.book();
    assert_eq!(book.created.len(), 1);
    assert_eq!(book.deliveries.len(), 5);
    assert_eq!(book.deliveries[1].answer, "401, authorization");
    assert!(book.deliveries[1].authorization);
    assert!(!book.deliveries[4].authorization);
    let told = format!("{book:?}");
    assert!(!told.contains(KEY) && !told.contains("another-key"));
}

#[test]
fn the_interval_is_kept_for_each_key() {
    let sandbox = Sandbox::start(Options {
        interval: Duration::from_secs(3600),
        ..Options::default()
    })
    .unwrap();
    assert_eq!(status(&pay(&sandbox, "refused, and it counts")), "400");
    let heard = pay(&sandbox, &order("1"));
    assert_eq!(status(&heard), "429");
    assert!(heard.contains("\r\nretry-after: 3600\r\n"), "{heard}");
    assert!(body(&heard).starts_with(r#"{"status":"error","result":{"rate_limit":""#));
    let other = post("Connection: close\r\n", &order("1")).replace(KEY, "another");
    let (heard, _) = exchange(&sandbox, &other);
    assert!(heard.starts_with(b"HTTP/1.1 200"));
}

#[test]
fn connections_are_kept_and_counted() {
    let sandbox = start("");
    let mut socket = connect(&sandbox);
    for _ in 0..3 {
        socket.write_all(post("", &order("1")).as_bytes()).unwrap();
        assert_eq!(status(&read_one(&mut socket)), "200");
    }
    pay(&sandbox, &order("1"));
    let book = sandbox.book();
    let connections = book.deliveries.iter().map(|it| it.connection);
    assert_eq!(connections.collect::<Vec<_>>(), [1, 1, 1, 2]);
    let ids = book.created.iter().map(|it| &it.invoice_id);
    assert_eq!(ids.collect::<std::collections::HashSet<_>>().len(), 4);
    assert!(book.deliveries.is_sorted_by_key(|it| it.since_start));
}

#[test]
fn a_client_may_wait_for_100_continue() {
    let sandbox = start("");
    let request = post("Expect: 100-continue\r\n", &order("1"));
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut socket = connect(&sandbox);
    socket
        .write_all(format!("{head}\r\n\r\n").as_bytes())
        .unwrap();
    assert_eq!(read_one(&mut socket), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(body.as_bytes()).unwrap();
    assert_eq!(status(&read_one(&mut socket)), "200");
}

#[test]
fn chunks_lower_case_and_any_content_type() {
    let sandbox = start("");
    let (first, second) = (
        "{\"currency_code\":\"BTC\",",
        format!("\"to_address\":\"{ADDRESS}\",\"amount\":\"0.5\"}}"),
    );
    let request = format!(
        "POST {CREATE_PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Token {KEY}\r\n\
         content-type: text/plain\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len(),
    );
    let (heard, _) = exchange(&sandbox, &request);
    assert!(heard.starts_with(b"HTTP/1.1 200"));
    let book = sandbox.book();
    assert_eq!(book.deliveries[0].body, format!("{first}{second}"));
    assert_eq!(book.created[0].amount, "0.5");
}

#[test]
fn other_paths_methods_and_sizes() {
    let sandbox = start("drop-before");
    let ask = |request: &str| {
        let (heard, _) = exchange(&sandbox, request);
        let heard = String::from_utf8(heard).unwrap();
        (status(&heard).to_owned(), heard)
    };
    let closing = "Host: x\r\nConnection: close\r\n\r\n";
    let elsewhere = post("Connection: close\r\n", "{}").replace(CREATE_PATH, "/v2/elsewhere");
    assert_eq!(ask(&elsewhere).0, "404");
    assert_eq!(ask(&format!("GET / HTTP/1.1\r\n{closing}")).0, "404");
    let (code, heard) = ask(&format!("GET {CREATE_PATH} HTTP/1.1\r\n{closing}"));
    assert_eq!(code, "405");
    assert!(heard.contains("\r\nallow: POST, OPTIONS\r\n"));
    assert_eq!(
        ask(&format!("DELETE /ledger HTTP/1.1\r\n{closing}")).0,
        "405"
    );

    let announced =
        post("Content-Type: application/json\r\n", "").replace("Length: 0", "Length: 65537");
    assert_eq!(ask(&announced).0, "413");
    let chunked = post("", "").replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let large = format!("{chunked}10001\r\n{}", "x".repeat(0x10001));
    assert_eq!(ask(&large).0, "413");

    // None of these took the script's step, and only what arrived whole is in the book.
    let book = sandbox.book();
    assert_eq!(book.deliveries.len(), 1);
    assert_eq!(book.deliveries[0].path, "/v2/elsewhere");
    assert_eq!(book.deliveries[0].answer, "404");
    assert_eq!(pay(&sandbox, &order("1")), "");
}

#[test]
fn a_request_that_breaks_off_is_no_delivery() {
    let sandbox = start("");
    let request = post("", &order("1"));
    let mut socket = connect(&sandbox);
    socket
        .write_all(&request.as_bytes()[..request.len() - 1])
        .unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let _ended = socket.read_to_end(&mut Vec::new());
    assert!(sandbox.book().deliveries.is_empty());
}

#[test]
fn browsers_may_ask_first() {
    let sandbox = start("");
    let (heard, _) = exchange(
        &sandbox,
        &format!(
            "OPTIONS {CREATE_PATH} HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nConnection: close\r\n\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: authorization,content-type\r\n\r\n"
        ),
    );
    let heard = String::from_utf8(heard).unwrap();
    assert_eq!(status(&heard), "204");
    for line in [
        "access-control-allow-origin: *",
        "access-control-allow-methods: POST, OPTIONS",
        "access-control-allow-headers: Authorization, Content-Type",
    ] {
        assert!(heard.contains(line), "{heard}");
    }
    assert!(pay(&sandbox, &order("1")).contains("access-control-allow-origin: *"));
    assert!(pay(&sandbox, "{}").contains("access-control-allow-origin: *"));
}

#[test]
fn the_book_can_be_read_over_http() {
    let sandbox = start("drop-after");
    assert_eq!(pay(&sandbox, &order("0.10")), "");
    pay(&sandbox, "{}");
    let request = "GET /ledger HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let (heard, _) = exchange(&sandbox, request);
    let heard = String::from_utf8(heard).unwrap();
    let id = &sandbox.book().created[0].invoice_id;
    assert_eq!(
        body(&heard),
        format!(
            r#"{{"deliveries":2,"created":[{{"invoice_id":"{id}","currency_code":"BTC","to_address":"{ADDRESS}","amount":0.10}}]}}"#
        )
    );
    assert!(!heard.contains("access-control-allow-origin"));
}

/// Steps whose answer can be read to its end: how many were created, the step, the status, and
/// something that can be seen in the answer.
const STEPS_WITH_AN_ANSWER: &str = r#"
1 | ok                               | 200 | {"status":"success","data":{"invoice_id":"INV-
1 | result                           | 200 | {"status":"success","result":{"invoice_id":"INV-
1 | amount:0.0029                    | 200 | ,"currency":"BTC","amount":0.0029}}
1 | no-id                            | 200 | {"status":"success","data":{"status":"created","currency":"BTC","amount":1}}
1 | delay:1ms                        | 200 | INV-
1 | delay-before:1ms                 | 200 | INV-
1 | slow:0s                          | 200 | "amount":1}}
0 | reject:network                   | 400 | {"status":"error","result":{"network":"
0 | reject:odd@422                   | 422 | {"status":"error","result":{"odd":"
0 | reject-in:message:network        | 400 | {"status":"error","message":"network"}
0 | reject-in:error_key:network@200  | 200 | {"status":"error","error_key":"network"}
0 | rate-limit                       | 429 | retry-after: 0
0 | rate-limit:7                     | 429 | retry-after: 7
1 | rate-limit-after:7               | 429 | {"rate_limit":"
0 | unauthorized                     | 401 | {"authorization":"Unauthorized request."}
0 | detail                           | 403 | {"detail":"Signature verification failed"}
0 | status:500                       | 500 | content-length: 0
1 | status-after:500                 | 500 | content-length: 0
0 | status:599                       | 599 | content-length: 0
0 | status:102                       | 102 | content-length: 0
0 | html                             | 200 | 502 Bad Gateway
0 | html:502                         | 502 | 502 Bad Gateway
1 | html-after:502                   | 502 | 502 Bad Gateway
0 | garbage-json                     | 200 | {"status": succ
0 | redirect:302                     | 302 | location: /v2/invoice/api/out/create
0 | redirect:307:http://127.0.0.1:1/a:b | 307 | location: http://127.0.0.1:1/a:b
0 | body:200:%7B%22a%22:1%2C2        | 200 | {"a":1,2
"#;

#[test]
fn steps_with_an_answer() {
    for line in STEPS_WITH_AN_ANSWER.trim().lines() {
        let [created, step, code, seen] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let step = step.trim();
        let sandbox = start(step);
        let heard = pay(&sandbox, &order("1"));
        assert_eq!(status(&heard), code, "{line}");
        assert!(heard.contains(seen), "{line}: {heard}");
        assert!(heard.contains("access-control-allow-origin: *"), "{line}");
        let book = sandbox.book();
        assert_eq!(book.created.len().to_string(), created, "{line}");
        assert_eq!(book.deliveries[0].step, step);
        assert!(book.deliveries[0].answer.starts_with(code), "{line}");
        // After its only step the script has nothing more to say.
        assert!(pay(&sandbox, &order("1")).contains("INV-"), "{line}");
    }
}

#[test]
fn a_step_that_tampers_leaves_a_refusal_alone() {
    for step in ["result", "amount:5", "no-id", "delay:1ms", "slow:0s"] {
        let sandbox = start(step);
        let heard = pay(&sandbox, "{}");
        assert_eq!(status(&heard), "400", "{step}");
        assert!(heard.contains(r#"{"required_parameter":""#), "{step}");
        assert!(sandbox.book().created.is_empty(), "{step}");
    }
    let sandbox = start("status-after:500");
    assert_eq!(status(&pay(&sandbox, "{}")), "500");
    assert!(sandbox.book().created.is_empty());
    assert_eq!(
        sandbox.book().deliveries[0].answer,
        "500, required_parameter"
    );
}

#[test]
fn steps_that_end_the_connection() {
    for (step, created, told) in [
        ("drop-before", 0, "dropped"),
        ("drop-after", 1, "dropped"),
        ("reset-before", 0, "reset"),
        ("reset-after", 1, "reset"),
    ] {
        let sandbox = start(step);
        let (heard, end) = exchange(&sandbox, &post("", &order("1")));
        assert!(heard.is_empty(), "{step}");
        let expected = match told {
            "reset" => Err(ErrorKind::ConnectionReset),
            _ => Ok(0),
        };
        assert_eq!(end, expected, "{step}");
        let book = sandbox.book();
        assert_eq!(book.created.len(), created, "{step}");
        assert!(book.deliveries[0].answer.starts_with(told), "{step}");
    }
}

#[test]
fn steps_with_half_an_answer() {
    let whole = pay(&start(""), &order("1"));
    let sandbox = start("half,cut:0,cut:20,cut:100000");
    let half = pay(&sandbox, &order("1"));
    assert!(half.contains(&format!("content-length: {}\r\n", body(&whole).len())));
    assert_eq!(body(&half).len(), body(&whole).len() / 2);
    assert_eq!(pay(&sandbox, &order("1")), "");
    assert_eq!(pay(&sandbox, &order("1")), "HTTP/1.1 200 OK\r\ncon");
    assert_eq!(body(&pay(&sandbox, &order("1"))).len(), body(&whole).len());
    assert_eq!(sandbox.book().created.len(), 4);
}

#[test]
fn an_interim_answer_comes_first() {
    let heard = pay(&start("info:103"), &order("1"));
    let (interim, answer) = heard.split_once("\r\n\r\n").unwrap();
    assert_eq!(interim, "HTTP/1.1 103 Early Hints");
    assert_eq!(status(answer), "200");
}

#[test]
fn garbage_is_no_http() {
    for (step, created) in [("garbage", 0), ("garbage-after", 1)] {
        let sandbox = start(step);
        let (heard, _) = exchange(&sandbox, &post("", &order("1")));
        assert!(!heard.is_empty() && !heard.starts_with(b"HTTP"));
        assert_eq!(sandbox.book().created.len(), created);
    }
}

#[test]
fn an_endless_body_ends_with_the_client() {
    let sandbox = start("endless");
    let mut socket = connect(&sandbox);
    socket.write_all(post("", &order("1")).as_bytes()).unwrap();
    let mut heard = vec![0; 1_000_000];
    socket.read_exact(&mut heard).unwrap();
    assert!(heard.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(sandbox.book().created.len(), 1);
    drop(socket);
    assert_eq!(status(&pay(&sandbox, &order("1"))), "200");
}

#[test]
fn a_client_that_leaves_is_paid_unless_the_step_says_before() {
    let sandbox = start("delay:1h,delay-before:2s,delay-before:2s");
    for count in 1..=2 {
        let mut socket = connect(&sandbox);
        socket.write_all(post("", &order("1")).as_bytes()).unwrap();
        until(|| sandbox.book().deliveries.len() == count);
    }
    // The third arrives after the second, and so does its end.
    pay(&sandbox, &order("1"));
    let book = sandbox.book();
    assert_eq!(book.created.len(), 2);
    assert!(
        book.deliveries[0]
            .answer
            .starts_with("200 after 3600s, created INV-")
    );
    assert_eq!(book.deliveries[1].answer, "undecided");
    assert_eq!(book.deliveries[1].invoice_id, None);
    assert!(book.deliveries[2].invoice_id.is_some());
}

#[test]
fn dropping_the_sandbox_ends_everything() {
    let sandbox = start("endless,slow:1h,delay:1h,delay-before:1h");
    let mut sockets = vec![connect(&sandbox)];
    for count in 1..=4 {
        let mut socket = connect(&sandbox);
        socket.write_all(post("", &order("1")).as_bytes()).unwrap();
        until(|| sandbox.book().deliveries.len() == count);
        sockets.push(socket);
    }
    let address = sandbox.address;
    drop(sandbox);
    for mut socket in sockets {
        let end = socket.read_to_end(&mut Vec::new());
        let kind = end.map_err(|error| error.kind());
        assert!(matches!(kind, Ok(_) | Err(ErrorKind::ConnectionReset)));
    }
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn it_listens_on_loopback_only() {
    for listen in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let listen: SocketAddr = listen.parse().unwrap();
        let options = Options {
            listen,
            ..Options::default()
        };
        let error = Sandbox::start(options).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            error.to_string(),
            format!("the sandbox listens on loopback addresses only, not on `{listen}`")
        );
    }
    let first = start("");
    let taken = Sandbox::start(Options {
        listen: first.address,
        ..Options::default()
    });
    assert_eq!(taken.err().unwrap().kind(), ErrorKind::AddrInUse);
}

#[test]
fn deliveries_are_told_as_they_are_decided() {
    let (told, heard) = mpsc::channel();
    let sandbox = Sandbox::start(Options {
        interval: Duration::ZERO,
        script: "reject:network".parse().unwrap(),
        on_delivery: Some(Box::new(move |delivery| {
            told.send(delivery.answer.clone()).unwrap();
        })),
        ..Options::default()
    })
    .unwrap();
    pay(&sandbox, &order("1"));
    pay(&sandbox, &order("1"));
    assert_eq!(heard.recv_timeout(PATIENCE).unwrap(), "400");
    let second = heard.recv_timeout(PATIENCE).unwrap();
    assert!(second.starts_with("200, created INV-"));
    drop(sandbox);
    assert!(heard.recv_timeout(PATIENCE).is_err());
}

#[test]
fn an_answer_of_ones_own() {
    let script = Script::answer(418, &[("X-Tea", "yes")], b"\xff".to_vec()).unwrap();
    let sandbox = Sandbox::start(Options {
        interval: Duration::ZERO,
        script: "ok".parse::<Script>().unwrap().then(script),
        ..Options::default()
    })
    .unwrap();
    pay(&sandbox, &order("1"));
    let (heard, _) = exchange(&sandbox, &post("Connection: close\r\n", &order("1")));
    assert!(heard.starts_with(b"HTTP/1.1 418 "));
    assert!(heard.windows(14).any(|it| it == b"\r\nx-tea: yes\r\n"));
    assert!(heard.ends_with(b"\r\n\r\n\xff"));
    assert!(Script::answer(99, &[], "").is_err());
    assert!(Script::answer(200, &[("a b", "")], "").is_err());
}

mod through_reqwest {
    use super::*;

    async fn send(client: &reqwest::Client, sandbox: &Sandbox) -> reqwest::Result<String> {
        let answer = client
            .post(format!("{}{CREATE_PATH}", sandbox.url()))
            .header("Authorization", format!("Token {KEY}"))
            .header("Content-Type", "application/json; charset=utf-8")
            .body(order("0.5"))
            .timeout(PATIENCE)
            .send()
            .await?;
        answer.text().await
    }

    fn client() -> reqwest::ClientBuilder {
        // No request leaves this machine, so none needs a certificate to trust.
        reqwest::Client::builder().tls_certs_only([]).no_proxy()
    }

    #[tokio::test]
    async fn successes_and_faults() {
        let sandbox = start("ok,half,reset-after,drop-after,garbage,info:103,slow:0s,ok");
        let client = client().build().unwrap();
        let mut read = Vec::new();
        for _ in 0..8 {
            read.push(send(&client, &sandbox).await.is_ok());
        }
        assert_eq!(read, [true, false, false, false, false, true, true, true]);
        assert_eq!(sandbox.book().deliveries.len(), 8);
        assert_eq!(sandbox.book().created.len(), 7);
    }

    #[tokio::test]
    async fn the_same_over_tls() {
        let name = "127.0.0.1".to_owned();
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed([name]).unwrap();
        let key = signing_key.serialize_der().try_into().unwrap();
        let mut tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let sandbox = Sandbox::start(Options {
            interval: Duration::ZERO,
            script: "ok,half,reset-after,drop-after,garbage,info:103,slow:0s,endless,ok"
                .parse()
                .unwrap(),
            tls: Some(Arc::new(tls)),
            ..Options::default()
        })
        .unwrap();
        assert!(sandbox.url().starts_with("https://127.0.0.1:"));
        let trusted = reqwest::Certificate::from_der(cert.der()).unwrap();
        let trusting = reqwest::Client::builder()
            .tls_certs_only([trusted])
            .no_proxy();
        let trusting = trusting.build().unwrap();
        let mut read = Vec::new();
        for _ in 0..7 {
            read.push(send(&trusting, &sandbox).await.is_ok());
        }
        assert_eq!(read, [true, false, false, false, false, true, true]);
        let mut endless = trusting
            .post(format!("{}{CREATE_PATH}", sandbox.url()))
            .header("Authorization", format!("Token {KEY}"))
            .body(order("0.5"))
            .send()
            .await
            .unwrap();
        let mut size = 0;
        while size < 100_000 {
            size += endless.chunk().await.unwrap().unwrap().len();
        }
        drop(endless);

        let stranger = client().build().unwrap();
        assert!(send(&stranger, &sandbox).await.unwrap_err().is_connect());
        assert!(send(&trusting, &sandbox).await.is_ok());
        assert_eq!(sandbox.book().deliveries.len(), 9);
        assert_eq!(sandbox.book().created.len(), 8);
    }

    #[tokio::test]
    async fn a_careless_client_pays_twice_on_a_redirect() {
        let sandbox = start("redirect-after:307");
        let answer = send(&client().build().unwrap(), &sandbox).await.unwrap();
        assert!(answer.contains("INV-"));
        assert_eq!(sandbox.book().deliveries.len(), 2);
        assert_eq!(sandbox.book().created.len(), 2);
    }
}
