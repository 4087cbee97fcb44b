//! An [`Rng`] is the one source of chance: SplitMix64, so that a seed is a whole life.

#[path = "../it/harness/splitmix.rs"]
mod splitmix;

#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Self(seed);
        splitmix::next(&mut rng.0); // Neighbouring seeds part after one step.
        rng
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(splitmix::next(&mut self.0) % n as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}
