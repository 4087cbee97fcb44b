//! A currency hint is the code that an unknown code stands for: for certain, where the text names
//! the coin and its network and only spells them otherwise, or else by a guess.

use crate::address::{self, confusable};
use crate::domain::{Currency, Network};
use foldhash::HashMap;
use std::sync::LazyLock;

/// Names of coins beside their tickers, as [`letters`] leaves them.
const COINS: [(&str, &str); 28] = [
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
    ("юсдт", "USDT"),
    ("тезер", "USDT"),
    ("юсдс", "USDC"),
    ("тонкоин", "TON"),
    ("binancecoin", "BNB"),
    ("shibainu", "SHIB"),
];

/// Names of chains, as [`letters`] leaves them, and the chain's own name in the table. On the last ones
/// nothing is paid.
const CHAINS: [(&str, &str); 67] = [
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
    ("theopennetwork", "TON"),
    ("трц20", "TRON"),
    ("трц", "TRON"),
    // As `ТРС20` looks.
    ("tpc20", "TRON"),
    ("трон", "TRON"),
    ("ерц20", "Ethereum"),
    ("ерц", "Ethereum"),
    ("epc20", "Ethereum"),
    ("эфир", "Ethereum"),
    ("эфириум", "Ethereum"),
    ("беп20", "BNB Smart Chain"),
    ("бсц", "BNB Smart Chain"),
    ("арбитрум", "Arbitrum One"),
    ("оптимизм", "OP Mainnet"),
    ("тон", "TON"),
    ("солана", "Solana"),
    ("биткоин", "Bitcoin"),
    ("лайткоин", "Litecoin"),
    ("polygon", "Polygon"),
    ("matic", "Polygon"),
    ("pol", "Polygon"),
    ("полигон", "Polygon"),
    ("avalanche", "Avalanche"),
    ("avax", "Avalanche"),
    ("avaxc", "Avalanche"),
    ("zksync", "zkSync"),
    ("linea", "Linea"),
    ("scroll", "Scroll"),
    ("mantle", "Mantle"),
    ("celo", "Celo"),
    ("opbnb", "opBNB"),
    ("plasma", "Plasma"),
    ("aptos", "Aptos"),
    ("lightning", "Lightning"),
];

/// Its names stand beside those of other chains too, whose tokens are like its own.
const ETHEREUM: &str = "Ethereum";

/// The names of chains that name a standard of tokens, so that no chain's own coin is meant.
const TOKEN_STANDARDS: [&str; 8] = [
    "trc20", "trc", "erc20", "erc", "bep20", "bep", "spl", "jetton",
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
    if !of_several_coins(text).is_empty() {
        return None;
    }
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
    let mut codes = of_several_coins(text);
    if codes.is_empty()
        && let Some(meant) = named(&bare, network).or_else(|| not_paid(text))
    {
        return meant;
    }
    if OTHER_COINS.contains(&bare.as_str()) {
        return Meant::Unknown;
    }
    for guess in [of_one_coin, on_one_chain, in_words, nearest] {
        if codes.is_empty() {
            codes = guess(text);
        }
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
        let mut chains = chains(network).into_iter();
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
    // Several may stand there to be chosen from.
    let parts = text.split(['/', '|', ',', ';']).map(chains_of_one);
    let named: Vec<_> = parts.flatten().collect();
    // An address for EVM is one on each of these networks.
    let is_any = || currency.network() == Network::Evm && words(text).any(|word| word == "evm");
    !named.is_empty() && !named.contains(&currency.chain()) && !is_any()
}

/// The chains that a text names which names one: `Arbitrum (ETH)` and `Polygon (ERC20)` are not Ethereum.
fn chains_of_one(text: &str) -> Vec<&'static str> {
    let mut named = chains(text);
    let is_like_ethereum = |chain: &&str| {
        let mut all = Currency::all();
        let network = all.find(|it| it.chain() == *chain).map(Currency::network);
        *chain != ETHEREUM && network.is_none_or(|network| network == Network::Evm)
    };
    if named.iter().any(is_like_ethereum) {
        named.retain(|chain| *chain != ETHEREUM);
    }
    named
}

/// The first word by which a column of addresses says another network than the currency's: `BEP20` in
/// `Кошелёк (BEP20)`. The coin's own name is none: `Адрес (ETH)` of ETH on Arbitrum.
pub(super) fn other_chain_in(name: &str, currency: Currency) -> Option<&str> {
    let is_coin = |word: &str| ticker(&letters(word)) == Some(currency.ticker());
    let mut all = name.split(|c: char| !c.is_alphanumeric());
    if !is_of_another_chain(name, currency) || all.clone().any(is_coin) {
        return None;
    }
    all.find(|word| chain_of(&letters(word)).is_some())
}

/// The words of a text, as [`letters`] leaves each.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.map(letters).filter(|word| !word.is_empty())
}

/// The chains that a text names, by words or as a whole: `Binance Smart Chain`.
fn chains(text: &str) -> Vec<&'static str> {
    let mut named: Vec<_> = words(text).filter_map(|word| chain_of(&word)).collect();
    if named.is_empty() {
        named.extend(chain_of(&letters(text)));
    }
    named
}

/// The coin that the first word with a coin's name says, and the chains that the others say.
fn coin_and_chains(text: &str) -> Option<(&'static str, Vec<&'static str>)> {
    let words: Vec<_> = words(text).collect();
    let place = words.iter().position(|word| ticker(word).is_some())?;
    let coin = ticker(words.get(place)?)?;
    let others = words.iter().enumerate().filter(|(it, _)| *it != place);
    let chains = others.filter_map(|(_, word)| chain_of(word)).collect();
    Some((coin, chains))
}

/// The first chain in `USDT ERC20 (Polygon)` on which the coin is not paid.
fn not_paid(text: &str) -> Option<Meant> {
    let (coin, chains) = coin_and_chains(text)?;
    let mut meant = chains.into_iter().map(|chain| on_chain(coin, chain));
    meant.find(|it| matches!(it, Meant::NotPaid { .. }))
}

/// The codes that a text says in so many words: `USDT TRC20 (TRON)`, `USDT в сети TRC20`.
fn in_words(text: &str) -> Vec<Currency> {
    let Some((coin, chains)) = coin_and_chains(text) else {
        return Vec::new();
    };
    let on_them = |it: &Currency| it.ticker() == coin && chains.contains(&it.chain());
    Currency::all().filter(on_them).collect()
}

/// The codes of several coins with a sign between their tickers, as in `TON/USDT`: it may be either, or
/// the one on the other's chain. `USDT/Tron` is a coin and its chain.
fn of_several_coins(text: &str) -> Vec<Currency> {
    let parts = text.split(['/', '|', '+', '&', ',', ';']).map(letters);
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let is_ticker =
        |part: &String| ticker(part).is_some_and(|ticker| ticker.eq_ignore_ascii_case(part));
    let are_several = parts.iter().any(|part| Some(part) != parts.first());
    if !are_several || !parts.iter().all(is_ticker) {
        return Vec::new();
    }
    parts.iter().flat_map(|part| of_one_coin(part)).collect()
}

/// The codes of a coin that is named without its network.
fn of_one_coin(text: &str) -> Vec<Currency> {
    let Some(ticker) = ticker(&letters(text)) else {
        return Vec::new();
    };
    Currency::all()
        .filter(|currency| currency.ticker() == ticker)
        .collect()
}

/// The commonest coins of a network that is named without one: what people mean by `TRC20`.
fn on_one_chain(text: &str) -> Vec<Currency> {
    let bare = letters(text);
    let Some(chain) = chain_of(&bare) else {
        return Vec::new();
    };
    let is_common = |currency: &Currency| {
        let is_its_own = currency.contract().is_none();
        if TOKEN_STANDARDS.contains(&bare.as_str()) {
            return currency.ticker() == "USDT";
        }
        is_its_own || matches!(currency.ticker(), "USDT" | "USDC")
    };
    let all = Currency::all().filter(|currency| currency.chain() == chain);
    all.filter(is_common).collect()
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
fn nearest(text: &str) -> Vec<Currency> {
    let bare = letters(text);
    let length = bare.chars().count();
    let most = MOST_DIFFERENCES.min(length / 3);
    // A code that is much longer or shorter differs in as many letters.
    let of_this_length = CODES
        .iter()
        .filter(|(code, _)| code.len().abs_diff(length) <= most);
    // With a letter before or behind it a coin's name is another coin's, or a unit: `mBTC`, `wSOL`.
    let of_this_length = of_this_length.filter(|(code, currency)| {
        let is_more = bare.starts_with(code.as_str()) || bare.ends_with(code.as_str());
        currency.contract().is_some() || !is_more
    });
    // A letter that one of them does not have is a difference too, and far sooner found.
    let own_letters = letter_set(&bare);
    let of_these_letters = of_this_length.filter(|(code, _)| {
        let theirs = letter_set(code);
        let only_in_one = [own_letters & !theirs, theirs & !own_letters];
        only_in_one
            .iter()
            .all(|it| it.count_ones() as usize <= most)
    });
    let near: Vec<_> = of_these_letters
        .map(|(code, currency)| (*currency, strsim::osa_distance(&bare, code)))
        .filter(|(_, distance)| *distance <= most)
        .collect();
    let fewest = near.iter().map(|(_, distance)| *distance).min();
    near.into_iter()
        .filter(|(_, distance)| Some(*distance) == fewest)
        .map(|(currency, _)| currency)
        .collect()
}

/// A bit for each letter of a text; others may have the same.
fn letter_set(text: &str) -> u64 {
    let bit = |c: char| 1u64.wrapping_shl(u32::from(c));
    text.chars().fold(0, |set, c| set | bit(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            ("юсдт ТРЦ-20", "USDT_TRC20"),
            ("USDT ТРС20", "USDT_TRC20"),
            ("TON (The Open Network)", "TON"),
            ("BTC/Bitcoin", "BTC"),
            ("USDT/Tron", "USDT_TRC20"),
            ("USDC / Solana", "USDC_SOL"),
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
            "TON/USDT",
            "USDT, TRX",
            "mBTC",
            "USDT (TRC20/ERC20)",
        ] {
            assert_eq!(certain(text, ""), None, "{text}");
        }
        for (network, expected) in [
            ("ТРС-20", "USDT_TRC20"),
            ("Binance Smart Chain", "USDT_BSC"),
        ] {
            assert_eq!(certain("USDT", network), Some(code(expected)), "{network}");
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
            ("тезер", tron, likely("USDT_TRC20")),
            ("USDT TRC20 (TRON)", "", likely("USDT_TRC20")),
            ("USDT в сети TRC20", "", likely("USDT_TRC20")),
            ("USDT (TRC20/ERC20)", tron, likely("USDT_TRC20")),
            (
                "TRX/USDT",
                tron,
                Meant::OneOf(vec![code("TRX"), code("USDT_TRC20")]),
            ),
            (
                "BNB Smart Chain",
                "",
                Meant::OneOf(vec![code("BNB"), code("USDT_BSC"), code("USDC_BSC")]),
            ),
            ("mBTC", "", Meant::Unknown),
            ("uBTC", "", Meant::Unknown),
            ("wSOL", "", Meant::Unknown),
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

    #[test]
    fn another_network_is_seen_however_it_is_written() {
        for (text, paid) in [
            ("USDT-TRC20", "USDT_ERC20"),
            ("TRC-20", "USDT_ERC20"),
            ("USDT_TRC20", "USDT_BSC"),
            ("трон", "USDT_ERC20"),
            ("Arbitrum One (ETH)", "ETH"),
            ("ETH-Arbitrum One", "ETH"),
            ("ERC20 (Polygon)", "USDT_ERC20"),
            ("zkSync Era", "ETH"),
            ("Lightning", "BTC"),
            ("Binance Smart Chain", "USDT_ERC20"),
            ("The Open Network", "USDT_TRC20"),
            ("ERC20/EVM", "USDT_TRC20"),
        ] {
            assert!(is_of_another_chain(text, code(paid)), "{text} {paid}");
        }
        for (text, paid) in [
            ("", "USDT_ERC20"),
            ("mainnet", "ETH"),
            ("ERC20 (ETH)", "USDT_ERC20"),
            ("Arbitrum One (ETH)", "ETH_ARB"),
            ("ETH-Arbitrum One", "USDT_ARB"),
            ("BNB Smart Chain (BEP20)", "USDT_BSC"),
            ("BSC_BEP20", "BNB"),
            ("BEP20 / ERC20", "USDT_ERC20"),
            ("TRC20/ERC20", "USDT_ERC20"),
            ("TRC20/ERC20", "USDT_TRC20"),
            ("The Open Network", "TON"),
            ("Binance Smart Chain", "USDT_BSC"),
            ("ERC20/EVM", "USDT_ARB"),
        ] {
            assert!(!is_of_another_chain(text, code(paid)), "{text} {paid}");
        }
    }

    proptest! {
        #[test]
        fn a_letter_that_one_has_is_a_difference(a in "[a-eа-е_]{0,9}", b in "[a-eа-е_]{0,9}") {
            let only_in_a = letter_set(&a) & !letter_set(&b);
            prop_assert!(only_in_a.count_ones() as usize <= strsim::osa_distance(&a, &b));
        }
    }
}
