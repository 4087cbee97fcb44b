//! The intake is what the program makes of the files that people have: each case here is a small
//! file of a kind, with what a person would want to be told of it.

use crate::harness::{HEADER, INPUT, Scene};

const BITCOIN: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const TRON: &str = "TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL";
const OTHER_TRON: &str = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8";
const TON: &str = "UQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPuwA";
const ETHEREUM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// What `validate` says of a file with these flags, its findings with their hints on one line.
#[track_caller]
fn told(content: impl AsRef<[u8]>, flags: &[&str], status: i32) -> String {
    let scene = Scene::new("");
    scene.write(INPUT, content);
    let run = scene.program(["validate", INPUT]);
    let run = run.args(flags.iter().copied()).status(status);
    run.stderr_has(INPUT)
        .go()
        .stderr
        .replace("\n  hint: ", " | ")
}

/// Checks that all of these are told, one a line.
#[track_caller]
fn assert_told(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(
            told.lines().any(|line| line.contains(part)),
            "{part}\n{told}"
        );
    }
}

fn file(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

#[test]
fn a_memo_is_an_error_and_a_comment_on_ton_a_warning() {
    for name in [
        "memo",
        "Tag",
        "destination tag",
        "Payment ID",
        "МЕМО",
        "dest_tag",
        "Memo/Tag",
        "Меmo",
        "Mемо (если есть)",
    ] {
        let text = format!(
            "{HEADER},{name}\nA,TON,{TON},1.5,10482391\nB,BTC,{BITCOIN},1,\nC,TRX,{TRON},2,Нет\nD,TRX,{TRON},3,—\nE,TRX,{TRON},4,не требуется\n"
        );
        let told = told(&text, &[], 3);
        assert_told(&told, &["payouts.csv:2: the column", "no field for a memo"]);
        assert_told(&told, &["payouts.csv: 1 error: 1 memo"]);
    }
    for name in ["comment", "Комментарий", "Комментарий к платежу"] {
        let text = format!("{HEADER},{name}\nA,TON,{TON},1.5,10482391\nB,BTC,{BITCOIN},1,x\n");
        let told = told(&text, &[], 0);
        assert_told(
            &told,
            &["payouts.csv:2: warning: the column", "1 warning: 1 comment"],
        );
    }
}

#[test]
fn a_column_without_a_name_is_told_with_what_is_in_it() {
    let text = format!("reference,currency_code,to_address,,amount\nA,TON,{TON},10482391,1.5\n");
    assert_told(
        &told(text, &[], 0),
        &["ignored column: column 4 without a name (\"10482391\")"],
    );
}

#[test]
fn what_people_leave_in_a_table_is_named_as_what_it_is() {
    let table = |rows: &str| format!("Ф.И.О.;Валюта;Адрес;Сумма\n{rows}");
    for (text, parts) in [
        (
            table("").replace("Адрес", "\"Адрес\nкошелька\""),
            ["1: the name of a column has a line break", "Ctrl+J"],
        ),
        (
            table("").replace(';', "|"),
            ["1: nothing separates columns here", "save it as CSV UTF-8"],
        ),
        (
            table(&format!("Анна;TRX;{TRON};1\n{}", table(""))),
            [
                "3: this is the header again | remove the row",
                "\"Ф.И.О.\" is payee",
            ],
        ),
        (
            table("Анна;TRX;—;1\nБорис;TRX;нет, наличными;1\nВера;TRX;+7 (999) 123-45-67;1\n"),
            [
                "2: to_address: this is not an address | ask",
                "3 errors: 3 not an address",
            ],
        ),
        (
            table(&format!(
                "Анна;Тетер TRC20;{TRON};1\nБорис;руб.;{TRON};90000\n"
            )),
            [
                "2: currency_code: \"Тетер TRC20\" is not a currency code | write USDT_TRC20",
                "3: currency_code: \"руб.\" is not a currency code | only cryptocurrencies are paid: write the code of one (`ccbatch currencies` lists them), and the amount in it",
            ],
        ),
        (
            table(&format!(
                "Анна;TRX;{TRON};1О0\nБорис;TRX;{TRON};1\u{a0}500,00\n"
            )),
            [
                "2: amount: \"1О0\" has a letter among its digits: U+041E",
                "write 1500.00",
            ],
        ),
        (
            format!("Референс;Валюта;Адрес;Сумма\n-;TRX;{TRON};1\n№\u{a0}7;TRX;{TRON};2\n"),
            [
                "2: reference: \"-\" says that there is no reference | leave the cell empty",
                "3: reference: the reference contains U+00A0 NO-BREAK SPACE | put a plain blank in its place",
            ],
        ),
    ] {
        assert_told(&told(&text, &[], 3), &parts);
    }
    let none =
        format!("Референс;ФИО;Валюта;Адрес;Сумма\nБ/н;—;TRX;{TRON};1\nнет;—;TRX;{OTHER_TRON};2\n");
    let told_of_none = told(none, &[], 3);
    let parts = ["3: reference: \"нет\" says that there is no reference"];
    assert_told(&told_of_none, &parts);
    assert_told(&told_of_none, &["payouts.csv: 2 errors: 2 reference;"]);
    // A first name alone is nobody's.
    let names = format!("Фамилия;Имя;Валюта;Адрес;Сумма\nШ.;Анна;TRX;{TRON};1\n");
    let parts = ["\"Фамилия\" and \"Имя\" may each be payee, so neither is taken"];
    assert_told(&told(names, &[], 0), &parts);
}

#[test]
fn an_amount_that_a_comma_has_split_is_seen_and_no_other() {
    let header = "currency_code,to_address,amount,dept";
    let row = |rest: &str| format!("TRX,{TRON},{rest}\n");
    for (more, rest, whole) in [
        ("", "150,25,7", "150"),
        (",,", "150,25,7,,", "150"),
        (",,", "150,25,,,,", "150"),
        ("", "1.250,25,", "1.250"),
    ] {
        let told = told(format!("{header}{more}\n{}", row(rest)), &[], 3);
        let split = format!("2: \"{whole}\" and \"25\" in the next cell may be one amount");
        assert_told(&told, &[&split]);
    }
    let three_decimals = format!("{header}\n{}", row("1.250,25"));
    assert_told(&told(three_decimals, &[], 0), &["TRX  1 ×  1.25"]);
    let text = format!("{header},,\n{}", row("150,25,,"));
    assert_told(&told(text, &[], 0), &["1 payout to submit"]);
}

#[test]
fn what_stands_beside_an_address_may_be_a_memo() {
    let more = |before: &str, behind: &str| format!(",TON,{before}{TON}{behind},1");
    let rows = [
        more("", " 10482391"),
        more("", ":10482391"),
        more("", " «осн.»"),
        more("адрес ", " / memo 10482391"),
        more("ton://transfer/", "?text=10482391"),
        more("", &format!(" / {TRON}")),
    ];
    let told = told(file(&rows), &[], 3);
    let several =
        "7: to_address: there is more than one address in the cell | ask the recipient which";
    assert_told(&told, &[several]);
    let ask = "ask the recipient for a TON address that needs none; if not, keep only the address";
    for line in 2..=5 {
        let beside = format!(
            "{line}: to_address: something stands beside the address | if that is a memo, {ask}"
        );
        assert_told(&told, &[&beside]);
    }
    assert_told(
        &told,
        &[&format!(
            "6: to_address: this is a payment link, not an address alone | if what stands behind the question mark is a memo (text=, memo=), {ask}"
        )],
    );
}

#[test]
fn a_network_that_is_not_the_code_s_is_a_warning() {
    let sheet = |code: &str, network: &str| {
        format!("Валюта;Сеть;Адрес;Сумма\n{code};{network};{ETHEREUM};1\n")
    };
    for (code, network) in [
        ("ETH", "Arbitrum One"),
        ("USDT_ERC20", "BEP-20 (BSC)"),
        ("USDT_ERC20", "Polygon"),
    ] {
        let told = told(sheet(code, network), &[], 0);
        let warning = format!(
            "2: warning: the column \"Сеть\" says \"{network}\", and {code} is paid on Ethereum | the code decides"
        );
        assert_told(&told, &[&warning, "1 warning: 1 other network"]);
    }
    for network in [
        "ERC-20",
        "Ethereum (ERC20)",
        "BEP20 / ERC20",
        "",
        "как обычно",
    ] {
        let told = told(sheet("USDT_ERC20", network), &[], 0);
        assert!(!told.contains("warning"), "{told}");
    }
}

#[test]
fn a_network_in_the_name_of_the_addresses_is_the_code_s_or_a_warning() {
    let sheet = |name: &str, code: &str| format!("Валюта;{name};Сумма\n{code};{ETHEREUM};1\n");
    for (name, code) in [
        ("Кошелёк (BEP20)", "USDT_ERC20"),
        ("Адрес, Polygon", "USDC_ARB"),
        ("Wallet (ETH)", "USDT_BSC"),
    ] {
        let warned = "1 warning: 1 other network";
        assert_told(&told(sheet(name, code), &[], 0), &[warned]);
        let scene = Scene::new("");
        scene.write(INPUT, sheet(name, code));
        let copied = scene.program(["validate", INPUT, "--fix", "new.csv"]);
        copied.stderr_has(warned).go();
    }
    for (name, code) in [
        ("Кошелёк (BEP20)", "USDT_BSC"),
        ("Кошелёк (BEP20/ERC20)", "USDT_ERC20"),
        ("Адрес (ETH)", "ETH_ARB"),
        ("Адрес (EVM)", "USDT_ARB"),
        ("Кошелёк", "USDT_ARB"),
    ] {
        let told = told(sheet(name, code), &[], 0);
        assert!(!told.contains("warning"), "{told}");
    }
}

#[test]
fn a_coin_and_its_network_in_two_columns_are_one_code() {
    let rows = [
        ("USDT", "TRC20", TRON),
        ("usdt", "BEP20 (BSC)", ETHEREUM),
        ("Tether", "Arbitrum One", ETHEREUM),
        ("ETH", "ERC-20", ETHEREUM),
    ];
    let rows: String = (1..)
        .zip(rows)
        .map(|(amount, (coin, network, address))| format!("{coin},{network},{address},{amount}\n"))
        .collect();
    let header = "Coin,Network,Address,Amount\n";
    let scene = Scene::new("");
    scene.write(INPUT, format!("{header}{rows}"));
    let fix = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    fix.stderr_has("4: currency_code: \"Tether\" is written \"USDT_ARB\"")
        .go();
    let again = scene.program(["validate", "new.csv"]);
    let again = again.stderr_has("USDT_BSC    1 ×  2").go();
    assert!(!again.stderr.contains("warning"), "{}", again.stderr);
    let doubtful = format!("{header}USDT,Polygon,{ETHEREUM},1\nUSDT,TRC20 / ERC20,x,2\n");
    assert_told(
        &told(doubtful, &[], 3),
        &[
            "2: currency_code: \"USDT\" is not a currency code | the API does not pay USDT on Polygon",
            "3: currency_code: \"USDT\" is not a currency code | write USDT_TRC20, USDT_ERC20,",
        ],
    );
}

#[test]
fn a_coin_that_is_guessed_by_the_address_has_an_amount_of_its_own() {
    let rows = [
        format!("A,USDT_ERC20,{TRON},100"),
        format!("B,USDT_ERC20,{BITCOIN},101"),
    ];
    let told = told(file(&rows), &[], 3);
    let parts = [
        "2: to_address: this is a TRON address | did you mean USDT_TRC20? otherwise ask",
        "3: to_address: this is a Bitcoin address | did you mean BTC? then write the amount in it too; otherwise ask",
    ];
    assert_told(&told, &parts);
}

#[test]
fn a_header_in_a_wrong_encoding_says_which_it_was_read_in() {
    let text = format!("ФИО;Валюта;Адрес;Сумма\nАнна;TRX;{TRON};1\n");
    let bytes = encoding_rs::KOI8_R.encode(&text).0;
    let read = told(&*bytes, &["--encoding", "windows-1251"], 3);
    assert_told(
        &read,
        &["1: the header lacks", "the file is in windows-1251"],
    );
}

#[test]
fn a_column_that_may_be_the_reference_is_asked_about() {
    let sheet = |name: &str, first: &str, second: &str| {
        format!(
            "{name};Валюта;Адрес;Сумма\n{first};TRX;{TRON};1\n;;;\n{second};TRX;{OTHER_TRON};2\n"
        )
    };
    let asked = told(sheet("Номер", "В-101", "В-102"), &[], 0);
    assert_told(
        &asked,
        &[
            "no column is the reference: if \"Номер\" is an id of your own that no other payout ever has, give --columns 'reference=Номер'",
        ],
    );
    let columns = ["--columns", "reference=Номер"];
    let given = told(sheet("Номер", "В-101", "В-102"), &columns, 0);
    assert_told(&given, &["\"Номер\" is reference"]);
    // These count the rows of the file, are not filled in, or are something else.
    for (name, first, second) in [
        ("№", "1", "2"),
        ("Номер", "7", ""),
        ("Номер", "7", "7"),
        ("Отдел", "А", "Б"),
    ] {
        let told = told(sheet(name, first, second), &[], 0);
        assert!(!told.contains("no column is the reference"), "{told}");
    }
}

#[test]
fn an_optional_column_that_is_in_doubt_is_told() {
    let two = format!("ФИО,Получатель,Валюта,Адрес,Сумма\nИванов,ИП,TRX,{TRON},1\n");
    assert_told(
        &told(two, &[], 0),
        &[
            "\"ФИО\" and \"Получатель\" may each be payee, so neither is taken: say which with --columns 'payee=…'",
        ],
    );
    let same = format!("Реф,Имя,Имя,Валюта,Адрес,Сумма\nA,Б,В,TRX,{TRON},1\n");
    assert_told(
        &told(same, &[], 0),
        &[
            "\"Имя\" and \"Имя\" may each be payee, so neither is taken: rename the one that it is to payee",
        ],
    );
    let latin = format!("Рефeренс,Валюта,Адрес,Сумма\nA,TRX,{TRON},1\n");
    assert_told(
        &told(latin, &[], 0),
        &["\"Рефeренс\" is not reference: it contains the Latin letter 'e' among Cyrillic ones"],
    );
}

#[test]
fn amounts_beyond_reason_are_told() {
    let text = file(&[
        format!("A,BTC,{BITCOIN},23000"),
        format!("B,BTC,{BITCOIN},2000"),
    ]);
    let doubtful = told(text, &[], 0);
    assert_told(
        &doubtful,
        &[
            "payouts.csv:2: amount: warning: \"23000\" is more than 1/10000 of all the BTC there is | \
           check the amount: it is likely in satoshis",
        ],
    );
    assert!(!doubtful.contains("payouts.csv:3: amount"), "{doubtful}");
    let text = file(&[format!("A,ETH,{ETHEREUM},10500000000000000")]);
    assert_told(
        &told(text, &[], 3),
        &["is more ETH than there is | check the amount: it is written in whole ETH, not in wei"],
    );
}

#[test]
fn a_mark_that_may_separate_thousands_is_in_doubt() {
    let text = format!(
        "reference;currency_code;to_address;amount\nA;TRX;{TRON};1.000\nB;TRX;{OTHER_TRON};25.000\n"
    );
    assert_told(
        &told(&text, &[], 0),
        &[
            "warning: every point in an amount stands before three digits, so 1.000 may mean a thousand",
        ],
    );
    let european = text.replace("25.000", "25.000,50");
    assert_told(
        &told(european, &[], 3),
        &[
            "3: amount: \"25.000,50\" contains ',' | write 25000.50; where a point separates thousands, 1.500 is to be written 1500 too",
        ],
    );
    // Whatever else is said of such a value: the next one may be in doubt.
    for amount in [
        "25.000,500",
        "25.000,50 TRX",
        "25.000,500 TRX",
        "25.000,50 €",
    ] {
        let told = told(text.replace("25.000", amount), &[], 3);
        let also = "where a point separates thousands, 1.500 is to be written 1500 too";
        assert_told(&told, &[also]);
    }
    let in_english = told(text.replace("25.000", "25,000.50"), &["--decimal-comma"], 3);
    assert_told(
        &in_english,
        &["write 25000,50; where a comma separates thousands, 1,500 is to be written 1500 too"],
    );
    let english = text.replace(';', ",").replace("1.000", "\"1,000\"");
    assert_told(
        &told(
            english.replace("25.000", "\"25,000\""),
            &["--decimal-comma"],
            0,
        ),
        &["warning: every comma in an amount stands before three digits, so 1,000 may mean"],
    );
    let plain = told(text.replace("25.000", "25.5"), &[], 0);
    assert!(!plain.contains("thousand"), "{plain}");
    assert_told(
        &told(&text, &["--decimal-comma"], 3),
        &[
            "2: amount: \"1.000\" has a decimal point, and a comma was asked for | write 1,000, or 1000 if \
           the point separates thousands",
        ],
    );
}

#[test]
fn no_hint_changes_a_sum() {
    let rows: Vec<_> = [
        "$500",
        "100руб",
        "10k",
        "5 тыс",
        "1OO",
        "5%",
        "1 5",
        "1 234.56",
        "25 USDT",
        "25 BTC",
    ]
    .iter()
    .map(|amount| format!(",USDT_TRC20,{TRON},{amount}"))
    .collect();
    let told = told(file(&rows), &[], 3);
    let hints: Vec<_> = told
        .lines()
        .filter_map(|line| Some(line.split_once(" | write ")?.1))
        .collect();
    let with_number: Vec<_> = hints
        .iter()
        .filter(|hint| hint.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert_eq!(hints.len(), 10, "{told}");
    assert_eq!(
        with_number,
        [&"1234.56", &"25; the currency stands in currency_code"]
    );
}

#[test]
fn what_a_spreadsheet_leaves_behind_is_named_in_every_column() {
    let rows = [
        format!("A,BTC,\"=\"\"{BITCOIN}\"\"\",0.001"),
        format!("B,BTC,'{BITCOIN},0.002"),
        format!("C,TRX,{TRON},'5"),
        "D,BTC,#N/A,0.001".to_owned(),
        format!("E,TRX,{TRON},#REF!"),
        format!("F,TRX,{TRON},####"),
        format!("\"=\"\"0012\"\"\",TRX,{TRON},7"),
        format!("G,#ИМЯ?,{TRON},8"),
    ];
    assert_told(
        &told(file(&rows), &[], 3),
        &[
            &format!(
                "2: to_address: \"=\"{BITCOIN}\"\" is how a spreadsheet keeps a text as a formula | write \"{BITCOIN}\""
            ),
            &format!(
                "3: to_address: \"'{BITCOIN}\" begins with the apostrophe that marks a text in a spreadsheet | write \"{BITCOIN}\""
            ),
            "4: amount: \"'5\" begins with the apostrophe that marks a text in a spreadsheet | write \"5\"",
            "5: to_address: \"#N/A\" is a spreadsheet's error",
            "6: amount: \"#REF!\" is a spreadsheet's error",
            "7: amount: \"####\" is a spreadsheet's error",
            "8: reference: \"=\"0012\"\" is how a spreadsheet keeps a text as a formula | write \"0012\"",
            "9: currency_code: \"#ИМЯ?\" is a spreadsheet's error",
        ],
    );
}

#[test]
fn blanks_that_do_not_show_are_left_out_around_a_value() {
    let rows = [
        format!("A,BTC,{BITCOIN}\u{a0} ,0.001"),
        format!("\u{200b}B,TRX,{TRON},1\u{a0}234.56"),
    ];
    let told = told(file(&rows), &[], 3);
    assert_told(
        &told,
        &[
            "3: amount: \"1\\u{a0}234.56\" contains U+00A0 NO-BREAK SPACE | write 1234.56",
            "blanks around values that are not spaces are left out, on line 2 first",
        ],
    );
    assert_eq!(told.matches("NO-BREAK").count(), 1, "{told}");
}

#[test]
fn letters_that_only_look_right_are_named() {
    let rows = [
        format!("A,ВТС,{BITCOIN},0.001"),
        format!("B,USDТ_TRC20,{TRON},5"),
        format!("C,биткоин,{BITCOIN},0.002"),
    ];
    assert_told(
        &told(file(&rows), &[], 3),
        &[
            "4: currency_code: \"биткоин\" is not a currency code | write BTC",
            "2: currency_code: \"ВТС\" is not a currency code: it contains U+0412 CYRILLIC CAPITAL LETTER VE, which looks like B | write BTC",
            "3: currency_code: \"USDТ_TRC20\" is not a currency code: it contains U+0422 CYRILLIC CAPITAL LETTER TE, which looks like T | write USDT_TRC20",
        ],
    );
    let text = format!("reference,currency_code,to_аddress,amount\nA,TRX,{TRON},1\n");
    assert_told(
        &told(text, &[], 3),
        &[
            "1: \"to_аddress\" is not to_address: it contains U+0430 CYRILLIC SMALL LETTER A, which looks like a | rename the column to to_address",
        ],
    );
}

#[test]
fn codes_as_people_write_them_get_the_exact_code_and_are_fixed() {
    let codes = [
        "usdt_trc20",
        "USDT (TRC20)",
        "USDT TRC-20",
        "trc20usdt",
        "Tether TRC20",
        "usdt-tron",
    ];
    let rows: Vec<_> = (1..)
        .zip(codes)
        .map(|(amount, code)| format!(",{code},{TRON},{amount}"))
        .collect();
    let told = told(file(&rows), &[], 3);
    assert_eq!(
        told.matches("| write USDT_TRC20\n").count(),
        codes.len(),
        "{told}"
    );
    let scene = Scene::new("");
    scene.write(INPUT, file(&rows));
    let fix = scene.program(["validate", INPUT, "--fix", "new.csv"]);
    fix.stderr_has("new.csv: written, with 6 changes").go();
    let again = scene.program(["validate", "new.csv"]);
    again.stderr_has("6 payouts to submit").go();
}

#[test]
fn headers_are_read_as_people_write_them() {
    let russian = format!("Получатель;Валюта;Адрес;Сумма\nИван;BTC;{BITCOIN};0,001\n");
    assert_told(
        &told(russian, &["--decimal-comma"], 0),
        &[
            "\"Валюта\" is currency_code, \"Адрес\" is to_address, \"Сумма\" is amount, \"Получатель\" is payee",
            "1 payout to submit",
        ],
    );
    let scene = Scene::new("");
    let english = format!("Currency,Wallet,Sum\nBTC,{BITCOIN},1\n");
    scene.write(INPUT, english);
    let json = scene.program(["validate", INPUT, "--format", "json"]);
    json.stdout_has("\"notices\":[\"columns by other names: \\\"Currency\\\" is currency_code")
        .stderr_has("1 notice of how the file was read")
        .go();
    let title = format!("Payouts November,,,\n{HEADER}\nA,BTC,{BITCOIN},0.001\n");
    assert_told(
        &told(title, &[], 0),
        &["the header is on line 2; line 1 above it is passed over: \"Payouts November\""],
    );
    let merged = format!(
        "Выплаты за ноябрь;;;\n;;;\nВалюта;Кошелёк;К выплате, USDT;Комментарий\nUSDT_TRC20;{TRON};150,25;аванс\nИтого;;150,25;\n"
    );
    assert_told(
        &told(merged, &["--decimal-comma"], 3),
        &[
            "the header is on line 3",
            "5: this is a row of totals, not a payout | remove the row",
        ],
    );
    let unclear = format!("Валюта;Кошелёк 2;Всего, нетто\nTRX;{TRON};1\n");
    assert_told(
        &told(&unclear, &[], 3),
        &[
            "1: the header lacks the columns to_address and amount | it has \"Валюта\", \"Кошелёк 2\", \"Всего, нетто\"; is \"Кошелёк 2\" to_address? which is amount? say so with --columns 'to_address=Кошелёк 2,amount=…'",
        ],
    );
    for (header, expected) in [
        (
            "Валюта,Кошелёк TRC20,Кошелёк ERC20,Сумма",
            "1: \"Кошелёк TRC20\" and \"Кошелёк ERC20\" may each be to_address | say which one it is",
        ),
        (
            "Кошелек USDT,Сумма USDT",
            "if the file has no codes, add the column currency_code, with a code like USDT_TRC20 in every row",
        ),
        (
            "\"ФИО;Валюта;Адрес;Сумма\"",
            "1: the whole header is in quotes, so that it counts as one column | take away the quotes",
        ),
        (
            "Валюта,Адрес,Сумма,,Валюта,Адрес,Сумма",
            "1: every column is there more than once: two tables stand side by side | put the rows",
        ),
        (
            "Валюта,Адрес,Сумма,Сумма",
            "1: \"Сумма\" and \"Сумма\" may each be amount | rename the one that it is to amount",
        ),
        (
            "Вaлюта,Адрес,Сумма",
            "1: \"Вaлюта\" is not currency_code: it contains the Latin letter 'a' among Cyrillic ones | rename the column",
        ),
    ] {
        assert_told(&told(format!("{header}\n"), &[], 3), &[expected]);
    }
    let columns = ["--columns", "to_address=Кошелёк 2,amount=Всего, нетто"];
    assert_told(&told(&unclear, &columns, 0), &["1 payout to submit"]);
}

#[test]
fn of_two_columns_of_amounts_none_is_guessed() {
    let sheet = |amount: &str, other: &str| {
        format!("Валюта;Адрес;{amount};{other}\nUSDT_TRC20;{TRON};15000;150\n")
    };
    for (amount, other) in [
        ("Сумма", "К выплате USDT"),
        ("Сумма", "Сумма в USDT"),
        ("Сумма", "USDT"),
        ("Сумма, руб.", "Сумма USDT"),
        ("Сумма", "Сумма в руб."),
        ("Сумма", "Итого к выплате"),
        ("Сумма", "К перечислению"),
        ("Сумма", "Сумма на руки"),
        ("Сумма", "Сумма с комиссией"),
        ("Сумма", "Сумма за вычетом НДФЛ"),
        ("Сумма", "Сумма после НДФЛ"),
        ("Сумма", "Остаток к выплате"),
        ("Amount (USDT)", "Amount after fee"),
        ("К выплате", "К перечислению"),
        ("Сумма", "Итого"),
        ("Сумма, USDT", "Всего (USDT)"),
        ("Amount (USDT)", "Total"),
        ("Amount (USDT)", "Net amount"),
    ] {
        let asked = format!(
            "1: \"{amount}\" and \"{other}\" may each be amount | say which one it is: --columns 'amount=…'"
        );
        let sheet = sheet(amount, other);
        assert_told(&told(&sheet, &[], 3), &[&asked]);
        let given = format!("amount={other}");
        let read = told(&sheet, &["--columns", &given], 0);
        assert_told(&read, &["USDT_TRC20  1 ×  150"]);
    }
    for (amount, other) in [
        ("Сумма", "Курс USDT"),
        ("Сумма", "Комиссия, USDT"),
        ("amount", "Amount USD"),
        ("Сумма, USDT", "Эквивалент, руб."),
        ("Сумма, USDT", "Сумма в руб."),
        ("К выплате", "Итого"),
        ("Сумма, USDT", "Итого, руб."),
        ("Сумма, USDT", "Total hours"),
        ("Сумма", "Network fee"),
        ("Сумма", "Комиссия"),
        ("Сумма", "Сумма комиссии"),
        ("amount", "Total"),
        ("Сумма", "Допущен к выплате"),
        ("Сумма", "Остаток отпуска"),
    ] {
        assert_told(&told(sheet(amount, other), &[], 0), &["1 ×  15000"]);
    }
}

#[test]
fn what_may_be_paid_beside_amount_is_asked_about() {
    let sheet = |amount: &str, other: &str| {
        format!("Currency;Address;{amount};{other}\nUSDT_TRC20;{TRON};15000;150\n")
    };
    for (amount, other) in [
        ("amount", "net amount"),
        ("Amount", "Amount (USDT)"),
        ("Amount", "К выплате"),
    ] {
        let asked = format!(
            "1: warning: the column \"{other}\" may be what is to be paid, and \"{amount}\" is paid | make sure"
        );
        let sheet = sheet(amount, other);
        assert_told(&told(&sheet, &[], 0), &[&asked, "1 ×  15000"]);
        let given = format!("amount={amount}");
        let said = told(&sheet, &["--strict", "--columns", &given], 0);
        assert_told(&said, &["1 ×  15000"]);
    }
    for (amount, other) in [
        ("amount", "Total"),
        ("amount", "Network"),
        ("amount", "Fee, USDT"),
        ("amount", "amount, RUB"),
        ("Amount", "Сумма"),
    ] {
        let told = told(sheet(amount, other), &["--strict"], 0);
        assert_told(&told, &["1 ×  15000"]);
    }
}

#[test]
fn a_row_above_the_header_is_not_left_out() {
    let sorted = format!("Анна;TRX;{TRON};1\nФИО;Валюта;Адрес;Сумма\nЯна;TRX;{OTHER_TRON};2\n");
    assert_told(
        &told(&sorted, &[], 3),
        &["1: this row stands above the header, which is on line 2, and would not be paid | put"],
    );
    let totals = sorted.replace(&format!("Анна;TRX;{TRON}"), "Всего;TRX;");
    assert_told(&told(totals, &[], 0), &["1 payout to submit"]);
}

#[test]
fn a_header_that_goes_on_above_or_below_is_an_error() {
    // A memo's column would be ignored without the name above it.
    for (above, name) in [
        ("№;ФИО;Выплата;;;Memo", ""),
        ("№;ФИО;Выплата;;;Memo", "if any"),
        ("№;ФИО;Выплата;;;Memo\n;;Код;Кому и сколько;;", ""),
    ] {
        let row = format!("1;Анна;TON;{TON};1.5;10482391");
        let merged = format!("{above}\n;;Валюта;Адрес;Сумма;{name}\n{row}\n");
        let part = "1: a part of the header stands on this line: \"Memo\" | make one line";
        assert_told(&told(merged, &[], 3), &[part]);
    }
    // What is on the line below would be lost with that line.
    for (header, below, row, name) in [
        ("ФИО;Валюта;Адрес;Сумма;", ";;;;Memo", "10482391", "Memo"),
        ("ФИО;Валюта;Адрес;Сумма;", ";;;руб.;USDT", "150", "руб."),
    ] {
        let goes_on = format!("{header}\n{below}\nАнна;TON;{TON};1;{row}\n");
        let part =
            format!("2: a part of the header stands on this line: \"{name}\" | make one line");
        assert_told(&told(goes_on, &[], 3), &[&part]);
    }
    let heading = format!("ФИО;Валюта;Адрес;Сумма\nПримечание: всё в TRX;;;\nАнна;TRX;{TRON};1\n");
    let parts = ["2: currency_code, to_address and amount are missing"];
    assert_told(&told(heading, &[], 3), &parts);
    // A title is no part of it, and names no column: the next cell may be the decimals of an amount.
    let titled = format!("Memo: ноябрь;;;\n;Валюта;Адрес;Сумма\n1;TRX;{TRON};1\n");
    let apart = format!("Кому;нужен memo\n\n;;Валюта;Адрес;Сумма\n1;;TRX;{TRON};1\n");
    for sheet in [titled, apart] {
        assert_told(&told(sheet, &[], 0), &["1 payout to submit"]);
    }
    let month = format!("Ведомость,,,Октябрь\nВалюта,Адрес,Сумма,\nTRX,{TRON},150,25\n");
    let split = "3: \"150\" and \"25\" in the next cell may be one amount";
    assert_told(&told(month, &[], 3), &[split]);
}

#[test]
fn what_stands_above_a_header_does_not_change_what_is_paid() {
    let counted = format!(";Валюта;Адрес;Сумма\n1;TRX;{TRON};1\n");
    // Labels, and what a blank line parts from the header, are a title.
    for title in ["Ref:;Зарплата", "Memo:;нет", "Memo;Зарплата;;\n;;;"] {
        let parts = ["ignored column: column 1 without a name (\"1\")"];
        assert_told(&told(format!("{title}\n{counted}"), &[], 0), &parts);
    }
    let labels = format!("Сумма:;;Валюта:\n;Адрес:;\nВалюта;Адрес;Сумма\nTRX;{TRON};1\n");
    assert_told(&told(labels, &[], 0), &["the header is on line 3"]);
    // A second line takes no column out of view.
    let two_sums = "1: \"Сумма\" and \"К выплате USDT\" may each be amount";
    for below in [";нетто;;", "7;;;"] {
        let header = "Сумма;К выплате USDT;Валюта;Адрес";
        let sums = format!("{header}\n{below}\n10;9;TRX;{TRON}\n");
        assert_told(&told(sums, &[], 3), &[two_sums]);
    }
    let doubled = format!("amount;amount;currency_code;to_address\n;x;;\n5;6;TRX;{TRON}\n");
    let parts = ["1: the header has the column amount more than once"];
    assert_told(&told(doubled, &[], 3), &parts);
    let spread = format!("Сумма;К выплате;Код;\n;нетто;Валюта;Адрес\n10;9;TRX;{TRON}\n");
    assert_told(
        &told(spread, &[], 3),
        &["2: the header lacks the column amount"],
    );
}

#[test]
fn a_comment_on_a_sum_is_no_row_of_totals() {
    let without_address =
        "Валюта;Адрес;Сумма;Примечание\nTRX;;150;Сумма за октябрь\n1;;150;Итого\n";
    assert_told(
        &told(without_address, &[], 3),
        &[
            "2: to_address: to_address is missing",
            "3: this is a row of totals",
        ],
    );
}

#[test]
fn a_form_has_a_header_and_a_list_has_none() {
    let form = format!(
        "Reference*;Валюта / Currency:;Адрес/Address *;Сумма, USDT / Amount\nA;TRX;{TRON};1\n"
    );
    assert_told(
        &told(form, &[], 0),
        &["\"Сумма, USDT / Amount\" is amount", "1 payout to submit"],
    );
    let data = format!("Иванов;USDT;{TRON};1,5\nПетров;USDT;{OTHER_TRON};2,5\n");
    assert_told(
        &told(data, &[], 3),
        &["1: the first line is a row, not a header"],
    );
}

#[test]
fn amounts_in_another_unit_than_the_currency_are_warned_of_in_the_copy_too() {
    let rubles = format!("Валюта;Адрес;Сумма, руб.;Курс\nUSDT TRC20;{TRON};15000;100\n");
    let worth = format!("Валюта;Адрес;Сумма, USDT\nUSDT_TRC20;{TRON};100\nBTC;{BITCOIN};5\n");
    for (text, expected, copied) in [
        (
            rubles,
            "its name says руб, and there are payouts in USDT_TRC20",
            "amount (руб)",
        ),
        (
            worth,
            "its name says USDT, and there are payouts in BTC",
            "amount (USDT)",
        ),
    ] {
        let scene = Scene::new("");
        scene.write(INPUT, text);
        let fix = scene.program(["validate", INPUT, "--fix", "new.csv"]);
        fix.stderr_has(copied).stderr_has(expected).go();
        let copy = scene.program(["validate", "new.csv"]);
        copy.stderr_has(expected).go();
    }
    let asked = format!("Валюта;Адрес;Сумма рублей\nUSDT_TRC20;{TRON};100\n");
    assert_told(
        &told(asked, &["--columns", "amount=Сумма рублей"], 0),
        &["its name says рублей, and there are payouts in USDT_TRC20"],
    );
    let own = format!("Валюта;Адрес;Сумма, USDT\nUSDT_TRC20;{TRON};100\n");
    assert!(!told(own, &[], 0).contains("warning"));
}

#[test]
fn older_encodings_are_read_and_told_once() {
    let encoded = |text: &str| -> Vec<u8> {
        // Windows-1251 has the Russian letters in one row.
        let byte = |c: char| match u32::from(c) {
            code @ 0x410..=0x44f => u8::try_from(code - 0x410 + 0xc0).unwrap(),
            code => u8::try_from(code).unwrap(),
        };
        text.chars().map(byte).collect()
    };
    let header = format!("Получатель;Валюта;Адрес;Сумма\r\nРаботник;USDT_TRC20;{TRON};150,25\r\n");
    let reference =
        format!("reference;currency_code;to_address;amount\r\nЗАРПЛАТА-11;TRX;{TRON};150,25\r\n");
    for text in [header, reference] {
        let told = told(encoded(&text), &["--decimal-comma"], 0);
        assert_eq!(told.matches("windows-1251").count(), 1, "{told}");
        assert_told(&told, &["1 payout to submit"]);
    }
}

#[test]
fn marks_of_programs_are_no_part_of_the_rows() {
    let tab = format!("sep=\t\n{HEADER}\nA,BTC,{BITCOIN},0.001\n").replace(',', "\t");
    let ctrl_z = format!("{HEADER}\nA,BTC,{BITCOIN},0.001\n\u{1a}");
    for text in [tab, ctrl_z] {
        assert_told(&told(text, &[], 0), &["1 payout to submit"]);
    }
}

#[test]
fn a_record_is_refused_in_any_dialect() {
    let row = |more: &str| format!("A,BTC,{BITCOIN},1,{more}");
    for (columns, value) in [
        ("standing,attempts,invoice_id", "created,1,INV-1"),
        ("Invoice ID", "INV-1"),
        ("invоice-id", "INV-1"),
        ("severity,finding", "error,"),
    ] {
        let text = format!("{HEADER},{columns}\n{}\n", row(value));
        for text in [
            text.clone(),
            text.replace(',', ";"),
            text.replace(',', "\t"),
        ] {
            assert_told(
                &told(text, &[], 3),
                &["1: this is a record that ccbatch wrote"],
            );
        }
    }
    let cut = "line,invoice_id\n2,INV-1\n";
    assert_told(
        &told(cut, &[], 3),
        &["1: this is a record that ccbatch wrote"],
    );
    let form = format!("{HEADER},invoice_id\n{}\n", row(""));
    assert_told(&told(form, &[], 0), &["ignored column: invoice_id"]);
    // A payer's own numbers are none of the API's.
    let own = format!("{HEADER},Номер вывода\n{}\n", row("12"));
    assert_told(&told(own, &[], 0), &["ignored column: Номер вывода"]);
    let ids = format!("{HEADER},Invoice ID\n{}\n", row("2026-117"));
    assert_told(
        &told(ids, &[], 3),
        &["1: this is a record that ccbatch wrote"],
    );
}

#[test]
fn an_address_in_32_bytes_is_no_private_key() {
    let padded = format!(
        "0x{}5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        "0".repeat(24)
    );
    let told = told(file(&[format!("A,ETH,{padded},1")]), &[], 3);
    assert_told(
        &told,
        &[
            "2: to_address: this is an EVM address in 32 bytes, as event logs write it | the address is 0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ],
    );
    assert!(!told.contains("private key"), "{told}");
}

#[test]
fn rows_are_held_against_each_other() {
    let rows = [
        format!("PAY-1,USDT_TRC20,{TRON},150.25"),
        format!("PAY-2,USDT_TRC20,{TRON},99.5"),
        format!("pay-1,USDT_TRC20,{OTHER_TRON},6"),
        format!("\u{419},BTC,{BITCOIN},0.001"),
        format!("\u{418}\u{306},BTC,{BITCOIN},0.002"),
        format!("РАY-9,TRX,{OTHER_TRON},7"),
        format!("PAY-9,TRX,{OTHER_TRON},8"),
    ];
    assert_told(
        &told(file(&rows), &[], 3),
        &[
            "3: to_address: warning: the recipient of \"PAY-1\" on line 2 is paid here as well, under \"PAY-2\"",
            "4: reference: warning: the reference \"pay-1\" differs only in case from \"PAY-1\" on line 2",
            "6: reference: the reference \"\u{418}\u{306}\" is the same as on line 5, only composed of other characters",
            "8: reference: warning: the reference \"PAY-9\" looks like \"РАY-9\" on line 7",
        ],
    );
    let payees = format!(
        "{HEADER},Payee\nA,TRX,{TRON},1,Ann Lee\nB,TRX,{OTHER_TRON},2,ann  lee\nC,BTC,{BITCOIN},1,Ann Lee\n"
    );
    let told = told(payees, &[], 0);
    assert_told(
        &told,
        &[&format!(
            "3: payee: warning: \"ann  lee\" is paid at another address on line 2: {TRON}"
        )],
    );
    assert_told(&told, &["1 warning: 1 payee"]);
    let initials = format!(
        "ФИО;Валюта;Адрес;Сумма\nФёдоров А. И.;TRX;{TRON};1\nФедоров А.И.;TRX;{OTHER_TRON};2\n"
    );
    let warning = "3: payee: warning: \"Федоров А.И.\" is paid at another address on line 2";
    assert_told(&self::told(initials, &[], 0), &[warning]);
}
