//! A generated file of payouts: the same every time, valid to the last checksum, over all currencies.
//!
//! The addresses are made here with the field's own libraries, so that the program is not only
//! held against itself.

use bech32::segwit;
use bech32::{Fe32, Hrp};
use ccbatch::domain::{Currency, Network};
use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

/// Numbers without a pattern, the same in every run (SplitMix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// Begins a sequence.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// What is wrong with every row of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The last character of the address is another one.
    Checksum,
}

/// Writes a header and this many payouts.
pub(crate) fn write_file(rows: u64, fault: Fault, mut file: impl Write) -> io::Result<()> {
    let currencies: Vec<_> = Currency::all().collect();
    let mut numbers = Numbers::new(1);
    writeln!(file, "currency_code,to_address,amount,reference")?;
    for row in 0..rows {
        let currency = currencies[numbers.below(currencies.len() as u64) as usize];
        let mut address = address(currency.network(), &mut numbers);
        if fault == Fault::Checksum {
            let last = address.pop();
            address.push(if last == Some('a') { 'c' } else { 'a' });
        }
        let amount = amount(&mut numbers);
        writeln!(file, "{currency},{address},{amount},{row}")?;
    }
    Ok(())
}

/// Between 0.01 and 99.99, and without superfluous zeros.
fn amount(numbers: &mut Numbers) -> String {
    let hundredths = numbers.below(9_999) + 1;
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A valid address of the network.
pub(crate) fn address(network: Network, numbers: &mut Numbers) -> String {
    match network {
        Network::Bitcoin => match numbers.below(4) {
            0 => base58check(0x00, &numbers.bytes::<20>()),
            1 => base58check(0x05, &numbers.bytes::<20>()),
            2 => witness("bc", segwit::VERSION_0, &numbers.bytes::<20>()),
            _ => witness("bc", segwit::VERSION_1, &numbers.bytes::<32>()),
        },
        Network::Litecoin => match numbers.below(3) {
            0 => base58check(0x30, &numbers.bytes::<20>()),
            1 => base58check(0x32, &numbers.bytes::<20>()),
            _ => witness("ltc", segwit::VERSION_0, &numbers.bytes::<20>()),
        },
        Network::Tron => base58check(0x41, &numbers.bytes::<20>()),
        Network::Evm => evm(&numbers.bytes::<20>()),
        Network::Ton => ton(&numbers.bytes::<32>()),
        Network::Solana => solana(numbers),
    }
}

fn base58check(version: u8, body: &[u8]) -> String {
    let mut bytes = vec![version];
    bytes.extend_from_slice(body);
    let checksum = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&checksum[..4]);
    bs58::encode(bytes).into_string()
}

fn witness(prefix: &str, version: Fe32, program: &[u8]) -> String {
    let prefix = Hrp::parse(prefix).expect("a prefix of letters");
    segwit::encode(prefix, version, program).expect("a program of the right length")
}

/// In the mixed case of EIP-55.
fn evm(body: &[u8]) -> String {
    let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = keccak256(hex.as_bytes());
    let cased = hex.char_indices().map(|(place, digit)| {
        let nibble = hash[place / 2] >> (4 * (1 - place % 2)) & 0xf;
        if nibble >= 8 {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    format!("0x{}", cased.collect::<String>())
}

/// Of less than 136 bytes, which is one block.
fn keccak256(bytes: &[u8]) -> [u8; 32] {
    let mut block = [0u8; 136];
    block[..bytes.len()].copy_from_slice(bytes);
    block[bytes.len()] ^= 0x01;
    block[135] ^= 0x80;
    let mut state = [0u64; 25];
    for (lane, bytes) in state.iter_mut().zip(block.chunks_exact(8)) {
        *lane = u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    }
    keccak::Keccak::new().with_f1600(|f1600| f1600(&mut state));
    let mut hash = [0; 32];
    for (bytes, lane) in hash.chunks_exact_mut(8).zip(state) {
        bytes.copy_from_slice(&lane.to_le_bytes());
    }
    hash
}

/// Bounceable, in the base chain.
fn ton(account: &[u8; 32]) -> String {
    use base64::Engine;
    let mut bytes = vec![0x11, 0x00];
    bytes.extend_from_slice(account);
    let checksum = crc::Crc::<u16>::new(&crc::CRC_16_XMODEM).checksum(&bytes);
    bytes.extend_from_slice(&checksum.to_be_bytes());
    base64::engine::general_purpose::URL_SAFE.encode(bytes)
}

/// On the curve, as a wallet's address is.
fn solana(numbers: &mut Numbers) -> String {
    loop {
        let bytes = numbers.bytes::<32>();
        if CompressedEdwardsY(bytes).decompress().is_some() {
            return bs58::encode(bytes).into_string();
        }
    }
}
