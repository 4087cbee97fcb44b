//! A [`Currency`] is one of the codes that the API pays out, with its network and its decimals.
//!
//! The one table below is the only place that knows them: adding a currency is adding a line.
//! Source of the codes: the table of currencies in CryptoCloud's withdrawal API documentation
//! (its older and its newer edition). Source of the decimals: each token's own contract.

use super::amount::power_of_ten;
use std::fmt;

/// A family of networks that share one address format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// Bitcoin's main network.
    Bitcoin,
    /// Litecoin's main network.
    Litecoin,
    /// TRON's main network.
    Tron,
    /// Ethereum and every chain that uses its addresses.
    Evm,
    /// The Open Network, both of its workchains.
    Ton,
    /// Solana's main network.
    Solana,
}

impl Network {
    /// Every network, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Bitcoin,
        Self::Litecoin,
        Self::Tron,
        Self::Evm,
        Self::Ton,
        Self::Solana,
    ];

    /// "a TRON", "an EVM".
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Bitcoin => "a Bitcoin",
            Self::Litecoin => "a Litecoin",
            Self::Tron => "a TRON",
            Self::Evm => "an EVM",
            Self::Ton => "a TON",
            Self::Solana => "a Solana",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bitcoin => "Bitcoin",
            Self::Litecoin => "Litecoin",
            Self::Tron => "TRON",
            Self::Evm => "EVM",
            Self::Ton => "TON",
            Self::Solana => "Solana",
        })
    }
}

/// Which edition of the API's documentation lists a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Both editions.
    Current,
    /// The newer edition only.
    Newer,
    /// The older edition only: the API may refuse it.
    Gone,
}

/// A line of the table: the code, its network, the chain's own name, the decimals, how much there
/// can be of it, the token's contract or mint, and who lists it.
struct Entry(
    &'static str,
    Network,
    &'static str,
    u8,
    u64,
    Option<&'static str>,
    Listing,
);

use Listing::{Current, Gone, Newer};
use Network::{Bitcoin, Evm, Litecoin, Solana, Ton, Tron};

/// As many decimals as any currency has.
pub const MOST_DECIMALS: u8 = 18;

/// How much there can be is a bound, in whole coins: the limit that the chain or the contract sets,
/// or else several times what was in circulation in 2026. It must stay above the truth for years.
///
/// On BNB Smart Chain these are the Binance-peg tokens, on TON the jetton masters. Contracts that
/// an issuer has left behind (the first USDD, bridged USDC) are refused as recipients in
/// `address::denylist`.
#[rustfmt::skip]
const TABLE: [Entry; 42] = [
    Entry("BTC",         Bitcoin,  "Bitcoin",         8,  21_000_000,           None, Current),
    Entry("LTC",         Litecoin, "Litecoin",        8,  84_000_000,           None, Current),
    Entry("TRX",         Tron,     "TRON",            6,  150_000_000_000,      None, Current),
    Entry("USDT_TRC20",  Tron,     "TRON",            6,  200_000_000_000,      Some("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"), Current),
    Entry("USDD_TRC20",  Tron,     "TRON",            18, 10_000_000_000,       Some("TXDk8mbtRbXeYuMNS83CfKPaYYT8XWv9Hz"), Current),
    Entry("ETH",         Evm,      "Ethereum",        18, 150_000_000,          None, Current),
    Entry("ETH_ARB",     Evm,      "Arbitrum One",    18, 150_000_000,          None, Current),
    Entry("ETH_OPT",     Evm,      "OP Mainnet",      18, 150_000_000,          None, Current),
    Entry("ETH_BASE",    Evm,      "Base",            18, 150_000_000,          None, Current),
    Entry("USDT_ERC20",  Evm,      "Ethereum",        6,  200_000_000_000,      Some("0xdAC17F958D2ee523a2206206994597C13D831ec7"), Current),
    Entry("USDC_ERC20",  Evm,      "Ethereum",        6,  200_000_000_000,      Some("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), Current),
    Entry("USDT_ARB",    Evm,      "Arbitrum One",    6,  50_000_000_000,       Some("0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9"), Current),
    Entry("USDC_ARB",    Evm,      "Arbitrum One",    6,  50_000_000_000,       Some("0xaf88d065e77c8cC2239327C5EDb3A432268e5831"), Current),
    Entry("USDT_OPT",    Evm,      "OP Mainnet",      6,  50_000_000_000,       Some("0x94b008aA00579c1307B0EF2c499aD98a8ce58e58"), Current),
    Entry("USDC_OPT",    Evm,      "OP Mainnet",      6,  50_000_000_000,       Some("0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85"), Current),
    Entry("USDC_BASE",   Evm,      "Base",            6,  50_000_000_000,       Some("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"), Current),
    Entry("TUSD_ERC20",  Evm,      "Ethereum",        18, 10_000_000_000,       Some("0x0000000000085d4780B73119b644AE5ecd22b376"), Gone),
    Entry("SHIB_ERC20",  Evm,      "Ethereum",        18, 1_000_000_000_000_000, Some("0x95aD61b0a150d79219dCF64E1E6Cc01f0B64C4cE"), Current),
    Entry("BNB",         Evm,      "BNB Smart Chain", 18, 200_000_000,          None, Current),
    Entry("USDT_BSC",    Evm,      "BNB Smart Chain", 18, 50_000_000_000,       Some("0x55d398326f99059fF775485246999027B3197955"), Current),
    Entry("USDC_BSC",    Evm,      "BNB Smart Chain", 18, 50_000_000_000,       Some("0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d"), Current),
    Entry("TUSD_BSC",    Evm,      "BNB Smart Chain", 18, 10_000_000_000,       Some("0x40af3827F39D0EAcBF4A168f8D4ee67c121D11c9"), Gone),
    Entry("TON",         Ton,      "TON",             9,  10_000_000_000,       None, Current),
    Entry("USDT_TON",    Ton,      "TON",             6,  50_000_000_000,       Some("EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"), Current),
    Entry("SOL",         Solana,   "Solana",          9,  1_000_000_000,        None, Current),
    Entry("USDT_SOL",    Solana,   "Solana",          6,  50_000_000_000,       Some("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"), Current),
    Entry("USDC_SOL",    Solana,   "Solana",          6,  50_000_000_000,       Some("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"), Current),
    Entry("DAI_ERC20",   Evm,      "Ethereum",        18, 20_000_000_000,       Some("0x6B175474E89094C44Da98b954EedeAC495271d0F"), Newer),
    Entry("DAI_ARB",     Evm,      "Arbitrum One",    18, 20_000_000_000,       Some("0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1"), Newer),
    Entry("DAI_OPT",     Evm,      "OP Mainnet",      18, 20_000_000_000,       Some("0xDA10009cBd5D07dd0CeCc66161FC93D7c9000da1"), Newer),
    Entry("DAI_BASE",    Evm,      "Base",            18, 20_000_000_000,       Some("0x50c5725949A6F0c72E6C4a641F24049A917DB0Cb"), Newer),
    Entry("DAI_BSC",     Evm,      "BNB Smart Chain", 18, 20_000_000_000,       Some("0x1AF3F329e8BE154074D8769D1FFa4eE058B1DBc3"), Newer),
    Entry("ARB_ARB",     Evm,      "Arbitrum One",    18, 20_000_000_000,       Some("0x912CE59144191C1204E64559FE8253a0e49E6548"), Newer),
    Entry("OP_OPT",      Evm,      "OP Mainnet",      18, 10_000_000_000,       Some("0x4200000000000000000000000000000000000042"), Newer),
    Entry("PEPE_ERC20",  Evm,      "Ethereum",        18, 421_000_000_000_000,  Some("0x6982508145454Ce325dDbE47a25d4ec3d2311933"), Newer),
    Entry("PEPE_BSC",    Evm,      "BNB Smart Chain", 18, 421_000_000_000_000,  Some("0x25d887Ce7a35172C62FeBFD67a1856F20FaEbB00"), Newer),
    Entry("SHIB_BSC",    Evm,      "BNB Smart Chain", 18, 1_000_000_000_000_000, Some("0x2859e4544C4bB03966803b044A93563Bd2D0DD4D"), Newer),
    Entry("PYUSD_ERC20", Evm,      "Ethereum",        6,  20_000_000_000,       Some("0x6c3ea9036406852006290770BEdFcAbA0e23A0e8"), Newer),
    Entry("XAUT_ERC20",  Evm,      "Ethereum",        6,  5_000_000,            Some("0x68749665FF8D2d112Fa859AA293F07A622782F38"), Newer),
    Entry("PYUSD_SOL",   Solana,   "Solana",          6,  20_000_000_000,       Some("2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo"), Newer),
    Entry("TRUMP_SOL",   Solana,   "Solana",          6,  1_000_000_000,        Some("6p6xgHyF7AeE6TZkSmFsko444wqoP15icUSqi2jfGiPN"), Newer),
    Entry("XAUT_TON",    Ton,      "TON",             6,  5_000_000,            Some("EQA1R_LuQCLHlMgOo1S4G7Y7W1cd0FrAkbA10Zq7rddKxi9k"), Newer),
];

/// How many codes the table holds; [`Currency::index`] is always less.
pub const CURRENCY_COUNT: usize = TABLE.len();

/// The places in the table by the hash of their codes, made while compiling, so that a code is
/// found by one look and not by comparing it with all the others, a million times for a file of a
/// million rows. Where two hashes are equal, the later code has the next slot that was free.
const SLOTS: [u8; SLOT_COUNT] = {
    let mut slots = [EMPTY; SLOT_COUNT];
    let mut place = 0;
    while place < CURRENCY_COUNT {
        let mut slot = first_slot(TABLE[place].0.as_bytes());
        while slots[slot] != EMPTY {
            slot = next_slot(slot);
        }
        slots[slot] = place as u8;
        place += 1;
    }
    slots
};

/// Several times as many as there are codes, so that few have to be looked for twice.
const SLOT_COUNT: usize = 256;

/// What is in a slot without a code.
const EMPTY: u8 = u8::MAX;

const fn first_slot(code: &[u8]) -> usize {
    let mut hash = 0u64;
    let mut rest = code;
    while let [byte, others @ ..] = rest {
        // An odd number without a pattern in its bits: the golden ratio's.
        hash = (hash ^ *byte as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        rest = others;
    }
    (hash >> 56) as usize
}

const fn next_slot(slot: usize) -> usize {
    slot.wrapping_add(1) % SLOT_COUNT
}

/// A currency on a network, as the API names it: a line of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency(u8);

impl Currency {
    /// Every currency, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(CURRENCY_COUNT).map(Self)
    }

    /// The currency of a code, letter for letter.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let mut slot = first_slot(code.as_bytes());
        loop {
            let currency = match SLOTS[slot] {
                EMPTY => return None,
                place => Self(place),
            };
            if currency.code() == code {
                return Some(currency);
            }
            slot = next_slot(slot);
        }
    }

    fn entry(self) -> &'static Entry {
        &TABLE[self.index()]
    }

    /// Its place in the table, less than [`CURRENCY_COUNT`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The API's code, `USDT_TRC20`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// The network whose address format it uses.
    #[must_use]
    pub fn network(self) -> Network {
        self.entry().1
    }

    /// The chain's own name, which for EVM tells more than the network.
    #[must_use]
    pub fn chain(self) -> &'static str {
        self.entry().2
    }

    /// How many decimals its minor unit has.
    #[must_use]
    pub fn decimals(self) -> u8 {
        self.entry().3
    }

    /// At most so many minor units of it exist.
    #[must_use]
    pub fn supply(self) -> u128 {
        let units = power_of_ten(self.decimals().into()).unwrap_or(u128::MAX);
        u128::from(self.entry().4).saturating_mul(units)
    }

    /// What its smallest unit is called.
    #[must_use]
    pub fn minor_unit(self) -> &'static str {
        match (self.network(), self.contract()) {
            (Network::Bitcoin, _) => "satoshi",
            (Network::Litecoin, _) => "litoshi",
            (Network::Tron, None) => "sun",
            (Network::Evm, None) => "wei",
            (Network::Ton, None) => "nanoton",
            (Network::Solana, None) => "lamport",
            (Network::Tron | Network::Evm | Network::Ton | Network::Solana, Some(_)) => {
                "the token's smallest unit"
            }
        }
    }

    /// The token's contract or mint, which is never a recipient; a chain's own coin has none.
    #[must_use]
    pub fn contract(self) -> Option<&'static str> {
        self.entry().5
    }

    /// The coin or token without its network: `USDT` for `USDT_TRC20`.
    #[must_use]
    pub fn ticker(self) -> &'static str {
        let code = self.code();
        code.split_once('_').map_or(code, |(ticker, _)| ticker)
    }

    /// What a payer of this currency may have meant when the address belongs to `network`: the
    /// same ticker there, or else that network's own coins.
    pub fn on_network(self, network: Network) -> impl Iterator<Item = Self> {
        let there = move || Self::all().filter(move |currency| currency.network() == network);
        let is_known_there = there().any(|currency| currency.ticker() == self.ticker());
        there().filter(move |currency| {
            if is_known_there {
                currency.ticker() == self.ticker()
            } else {
                currency.contract().is_none()
            }
        })
    }

    /// Which edition of the API's documentation lists it.
    #[must_use]
    pub fn listing(self) -> Listing {
        self.entry().6
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_found_again() {
        for currency in Currency::all() {
            assert_eq!(Currency::from_code(currency.code()), Some(currency));
        }
        assert_eq!(Currency::from_code("btc"), None);
    }

    #[test]
    fn no_currency_has_more_decimals_than_the_most() {
        let most = Currency::all().map(Currency::decimals).max();
        assert_eq!(most, Some(MOST_DECIMALS));
    }

    #[test]
    fn only_a_chain_s_own_coin_has_no_contract() {
        let own: Vec<_> = Currency::all()
            .filter(|currency| currency.contract().is_none())
            .map(Currency::code)
            .collect();
        assert_eq!(
            own,
            [
                "BTC", "LTC", "TRX", "ETH", "ETH_ARB", "ETH_OPT", "ETH_BASE", "BNB", "TON", "SOL"
            ]
        );
    }

    #[test]
    fn the_same_ticker_is_found_on_another_network() {
        let codes = |code, network| -> Vec<_> {
            let currency = Currency::from_code(code).unwrap();
            currency.on_network(network).map(Currency::code).collect()
        };
        assert_eq!(codes("USDT_ERC20", Network::Tron), ["USDT_TRC20"]);
        assert_eq!(codes("PYUSD_SOL", Network::Evm), ["PYUSD_ERC20"]);
        assert_eq!(
            codes("USDT_TRC20", Network::Evm),
            ["USDT_ERC20", "USDT_ARB", "USDT_OPT", "USDT_BSC"]
        );
        assert_eq!(codes("USDT_TRC20", Network::Bitcoin), ["BTC"]);
        assert_eq!(
            codes("BTC", Network::Evm),
            ["ETH", "ETH_ARB", "ETH_OPT", "ETH_BASE", "BNB"]
        );
    }

    #[test]
    fn supplies_can_be_counted() {
        for currency in Currency::all() {
            let units = 10u128.pow(currency.decimals().into());
            assert!(currency.supply() / units >= 1_000_000, "{currency}");
            assert!(currency.supply() < u128::MAX / 100_000, "{currency}");
        }
        let btc = Currency::from_code("BTC").unwrap();
        assert_eq!(btc.supply(), 2_100_000_000_000_000);
    }

    #[test]
    fn the_older_edition_lists_27_codes() {
        assert_eq!(
            Currency::all()
                .filter(|c| c.listing() != Listing::Newer)
                .count(),
            27
        );
    }
}
