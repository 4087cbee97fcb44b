//! What holds for every network: explanations, secrets, and that no text does harm.

use proptest::prelude::*;

use super::*;

/// The bytes of hex digits.
pub(super) fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Replaces each character by several others and expects a refusal, or the very same recipient
/// (TON writes two values in two ways each).
pub(super) fn no_single_change_is_accepted(network: Network, text: &str) {
    let account = *read(network, text).unwrap().account();
    for (at, was) in text.char_indices() {
        for other in "019AZaklz+/-_ 3LMT1".chars().filter(|other| *other != was) {
            let mut changed = text.to_owned();
            changed.replace_range(at..at + 1, &other.to_string());
            match read(network, &changed) {
                Err(_) => {}
                Ok(address) => {
                    assert_eq!(address.account(), &account, "{text} and {changed}");
                    assert_eq!(network, Network::Ton, "{text} and {changed}");
                }
            }
        }
    }
}

fn error(network: Network, text: &str) -> AddressError {
    check(network, text).unwrap_err()
}

/// One valid address of each network.
const VALID: [(Network, &str); 6] = [
    (Network::Bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    (Network::Litecoin, "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1"),
    (Network::Tron, "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7"),
    (Network::Evm, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
    (
        Network::Ton,
        "Ef_lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7-_uY3zXDvq",
    ),
    (
        Network::Solana,
        "83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri",
    ),
];

#[test]
fn another_network_s_address_is_told_as_such() {
    for (network, text) in VALID {
        for (other, _) in VALID {
            if other == network {
                assert!(check(other, text).is_ok(), "{text}");
            } else {
                let error = error(other, text);
                assert_eq!(error.other_network(), Some(network), "{text} on {other}");
                assert_eq!(error.kind(), "wrong network");
            }
        }
    }
    assert_eq!(
        error(Network::Evm, VALID[2].1).to_string(),
        "this is a TRON address"
    );
    assert_eq!(
        error(Network::Tron, VALID[3].1).to_string(),
        "this is an EVM address"
    );
}

#[test]
fn a_broken_address_of_another_network_is_told_by_its_look() {
    let error = error(Network::Evm, "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU8");
    assert_eq!(error.other_network(), Some(Network::Tron));
    assert_eq!(
        error.to_string(),
        "this looks like a TRON address with a mistake in it"
    );
}

#[test]
fn a_broken_address_is_the_network_s_own_to_explain() {
    let old = error(Network::Litecoin, "3P14159f73E4gFr7JterCCQh9QjiTjiZrH");
    assert_eq!((old.kind(), old.other_network()), ("checksum", None));
    let broken = error(Network::Bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb");
    assert_eq!((broken.kind(), broken.other_network()), ("checksum", None));
    let letter = error(Network::Bitcoin, "1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0a");
    assert_eq!((letter.kind(), letter.span()), ("character", Some(32..33)));
    let capital = error(Network::Evm, "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    assert_eq!((capital.kind(), capital.span()), ("form", Some(0..2)));
    let short = error(Network::Tron, "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU");
    assert_eq!(
        short.to_string(),
        "33 characters, but a TRON address has 34"
    );
    assert_eq!(error(Network::Ton, "").to_string(), "there is no address");
    // With a character too many it is base58 of 32 bytes, which any Solana address is.
    let long = "bc1qjpypve75chk3d5r69a7pg6hn8w5x5n7zw4wz35q";
    assert!(solana::decode(long).is_ok());
    let bitcoin = error(Network::Bitcoin, long);
    assert_eq!(
        (bitcoin.kind(), bitcoin.other_network()),
        ("checksum", None)
    );
    let other = error(Network::Tron, long).other_network();
    assert_eq!(other, Some(Network::Bitcoin));
}

#[test]
fn test_networks_are_named_whichever_currency_it_is() {
    for network in Network::ALL {
        let error = error(
            network,
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        );
        assert_eq!(error.kind(), "test network");
    }
}

#[test]
fn blanks_and_strange_letters_are_named() {
    for (_, text) in VALID {
        for network in Network::ALL {
            let (head, tail) = text.split_at(9);
            for odd in ['\u{200b}', ' ', '\u{a0}', 'а', '\n'] {
                let error = error(network, &format!("{head}{odd}{tail}"));
                assert_eq!(error.kind(), "character");
                assert_eq!(error.span(), Some(9..9 + odd.len_utf8()));
            }
        }
    }
}

/// What is pasted in place of an address, and words of what is said about it.
const PASTED: &[(&str, &str)] = &[
    (
        "tronscan.org/#/address/TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7",
        "link to a web page",
    ),
    ("t.me/somebody", "link to a web page"),
    (
        "bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1",
        "payment link",
    ),
    (
        "ethereum:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed@1",
        "payment link",
    ),
    (
        "ton://transfer/EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs",
        "payment link",
    ),
    (
        "solana:83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri",
        "payment link",
    ),
    ("tron:TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7", "payment link"),
    (
        "https://tronscan.org/#/address/TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7",
        "web page",
    ),
    ("name.eth", "this is a name"),
    ("name.sol", "this is a name"),
    ("some-name.t.me", "this is a name"),
    ("XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS", "ICAP"),
    (
        "41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "TRON address in hex",
    ),
    (
        "0x41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "TRON address in hex",
    ),
    ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "without its 0x"),
    (
        "-1:e56754f83426f69b09267bd876ac97c44821345b7e266bd956a7bfbfb98df35c",
        "raw form",
    ),
    (
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
        "extended public key",
    ),
    (
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "public key",
    ),
    ("payments@example.org", "e-mail"),
    ("@example", "user name"),
    (
        "lnbc20m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqhp5",
        "Lightning",
    ),
    ("48127350", "user id"),
    ("5.19E+47", "spreadsheet"),
    ("0x5aAe\u{2026}eAed", "shortened"),
    ("0x5aAe...eAed", "shortened"),
];

#[test]
fn pasted_things_are_recognised() {
    for (text, message) in PASTED {
        for network in Network::ALL {
            let error = error(network, text);
            assert_eq!(error.kind(), "not an address", "{text}");
            assert!(error.to_string().contains(*message), "{text}: {error}");
            assert!(!error.is_secret());
        }
    }
    let link = error(Network::Evm, "tron:TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7");
    assert_eq!(
        (link.span(), link.other_network()),
        (Some(0..5), Some(Network::Tron))
    );
    // The same address on another chain may be nobody's.
    for text in [
        "arb1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "ethereum:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed@42161?value=1",
    ] {
        let hint = error(Network::Evm, text).hint(text);
        assert!(
            hint.contains("before the colon is the network that the code pays on"),
            "{hint}"
        );
    }
}

/// Keys from the specifications: BIP-38's and the wiki's examples, BIP-32's first vector, and
/// BIP-39's first mnemonic.
const SECRETS: [&str; 9] = [
    "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ",
    "KwdMAjGmerYanjeui5SHS7JkmpZvVipYvB2LJGU1ZxJwYvP98617",
    "6PRVWUbkzzsbcVac2qwfssoUJAN1Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg",
    "e9873d79c6d87dc0fb6a5778633389f4453213303da61f20bd67fc233aa33262",
    "0xe9873d79c6d87dc0fb6a5778633389f4453213303da61f20bd67fc233aa33262",
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
    "[174,47,154,16,202,193,206,113,199,190,53,133,169,175,31,56,222,53,138,189,189,21,242,225]",
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    "4jJqBU8t3cPTFXBFJt7qhCSsYBDwDzBCHx9LrGcCPYvJX9K3gRoVRQAGQrjWQqdqZnJxN6EZ7tPQbuEpcz4WYtdN",
];

#[test]
fn secrets_are_known_and_never_shown() {
    for text in SECRETS {
        for network in Network::ALL {
            for text in [
                text.to_owned(),
                format!("\"{text}\""),
                format!("{text}\u{200b}"),
                format!("\u{feff}{text}"),
            ] {
                if text.starts_with("\"[") || text.contains("about") || text.contains('[') {
                    continue;
                }
                let error = error(network, &text);
                assert!(error.is_secret(), "{text}");
                assert_eq!((error.kind(), error.span()), ("secret", None));
                let shown = format!("{error} {error:?} {}", error.hint(&text));
                assert!(!shown.contains(&text[4..12]));
            }
        }
        assert!(error(Network::Tron, text).is_secret(), "{text}");
    }
}

#[test]
fn messages_are_lower_case_without_a_full_stop() {
    let texts = SECRETS.iter().chain(VALID.iter().map(|(_, text)| text));
    for text in texts.chain(&[
        "",
        "x",
        "name.eth",
        "\u{200b}",
        "0xdead000000000000000000000000000000000000",
    ]) {
        for network in Network::ALL {
            if let Err(error) = check(network, text) {
                for line in [error.to_string(), error.hint(text)] {
                    assert!(!line.ends_with('.') && !line.is_empty(), "{line}");
                    let first = line.chars().next().unwrap();
                    assert!(!first.is_uppercase(), "{line}");
                }
            }
        }
    }
}

#[test]
fn an_error_stays_small() {
    assert!(size_of::<AddressError>() <= 48);
}

/// So many cases where other properties have 256, for many checksums take long; `PROPTEST_CASES` asks
/// for more of all.
pub(super) fn cases(few: u32) -> ProptestConfig {
    ProptestConfig::with_cases(few * ProptestConfig::default().cases.div_ceil(256))
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn no_text_panics(text in "\\PC{0,80}", network in prop::sample::select(&Network::ALL[..])) {
        if let Err(error) = check(network, &text) {
            let _ = (error.to_string(), error.hint(&text), error.kind(), error.other_network());
            if let Some(span) = error.span() {
                prop_assert!(text.get(span).is_some());
            }
        }
    }

    #[test]
    fn no_near_miss_panics(
        (valid_on, text) in prop::sample::select(&VALID[..]),
        network in prop::sample::select(&Network::ALL[..]),
        at in 0usize..34,
        with in "\\PC{0,3}",
    ) {
        let mut text = text.to_owned();
        text.replace_range(at..at + 1, &with);
        match check(network, &text) {
            Ok(_) => prop_assert!(network == valid_on || network == Network::Solana),
            Err(error) => {
                let _ = (error.to_string(), error.hint(&text));
                if let Some(span) = error.span() {
                    prop_assert!(text.get(span).is_some());
                }
            }
        }
    }
}
