//! How long things took: a histogram with bounds that never change.
//!
//! Invariants:
//!
//! * A duration is counted once, in the first bucket whose bound it does not exceed.
//!
//! Absent by design: decisions. What is counted here is told, nothing more.

use std::time::Duration;

/// Upper bounds of the buckets, in microseconds, both ends included; what is longer than the last
/// one is counted behind it.
pub const BOUNDS: [u64; 21] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    1_800_000_000,
    3_600_000_000,
];

/// How many durations were of which length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    counts: [u64; BOUNDS.len()],
    /// Longer than the last bound.
    longer: u64,
    /// Sum of all, in microseconds.
    sum: u64,
}

impl Durations {
    /// Counts a duration.
    pub fn add(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        let count = self.counts.get_mut(bucket).unwrap_or(&mut self.longer);
        *count = count.saturating_add(1);
        self.sum = self.sum.saturating_add(micros);
    }

    /// Counts what others have counted.
    pub fn merge(&mut self, others: &Self) {
        for (count, other) in self.counts.iter_mut().zip(others.counts) {
            *count = count.saturating_add(other);
        }
        self.longer = self.longer.saturating_add(others.longer);
        self.sum = self.sum.saturating_add(others.sum);
    }

    /// Returns what was counted since these were as `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut counts = self.counts;
        for (count, before) in counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_sub(before);
        }
        Self {
            counts,
            longer: self.longer.saturating_sub(earlier.longer),
            sum: self.sum.saturating_sub(earlier.sum),
        }
    }

    /// Returns how many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>().saturating_add(self.longer)
    }

    /// Returns the sum of all of them.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum)
    }

    /// Returns the bounds, each with how many do not exceed it; all are [`count`](Self::count).
    pub fn up_to(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut sum = 0;
        BOUNDS.iter().zip(self.counts).map(move |(bound, count)| {
            sum += count;
            (Duration::from_micros(*bound), sum)
        })
    }

    /// Returns the bound that `per_mille` thousandths do not exceed, and the last one if they are
    /// longer; `None` if there are none.
    pub fn quantile(&self, per_mille: u64) -> Option<Duration> {
        let count = self.count();
        let wanted = count.saturating_mul(per_mille).div_ceil(1000).max(1);
        let last = BOUNDS.last().copied().map(Duration::from_micros);
        let first = self.up_to().find(|(_, up_to)| *up_to >= wanted).map(|(bound, _)| bound);
        if count == 0 { None } else { first.or(last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(micros: &[u64]) -> Durations {
        let mut durations = Durations::default();
        for micros in micros {
            durations.add(Duration::from_micros(*micros));
        }
        durations
    }

    #[test]
    fn a_duration_is_counted_at_the_first_bound_that_it_does_not_exceed() {
        let durations = of(&[0, 100, 101, 1_000, 4_000_000_000]);
        let up_to: Vec<u64> = durations.up_to().map(|(_, count)| count).collect();
        assert_eq!(up_to[..4], [2, 3, 3, 4], "100 µs, 200 µs, 500 µs, 1 ms");
        assert_eq!(*up_to.last().expect("there are bounds"), 4, "one is longer than all of them");
        assert_eq!(durations.count(), 5);
        assert_eq!(durations.sum(), Duration::from_micros(4_000_001_201));
    }

    #[test]
    fn a_quantile_is_a_bound_and_of_nothing_there_is_none() {
        let durations = of(&[90, 90, 90, 900]);
        assert_eq!(durations.quantile(500), Some(Duration::from_micros(100)));
        assert_eq!(durations.quantile(990), Some(Duration::from_millis(1)));
        assert_eq!(of(&[9_000_000_000]).quantile(500), Some(Duration::from_hours(1)));
        assert_eq!(Durations::default().quantile(500), None);
    }

    #[test]
    fn what_came_since_is_the_difference() {
        let (before, mut both) = (of(&[90]), of(&[90]));
        both.merge(&of(&[900, 900]));
        assert_eq!(both.since(&before), of(&[900, 900]));
    }
}
