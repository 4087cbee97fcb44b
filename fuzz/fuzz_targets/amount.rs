//! Any text as an amount: taken as it is written, or refused.
#![no_main]

use ccbatch::domain::Amount;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (decimals, text) = (input.0 % 19, input.1);
    let Ok(amount) = Amount::parse(text, decimals) else {
        return;
    };
    assert_eq!(amount.to_string(), text, "as it is written");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(whole == "0" || !whole.starts_with('0'));
    assert!(fraction.len() <= usize::from(decimals));
    assert_eq!(text.contains('.'), !fraction.is_empty());
    let units = format!("{whole}{fraction:0<width$}", width = usize::from(decimals));
    assert_ne!(units.trim_start_matches('0'), "", "more than nothing");
    assert_eq!(amount.minor_units(decimals), units.parse().ok());
});
