//! Random numbers of a test: the same for the same seed.
//!
//! Source: G. Steele et al., "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
//! (`SplitMix64`).

/// A source of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).expect("numbers have 64 bits at most");
        usize::try_from(mixed % end).expect("it is less than `end`")
    }

    /// Returns true once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Returns different numbers below `end`, in any order; there must be so many.
    pub(crate) fn different(&mut self, count: usize, end: usize) -> Vec<usize> {
        assert!(count <= end, "there are not so many numbers");
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let number = self.below(end);
            if !drawn.contains(&number) {
                drawn.push(number);
            }
        }
        drawn
    }
}
