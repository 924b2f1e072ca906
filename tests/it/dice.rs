//! Random numbers from a seed: the same seed throws the same numbers.

/// A linear congruential generator, of which the high bits are used.
///
/// Source: D. Knuth, *The Art of Computer Programming*, vol. 2, 3rd ed. (1997), 3.3.4, multiplier of
/// "MMIX".
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        // The first numbers of near seeds are near.
        for _ in 0..4 {
            dice.below(1);
        }
        dice
    }

    /// Returns a number from 0 up to, and without, `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Returns as many different numbers from 0 up to, and without, `bound`, in any order.
    pub(crate) fn different(&mut self, count: usize, bound: usize) -> Vec<usize> {
        assert!(count <= bound, "there are not so many numbers");
        let mut drawn = Vec::new();
        while drawn.len() < count {
            let number = self.below(bound);
            if !drawn.contains(&number) {
                drawn.push(number);
            }
        }
        drawn
    }
}
