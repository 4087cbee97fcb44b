//! Chance that can be replayed.

/// Random numbers that a seed replays: SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
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
