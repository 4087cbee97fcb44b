//! A [`Recipient`] is a text to check as an address: any text, or one that another library has
//! made with a right checksum, so that the fuzzer comes past the checksums at all.

use arbitrary::Arbitrary;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bech32::{Fe32, Hrp};
use ccbatch::address;
use ccbatch::domain::Network;

/// A text to check as an address.
#[derive(Arbitrary, Debug)]
pub enum Recipient<'a> {
    /// As it is.
    Text(&'a str),
    /// One of the known version bytes, a hash, a checksum.
    Base58Check(u8, [u8; 20]),
    /// A version and a program under one of the known prefixes.
    Segwit(u8, u8, bool, [u8; 32]),
    /// Lower-case hexadecimal.
    Hex([u8; 20]),
    /// A tag, a workchain and an account with their CRC, in either alphabet.
    Ton(bool, u8, bool, [u8; 32]),
    /// Base58 without a checksum.
    Key([u8; 32]),
}

/// P2PKH, P2SH, Litecoin's `L` and `M`, TRON, and three of test networks.
const VERSIONS: [u8; 8] = [0x00, 0x05, 0x30, 0x32, 0x41, 0x6f, 0xc4, 0x3a];

const PREFIXES: [&str; 6] = ["bc", "ltc", "tb", "bcrt", "tltc", "ltcmweb"];

/// Bounceable and not, and both for test networks only.
const TAGS: [u8; 4] = [0x11, 0x51, 0x91, 0xd1];

fn pick<T: Copy>(choices: &[T], by: u8) -> T {
    choices[usize::from(by) % choices.len()]
}

impl Recipient<'_> {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Base58Check(version, hash) => {
                let bytes = [&[pick(&VERSIONS, *version)], &hash[..]].concat();
                bs58::encode(bytes).with_check().into_string()
            }
            Self::Segwit(prefix, version, is_short, program) => {
                let version = Fe32::try_from(version % 17).expect("five bits");
                let prefix = Hrp::parse(pick(&PREFIXES, *prefix)).expect("a prefix");
                let length = if *is_short { 20 } else { 32 };
                bech32::segwit::encode(prefix, version, &program[..length]).expect("a program")
            }
            Self::Hex(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                format!("0x{}", digits.collect::<String>())
            }
            Self::Ton(is_url_safe, tag, is_master, account) => {
                let workchain = if *is_master { 0xff } else { 0 };
                let mut bytes = [&[pick(&TAGS, *tag), workchain], &account[..]].concat();
                let sum = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM).checksum(&bytes);
                bytes.extend(sum.to_be_bytes());
                match is_url_safe {
                    true => URL_SAFE_NO_PAD.encode(bytes),
                    false => STANDARD.encode(bytes),
                }
            }
            Self::Key(bytes) => bs58::encode(bytes).into_string(),
        }
    }

    /// Whether the text is an address of the main network by all the rules of its making.
    fn is_genuine(&self, network: Network) -> bool {
        match (self, network) {
            (Self::Base58Check(version, _), _) => match pick(&VERSIONS, *version) {
                0x00 => network == Network::Bitcoin,
                0x05 => matches!(network, Network::Bitcoin | Network::Litecoin),
                0x30 | 0x32 => network == Network::Litecoin,
                0x41 => network == Network::Tron,
                _ => false,
            },
            (Self::Segwit(prefix, version, is_short, _), _) => {
                let is_known = version % 17 == 0 || version % 17 == 1 && !is_short;
                match pick(&PREFIXES, *prefix) {
                    "bc" => is_known && network == Network::Bitcoin,
                    "ltc" => is_known && network == Network::Litecoin,
                    _ => false,
                }
            }
            (Self::Ton(_, tag, ..), Network::Ton) => pick(&TAGS, *tag) < 0x80,
            (Self::Hex(_), Network::Evm) | (Self::Key(_), Network::Solana) => true,
            _ => false,
        }
    }
}

/// Whatever the text: an address or an error, without a panic, and the same among others as alone.
/// What is accepted is plain, is accepted again with the same account, and is refused once a letter
/// of it is another, where the network has a checksum. What is genuine is accepted, unless nobody
/// could spend it.
pub fn check(network: Network, recipient: &Recipient<'_>) {
    let text = recipient.text();
    let checked = address::check(network, &text);
    let mut found = Vec::new();
    address::check_all(&[(network, &text)], &mut found);
    assert_eq!(found, [checked.ok()]);
    let address = match checked {
        Ok(address) => address,
        Err(error) => {
            let shown = format!("{error} {}", error.hint(&text));
            assert!(!shown.contains(char::is_control), "{shown:?}");
            assert!(error.span().is_none_or(|span| text.get(span).is_some()));
            let is_unspendable = error.kind() == "refused recipient";
            assert!(
                is_unspendable || !recipient.is_genuine(network),
                "{text}: {error}"
            );
            return;
        }
    };
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert_eq!(address::check(network, &text).as_ref(), Ok(&address));
    assert!(
        recipient.is_genuine(network) || matches!(recipient, Recipient::Text(_)),
        "{text} is not an address of {network}"
    );
    if !matches!(network, Network::Evm | Network::Solana) {
        mistyped(network, &text);
    }
}

/// One wrong letter is always seen: four bytes of SHA-256 by all chances, a BCH code and a CRC by
/// construction.
fn mistyped(network: Network, text: &str) {
    for place in 0..text.len() {
        let mut wrong = text.as_bytes().to_vec();
        wrong[place] = if wrong[place] == b'7' { b'8' } else { b'7' };
        let wrong = String::from_utf8(wrong).expect("ASCII");
        assert!(address::check(network, &wrong).is_err(), "{wrong}");
    }
}
