//! A generated file of payouts: the same every time, valid to the last checksum, over all currencies.
//!
//! The addresses are made here with the field's own libraries, so that the program is not only
//! compared with itself.

use bech32::segwit;
use bech32::{Fe32, Hrp};
use ccbatch::domain::currency::CURRENCY_COUNT;
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

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every row is right.
    Clean,
    /// The last character of every address is another one.
    Checksum,
    /// Nothing in any row is right.
    EveryCell,
    /// Nothing is, and each cell is a word, as the names of columns are.
    Words,
    /// Every row is there twice.
    Twice,
    /// All rows are the same.
    Same,
    /// All addresses begin and end alike.
    Lookalikes,
    /// One row in eight has an address without a checksum, and each of 20,000 recipients is paid
    /// many times.
    Warnings,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Clean,
        Self::Checksum,
        Self::EveryCell,
        Self::Words,
        Self::Twice,
        Self::Same,
        Self::Lookalikes,
        Self::Warnings,
    ];

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Checksum => "every address wrong",
            Self::EveryCell => "every cell wrong",
            Self::Words => "every cell a word",
            Self::Twice => "every row twice",
            Self::Same => "all rows the same",
            Self::Lookalikes => "all addresses alike",
            Self::Warnings => "many warnings",
        }
    }
}

/// What stands in a file of words.
const WORDS: [&str; 8] = [
    "alpha", "beta", "gamma", "delta", "omega", "north", "south", "west",
];

/// How many recipients a file with many warnings has.
const RECIPIENTS: u64 = 20_000;

/// Writes a header and this many payouts.
pub(crate) fn write_file(rows: u64, kind: Kind, mut file: impl Write) -> io::Result<()> {
    writeln!(file, "currency_code,to_address,amount,reference")?;
    for row in 0..rows {
        // Each row by itself, so that one can be written again.
        let line = match kind {
            Kind::Clean => line(row, row),
            Kind::Checksum => {
                let mut numbers = Numbers::new(row);
                let currency = currency(&mut numbers);
                let mut address = address(currency.network(), &mut numbers);
                let last = address.pop();
                address.push(if last == Some('a') { 'c' } else { 'a' });
                format!("{currency},{address},{},{row}", amount(&mut numbers))
            }
            Kind::EveryCell => format!("btcx,0x{row:x},{row} apples,=x{row}"),
            Kind::Words => {
                let word = |place: u64| WORDS[(row / place % WORDS.len() as u64) as usize];
                format!("{},{}{},{},{row}", word(1), word(8), word(64), word(3))
            }
            Kind::Twice => line(row % (rows / 2).max(1), row % (rows / 2).max(1)),
            Kind::Same => line(0, 0),
            Kind::Lookalikes => {
                let mut body = Numbers::new(row).bytes::<20>();
                body[..2].fill(0xab);
                body[18..].fill(0xcd);
                format!("ETH,{},0.{},{row}", evm(&body), row + 1)
            }
            Kind::Warnings => {
                let mut numbers = Numbers::new(row % RECIPIENTS);
                let currency = currency(&mut numbers);
                let mut address = address(currency.network(), &mut numbers);
                if row % RECIPIENTS < RECIPIENTS / 8 {
                    address = format!("0x{}", address_digits(&mut numbers));
                }
                let code = if address.starts_with("0x") {
                    "ETH"
                } else {
                    currency.code()
                };
                format!("{code},{address},{}.{:02},", row % 97 + 1, row % 89 + 1)
            }
        };
        writeln!(file, "{line}")?;
    }
    Ok(())
}

/// A row that is right, the same for the same seed.
fn line(seed: u64, reference: u64) -> String {
    let mut numbers = Numbers::new(seed);
    let currency = currency(&mut numbers);
    let address = address(currency.network(), &mut numbers);
    format!("{currency},{address},{},{reference}", amount(&mut numbers))
}

fn currency(numbers: &mut Numbers) -> Currency {
    let place = numbers.below(CURRENCY_COUNT as u64) as usize;
    Currency::all().nth(place).expect("a place in the table")
}

/// 40 digits in small letters.
fn address_digits(numbers: &mut Numbers) -> String {
    let body = numbers.bytes::<20>();
    body.iter().map(|byte| format!("{byte:02x}")).collect()
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
