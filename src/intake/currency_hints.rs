//! A currency hint is the code that an unknown code stands for: for certain, where the text names
//! the coin and its network and only spells them otherwise, or else by a guess.

use crate::address::{self, confusable};
use crate::domain::Currency;
use foldhash::HashMap;
use std::sync::LazyLock;

/// Names of coins beside their tickers, as [`letters`] leaves them.
const COINS: [(&str, &str); 24] = [
    ("bitcoin", "BTC"),
    ("xbt", "BTC"),
    ("биткоин", "BTC"),
    ("биткойн", "BTC"),
    ("litecoin", "LTC"),
    ("лайткоин", "LTC"),
    ("tron", "TRX"),
    ("трон", "TRX"),
    ("ethereum", "ETH"),
    ("ether", "ETH"),
    ("эфир", "ETH"),
    ("эфириум", "ETH"),
    ("tether", "USDT"),
    ("тетер", "USDT"),
    ("tetherusd", "USDT"),
    ("usdtether", "USDT"),
    ("usdcoin", "USDC"),
    ("toncoin", "TON"),
    ("тон", "TON"),
    ("solana", "SOL"),
    ("солана", "SOL"),
    ("усдт", "USDT"),
    ("binancecoin", "BNB"),
    ("shibainu", "SHIB"),
];

/// Names of chains, as [`letters`] leaves them, and the chain's own name in the table.
const CHAINS: [(&str, &str); 37] = [
    ("trc20", "TRON"),
    ("trc", "TRON"),
    ("tron", "TRON"),
    ("trx", "TRON"),
    ("erc20", "Ethereum"),
    ("erc", "Ethereum"),
    ("ethereum", "Ethereum"),
    ("eth", "Ethereum"),
    ("bep20", "BNB Smart Chain"),
    ("bep", "BNB Smart Chain"),
    ("bsc", "BNB Smart Chain"),
    ("bnb", "BNB Smart Chain"),
    ("bnbsmartchain", "BNB Smart Chain"),
    ("binancesmartchain", "BNB Smart Chain"),
    ("arb", "Arbitrum One"),
    ("arbitrum", "Arbitrum One"),
    ("arbitrumone", "Arbitrum One"),
    ("opt", "OP Mainnet"),
    ("op", "OP Mainnet"),
    ("optimism", "OP Mainnet"),
    ("opmainnet", "OP Mainnet"),
    ("base", "Base"),
    ("ton", "TON"),
    ("toncoin", "TON"),
    ("sol", "Solana"),
    ("solana", "Solana"),
    ("spl", "Solana"),
    ("btc", "Bitcoin"),
    ("bitcoin", "Bitcoin"),
    ("ltc", "Litecoin"),
    ("litecoin", "Litecoin"),
    ("jetton", "TON"),
    ("splsolana", "Solana"),
    ("polygon", "Polygon"),
    ("matic", "Polygon"),
    ("avalanche", "Avalanche"),
    ("avax", "Avalanche"),
];

/// Other coins that are a letter away from a code, which is not meant by them.
const OTHER_COINS: [&str; 10] = [
    "etc", "ethw", "weth", "wbtc", "btcb", "btg", "btt", "bnt", "trb", "pol",
];

/// The letters of every code, made once.
static CODES: LazyLock<Vec<(String, Currency)>> = LazyLock::new(|| {
    Currency::all()
        .map(|currency| (letters(currency.code()), currency))
        .collect()
});

/// The ticker for each name of a coin and for itself in small letters, made once: a text is cut at
/// every letter, and each part is looked up.
static TICKERS: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let tickers = Currency::all().map(|it| (it.ticker().to_ascii_lowercase(), it.ticker()));
    let names = COINS
        .iter()
        .map(|(name, ticker)| ((*name).to_owned(), *ticker));
    tickers.chain(names).collect()
});

/// More different letters than this are another word.
const MOST_DIFFERENCES: usize = 2;

/// The longest text that is compared with the codes letter by letter.
const MOST_LETTERS: usize = 32;

/// What a text that is not a code may stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// This code, only spelled otherwise.
    Certain(Currency),
    /// This code, by the address or as the most similar one.
    Likely(Currency),
    /// One of these: they are one coin on several networks.
    OneOf(Vec<Currency>),
    /// A coin on a chain on which the API does not pay it.
    NotPaid {
        /// The coin.
        ticker: &'static str,
        /// The chain.
        chain: &'static str,
    },
    /// Nothing that is known.
    Unknown,
}

/// The code that a text names for certain, in a row that says this of its network.
pub(super) fn certain(text: &str, network: &str) -> Option<Currency> {
    match named(&letters(text), network) {
        Some(Meant::Certain(currency)) => Some(currency),
        _ => None,
    }
}

/// What a text that is not a code stands for, in a row with this network and this address.
pub(super) fn meant(text: &str, (network, address): (&str, &str)) -> Meant {
    let bare = letters(text);
    if bare.is_empty() {
        return Meant::Unknown;
    }
    if let Some(meant) = named(&bare, network) {
        return meant;
    }
    if OTHER_COINS.contains(&bare.as_str()) {
        return Meant::Unknown;
    }
    let mut codes = of_one_coin(&bare);
    if codes.is_empty() {
        codes = on_one_chain(&bare);
    }
    if codes.is_empty() {
        codes = nearest(&bare);
    }
    // The address decides between several, if it is one.
    let fits = |currency: &Currency| address::check(currency.network(), address).is_ok();
    if codes.len() > 1 && codes.iter().any(fits) {
        codes.retain(fits);
    }
    match codes.as_slice() {
        [] => Meant::Unknown,
        [code] => Meant::Likely(*code),
        _ => Meant::OneOf(codes),
    }
}

/// The code that letters name: the code itself, a chain's own coin, or a coin together with its
/// chain, in any order; or that a coin is on the only chain that the network is.
fn named(bare: &str, network: &str) -> Option<Meant> {
    if let Some((_, currency)) = CODES.iter().find(|(code, _)| code == bare) {
        return Some(Meant::Certain(*currency));
    }
    // Bitcoin is BTC and nothing else, but Tether may be on any network.
    if let Some((_, ticker)) = COINS.iter().find(|(name, _)| *name == bare) {
        let currency = Currency::from_code(ticker).filter(|it| it.contract().is_none());
        if let Some(currency) = currency {
            return Some(Meant::Certain(currency));
        }
    }
    let mut not_paid = None;
    let places = bare.char_indices().map(|(place, _)| place).skip(1);
    for (first, last) in places.map(|place| bare.split_at(place)) {
        for (coin, chain) in [(first, last), (last, first)] {
            let (Some(ticker), Some(chain)) = (ticker(coin), chain_of(chain)) else {
                continue;
            };
            let meant = on_chain(ticker, chain);
            if let Meant::Certain(_) = meant {
                return Some(meant);
            }
            // The coin comes first: ARB (ETH) is not ETH on Arbitrum.
            not_paid = Some(meant);
            break;
        }
    }
    not_paid.or_else(|| {
        let mut chains = chains(network);
        let chain = chains.next()?;
        let ticker = ticker(bare).filter(|_| chains.all(|other| other == chain))?;
        Some(on_chain(ticker, chain))
    })
}

/// The code of a coin on a chain, if it is paid there.
fn on_chain(ticker: &'static str, chain: &'static str) -> Meant {
    let mut all = Currency::all();
    let code = all.find(|it| it.ticker() == ticker && it.chain() == chain);
    code.map_or(Meant::NotPaid { ticker, chain }, Meant::Certain)
}

/// The ticker that letters name.
fn ticker(letters: &str) -> Option<&'static str> {
    TICKERS.get(letters).copied()
}

/// The chain that letters name.
fn chain_of(letters: &str) -> Option<&'static str> {
    let chain = CHAINS.iter().find(|(name, _)| *name == letters);
    chain.map(|(_, chain)| *chain)
}

/// Whether a text like `BEP20 (BSC)` names chains, and the currency's is not among them.
pub(super) fn is_of_another_chain(text: &str, currency: Currency) -> bool {
    let mut chains = chains(text).peekable();
    chains.peek().is_some() && chains.all(|chain| chain != currency.chain())
}

/// The chains that a text names.
fn chains(text: &str) -> impl Iterator<Item = &'static str> {
    let words = text.split(|c: char| c.is_whitespace() || "()[],;/|:".contains(c));
    words.filter_map(|word| chain_of(&letters(word)))
}

/// The codes of a coin that is named without its network.
fn of_one_coin(bare: &str) -> Vec<Currency> {
    let Some(ticker) = ticker(bare) else {
        return Vec::new();
    };
    Currency::all()
        .filter(|currency| currency.ticker() == ticker)
        .collect()
}

/// The commonest token of a network that is named without a coin: what people mean by `TRC20`.
fn on_one_chain(bare: &str) -> Vec<Currency> {
    let Some(chain) = chain_of(bare) else {
        return Vec::new();
    };
    Currency::all()
        .filter(|currency| currency.chain() == chain && currency.ticker() == "USDT")
        .collect()
}

/// The letters and digits of a text, small, with an ASCII letter for each that only looks like one.
fn letters(text: &str) -> String {
    let only = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .take(MOST_LETTERS)
            .collect()
    };
    let small = only(text);
    match confusable::as_ascii(text) {
        // `ТОН` looks like `TOH`, and is a Russian word.
        Some(ascii) if !COINS.iter().any(|(name, _)| *name == small) => only(&ascii),
        _ => small,
    }
}

/// The codes that differ in the fewest letters, if these are few.
fn nearest(bare: &str) -> Vec<Currency> {
    let length = bare.chars().count();
    let most = MOST_DIFFERENCES.min(length / 3);
    // A code that is much longer or shorter differs in as many letters.
    let of_this_length = CODES
        .iter()
        .filter(|(code, _)| code.len().abs_diff(length) <= most);
    let near: Vec<_> = of_this_length
        .map(|(code, currency)| (*currency, strsim::osa_distance(bare, code)))
        .filter(|(_, distance)| *distance <= most)
        .collect();
    let fewest = near.iter().map(|(_, distance)| *distance).min();
    near.into_iter()
        .filter(|(_, distance)| Some(*distance) == fewest)
        .map(|(currency, _)| currency)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn a_code_is_certain_where_coin_and_network_are_named() {
        for (text, expected) in [
            ("btc", "BTC"),
            ("usdt_trc20", "USDT_TRC20"),
            ("USDT (TRC20)", "USDT_TRC20"),
            ("USDT TRC-20", "USDT_TRC20"),
            ("trc20usdt", "USDT_TRC20"),
            ("Tether TRC20", "USDT_TRC20"),
            ("USDT_TRON", "USDT_TRC20"),
            ("USDC_OPTIMISM", "USDC_OPT"),
            ("USDT BEP20", "USDT_BSC"),
            ("Bitcoin", "BTC"),
            ("ВТС", "BTC"),
            ("USDТ_TRC20", "USDT_TRC20"),
            ("Ethereum", "ETH"),
            ("ETH (Base)", "ETH_BASE"),
            ("ETH ARB", "ETH_ARB"),
            ("TRC20 USDT", "USDT_TRC20"),
            ("TON (Toncoin)", "TON"),
            ("биткоин", "BTC"),
            ("ТРОН", "TRX"),
            ("ТОН", "TON"),
        ] {
            assert_eq!(certain(text, ""), Some(code(expected)), "{text}");
        }
        for text in [
            "USDT",
            "TRC20",
            "tether",
            "DOGE",
            "",
            "USDT_TCR20",
            "TRUMP",
            "ETH BSC",
            "ARB (ETH)",
            "OP_ETH",
        ] {
            assert_eq!(certain(text, ""), None, "{text}");
        }
    }

    #[test]
    fn the_code_meant_is_guessed() {
        let likely = |text| Meant::Likely(code(text));
        let tron = "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC";
        for (text, address, expected) in [
            ("TRUMP", "", likely("TRUMP_SOL")),
            ("USDT_TCR20", "", likely("USDT_TRC20")),
            ("trc20", "", likely("USDT_TRC20")),
            ("USDT", tron, likely("USDT_TRC20")),
            ("BTX", "", likely("BTC")),
            (
                "USDTRC20",
                "",
                Meant::OneOf(vec![
                    code("USDT_TRC20"),
                    code("USDD_TRC20"),
                    code("USDT_ERC20"),
                ]),
            ),
            ("DOGE", "", Meant::Unknown),
            ("ETC", "", Meant::Unknown),
            ("WBTC", "", Meant::Unknown),
            ("", "", Meant::Unknown),
            (
                "ETH BSC",
                "",
                Meant::NotPaid {
                    ticker: "ETH",
                    chain: "BNB Smart Chain",
                },
            ),
        ] {
            assert_eq!(meant(text, ("", address)), expected, "{text}");
        }
        assert!(matches!(meant("USDT", ("", "")), Meant::OneOf(codes) if codes.len() == 7));
    }
}
