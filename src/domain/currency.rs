//! A [`Currency`] is one of the codes that the API pays out, with its network and its decimals.
//!
//! The one table below is the only place that knows them: adding a currency is adding a line.
//! Source of the codes: the table of currencies in CryptoCloud's withdrawal API documentation
//! (its older and its newer edition). Source of the decimals: each token's own contract.

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

/// A line of the table.
struct Entry {
    code: &'static str,
    network: Network,
    chain: &'static str,
    decimals: u8,
    contract: Option<&'static str>,
    listing: Listing,
}

const fn entry(
    code: &'static str,
    network: Network,
    chain: &'static str,
    decimals: u8,
    contract: Option<&'static str>,
    listing: Listing,
) -> Entry {
    Entry {
        code,
        network,
        chain,
        decimals,
        contract,
        listing,
    }
}

use Listing::{Current, Gone, Newer};
use Network::{Bitcoin, Evm, Litecoin, Solana, Ton, Tron};

/// The code, its network, the chain's own name, the decimals, the token's contract or mint.
#[rustfmt::skip]
const TABLE: [Entry; 42] = [
    entry("BTC",         Bitcoin,  "Bitcoin",         8,  None, Current),
    entry("LTC",         Litecoin, "Litecoin",        8,  None, Current),
    entry("TRX",         Tron,     "TRON",            6,  None, Current),
    entry("USDT_TRC20",  Tron,     "TRON",            6,  None, Current),
    entry("USDD_TRC20",  Tron,     "TRON",            18, None, Current),
    entry("ETH",         Evm,      "Ethereum",        18, None, Current),
    entry("ETH_ARB",     Evm,      "Arbitrum One",    18, None, Current),
    entry("ETH_OPT",     Evm,      "OP Mainnet",      18, None, Current),
    entry("ETH_BASE",    Evm,      "Base",            18, None, Current),
    entry("USDT_ERC20",  Evm,      "Ethereum",        6,  None, Current),
    entry("USDC_ERC20",  Evm,      "Ethereum",        6,  None, Current),
    entry("USDT_ARB",    Evm,      "Arbitrum One",    6,  None, Current),
    entry("USDC_ARB",    Evm,      "Arbitrum One",    6,  None, Current),
    entry("USDT_OPT",    Evm,      "OP Mainnet",      6,  None, Current),
    entry("USDC_OPT",    Evm,      "OP Mainnet",      6,  None, Current),
    entry("USDC_BASE",   Evm,      "Base",            6,  None, Current),
    entry("TUSD_ERC20",  Evm,      "Ethereum",        18, None, Gone),
    entry("SHIB_ERC20",  Evm,      "Ethereum",        18, None, Current),
    entry("BNB",         Evm,      "BNB Smart Chain", 18, None, Current),
    entry("USDT_BSC",    Evm,      "BNB Smart Chain", 18, None, Current),
    entry("USDC_BSC",    Evm,      "BNB Smart Chain", 18, None, Current),
    entry("TUSD_BSC",    Evm,      "BNB Smart Chain", 18, None, Gone),
    entry("TON",         Ton,      "TON",             9,  None, Current),
    entry("USDT_TON",    Ton,      "TON",             6,  None, Current),
    entry("SOL",         Solana,   "Solana",          9,  None, Current),
    entry("USDT_SOL",    Solana,   "Solana",          6,  None, Current),
    entry("USDC_SOL",    Solana,   "Solana",          6,  None, Current),
    entry("DAI_ERC20",   Evm,      "Ethereum",        18, None, Newer),
    entry("DAI_ARB",     Evm,      "Arbitrum One",    18, None, Newer),
    entry("DAI_OPT",     Evm,      "OP Mainnet",      18, None, Newer),
    entry("DAI_BASE",    Evm,      "Base",            18, None, Newer),
    entry("DAI_BSC",     Evm,      "BNB Smart Chain", 18, None, Newer),
    entry("ARB_ARB",     Evm,      "Arbitrum One",    18, None, Newer),
    entry("OP_OPT",      Evm,      "OP Mainnet",      18, None, Newer),
    entry("PEPE_ERC20",  Evm,      "Ethereum",        18, None, Newer),
    entry("PEPE_BSC",    Evm,      "BNB Smart Chain", 18, None, Newer),
    entry("SHIB_BSC",    Evm,      "BNB Smart Chain", 18, None, Newer),
    entry("PYUSD_ERC20", Evm,      "Ethereum",        6,  None, Newer),
    entry("XAUT_ERC20",  Evm,      "Ethereum",        6,  None, Newer),
    entry("PYUSD_SOL",   Solana,   "Solana",          6,  None, Newer),
    entry("TRUMP_SOL",   Solana,   "Solana",          6,  None, Newer),
    entry("XAUT_TON",    Ton,      "TON",             6,  None, Newer),
];

/// How many codes the table holds; [`Currency::index`] is always less.
pub const CURRENCY_COUNT: usize = TABLE.len();

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
        Self::all().find(|currency| currency.code() == code)
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
        self.entry().code
    }

    /// The network whose address format it uses.
    #[must_use]
    pub fn network(self) -> Network {
        self.entry().network
    }

    /// The chain's own name, which for EVM tells more than the network.
    #[must_use]
    pub fn chain(self) -> &'static str {
        self.entry().chain
    }

    /// How many decimals its minor unit has.
    #[must_use]
    pub fn decimals(self) -> u8 {
        self.entry().decimals
    }

    /// The token's contract or mint, which is never a recipient.
    #[must_use]
    pub fn contract(self) -> Option<&'static str> {
        self.entry().contract
    }

    /// Which edition of the API's documentation lists it.
    #[must_use]
    pub fn listing(self) -> Listing {
        self.entry().listing
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
    fn the_older_edition_lists_27_codes() {
        assert_eq!(
            Currency::all()
                .filter(|c| c.listing() != Listing::Newer)
                .count(),
            27
        );
    }
}
