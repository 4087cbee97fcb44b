//! Chance that can be replayed.

use super::splitmix;

/// Random numbers that a seed replays.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(splitmix::next(&mut self.0) % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Lives the life of the seed that an environment variable gives; else as many lives as another one
/// says, or so many.
pub(crate) fn live_each((count, lives): (&str, u64), seed: &str, live: fn(u64)) {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    match number(seed) {
        Some(seed) => live(seed),
        None => (1..=number(count).unwrap_or(lives)).for_each(live),
    }
}
