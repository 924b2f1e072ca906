//! Identities and the numbers that order things.
//!
//! Invariants:
//!
//! * Tokens and transition numbers only grow, across crashes too: their high bits are the epoch,
//!   which every start of an engine raises durably before it issues any.
//! * Order in a queue is that of tickets; no clock has a part in it.

use std::collections::{HashMap, HashSet};
use std::fmt;

use foldhash::fast::RandomState;
use uuid::{Builder, Uuid};

use crate::time::Time;

/// Bits of a [`Serial`] below the epoch: 2^40 numbers in each of 2^23 epochs.
const COUNTER_BITS: u32 = 40;

/// Identity of one execution of a workflow; the driver draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub Uuid);

/// What is known of instances. Identities are drawn, not chosen from outside, so that a quick hash
/// will do.
pub(crate) type IdMap<V> = HashMap<InstanceId, V, RandomState>;

/// Some instances.
pub(crate) type IdSet = HashSet<InstanceId, RandomState>;

impl InstanceId {
    /// Returns a new identity made of this one and a number, for the `count`th object that the
    /// instance creates: the same in every repetition of the same events.
    pub fn derive(self, count: u64, now: Time) -> Uuid {
        let (high, low) = self.0.as_u64_pair();
        let first = mix(high ^ mix(low.wrapping_add(count)));
        let second = mix(first ^ low ^ count.rotate_left(32));
        let mut random = [0_u8; 10];
        for (to, from) in
            random.iter_mut().zip(first.to_be_bytes().into_iter().chain(second.to_be_bytes()))
        {
            *to = from;
        }
        let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The finalizer of `SplitMix64`.
///
/// Source: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014, with the constants of S. Vigna's public implementation.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Number of a transition: the order of commits. Also the stamp of the objects that it writes, so
/// that two writes of one version of an object can be told apart.
pub type TransitionNumber = i64;

/// Number issued with each grant of a lock; greater than that of every grant before it.
///
/// Source: M. Kleppmann, *Designing Data-Intensive Applications* (2017), ch. 8, "Fencing tokens".
pub type FencingToken = i64;

/// A growing sequence of positive numbers: the epoch in the high bits, a counter in the low ones.
#[derive(Debug)]
pub struct Serial {
    last: i64,
}

impl Serial {
    /// Begins the sequence of an epoch, from 1 up; no epoch is used twice.
    pub fn new(epoch: u32) -> Self {
        Self { last: i64::from(epoch) << COUNTER_BITS }
    }

    /// Issues the next number.
    ///
    /// At a million a second the numbers of an epoch last for twelve days; then the next epoch's
    /// begin, which is harmless as long as the process is started again before 2^23 of them.
    #[must_use]
    pub fn issue(&mut self) -> i64 {
        self.last = self.last.checked_add(1).expect("2^63 numbers are never issued");
        self.last
    }

    /// Returns the number that was issued last, or the epoch's lower bound.
    pub fn last(&self) -> i64 {
        self.last
    }
}

/// Place in the order in which instances asked for locks.
pub type Ticket = u64;
