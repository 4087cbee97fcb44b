//! What spreadsheets save: LibreOffice in its Russian and in its English dialect.

use super::{COUNT, References, age, assert_paid, begun, pay};
use crate::harness::{BITCOIN, INPUT, RESULTS, Scene};
use std::fs;

/// References that a spreadsheet changes: a number, a date and a power of ten.
const FRAGILE: [(&str, &str, &str); 4] = [
    ("0012", "12", "12"),
    ("3/4", "04.03.26", "03/04/26"),
    ("1E18", "1E+018", "1E+18"),
    ("R4", "R4", "R4"),
];

fn fragile_input() -> String {
    let rows = FRAGILE
        .iter()
        .zip(1..)
        .map(|((reference, _, _), n)| format!("{reference},BTC,{BITCOIN},0.{n:03}\n"));
    format!("{}{}", References::With.header(), rows.collect::<String>())
}

/// What a spreadsheet makes of a results file.
pub(crate) struct Dialect {
    delimiter: char,
    decimal_comma: bool,
    is_russian: bool,
    encode: fn(&str) -> Vec<u8>,
    line_break: &'static str,
}

pub(crate) const DIALECTS: [Dialect; 4] = [
    Dialect {
        delimiter: ';',
        decimal_comma: true,
        is_russian: true,
        encode: windows_1251,
        line_break: "\r\n",
    },
    Dialect {
        delimiter: ';',
        decimal_comma: true,
        is_russian: true,
        encode: |text| format!("\u{feff}{text}").into_bytes(),
        line_break: "\n",
    },
    Dialect {
        delimiter: ',',
        decimal_comma: false,
        is_russian: false,
        encode: |text| text.as_bytes().to_vec(),
        line_break: "\r\n",
    },
    Dialect {
        delimiter: '\t',
        decimal_comma: false,
        is_russian: false,
        encode: |text| {
            let units = format!("\u{feff}{text}");
            units.encode_utf16().flat_map(u16::to_le_bytes).collect()
        },
        line_break: "\r\n",
    },
];

fn windows_1251(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1251.encode(text).0.into_owned()
}

impl Dialect {
    /// A results file as the spreadsheet saves it.
    fn save(&self, scene: &Scene) {
        let text = scene.read(RESULTS);
        scene.write(RESULTS, self.saved(&text));
    }

    /// What a results file is then.
    pub(crate) fn saved(&self, text: &str) -> Vec<u8> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut saved = String::new();
        for (index, record) in reader.records().enumerate() {
            let record = record.unwrap();
            let cells = record.iter().enumerate().map(|(column, cell)| {
                if index == 0 {
                    cell.to_owned()
                } else {
                    self.cell(column, cell)
                }
            });
            let quoted = cells.map(|cell| {
                if cell.contains([self.delimiter, '"']) {
                    format!("\"{}\"", cell.replace('"', "\"\""))
                } else {
                    cell
                }
            });
            let cells: Vec<String> = quoted.collect();
            saved.push_str(&cells.join(&self.delimiter.to_string()));
            saved.push_str(self.line_break);
        }
        (self.encode)(&saved)
    }

    fn cell(&self, column: usize, cell: &str) -> String {
        let is_time = (column == 8 || column == 15) && !cell.is_empty();
        let text = match column {
            1 => {
                let fragile = FRAGILE.iter().find(|(reference, _, _)| *reference == cell);
                fragile.map_or(
                    cell,
                    |(_, russian, english)| {
                        if self.is_russian { russian } else { english }
                    },
                )
            }
            _ => cell,
        };
        if is_time {
            let time = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            let format = if self.is_russian {
                "%d.%m.%Y %H:%M"
            } else {
                "%m/%d/%Y %H:%M:%S"
            };
            return time.format(format).to_string();
        }
        match (column, self.decimal_comma) {
            (5 | 11, true) => text.replace('.', ","),
            _ => text.to_owned(),
        }
    }
}

#[test]
fn a_results_file_that_a_spreadsheet_has_saved_goes_on() {
    for is_lost in [false, true] {
        for dialect in &DIALECTS {
            for paid in ["2", "4"] {
                let scene = begun(References::With, 0);
                scene.write(INPUT, fragile_input());
                let limit = ["--limit", paid];
                pay(&scene, INPUT, &limit).ends(if paid == "2" { 5 } else { 0 }, "created");
                dialect.save(&scene);
                if is_lost {
                    fs::remove_file(scene.ledger()).unwrap();
                }
                pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
                assert_paid(&scene, COUNT, "");
                let references: Vec<String> = scene
                    .results()
                    .into_iter()
                    .map(|line| line.reference)
                    .collect();
                assert_eq!(references, FRAGILE.map(|(reference, _, _)| reference));
                assert_eq!(scene.statuses(), ["created"; COUNT]);
            }
        }
    }
}

#[test]
fn a_results_file_without_references_that_a_spreadsheet_has_saved_goes_on() {
    for is_lost in [false, true] {
        for dialect in &DIALECTS {
            let scene = begun(References::Without, 2);
            dialect.save(&scene);
            if is_lost {
                fs::remove_file(scene.ledger()).unwrap();
            }
            pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
            assert_paid(&scene, COUNT, "");
        }
    }
}

#[test]
fn an_input_that_a_spreadsheet_has_saved_goes_on() {
    for references in [References::With, References::Without] {
        let text = references.input(COUNT);
        let saved: [(Vec<u8>, &[&str]); 4] = [
            (text.replace('\n', "\r\n").into_bytes(), &[]),
            (
                format!("\u{feff}{}", text.replace(',', ";")).into_bytes(),
                &[],
            ),
            (
                text.replace(',', ";").replace('.', ",").into_bytes(),
                &["--decimal-comma"],
            ),
            (windows_1251(&text.replace(',', "\t")), &[]),
        ];
        for (bytes, flags) in saved {
            let scene = begun(references, 2);
            scene.write(INPUT, bytes);
            pay(&scene, INPUT, flags).ends(0, "All done: 4 created");
            assert_paid(&scene, COUNT, "");
        }
    }
}

#[test]
fn an_input_in_another_encoding_than_is_named_has_the_references_that_it_had() {
    let scene = begun(References::With, 0);
    let text = References::With.input(COUNT).replace("R", "ЗП-");
    scene.write(INPUT, windows_1251(&text));
    let named = &["--encoding", "windows-1251"];
    pay(&scene, INPUT, named).ends(0, "All done: 4 created");
    scene.write("copy.csv", &text);
    pay(&scene, "copy.csv", named).ends(1, "all of these were paid");
    // Half of it appended in the other encoding.
    let mut bytes = text.into_bytes();
    bytes.extend(windows_1251("ЗП-5,BTC,x,1\n"));
    scene.write("copy.csv", bytes);
    pay(&scene, "copy.csv", named).ends(3, "copy.csv:6: the file is in UTF-8, but");
    // It appended to a longer one in the other encoding.
    let others: String = (5..25)
        .map(|n| format!("ЗП-{n},BTC,{BITCOIN},0.{n:03}\n"))
        .collect();
    let mut bytes = windows_1251(&format!("{}{others}", References::With.header()));
    bytes.extend(References::With.row(1).replace('R', "ЗП-").bytes());
    scene.write("copy.csv", bytes);
    let told = "copy.csv:22: this line is in UTF-8, and others are not";
    pay(&scene, "copy.csv", named).ends(3, told);
    pay(&scene, "copy.csv", &[]).ends(3, told);
    assert_paid(&scene, COUNT, "");
}

#[test]
fn an_input_that_another_program_has_misread_is_no_new_one() {
    let scene = begun(References::With, 0);
    let text = References::With.input(COUNT).replace("R", "ЗП-");
    scene.write(INPUT, &text);
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
    age(&scene, 30);
    let misread = encoding_rs::WINDOWS_1251.decode(text.as_bytes()).0;
    scene.write("next.csv", &*misread);
    let ran = pay(&scene, "next.csv", &[]);
    ran.ends(
        3,
        "next.csv:2: reference: the reference \"Р—Рџ-1\" was \"ЗП-1\" before",
    );
    ran.ends(3, "hint: write ЗП-1, or");
    scene.write("next.csv", text.replace("ЗП", "??"));
    let lost = "next.csv:2: reference: characters of the reference \"??-1\" are lost";
    let ran = pay(&scene, "next.csv", &[]);
    ran.ends(3, lost);
    ran.ends(3, "if that has the question marks too");
    assert_paid(&scene, COUNT, "");
}

#[test]
fn an_input_in_an_older_encoding_is_read_alike_when_it_has_grown() {
    let scene = begun(References::With, 0);
    let text = References::With.input(COUNT).replace("R", "Договор ");
    let (header_and_two, _) = text.split_at(text.match_indices('\n').nth(2).unwrap().0 + 1);
    let on_a_mac = |text: &str| {
        let is_capital = |c| ('А'..='Я').contains(&c);
        let byte = |c: char| match c {
            _ if is_capital(c) => u8::try_from(u32::from(c) - 0x410 + 0x80).unwrap(),
            _ if c.is_ascii() => u8::try_from(c).unwrap(),
            _ => u8::try_from(u32::from(c) - 0x430 + 0xE0).unwrap(),
        };
        text.chars().map(byte).collect::<Vec<_>>()
    };
    scene.write(INPUT, on_a_mac(header_and_two));
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(
        3,
        "this is \"„оговор 1\" in windows-1251, and \"Договор 1\" in x-mac-cyrillic",
    );
    let named = &["--encoding", "x-mac-cyrillic"];
    pay(&scene, INPUT, named).ends(0, "All done: 2 created");
    age(&scene, 30);
    let grown = text.replace("to_address", "Адрес");
    scene.write("next.csv", on_a_mac(&grown));
    let refused = pay(&scene, "next.csv", &[]);
    refused.ends(
        3,
        "this is \"Ђдрес\" in windows-1251, and \"Адрес\" in x-mac-cyrillic",
    );
    pay(&scene, "next.csv", named).ends(0, "next.csv: 2 payouts to submit");
    assert_paid(&scene, COUNT, "");
}

#[test]
fn dashes_in_an_older_encoding_stay_dashes_however_many() {
    let scene = begun(References::With, 0);
    let text = References::With.input(COUNT).replace("R", "Pay – ");
    let saved = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let two = text.match_indices('\n').nth(2).unwrap().0 + 1;
    scene.write(INPUT, saved(&text[..two]));
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    age(&scene, 30);
    scene.write("next.csv", saved(&text));
    pay(&scene, "next.csv", &[]).ends(0, "next.csv: 2 payouts to submit");
    assert_paid(&scene, COUNT, "");
}

#[test]
fn an_input_whose_references_a_spreadsheet_has_changed_pays_nobody_again() {
    let scene = begun(References::With, 0);
    scene.write(INPUT, fragile_input());
    pay(&scene, INPUT, &["--limit", "2"]).ends(5, "2 created");
    scene.write(INPUT, fragile_input().replace("0012", "12"));
    pay(&scene, INPUT, &[]).ends(
        3,
        "payouts.csv:2: the same sum went to the same address before",
    );
    assert_paid(&scene, 2, "");
}
