//! What differs between two addresses lies between their common beginning and their common end.

use std::ops::Range;

/// Which bytes of each of two texts lie between their common beginning and their common end.
#[must_use]
pub fn differing(a: &str, b: &str) -> (Range<usize>, Range<usize>) {
    let is_common = |(a, b): &(char, char)| a == b;
    let both = a.chars().zip(b.chars()).take_while(is_common);
    let start: usize = both.map(|(c, _)| c.len_utf8()).sum();
    let rests = (a.get(start..), b.get(start..));
    let (rest_a, rest_b) = (rests.0.unwrap_or_default(), rests.1.unwrap_or_default());
    let both = rest_a.chars().rev().zip(rest_b.chars().rev());
    let end: usize = both.take_while(is_common).map(|(c, _)| c.len_utf8()).sum();
    let between = |text: &str| start..text.len().saturating_sub(end);
    (between(a), between(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differing_part_is_between_the_common_ends() {
        assert_eq!(differing("abcdef", "abxyef"), (2..4, 2..4));
        assert_eq!(differing("abab", "abababab"), (4..4, 4..8));
        assert_eq!(differing("a", "b"), (0..1, 0..1));
        assert_eq!(differing("aжb", "aшшb"), (1..3, 1..5));
    }
}
