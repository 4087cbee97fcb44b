//! A suggestion is the code that an unknown code probably stands for.

use super::wording::{Words, named, quoted};
use crate::address;
use crate::domain::Currency;

/// Names that people write for a currency, in small letters and without anything but letters and
/// digits, and the beginning of the codes meant.
const NAMES: [(&str, &str); 15] = [
    ("bitcoin", "BTC"),
    ("xbt", "BTC"),
    ("litecoin", "LTC"),
    ("ethereum", "ETH"),
    ("ether", "ETH"),
    ("tron", "TRX"),
    ("tether", "USDT"),
    ("usdcoin", "USDC"),
    ("toncoin", "TON"),
    ("solana", "SOL"),
    ("bnbbsc", "BNB"),
    ("bep20", "USDT_BSC"),
    ("trc20", "USDT_TRC20"),
    ("erc20", "USDT_ERC20"),
    ("trumpcoin", "TRUMP"),
];

/// Other names of the last part of a code.
const SUFFIXES: [(&str, &str); 9] = [
    ("tron", "trc20"),
    ("ethereum", "erc20"),
    ("eth", "erc20"),
    ("bep20", "bsc"),
    ("arbitrum", "arb"),
    ("optimism", "opt"),
    ("op", "opt"),
    ("solana", "sol"),
    ("spl", "sol"),
];

/// More different letters than this are another word.
const MOST_DIFFERENCES: usize = 2;

/// The longest text that is compared with the codes letter by letter.
const MOST_LETTERS: usize = 16;

/// What is said about a text that is no code, in a row with this address.
pub(super) fn words(text: &str, address: &str) -> Words {
    let message = format!("{} is not a currency code", quoted(text));
    let mut codes = candidates(text);
    if codes.len() > 1 {
        // The address decides, if it is one.
        let fitting = |currency: &Currency| address::check(currency.network(), address).is_ok();
        let fits: Vec<_> = codes.iter().copied().filter(fitting).collect();
        if !fits.is_empty() {
            codes = fits;
        }
    }
    let hint = match codes.as_slice() {
        [] => "`ccbatch currencies` lists the codes".to_owned(),
        [code] if letters(code.code()) == letters(text) => format!("write {code}"),
        [code] => format!("did you mean {code}?"),
        [first, rest @ ..] => {
            let one_ticker = rest.iter().all(|code| code.ticker() == first.ticker());
            let why = if one_ticker {
                ": the part after _ is the network, and decides where the money goes"
            } else {
                ""
            };
            format!("write {}{why}", listed(codes.iter().copied()))
        }
    };
    let odd = text.char_indices().find(|(_, c)| !c.is_ascii_graphic());
    let mut words = Words::new("currency code", message, hint);
    if let Some((at, odd)) = odd {
        words.span = Some(at..at.saturating_add(odd.len_utf8()));
        words.message = format!(
            "{} in the currency code: it contains {}",
            quoted(text),
            named(odd)
        );
    }
    words
}

/// The codes in a sentence.
pub(super) fn listed(codes: impl Iterator<Item = Currency>) -> String {
    let codes: Vec<_> = codes.map(Currency::code).collect();
    match codes.as_slice() {
        [] => String::new(),
        [code] => (*code).to_owned(),
        [codes @ .., last] => format!("{} or {last}", codes.join(", ")),
    }
}

/// The codes that a text may stand for; one, if it is clear.
fn candidates(text: &str) -> Vec<Currency> {
    let bare = letters(text);
    if bare.is_empty() {
        return Vec::new();
    }
    let with = |wanted: &dyn Fn(&str) -> bool| -> Vec<Currency> {
        Currency::all()
            .filter(|currency| wanted(&letters(currency.code())))
            .collect()
    };
    let same = with(&|code| code == bare);
    if !same.is_empty() {
        return same;
    }
    let named = NAMES.iter().find(|(name, _)| *name == bare);
    let bare = named.map_or(bare, |(_, code)| letters(code));
    let of_ticker: Vec<_> = Currency::all()
        .filter(|currency| currency.ticker().eq_ignore_ascii_case(&bare))
        .collect();
    if !of_ticker.is_empty() {
        return of_ticker;
    }
    let renamed = SUFFIXES.iter().find_map(|(other, suffix)| {
        let renamed = format!("{}{suffix}", bare.strip_suffix(other)?);
        let found = with(&|code| code == renamed);
        (!found.is_empty()).then_some(found)
    });
    renamed.unwrap_or_else(|| nearest(&bare))
}

/// The letters and digits of a text, small, as many as any code has and some more.
fn letters(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .take(MOST_LETTERS)
        .collect()
}

/// The codes that differ in the fewest letters, if these are few.
fn nearest(bare: &str) -> Vec<Currency> {
    let most = MOST_DIFFERENCES.min(bare.len() / 3);
    let mut best = Vec::new();
    let mut fewest = most;
    for currency in Currency::all() {
        let code = letters(currency.code());
        if code.len().abs_diff(bare.len()) > fewest {
            continue;
        }
        let distance = differences(bare.as_bytes(), code.as_bytes());
        if distance < fewest {
            best.clear();
            fewest = distance;
        }
        if distance == fewest {
            best.push(currency);
        }
    }
    best
}

/// In how many letters two words differ, where one may be left out, put in, changed or swapped
/// with its neighbour (the Damerau-Levenshtein distance, as optimal string alignment).
fn differences(a: &[u8], b: &[u8]) -> usize {
    let width = b.len().saturating_add(1);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..width).collect();
    for (row, letter) in a.iter().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        for (column, other) in b.iter().enumerate() {
            let next = column.saturating_add(1);
            let changed = above[column].saturating_add(usize::from(letter != other));
            let left_out = above[next].saturating_add(1);
            let put_in = current[column].saturating_add(1);
            let mut best = changed.min(left_out).min(put_in);
            if let (Some(row), Some(column)) = (row.checked_sub(1), column.checked_sub(1))
                && letter == &b[column]
                && &a[row] == other
            {
                best = best.min(before[column].saturating_add(1));
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_meant_is_found() {
        for (text, address, hint) in [
            ("btc", "", "write BTC"),
            ("usdt-trc20", "", "write USDT_TRC20"),
            ("USDT (TRC20)", "", "write USDT_TRC20"),
            ("USDT_TRON", "", "did you mean USDT_TRC20?"),
            ("USDC_OPTIMISM", "", "did you mean USDC_OPT?"),
            ("Bitcoin", "", "did you mean BTC?"),
            ("TRUMP", "", "did you mean TRUMP_SOL?"),
            ("USDT_TCR20", "", "did you mean USDT_TRC20?"),
            ("USDTRC20", "", "write USDT_TRC20, USDD_TRC20 or USDT_ERC20"),
            ("BTX", "", "did you mean BTC?"),
            ("DOGE", "", "`ccbatch currencies` lists the codes"),
            ("", "", "`ccbatch currencies` lists the codes"),
            (
                "USDT",
                "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
                "write USDT_TRC20, USDT_ERC20, USDT_ARB, USDT_OPT, USDT_BSC, USDT_TON or \
                 USDT_SOL: the part after _ is the network, and decides where the money goes",
            ),
            (
                "USDT",
                "TJRyWwFs9wTFGZg3JbrVriFbNfCug5tDeC",
                "did you mean USDT_TRC20?",
            ),
        ] {
            assert_eq!(words(text, address).hint, hint, "{text}");
        }
    }

    #[test]
    fn what_is_no_ascii_is_named() {
        let words = words("В\u{a0}TC", "");
        assert_eq!(words.span, Some(0..2));
        assert!(words.message.contains("U+0412"), "{}", words.message);
    }

    #[test]
    fn differences_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "ab", 1),
            ("abc", "abcd", 1),
            ("abc", "xbz", 2),
            ("ab", "", 2),
        ] {
            assert_eq!(differences(a.as_bytes(), b.as_bytes()), expected, "{a} {b}");
        }
    }
}
