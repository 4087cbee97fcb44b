//! What a file becomes as a whole.

use super::*;
use crate::domain::{Amount, Currency, DecimalMark, Payout, Totals};
use proptest::prelude::*;

const BTC: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const BTC2: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const TRON: &str = "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC";

/// Reads a file, and checks what every finding promises.
fn take_with(file: &[u8], options: &Options) -> (Intake, Vec<Finding>) {
    let intake = read(file.to_vec(), options);
    let mut findings: Vec<Finding> = Vec::new();
    let word = |told: &mut Vec<_>, finding| told.push(finding);
    let counts = intake.tell(u64::MAX, &word, &mut |told| findings.append(told));
    let lines: Vec<_> = findings.iter().filter_map(|finding| finding.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    for finding in &findings {
        if let Some(span) = &finding.span {
            assert!(finding.value.get(span.clone()).is_some(), "{finding:?}");
        }
        if let Some(span) = &finding.row_span {
            assert!(finding.row.get(span.clone()).is_some(), "{finding:?}");
        }
        assert!(
            !finding.message.is_empty() && !finding.kind.is_empty() && !finding.hint.is_empty(),
            "{finding:?}"
        );
    }
    let mut counted = FindingCounts::default();
    findings.iter().for_each(|finding| counted.count(finding));
    assert_eq!(counts, counted);
    assert_eq!(
        (intake.errors, intake.warnings),
        (counts.errors(), counts.warnings())
    );
    let mut first = Vec::new();
    let again = intake.tell(2, &word, &mut |told| first.append(told));
    assert_eq!(
        (again, &first[..]),
        (counts, &findings[..findings.len().min(2)])
    );
    (intake, findings)
}

/// With decimal commas.
fn comma() -> Reading {
    Reading {
        decimal_mark: DecimalMark::Comma,
        ..Reading::default()
    }
}

/// Of the rows that are right, also of a file with errors.
pub(super) fn totals(intake: &Intake) -> Totals {
    let content = intake.content.as_deref();
    content.map(Batch::totals).unwrap_or_default()
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
        &format!(" BTC , {BTC2} ,1.50, b "),
        ",,,",
        &format!("USDT_TRC20,{TRON},10,"),
    ]));
    assert_eq!(findings, []);
    let payouts: Vec<_> = intake
        .batch()
        .unwrap()
        .all()
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
            format!("4 b BTC {BTC2} 1.50"),
            format!("6  USDT_TRC20 {TRON} 10"),
        ]
    );
    let totals: Vec<_> = totals(&intake)
        .iter()
        .map(|(c, n, sum)| format!("{n} {sum} {c}"))
        .collect();
    assert_eq!(totals, ["2 2 BTC", "1 10 USDT_TRC20"]);
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
            "3:amount: error: \"1e-7\" is in scientific notation | a spreadsheet has shortened this \
             number; format the column as text and fill it in again",
            "3:reference: error: \"=x\" is a formula, not a value | write its result, or save the \
             file with values in place of formulas",
            "4:to_address: error: this is a TRON address | did you mean USDT_TRC20? otherwise ask \
             the recipient for their EVM address",
            "4:amount: error: \"1.1234567\" has 7 decimals, USDT_ERC20 has 6 | ask for the \
             amount with at most 6 decimals",
        ]
    );
}

#[test]
fn a_file_that_is_no_csv_is_told() {
    for (file, message) in [
        (&b""[..], "the file is empty"),
        (b"\xEF\xBB\xBF", "the file is empty"),
        (b"\n \r\n,,\n", "the file is empty"),
        (
            b"PK\x03\x04....",
            "the file is a workbook (or another archive), not a CSV",
        ),
        (
            b"\xD0\xCF\x11\xE0",
            "the file is a workbook (or another archive), not a CSV",
        ),
        (b"a,\0b", "the file contains NUL bytes, so it is not text"),
        (
            b"currency_code,to_address,amount\n\n",
            "there are no payouts in the file",
        ),
    ] {
        let (intake, findings) = take(file);
        assert_eq!(findings.len(), 1, "{message}");
        assert_eq!(findings[0].message, message);
        assert_eq!(
            (findings[0].key, findings[0].line),
            ("file", None),
            "{message}"
        );
        assert!(intake.batch().is_none());
        assert_eq!(intake.errors, 1);
    }
}

#[test]
fn a_file_beyond_the_limit_is_told() {
    // Zeros that nobody looks at take no memory.
    let intake = read(vec![0; MAX_FILE_BYTES + 1], &Options::default());
    let findings = intake.findings();
    assert_eq!(
        findings.iter().map(on_a_line).collect::<Vec<_>>(),
        [
            " error: the file is larger than 1 GiB, the most that is read | split it into \
             several files, and leave the references as they are"
        ]
    );
}

#[test]
fn a_cell_with_line_breaks_is_one_finding_and_hides_no_payout() {
    let rows = [
        format!("BTC,{BTC},1,\"a"),
        format!("BTC,{BTC},2,b\""),
        "btc,x,3,c".to_owned(),
        format!("BTC,{BTC2},4,\"d"),
        format!("BTC,{BTC2},5,e"),
    ];
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let told = told(file(&rows));
    let places: Vec<_> = told
        .iter()
        .map(|it| it.split(": error").next().unwrap())
        .collect();
    assert_eq!(places, ["2", "4:currency_code", "5"], "{told:#?}");
    assert!(told[0].contains("ends 1 line below"), "{told:#?}");
    assert!(told[2].contains("is not closed on this line"), "{told:#?}");
}

#[test]
fn header_faults_are_told() {
    for (header, expected) in [
        (
            "Валюта;Кошелёк 2;Всего",
            "1: error: the header lacks the columns to_address and amount | it has \"Валюта\", \
             \"Кошелёк 2\", \"Всего\"; is \"Кошелёк 2\" to_address? which is amount? say so with --columns \
             'to_address=Кошелёк 2,amount=…'",
        ),
        (
            "to_address,value,quantity",
            "1: error: the header lacks the columns currency_code and amount | it has \
             \"to_address\", \"value\", \"quantity\"; which is currency_code? which is amount? say so with \
             --columns 'currency_code=…,amount=…'; if the file has no codes, add the column \
             currency_code, with a code like USDT_TRC20 in every row",
        ),
        (
            "currency,address,Сумма,К выплате",
            "1: error: \"Сумма\" and \"К выплате\" may each be amount | say which one it is: --columns \
             'amount=…'",
        ),
        (
            "reference,currency_code,to_аddress,amount",
            "1: error: \"to_аddress\" is not to_address: it contains U+0430 CYRILLIC SMALL LETTER A, \
             which looks like a | rename the column to to_address",
        ),
        (
            "\ncurrency_code,to_address,amount,AMOUNT",
            "2: error: the header has the column amount more than once | rename or remove one of them",
        ),
        (
            "BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,1",
            "1: error: the first line is a row, not a header | the first line must name the \
             columns: currency_code,to_address,amount and, if you like, reference and payee",
        ),
        (
            "line,reference,currency_code,to_address,amount,invoice_id\n,,,,,INV-1",
            "1: error: this is a record that ccbatch wrote, not a file of payouts: it has the column \
             \"invoice_id\" | give the file that the payouts were read from, and mend the rows there",
        ),
        (
            "currency_code,\"to_address,amount",
            "1: error: a quote opens in the header and is not closed on its line | close it, and \
             keep the header on one line",
        ),
    ] {
        assert_eq!(told(format!("{header}\nBTC,x,1\n")), [expected]);
    }
    let long = format!("currency_code,{}\n", "x".repeat(1 << 20));
    assert_eq!(
        told(long)[0],
        "1: error: the line is longer than 64 KiB, so it is not a header | the first line must name \
         the columns: currency_code,to_address,amount and, if you like, reference and payee"
    );
}

/// What is told about one row; all of its findings.
fn of_row(row: &str) -> Vec<String> {
    told(file(&[row]))
}

#[test]
fn rows_out_of_shape_are_told() {
    let good = format!("BTC,{BTC},1,a");
    for (row, expected) in [
        ("BTC,x", "2: error: the row has 2 cells, the header has 4"),
        (
            "BTC;x;1;R1",
            "2: error: semicolons separate the cells of this row, commas those of the header",
        ),
        (
            "\"BTC,x,1,R1\"",
            "2: error: the whole row is in quotes, so that it counts as one cell",
        ),
        (
            "BTC,x,1,a,b",
            "2: error: the row has 5 cells, the header has 4",
        ),
        (
            "BTC,x,1,\"a",
            "2: error: a quote opens here and is not closed on this line",
        ),
        (
            "BTC,x,1,a\rBTC,x,1,b",
            "2: error: a line break of another kind stands inside this line",
        ),
    ] {
        let told = told(file(&[row, &good]));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(expected), "{told:?}");
    }
    // A decimal comma that nobody has quoted.
    for (header, row) in [
        (
            "currency_code,to_address,amount,note",
            "BTC,ADDRESS,150,25,",
        ),
        (
            "currency_code,to_address,amount,,reference",
            "BTC,ADDRESS,150,25,A",
        ),
        ("currency_code,to_address,amount", "BTC,ADDRESS,150,25"),
        // The last cell is lost, so that the row is as wide as the header.
        ("currency_code,amount,to_address,note", "BTC,150,25,ADDRESS"),
    ] {
        let told = told(format!("{header}\n{}\n", row.replace("ADDRESS", BTC)));
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = "2: error: \"150\" and \"25\" in the next cell may be one amount";
        assert!(told[0].starts_with(expected), "{told:?}");
    }
    let long = format!("BTC,{BTC},1,{}", "x".repeat(3 << 20));
    let told = told(file(&[&long, "btc,x,1,"]));
    assert_eq!(told.len(), 2);
    assert!(told[0].starts_with("2: error: the line is longer than 64 KiB"));
    assert!(told[1].starts_with("3:currency_code: error"));
    // Blank cells at the end are what spreadsheets leave behind.
    assert_eq!(of_row(&format!("{good},, ,")), Vec::<String>::new());
}

#[test]
fn cells_out_of_shape_are_told() {
    for (cells, expected) in [
        (
            "BTC,\"ADDRESS\"x,1,",
            "2:to_address: error: a quote is out of place in to_address",
        ),
        (
            "BTC,ADDRESS,1,a\"b",
            "2:reference: error: a quote is out of place in reference",
        ),
        (
            ",ADDRESS,1,",
            "2:currency_code: error: currency_code is missing",
        ),
        ("BTC, ,1,", "2:to_address: error: to_address is missing"),
        ("BTC,ADDRESS,\"\",", "2:amount: error: amount is missing"),
        (
            ",,,R1",
            "2: error: currency_code, to_address and amount are missing",
        ),
        (
            "BTC,ADDRESS,1,a\u{a0}b",
            "2:reference: error: the reference contains U+00A0 NO-BREAK SPACE",
        ),
        (
            "BTC,ADDRESS,1,-a",
            "2:reference: error: the reference starts with -",
        ),
        (
            "B\u{200b}TC,ADDRESS,1,",
            "2:currency_code: error: \"B\\u{200b}TC\" is not a currency code: it contains U+200B",
        ),
    ] {
        let told = of_row(&cells.replace("ADDRESS", BTC));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(expected), "{told:?}");
    }
    let long = format!("BTC,{BTC},1,{}", "ä".repeat(65));
    assert_eq!(
        of_row(&long),
        [
            "2:reference: error: the reference has 65 characters; at most 64 are allowed | shorten it"
        ]
    );
}

#[test]
fn amounts_have_a_hint() {
    for (amount, expected) in [
        (
            "\"1,5\"",
            "\"1,5\" has a decimal comma | write 1.5, or give --decimal-comma for the whole file",
        ),
        (
            "\"1,500\"",
            "\"1,500\" has a decimal comma | write 1.500, or 1500 if the comma separates thousands; \
             --decimal-comma reads all commas as decimal",
        ),
        ("1 000", "\"1 000\" contains a blank | write 1000"),
        (
            "1\u{a0}000",
            "\"1\\u{a0}000\" contains U+00A0 NO-BREAK SPACE | write 1000",
        ),
        ("007", "\"007\" has a superfluous zero in front | write 7"),
        (
            ".5",
            "\".5\" is not a number with at most one decimal mark between its digits | write 0.5",
        ),
        (
            "0",
            "the amount is zero | fill in the amount, or remove the row",
        ),
        (
            "-5",
            "\"-5\" is negative | only amounts above zero can be paid: check it, and remove the row if nothing is due",
        ),
        (
            "10 BTC",
            "\"10 BTC\" is not only a number | write 10; the currency stands in currency_code",
        ),
        (
            "0.123456789",
            "\"0.123456789\" has 9 decimals, BTC has 8 | ask for the amount with at most 8 decimals",
        ),
        (
            "0.5000000000",
            "\"0.5000000000\" has 10 decimals, BTC has 8 | write 0.50000000",
        ),
        (
            "\"1150,255\"",
            "\"1150,255\" contains ',' | write digits, and at most one decimal mark: 1234.56; if every \
             comma in the file is decimal, give --decimal-comma",
        ),
        (
            "x",
            "\"x\" is not an amount | write digits, and at most one decimal mark: 1234.56",
        ),
        (
            "05.01.2026",
            "\"05.01.2026\" is a date, not an amount | a spreadsheet has made a date of this \
             number; format the column as text and fill it in again",
        ),
        (
            "123456789012345678901234567890",
            "\"123456789012345678901234567890\" has 30 digits; at most 28 are allowed | check the amount",
        ),
    ] {
        let told = of_row(&format!("BTC,{BTC},{amount},"));
        assert_eq!(told, [format!("2:amount: error: {expected}")]);
    }
}

#[test]
fn with_a_decimal_comma_a_point_is_the_fault() {
    let options = Options {
        reading: comma(),
        ..Options::default()
    };
    let rows =
        format!("currency_code;to_address;amount\nBTC;{BTC};0,5\nBTC;{BTC};1.5\nBTC;{BTC};2\n");
    let (_, findings) = take_with(rows.as_bytes(), &options);
    let told: Vec<_> = findings.iter().map(on_a_line).collect();
    assert_eq!(
        told,
        ["3:amount: error: \"1.5\" has a decimal point, and a comma was asked for | write 1,5"]
    );
    let (intake, _) = take_with(rows.replace("1.5", "1,5").as_bytes(), &options);
    let amounts: Vec<_> = intake
        .batch()
        .unwrap()
        .all()
        .map(|p| p.amount.to_string())
        .collect();
    assert_eq!(amounts, ["0.5", "1.5", "2"]);
}

#[test]
fn what_a_spreadsheet_has_mangled_is_named_though_it_has_a_point() {
    let options = Options {
        reading: comma(),
        ..Options::default()
    };
    let rows = format!(
        "currency_code;to_address;amount\nBTC;{BTC};03.04.2026\nBTC;{BTC};1.5E-07\nBTC;{BTC};01.05.26\n"
    );
    let (_, findings) = take_with(rows.as_bytes(), &options);
    let told: Vec<_> = findings.iter().map(on_a_line).collect();
    assert_eq!(
        told,
        [
            "2:amount: error: \"03.04.2026\" is a date, not an amount | a spreadsheet has made a date \
             of this number; format the column as text and fill it in again",
            "3:amount: error: \"1.5E-07\" is in scientific notation | a spreadsheet has shortened this \
             number; format the column as text and fill it in again",
            "4:amount: error: \"01.05.26\" is a date, not an amount | a spreadsheet has made a date \
             of this number; format the column as text and fill it in again",
        ]
    );
}

#[test]
fn a_reference_that_a_spreadsheet_has_shortened_is_a_warning() {
    assert_eq!(
        of_row(&format!("BTC,{BTC},1,1.23457E+17")),
        [
            "2:reference: warning: the reference \"1.23457E+17\" is in scientific notation | a \
             spreadsheet has shortened this number; format the column as text and fill it in again"
        ]
    );
    assert_eq!(of_row(&format!("BTC,{BTC},1,1E7")), [""; 0]);
}

#[test]
fn digits_beyond_a_double_are_a_warning() {
    let (intake, findings) = take(file(&[
        "ETH,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1.234567890123456789,",
    ]));
    assert_eq!(
        findings.iter().map(on_a_line).collect::<Vec<_>>(),
        [
            "2:amount: warning: \"1.234567890123456789\" has more digits than a double-precision number \
          carries; an API that reads it as one pays 1.2345678901234567 | agree with the recipient on an amount of at most \
          15 significant digits, or compare what the dashboard shows"
        ]
    );
    assert!(intake.batch().is_some());
}

#[test]
fn rows_are_held_against_each_other() {
    let rows = [
        format!("BTC,{BTC},0.5,a"),
        format!("USDT_TRC20,{TRON},1,b"),
        format!("BTC,{BTC},0.50,c"),
        "btc,nonsense,1,a".to_owned(),
        "ETH,0x5aae6053f3e94c9b9a09f33669435e7ef1beaed1,1,d".to_owned(),
        "ETH,0x5aae0000f3e94c9b9a09f33669435e7ef1beaed1,1,e".to_owned(),
        format!("USDT_TRC20,{TRON},2,"),
        format!("USDT_TRC20,{TRON},1000,"),
    ];
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let (intake, findings) = take(file(&rows));
    let told: Vec<_> = findings
        .iter()
        .filter(|finding| finding.kind != "no checksum")
        .map(on_a_line)
        .collect();
    assert_eq!(
        told,
        [
            "4: warning: line 2 pays the same amount of the same currency to the same recipient | \
             make sure that both are meant; references tell them apart",
            "5:currency_code: error: \"btc\" is not a currency code | write BTC",
            "5:reference: error: the reference \"a\" is already on line 2 | if it is the same \
             payout, remove one of the rows; if it is another, give it a reference of its own",
            "7:to_address: warning: 0x5aae0000f3e94c9b9a09f33669435e7ef1beaed1 begins and ends like \
             0x5aae6053f3e94c9b9a09f33669435e7ef1beaed1 on line 6, but is another address | compare \
             both with what the recipients gave, letter by letter: such addresses are made to be \
             copied by mistake",
            "9:amount: warning: the amount is more than 100 times the median of USDT_TRC20 in this \
             file, which is 2 | check the decimal mark and the currency",
        ]
    );
    let look = findings
        .iter()
        .find(|finding| finding.kind == "lookalike address")
        .unwrap();
    let related = look.related.as_ref().unwrap();
    assert_eq!(&look.value[look.span.clone().unwrap()], "0000");
    assert_eq!(
        (related.line, &related.value[related.span.clone()]),
        (6, "6053")
    );
    assert!(intake.batch().is_none());
}

#[test]
fn a_secret_is_never_repeated() {
    let key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
    for row in [
        format!("BTC,{key},x,=a"),
        format!("BTC,{BTC},x,{key}"),
        format!("{key},{BTC},1,a"),
        format!("BTC,{BTC},{key},a"),
        format!("BTC,{BTC},\"{key},a"),
        format!("BTC,{BTC},1,a,{key}"),
    ] {
        let (_, findings) = take(file(&[&row]));
        assert!(!findings.is_empty(), "{row}");
        for finding in findings {
            assert!(!format!("{finding:?}").contains(&key[..20]), "{finding:?}");
        }
    }
    for header in [
        format!("{key},{BTC},1\n"),
        format!("amount,x,{key}\nBTC,{key},1"),
    ] {
        let told = format!("{:?}", take(header).1);
        assert!(!told.contains(&key[..20]), "{told}");
    }
}

#[test]
fn strictness_makes_errors_of_warnings() {
    let rows = file(&["TUSD_BSC,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1,"]);
    let (intake, findings) = take(&rows);
    assert_eq!(
        (findings[0].kind, findings[0].severity),
        ("listing", Severity::Warning)
    );
    assert!(intake.batch().is_some());
    let options = Options {
        warnings: WarningPolicy::Refuse,
        ..Options::default()
    };
    let (intake, findings) = take_with(rows.as_bytes(), &options);
    assert_eq!(findings[0].severity, Severity::Error);
    assert!(intake.batch().is_none());
}

#[test]
fn limits_stop_a_batch() {
    let btc = Currency::from_code("BTC").unwrap();
    let amount = |text: &str| Amount::parse(text, 8).unwrap();
    let rows = file(&[&format!("BTC,{BTC},1,a"), &format!("BTC,{BTC2},1.5,b")]);
    let told_with = |max_amount: &str, max_total: &str| -> Vec<String> {
        let options = Options {
            limits: Limits {
                max_amount: vec![(btc, amount(max_amount))],
                max_total: vec![(btc, amount(max_total))],
            },
            ..Options::default()
        };
        let (_, findings) = take_with(rows.as_bytes(), &options);
        findings.iter().map(on_a_line).collect()
    };
    assert_eq!(told_with("1.5", "2.5"), Vec::<String>::new());
    assert_eq!(
        told_with("1.4", "2"),
        [
            "3:amount: error: \"1.5\" is more than the limit of 1.4 BTC for one payout | check the \
             amount, or raise the limit (--max-amount)",
            " error: the payouts come to 2.5 BTC, more than the limit of 2 for all together | check \
             the amounts, or raise the limit (--max-total)",
        ]
    );
    let options = Options {
        reading: comma(),
        limits: Limits {
            max_total: vec![(btc, amount("2.4"))],
            ..Limits::default()
        },
        ..Options::default()
    };
    let (_, findings) = take_with(rows.replace("1.5", "\"1,5\"").as_bytes(), &options);
    let told = on_a_line(&findings[0]);
    assert!(told.contains("2,5 BTC, more than the limit of 2,4 for"));
}

#[test]
fn how_the_file_was_read_is_told() {
    let rows = format!("Currency_Code;note;TO_ADDRESS; x ;amount\nBTC;;{BTC};;1\n");
    assert_eq!(
        take(&rows).0.notices,
        [
            "the columns are separated by semicolons",
            "ignored columns: note, x"
        ]
    );
    let excel = format!("sep=;\r\n{rows}");
    let (intake, _) = take(excel);
    assert_eq!(intake.batch().unwrap().payout(0).unwrap().line, 3);
}

#[test]
fn findings_come_in_the_order_of_a_file_of_many_blocks() {
    let mut rows = String::from("currency_code,to_address,amount\n");
    for row in 0..60_000 {
        match row % 7 {
            0 => rows += &format!("BTC,{BTC},0,\n"),
            3 => rows += "\n",
            _ => rows += &format!("BTC,{BTC},0.1{row:05}\n"),
        }
    }
    assert!(rows.len() > 8 * (256 << 10));
    let (intake, findings) = take(&rows);
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| finding.line.unwrap())
        .collect();
    let expected: Vec<_> = (0..60_000).step_by(7).map(|row| row + 2).collect();
    assert_eq!(lines, expected);
    assert_eq!(totals(&intake).count(), 60_000 - 8_572 - 8_571);
    assert_eq!(intake.errors, 8_572);
}

#[test]
fn payouts_of_a_file_of_many_blocks_are_made_by_their_places() {
    let mut rows = String::from("currency_code,to_address,amount\n");
    for row in 0..60_000 {
        let blank = if row % 5 == 0 { "\n" } else { "" };
        rows += &format!("{blank}BTC,{BTC},0.1{row:05}\n");
    }
    let (intake, _) = take(&rows);
    let batch = intake.batch().unwrap();
    let all: Vec<Payout> = batch.all().collect();
    assert_eq!((all.len(), batch.count()), (60_000, 60_000));
    assert_eq!(all[59_999].line, 72_001);
    for places in [
        (0..60_000).step_by(7).collect::<Vec<_>>(),
        vec![0, 1, 59_998, 59_999],
        vec![],
    ] {
        let wanted = places.iter().map(|place| all[*place].clone());
        assert!(batch.at(&places).eq(wanted));
    }
    assert_eq!(batch.at(&[59_999, 60_000]).count(), 1);
    assert_eq!(batch.payout(30_000).as_ref(), all.get(30_000));
}

/// Payouts that are right, each as code, address, amount.
fn payouts() -> impl Strategy<Value = Vec<(&'static str, &'static str, String, String)>> {
    let recipient = prop::sample::select(vec![
        ("BTC", BTC),
        ("USDT_TRC20", TRON),
        ("TRX", TRON),
        ("ETH", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ("USDC_SOL", "83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri"),
    ]);
    let amount = "[1-9][0-9]{0,3}([.][0-9]{1,6})?";
    // Several question marks side by side are what a program has saved for letters.
    let reference = "[a-z]([ -~]{0,6}[a-z])?|";
    let reference = reference.prop_filter("letters are lost", |it| !it.contains("??"));
    let payout = (recipient, amount, reference);
    prop::collection::vec(payout, 1..8).prop_map(|payouts| {
        let with_place = payouts.into_iter().enumerate();
        with_place
            .map(|(place, ((code, address), amount, reference))| {
                let reference = match reference.as_str() {
                    "" => String::new(),
                    reference => format!("{reference}{place}"),
                };
                (code, address, amount, reference)
            })
            .collect()
    })
}

/// How a spreadsheet may write the same payouts.
#[derive(Clone, Debug)]
struct Dialect {
    delimiter: char,
    line_break: &'static str,
    encoding: &'static str,
    header: [&'static str; 6],
    order: Vec<usize>,
    decimal_mark: char,
    blanks: &'static str,
    quotes: &'static str,
    tail: usize,
    above: &'static str,
    blank_line: &'static str,
}

/// The first of them has the columns' own names.
const HEADERS: [[&str; 6]; 4] = [
    [
        "currency_code",
        "to_address",
        "amount",
        "reference",
        "payee",
        "note",
    ],
    [
        "Currency",
        "Wallet Address",
        "Amount (net)",
        "Ref",
        "Full name",
        "note",
    ],
    [
        "Код валюты",
        "Адрес кошелька",
        "К выплате, всего",
        "Референс",
        "ФИО",
        "Отдел",
    ],
    [
        "ВАЛЮТА",
        "КОШЕЛЁК",
        "СУММА",
        "external_id",
        "ПОЛУЧАТЕЛЬ",
        "Отдел 2",
    ],
];

const PLAIN: Dialect = Dialect {
    delimiter: ',',
    line_break: "\n",
    encoding: "",
    header: HEADERS[0],
    order: Vec::new(),
    decimal_mark: '.',
    blanks: "",
    quotes: "",
    tail: 0,
    above: "",
    blank_line: "",
};

fn dialects() -> impl Strategy<Value = Dialect> {
    let layout = (
        prop::sample::select(vec![',', ';', '\t']),
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
        prop::sample::select(vec!["", "", "\"", "\""]),
        prop::sample::select(vec!["", " ", "  ", "\u{a0}"]),
        0usize..3,
    );
    let content = (
        prop::sample::select(vec![
            "",
            "utf-8",
            "utf-16le",
            "utf-16be",
            "windows-1251",
            "koi8-r",
        ]),
        prop::sample::select(HEADERS.to_vec()),
        Just((0usize..6).collect::<Vec<_>>()).prop_shuffle(),
        prop::sample::select(vec!['.', ',']),
        prop::sample::select(vec!["", "Выплаты", "2026"]),
        prop::sample::select(vec!["", "\u{1}"]),
    );
    (layout, content).prop_map(|(layout, content)| {
        let (delimiter, line_break, quotes, blanks, tail) = layout;
        let (encoding, header, order, decimal_mark, above, blank_line) = content;
        Dialect {
            delimiter,
            line_break,
            encoding,
            header,
            order,
            decimal_mark,
            blanks,
            quotes,
            tail,
            above,
            blank_line,
        }
    })
}

impl Dialect {
    fn cell(&self, value: &str) -> String {
        let quoted = !self.quotes.is_empty() || value.contains([self.delimiter, '"']);
        let blanks = self.blanks;
        if quoted {
            format!("\"{blanks}{}{blanks}\"", value.replace('"', "\"\""))
        } else {
            format!("{blanks}{value}{blanks}")
        }
    }

    fn line(&self, cells: [&str; 6]) -> String {
        let order = if self.order.is_empty() {
            vec![0, 1, 2, 3, 4, 5]
        } else {
            self.order.clone()
        };
        let cells: Vec<_> = order.iter().map(|index| self.cell(cells[*index])).collect();
        let tail = self.delimiter.to_string().repeat(self.tail);
        cells.join(&self.delimiter.to_string()) + &tail + self.line_break
    }

    fn write(&self, payouts: &[(&str, &str, String, String)]) -> Vec<u8> {
        let mut text = String::new();
        if !self.above.is_empty() {
            text += &format!("{}{}", self.above, self.line_break);
        }
        text += &self.line(self.header);
        for (code, address, amount, reference) in payouts {
            if !self.blank_line.is_empty() {
                text += self.line_break;
            }
            let amount = amount.replace('.', &self.decimal_mark.to_string());
            text += &self.line([code, address, &amount, reference, "Иван, Ltd", "x"]);
        }
        let marked = format!("\u{feff}{text}");
        match self.encoding {
            "" => text.into_bytes(),
            "utf-8" => marked.into_bytes(),
            "utf-16le" => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            other => {
                let encoding = encoding_rs::Encoding::for_label(other.as_bytes()).unwrap();
                encoding.encode(&text).0.into_owned()
            }
        }
    }

    fn options(&self) -> Options {
        let mut reading = if self.decimal_mark == ',' {
            comma()
        } else {
            Reading::default()
        };
        // Every other encoding is found out.
        if self.encoding == "koi8-r" {
            reading.encoding = self.encoding.parse().ok();
        }
        Options {
            reading,
            ..Options::default()
        }
    }
}

proptest! {
    /// However a spreadsheet writes them, the same payouts are the same batch.
    #[test]
    fn every_dialect_gives_the_same_batch(payouts in payouts(), dialect in dialects()) {
        let (expected, _) = take(PLAIN.write(&payouts));
        let (intake, findings) = take_with(&dialect.write(&payouts), &dialect.options());
        prop_assert_eq!(intake.fingerprint, expected.fingerprint, "{:?}", findings);
        prop_assert_eq!(totals(&intake), totals(&expected));
        // Whether points may stand for thousands is asked of some dialects only.
        let thousands = findings.iter().filter(|it| it.kind == "thousands mark").count() as u64;
        prop_assert_eq!(
            (intake.errors, intake.warnings - thousands),
            (expected.errors, expected.warnings)
        );
        let batch = intake.batch().ok_or_else(|| TestCaseError::fail(format!("{findings:?}")))?;
        let payouts: Vec<Payout> = batch.all().collect();
        prop_assert_eq!(batch.recipients(), payouts.recipients());
        prop_assert_eq!(batch.totals(), payouts.totals());
        let without_lines = |intake: &Intake| -> Vec<Payout> {
            let payouts = intake.batch().unwrap().all();
            payouts.map(|payout| Payout { line: 0, ..payout }).collect()
        };
        prop_assert_eq!(without_lines(&intake), without_lines(&expected));
    }

    /// Nothing panics, and findings point into what they show.
    #[test]
    fn any_bytes_are_taken(file in prop::collection::vec(any::<u8>(), 0..400)) {
        take(file);
    }

    #[test]
    fn any_rows_are_taken(
        rows in prop::collection::vec("(BTC|btc|USDT|\u{a0}|é|)[,;\"]{1,3}[0-9a-zA-Zé\"\u{200b}]{0,40},[0-9.,eE+ \u{a0}\"-]{0,12},?[ -~\u{e000}-\u{e003}]{0,70}", 0..6),
        bytes in prop::collection::vec(any::<u8>(), 0..3),
        at in 0usize..400,
    ) {
        let mut file = file(&rows.iter().map(String::as_str).collect::<Vec<_>>()).into_bytes();
        let at = at.min(file.len());
        file.splice(at..at, bytes);
        take(&file);
        let comma = Options { reading: comma(), ..Options::default() };
        take_with(&file, &comma);
    }
}

#[test]
fn rows_below_another_header_are_not_read_by_the_first() {
    let header = "ФИО;Валюта;Кошелёк;Сумма;Комиссия";
    let told_below = |second: &str| {
        let row = format!("А;TRX;{TRON};5;7");
        told(format!("{header};\n{row}\n{second}\n{row}\n"))
    };
    for second in [
        header,
        "Получатель;Монета;Адрес;Сумма;Комиссия",
        "payee;currency_code;to_address;amount;fee",
        "ФИО;Валюта;Кошелёк;Сумма (TRX);Комиссия",
    ] {
        let first = told_below(second).into_iter().next();
        let again = "3: error: this is the header again | remove the row";
        assert_eq!(first.as_deref(), Some(again), "{second}");
    }
    for second in [
        "ФИО;Валюта;Кошелёк;Комиссия;Сумма",
        "ФИО;Валюта;Сумма;Кошелёк;Комиссия",
        "ФИО;Валюта;Кошелёк;Сумма;Мемо",
        "Кошелёк;Валюта;ФИО;Сумма;Комиссия",
        "№;ФИО;Валюта;Кошелёк;Сумма;Комиссия",
        // Without it the rows below would be paid in another unit.
        "ФИО;Валюта;Кошелёк;Сумма, руб.;Комиссия",
    ] {
        let first = told_below(second).into_iter().next().unwrap_or_default();
        assert!(
            first.contains("not as the header does"),
            "{second}: {first}"
        );
    }
}

#[test]
fn a_second_column_of_addresses_is_asked_about() {
    let other = "TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL";
    let own = "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7";
    let sheet = |names: &str, second: [&str; 2]| {
        let [a, b] = second;
        format!("Валюта;{names};Сумма\nTRX;{TRON};{a};5\nTRX;{own};{b};6\n")
    };
    let asked = "holds addresses too, on line";
    for (names, second) in [
        ("Кошелёк;Новый кошелёк", [other, ""]),
        ("Кошелёк;Новый кошелёк", [TRON, other]),
        ("to_address;Адрес (новый)", [other, TRON]),
    ] {
        let told = told(sheet(names, second));
        assert!(told.iter().any(|it| it.contains(asked)), "{told:?}");
    }
    let given = Reading {
        columns: "to_address=Кошелёк".parse().unwrap_or_default(),
        ..Reading::default()
    };
    for (names, second, reading) in [
        ("Кошелёк;Новый кошелёк", ["", own], Reading::default()),
        ("Кошелёк;Плательщик", [other, other], Reading::default()),
        ("Кошелёк;Телеграм", ["@anna", "-"], Reading::default()),
        ("Кошелёк;Новый кошелёк", [other, TRON], given),
    ] {
        let options = Options {
            reading,
            ..Options::default()
        };
        let (_, told) = take_with(sheet(names, second).as_bytes(), &options);
        assert!(
            !told.iter().any(|it| it.message.contains(asked)),
            "{told:?}"
        );
    }
}

#[test]
fn rows_that_pay_nobody_have_one_error_each() {
    let rows = [
        "1;2;3;4",
        "(1);(2);(3);",
        "Отдел продаж;;;",
        ";Отдел продаж;;",
        ";______;;",
        "Бухгалтер;USDT;;",
        "5;6;7;9",
        "65535;6;7;9",
    ];
    let table = format!("ФИО;Валюта;Адрес;Сумма\n{}\n", rows.join("\n"));
    let remove = "fill them in, or remove the row if it pays nobody";
    let numbers = "error: this row numbers the columns, and pays nobody | remove the row";
    assert_eq!(
        told(table),
        [
            format!("2: {numbers}"),
            format!("3: {numbers}"),
            format!("4: error: currency_code, to_address and amount are missing | {remove}"),
            format!("5: error: to_address and amount are missing | {remove}"),
            format!("6: error: to_address and amount are missing | {remove}"),
            format!("7: error: to_address and amount are missing | {remove}"),
            "8:currency_code: error: \"6\" is not a currency code | `ccbatch currencies` lists the codes".to_owned(),
            "9:currency_code: error: \"6\" is not a currency code | `ccbatch currencies` lists the codes".to_owned(),
        ]
    );
}

#[test]
fn a_hint_has_no_escape_that_somebody_could_type() {
    let told = told(format!(
        "currency_code,to_address,amount\nTRX,{TRON},'1\u{a0}500\n"
    ));
    assert!(
        told[0].ends_with("| write it without the apostrophe"),
        "{told:?}"
    );
}

#[test]
fn of_many_ignored_columns_some_are_named() {
    let names: Vec<_> = (0..1_000).map(|it| format!("c{it}")).collect();
    let empty = ",".repeat(names.len());
    let file = format!(
        "currency_code,to_address,amount,{}\nTRX,{TRON},1{empty}\n",
        names.join(",")
    );
    let (intake, _) = take(file);
    assert!(
        intake.notices[0].ends_with("c48, c49 and 950 more"),
        "{:?}",
        intake.notices
    );
}

#[test]
fn a_row_with_an_address_is_no_row_of_totals() {
    let header = "Комментарий;Валюта;Адрес;Сумма\n";
    for row in [
        format!("\"сумма 1500;\"\"1367;TRX;{TRON};5\""),
        format!("Сумма за май;{TRON};TRX;;5"),
        format!("Итого;;;;{TRON}"),
    ] {
        let told = told(format!("{header}{row}\n"));
        assert!(!told.is_empty() && !told[0].contains("totals"), "{told:?}");
    }
    for row in [
        "Итого",
        "Сумма;;;5",
        ";;Итого;5",
        "Итого ____________________________;;;5",
    ] {
        let told = told(format!("{header}{row}\n"));
        assert!(told[0].contains("totals"), "{told:?}");
    }
}

#[test]
fn a_header_below_a_long_form_is_found_to_be_too_low() {
    let table = format!("Валюта;Адрес;Сумма\nTRX;{TRON};5\n");
    let form = |count| ";;Форма\n".repeat(count);
    assert!(told(form(19) + &table).is_empty());
    assert_eq!(
        told(form(24) + &table),
        [
            "25: error: the header must be among the first 20 lines, and stands here | take lines out that stand above it"
        ]
    );
    let rows = format!("TRX;{TRON};5\n").repeat(24);
    assert!(told(rows + &table)[0].contains("the first line is a row"));
}
