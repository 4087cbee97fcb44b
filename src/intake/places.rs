//! [`Places`] are a set of lines, by how many lines each is after the first one below the header.
//!
//! One bit a line: a file in which every line is wrong, and as short as can be, must not take many
//! times its own size in memory.

use std::ops::Range;

/// Bits in a word.
const WORD: usize = 64;

/// A set of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    words: Vec<u64>,
}

impl Places {
    pub(super) fn insert(&mut self, place: usize) {
        let word = place / WORD;
        if word >= self.words.len() {
            self.words.resize(word.saturating_add(1), 0);
        }
        self.words[word] |= 1 << (place % WORD);
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        let word = self.words.get(place / WORD).copied().unwrap_or_default();
        word >> (place % WORD) & 1 == 1
    }

    /// Whether any line of these is in the set.
    pub(super) fn any_of(&self, places: &Range<usize>) -> bool {
        places.clone().any(|place| self.contains(place))
    }

    /// How many lines are in the set.
    pub(super) fn count(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones() as usize);
        ones.fold(0, usize::saturating_add)
    }

    /// The last line in the set.
    pub(super) fn last(&self) -> Option<usize> {
        let (word, bits) = self
            .words
            .iter()
            .enumerate()
            .rfind(|(_, bits)| **bits != 0)?;
        let bit = bits.checked_ilog2()? as usize;
        Some(word.saturating_mul(WORD).saturating_add(bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let mut places = Places::default();
        assert_eq!((places.count(), places.last()), (0, None));
        for place in [3, 64, 200, 3] {
            places.insert(place);
        }
        assert_eq!((places.count(), places.last()), (3, Some(200)));
        let held: Vec<_> = (0..300).filter(|place| places.contains(*place)).collect();
        assert_eq!(held, [3, 64, 200]);
        assert!(places.any_of(&(60..65)) && !places.any_of(&(65..200)));
    }
}
