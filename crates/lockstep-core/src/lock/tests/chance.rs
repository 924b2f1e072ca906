//! Numbers that look drawn and are the same in every run.

/// A generator of numbers: that of Lehmer, modulo 2^61 - 1.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let product = u128::from(self.0) * 437_799_614_237_992_725 % ((1 << 61) - 1);
        self.0 = u64::try_from(product).unwrap();
        (self.0 >> 20) % end
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}
