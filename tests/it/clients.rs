//! Clients in other languages, as the API's documentation has them, against the sandbox: only the
//! base URL, the key and the address are filled in. Where an interpreter is missing, its test says
//! that it was skipped.

use crate::harness::{BITCOIN, KEY, Scene};
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// Where Node.js looks for libraries that were installed for everyone.
const NODE_PATH: &str = "/usr/share/nodejs:/usr/local/lib/node_modules:/usr/lib/node_modules";

const PYTHON_REQUESTS: &str = r#"
import requests

url = "BASE/v2/invoice/api/out/create"
headers = {"Authorization": "Token KEY"}
data = {"currency_code": "BTC", "to_address": "ADDRESS", "amount": 0.003}

response = requests.post(url, headers=headers, json=data)
if response.status_code == 200:
    print("Success:", response.json())
else:
    print("Fail:", response.status_code, response.text)
"#;

const PHP_CURL: &str = r#"<?php
$headers = array(
    "Authorization: Token KEY",
    "Content-Type: application/json"
);
$data = array(
    "currency_code" => "BTC",
    "to_address" => "ADDRESS",
    "amount" => 0.003
);

$curl = curl_init("BASE/v2/invoice/api/out/create");
curl_setopt($curl, CURLOPT_POST, true);
curl_setopt($curl, CURLOPT_HTTPHEADER, $headers);
curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($data));
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
$response = curl_exec($curl);

if (curl_getinfo($curl, CURLINFO_HTTP_CODE) === 200) {
    echo "Success: " . $response;
} else {
    echo "Fail: " . curl_error($curl) . " " . $response;
}
"#;

const NODE_AXIOS: &str = r#"
const axios = require('axios');

const url = 'BASE/v2/invoice/api/out/create';
const headers = { 'Authorization': 'Token KEY' };
const data = { currency_code: 'BTC', to_address: 'ADDRESS', amount: 0.003 };

axios.post(url, data, { headers })
    .then(response => console.log('Success:', JSON.stringify(response.data)))
    .catch(error => console.error('Fail:', error.message));
"#;

const NODE_FETCH: &str = r#"
fetch('BASE/v2/invoice/api/out/create', {
    method: 'POST',
    headers: new Headers({ 'Authorization': 'Token KEY', 'Content-Type': 'application/json' }),
    body: JSON.stringify({ currency_code: 'BTC', to_address: 'ADDRESS', amount: 0.003 })
})
    .then(response => response.ok ? response.json() : Promise.reject(response.status))
    .then(result => console.log('Success:', JSON.stringify(result)))
    .catch(error => console.error('Fail:', error));
"#;

/// A page of another origin, whose script a browser lets through only if the API says so.
const BROWSER_XHR: &str = r#"<!DOCTYPE html>
<title>a page of somebody else's</title>
<p id="result"></p>
<script>
const xhr = new XMLHttpRequest();
xhr.open('POST', 'BASE/v2/invoice/api/out/create', true);
xhr.setRequestHeader('Authorization', 'Token KEY');
xhr.setRequestHeader('Content-Type', 'application/json');
const show = text => document.getElementById('result').textContent = text;
xhr.onload = () => show((xhr.status === 200 ? 'Success: ' : 'Fail: ') + xhr.responseText);
xhr.onerror = () => show('Fail');
xhr.send(JSON.stringify({ currency_code: 'BTC', to_address: 'ADDRESS', amount: 0.003 }));
</script>
"#;

/// Whether a call of this program works; where it does not, a test says so.
fn works(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    let command = command.args(arguments).env("NODE_PATH", NODE_PATH);
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let works = status.is_ok_and(|status| status.success());
    if !works {
        let call = arguments.join(" ");
        let _ = writeln!(
            io::stderr(),
            "SKIPPED a client: {program} {call} does not work here"
        );
    }
    works
}

/// Checks that a client has the sandbox create its payout.
#[track_caller]
fn check(program: &str, arguments: &[&str], source: &str) {
    let scene = Scene::paying("", "");
    let source = source
        .replace("BASE", &scene.url())
        .replace("KEY", KEY)
        .replace("ADDRESS", BITCOIN);
    scene.write("client.html", source);
    let mut command = Command::new(program);
    let command = command.args(arguments).arg("client.html");
    let command = command
        .env("NODE_PATH", NODE_PATH)
        .env("HOME", scene.path(""));
    let ended = command.current_dir(scene.path("")).output().unwrap();
    let told = [ended.stdout, ended.stderr].concat();
    let told = String::from_utf8_lossy(&told);
    assert_eq!(scene.sent_and_created(), (1, 1), "{told}");
    let withdrawal = &scene.book().created[0];
    assert!(told.contains("Success: "), "{told}");
    assert!(told.contains(&withdrawal.invoice_id), "{told}");
    assert_eq!(withdrawal.amount, "0.003");
}

#[test]
fn python_with_requests() {
    if works("python3", &["-c", "import requests"]) {
        check("python3", &[], PYTHON_REQUESTS);
    }
}

#[test]
fn php_with_curl() {
    if works(
        "php",
        &["-r", "exit(function_exists('curl_init') ? 0 : 1);"],
    ) {
        check("php", &[], PHP_CURL);
    }
}

#[test]
fn node_with_axios_and_with_fetch() {
    // What is read is not a module, whatever its name.
    let script = ["--input-type=commonjs", "--eval"];
    let read = "eval(require('fs').readFileSync('client.html', 'utf8'))";
    let arguments = [script[0], script[1], read];
    if works("node", &["--eval", "require('axios')"]) {
        check("node", &arguments, NODE_AXIOS);
    }
    if works("node", &["--eval", "fetch"]) {
        check("node", &arguments, NODE_FETCH);
    }
}

#[test]
fn a_browser_with_xml_http_request() {
    if works("chromium", &["--version"]) {
        let quiet = [
            "--headless",
            "--disable-gpu",
            "--no-sandbox",
            "--no-first-run",
        ];
        // The clock of the page goes on when nothing is under way any more.
        let waits = ["--virtual-time-budget=10000", "--dump-dom"];
        check("chromium", &[&quiet[..], &waits].concat(), BROWSER_XHR);
    }
}
