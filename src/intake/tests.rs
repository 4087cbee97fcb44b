//! What a file becomes as a whole.

use super::*;
use std::io::Cursor;

const BTC: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const TRON: &str = "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC";

/// Reads a file and returns every finding as `line:column kind` and the rest.
fn take_with(file: &[u8], options: &Options) -> (Intake, Vec<Finding>) {
    let mut findings = Vec::new();
    let intake = read(Cursor::new(file), options, &mut |finding| {
        findings.push(finding.clone());
    })
    .unwrap();
    (intake, findings)
}

fn take(file: impl AsRef<[u8]>) -> (Intake, Vec<Finding>) {
    take_with(file.as_ref(), &Options::default())
}

/// Every finding on a line.
fn told(file: impl AsRef<[u8]>) -> Vec<String> {
    take(file).1.iter().map(on_a_line).collect()
}

fn on_a_line(finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(line) = finding.line {
        text += &format!("{line}:");
    }
    if let Some(column) = finding.column {
        text += &format!("{}:", column.name());
    }
    format!(
        "{text} {}: {} | {}",
        finding.severity, finding.message, finding.hint
    )
}

fn file(rows: &[&str]) -> String {
    let mut file = "currency_code,to_address,amount,reference\n".to_owned();
    for row in rows {
        file += row;
        file += "\n";
    }
    file
}

#[test]
fn a_right_file_becomes_a_batch() {
    let (intake, findings) = take(file(&[
        &format!("BTC,{BTC},0.5,a"),
        "",
        &format!(" BTC , {BTC} ,1.50, b "),
        ",,,",
        &format!("USDT_TRC20,{TRON},10,"),
    ]));
    assert_eq!(findings, []);
    let batch = intake.batch.unwrap();
    let payouts: Vec<_> = batch
        .payouts
        .iter()
        .map(|p| {
            format!(
                "{} {} {} {} {}",
                p.line, p.reference, p.currency, p.to_address, p.amount
            )
        })
        .collect();
    assert_eq!(
        payouts,
        [
            format!("2 a BTC {BTC} 0.5"),
            format!("4 b BTC {BTC} 1.50"),
            format!("6  USDT_TRC20 {TRON} 10"),
        ]
    );
    let totals: Vec<_> = batch
        .totals
        .iter()
        .map(|(c, n, sum)| format!("{n} {sum} {c}"))
        .collect();
    assert_eq!(totals, ["2 2 BTC", "1 10 USDT_TRC20"]);
    assert_eq!(intake.totals, batch.totals);
}

#[test]
fn all_findings_of_a_row_are_told() {
    let told = told(file(&[
        &format!("BTC,{BTC},0.5,a"),
        "btc,nonsense,1e-7,=x",
        &format!("USDT_ERC20,{TRON},1.1234567,"),
    ]));
    assert_eq!(
        told,
        [
            "3:currency_code: error: \"btc\" is not a currency code | write BTC",
            "3:amount: error: \"1e-7\" is in scientific notation | write 0.0000001 if that is all \
             of it: the spreadsheet has shortened this number; format the column as text",
            "3:reference: error: the reference starts with =, so that a spreadsheet would run it \
             as a formula | write it without the sign in front",
            "4:to_address: error: this is a TRON address | did you mean USDT_TRC20? otherwise ask \
             the recipient for their EVM address",
            "4:amount: error: \"1.1234567\" has 7 decimals, USDT_ERC20 has 6 | round it: 1.123456 \
             leaves out the last 1 digit",
        ]
    );
}
