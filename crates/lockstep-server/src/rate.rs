//! Rates: how often somebody may do something.
//!
//! For each one it is kept when what was taken is paid off (the *generic cell rate algorithm*); who
//! owes more than a burst waits. Source: ITU-T Recommendation I.371, annex A, as virtual scheduling.
//!
//! Invariants:
//!
//! * Who owes nothing takes no room, and at most [`MAX_KNOWN`] are told apart; those above share.
//! * Among `n` that take, at most `burst + rate * time` are let through.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most that are told apart.
const MAX_KNOWN: usize = 8192;

/// A rate for each of many.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    /// What one costs.
    interval: Duration,
    /// How much somebody may owe.
    tolerance: Duration,
    debts: Mutex<Debts<K>>,
}

#[derive(Debug)]
struct Debts<K> {
    /// When each has paid, as time since the start of the clock.
    of: HashMap<K, Duration>,
    /// The same for all who are not told apart.
    shared: Duration,
}

impl<K: Eq + Hash> Rates<K> {
    /// Returns a rate of `per_second` (at least 1), and as many at once.
    pub(crate) fn new(per_second: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        let tolerance = Duration::from_secs(1).saturating_sub(interval);
        let debts = Debts { of: HashMap::new(), shared: Duration::ZERO };
        Self { interval, tolerance, debts: Mutex::new(debts) }
    }

    /// Takes one, and returns whether that is within the rate. `now` never goes back.
    pub(crate) fn take(&self, who: K, now: Duration) -> bool {
        let mut debts = self.debts.lock().unwrap_or_else(PoisonError::into_inner);
        let Debts { of, shared } = &mut *debts;
        if of.len() >= MAX_KNOWN && !of.contains_key(&who) {
            of.retain(|_, paid| *paid > now);
        }
        let is_told_apart = of.len() < MAX_KNOWN || of.contains_key(&who);
        let paid = if is_told_apart { of.entry(who).or_default() } else { shared };
        let from = (*paid).max(now);
        let is_within = from.saturating_sub(now) <= self.tolerance;
        if is_within {
            *paid = from.saturating_add(self.interval);
        }
        is_within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn let_through(rates: &Rates<u32>, who: u32, count: u32, now: Duration) -> usize {
        (0..count).filter(|_| rates.take(who, now)).count()
    }

    #[test]
    fn a_burst_is_a_second_of_the_rate_and_then_one_by_one() {
        let rates = Rates::new(10);
        let start = Duration::from_secs(1000);
        assert_eq!(let_through(&rates, 1, 50, start), 10);
        assert_eq!(let_through(&rates, 1, 50, start + Duration::from_millis(99)), 0);
        assert_eq!(let_through(&rates, 1, 50, start + Duration::from_millis(100)), 1);
        assert_eq!(let_through(&rates, 1, 50, start + Duration::from_millis(600)), 5);
        assert_eq!(let_through(&rates, 1, 50, start + Duration::from_hours(1)), 10);
        assert_eq!(let_through(&rates, 2, 50, start), 10, "each has its own");
    }

    #[test]
    fn the_lowest_rate_is_one_in_a_second() {
        let rates = Rates::new(0);
        let start = Duration::from_secs(5);
        assert_eq!(let_through(&rates, 1, 9, start), 1);
        assert_eq!(let_through(&rates, 1, 9, start + Duration::from_secs(1)), 1);
    }

    #[test]
    fn who_owes_nothing_takes_no_room_and_the_room_is_bounded() {
        let rates = Rates::new(1);
        let many = u32::try_from(MAX_KNOWN).expect("it fits");
        let start = Duration::from_secs(5);
        for who in 0..many {
            assert!(rates.take(who, start));
        }
        assert!(rates.take(many, start), "the first of those who share");
        assert!(!rates.take(many + 1, start), "they share");
        assert!(!rates.take(7, start), "who is known stays known");
        let later = start + Duration::from_secs(2);
        assert!(rates.take(many + 2, later));
        assert_eq!(rates.debts.lock().expect("a lock").of.len(), 1, "the others had paid");
    }
}
