//! A segwit address is a witness program in bech32 or bech32m: a human-readable part, a `1`, the
//! witness version, the program in groups of five bits, and six characters of checksum.
//!
//! Source: BIP-173, and BIP-350 for bech32m. The checksum is computed with a table of 32 entries
//! because it is taken over every character of every address; the crate `bech32` is its oracle
//! in the tests.

use super::account::Form;
use super::confusable;
use super::error::Fault;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// In an entry of [`VALUES`]: the value of the character.
const VALUE: u8 = 0b0001_1111;
/// In an entry of [`VALUES`]: a small letter.
const SMALL: u8 = 0b0010_0000;
/// In an entry of [`VALUES`]: a capital letter.
const CAPITAL: u8 = 0b0100_0000;
/// In an entry of [`VALUES`]: a character outside the alphabet.
const FOREIGN: u8 = 0b1000_0000;

/// The value and the case of each character.
const VALUES: [u8; 256] = {
    let mut values = [FOREIGN; 256];
    let mut value = 0u8;
    while (value as usize) < ALPHABET.len() {
        let character = ALPHABET[value as usize];
        if character.is_ascii_alphabetic() {
            values[character as usize] = value | SMALL;
            values[character.to_ascii_uppercase() as usize] = value | CAPITAL;
        } else {
            values[character as usize] = value;
        }
        value = value.wrapping_add(1);
    }
    values
};

/// The generator of BIP-173.
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];

/// What each value of the five bits shifted out adds to the state.
const FEEDBACK: [u32; 32] = {
    let mut feedback = [0; 32];
    let mut top = 0usize;
    while top < feedback.len() {
        let mut bit = 0usize;
        while bit < GENERATOR.len() {
            if top & (1 << bit) != 0 {
                feedback[top] ^= GENERATOR[bit];
            }
            bit = bit.wrapping_add(1);
        }
        top = top.wrapping_add(1);
    }
    feedback
};

const fn step(state: u32, value: u8) -> u32 {
    ((state & 0x01ff_ffff) << 5) ^ value as u32 ^ FEEDBACK[(state >> 25) as usize]
}

/// What the checksum must come to for witness version 0 (BIP-173).
const BECH32: u32 = 1;
/// What the checksum must come to for every later version (BIP-350).
const BECH32M: u32 = 0x2bc8_30a3;

/// Characters of the checksum.
const CHECKSUM: usize = 6;
/// The most characters after the human-readable part and the `1` in an address of today: the
/// version, 32 bytes in 52 characters, and the checksum.
const MAX_DATA: usize = 59;

/// A network's human-readable part, with the checksum's state after it.
pub(super) struct Prefix {
    text: &'static str,
    state: u32,
}

impl Prefix {
    /// The prefix without its `1`, in small letters.
    pub(super) const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut state = 1;
        let mut index = 0usize;
        while index < bytes.len() {
            state = step(state, bytes[index] >> 5);
            index = index.wrapping_add(1);
        }
        state = step(state, 0);
        index = 0;
        while index < bytes.len() {
            state = step(state, bytes[index] & 31);
            index = index.wrapping_add(1);
        }
        Self { text, state }
    }

    /// Whether the text begins with the prefix and its `1`, in whatever case.
    pub(super) fn begins(&self, text: &str) -> bool {
        has_prefix(text, self.text)
    }
}

/// Whether the text begins with a human-readable part and its `1`, in whatever case.
pub(super) fn has_prefix(text: &str, prefix: &str) -> bool {
    text.as_bytes()
        .split_at_checked(prefix.len())
        .is_some_and(|(head, rest)| {
            head.eq_ignore_ascii_case(prefix.as_bytes()) && rest.first() == Some(&b'1')
        })
}

/// A witness program of today: version 0 with 20 or 32 bytes, or version 1 with 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) form: Form,
    bytes: [u8; 32],
    length: usize,
}

impl Program {
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// The program of a text that begins with the prefix.
///
/// Versions 2 to 16 are refused although BIP-350 asks wallets to send to them: nobody can own
/// such an output today, and anybody may take it.
pub(super) fn decode(prefix: &Prefix, text: &str) -> Result<Program, Fault> {
    let head = prefix.text.len();
    let data_at = head.saturating_add(1);
    let data = text.as_bytes().get(data_at..).unwrap_or_default();

    let mut seen = text.bytes().take(head).fold(0, |seen, byte| {
        seen | if byte.is_ascii_uppercase() {
            CAPITAL
        } else {
            SMALL
        }
    });
    let mut state = prefix.state;
    for &byte in data {
        let entry = VALUES[usize::from(byte)];
        seen |= entry;
        state = step(state, entry & VALUE);
    }
    if seen & FOREIGN != 0 {
        let foreign = |&byte: &u8| VALUES[usize::from(byte)] & FOREIGN != 0;
        let at = data.iter().position(foreign).unwrap_or_default();
        let at = data_at.saturating_add(at);
        return Err(Fault::Character(confusable::at(text, at)));
    }
    if seen & SMALL != 0 && seen & CAPITAL != 0 {
        return Err(Fault::MixedCase);
    }
    let Some((&[version, ref program @ ..], _checksum)) = data.split_last_chunk::<CHECKSUM>()
    else {
        return Err(Fault::Size);
    };
    let version = VALUES[usize::from(version)] & VALUE;
    let wanted = if version == 0 { BECH32 } else { BECH32M };
    if state != wanted {
        return Err(match state {
            BECH32 | BECH32M => Fault::WitnessVariant,
            _ => Fault::Checksum,
        });
    }
    unpack(version, program)
}

/// The bytes of the program, of which each character holds five bits.
fn unpack(version: u8, program: &[u8]) -> Result<Program, Fault> {
    let form = match version {
        0 => Form::Witness0,
        1 => Form::Witness1,
        _ => return Err(Fault::WitnessVersion(version)),
    };
    if program.len() > MAX_DATA {
        return Err(Fault::WitnessLength);
    }
    let (mut bytes, mut length) = ([0u8; 32], 0usize);
    let (mut pending, mut bits) = (0u32, 0u32);
    for &character in program {
        let value = VALUES[usize::from(character)] & VALUE;
        pending = (pending << 5) | u32::from(value);
        bits = bits.wrapping_add(5);
        if bits >= 8 {
            bits = bits.wrapping_sub(8);
            let Some(slot) = bytes.get_mut(length) else {
                return Err(Fault::WitnessLength);
            };
            *slot = u8::try_from((pending >> bits) & 0xff).unwrap_or_default();
            length = length.wrapping_add(1);
        }
    }
    // What is left over is less than a byte: at most four bits, all of them zero (BIP-173).
    let left_over = pending & !(u32::MAX << bits);
    if bits >= 5 || left_over != 0 {
        return Err(Fault::WitnessPadding);
    }
    match (form, length) {
        (Form::Witness0, 20 | 32) | (Form::Witness1, 32) => Ok(Program {
            form,
            bytes,
            length,
        }),
        _ => Err(Fault::WitnessLength),
    }
}

/// Writes a witness program as an address; addresses are made for tests only.
#[cfg(test)]
pub(super) fn encode(prefix: &str, version: u8, program: &[u8]) -> String {
    let prefix = bech32::Hrp::parse(prefix).unwrap();
    let version = bech32::Fe32::try_from(version).unwrap();
    bech32::segwit::encode(prefix, version, program).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bech32::primitives::decode::SegwitHrpstring;
    use proptest::prelude::*;

    const BC: Prefix = Prefix::new("bc");

    /// What the crate says about the same text, by our rule about versions.
    fn oracle(text: &str) -> Option<(u8, Vec<u8>)> {
        let address = SegwitHrpstring::new(text).ok()?;
        let version = address.witness_version().to_u8();
        let program: Vec<u8> = address.byte_iter().collect();
        let is_of_today = matches!((version, program.len()), (0, 20 | 32) | (1, 32));
        (address.hrp().to_lowercase() == "bc" && is_of_today).then_some((version, program))
    }

    fn ours(text: &str) -> Option<(u8, Vec<u8>)> {
        if !BC.begins(text) {
            return None;
        }
        let program = decode(&BC, text).ok()?;
        let version = u8::from(program.form == Form::Witness1);
        Some((version, program.bytes().to_vec()))
    }

    /// A text with the right checksum over whatever values.
    fn sealed(values: &[u8], checksum: u32) -> String {
        let mut state = BC.state;
        let mut text = String::from("bc1");
        for &value in values {
            state = step(state, value);
            text.push(char::from(ALPHABET[usize::from(value)]));
        }
        state = (0..CHECKSUM).fold(state, |state, _| step(state, 0)) ^ checksum;
        for place in (0..CHECKSUM).rev() {
            text.push(char::from(ALPHABET[(state >> (5 * place)) as usize & 31]));
        }
        text
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(256))]

        #[test]
        fn it_reads_what_the_crate_wrote(program: [u8; 32], version in 0u8..=1, short: bool) {
            let program = if short && version == 0 { &program[..20] } else { &program[..] };
            let text = encode("bc", version, program);
            prop_assert_eq!(ours(&text), Some((version, program.to_vec())));
            prop_assert_eq!(ours(&text.to_uppercase()), Some((version, program.to_vec())));
        }

        /// With the checksum right, what remains is version, length and padding.
        #[test]
        fn it_accepts_what_the_crate_accepts(
            mut values in prop::collection::vec(0u8..32, 0..90),
            version in 0u8..4,
            length in prop::sample::select(vec![33usize, 53, 52, 54, 34]),
            resize: bool,
            zero_end: bool,
            variant: bool,
        ) {
            if resize {
                values.resize(length, 0);
            }
            if let Some(first) = values.first_mut() {
                *first = version;
            }
            if let (true, Some(last)) = (zero_end, values.last_mut()) {
                *last &= 0b10000;
            }
            let text = sealed(&values, if variant { BECH32 } else { BECH32M });
            prop_assert_eq!(ours(&text), oracle(&text), "{}", text);
        }

        #[test]
        fn it_refuses_what_the_crate_refuses(text in "(bc|BC|bC|tb)1[ -~]{0,70}") {
            prop_assert_eq!(ours(&text), oracle(&text));
        }
    }
}
