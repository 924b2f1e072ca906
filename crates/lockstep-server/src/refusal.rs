//! What the log says of refusals: each kind from each address once in a minute, with a number.
//!
//! Invariants:
//!
//! * The first is told at once; further ones are counted, and told when the minute is over.
//! * Who is refused can neither fill the log nor the memory: at most [`MAX_KNOWN`] are told apart.
//! * Nothing of a request is told but its address: no path, no header, no token.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long refusals are counted before they are told.
const WINDOW: Duration = Duration::from_mins(1);

/// Most kinds and addresses that are told apart.
const MAX_KNOWN: usize = 1024;

/// Refusals in the present minute.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    seen: Mutex<HashMap<(&'static str, Option<IpAddr>), Seen>>,
}

#[derive(Debug)]
struct Seen {
    since: Duration,
    /// How many came after the first.
    further: u64,
}

impl Refusals {
    /// Notes a refusal. `now` never goes back.
    pub(crate) fn note(&self, kind: &'static str, address: IpAddr, now: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = seen.len() < MAX_KNOWN || seen.contains_key(&(kind, Some(address)));
        let from = has_room.then_some(address);
        let mut is_first = false;
        let seen = seen.entry((kind, from)).or_insert_with(|| {
            is_first = true;
            Seen { since: now, further: 0 }
        });
        if is_first {
            tracing::warn!(kind, address = told(from), "refused");
        } else {
            seen.further = seen.further.saturating_add(1);
        }
    }

    /// Tells what has been counted, where the minute is over.
    pub(crate) fn sweep(&self, now: Duration) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|(kind, from), seen| {
            let goes_on = now.saturating_sub(seen.since) < WINDOW;
            if !goes_on && seen.further > 0 {
                let (address, further) = (told(*from), seen.further);
                tracing::warn!(kind, address, further, "refused again within a minute");
            }
            goes_on
        });
    }
}

fn told(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "many".to_owned(), |address| address.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn further(refusals: &Refusals) -> Vec<u64> {
        refusals.seen.lock().expect("a lock").values().map(|seen| seen.further).collect()
    }

    #[test]
    fn a_kind_of_an_address_is_counted_for_a_minute() {
        let (refusals, one) = (Refusals::default(), IpAddr::from([10, 0, 0, 1]));
        for second in 0..30 {
            refusals.note("access.expired", one, Duration::from_secs(second));
        }
        assert_eq!(further(&refusals), [29]);
        refusals.sweep(Duration::from_secs(59));
        assert_eq!(further(&refusals), [29], "its minute goes on");
        refusals.note("access.expired", IpAddr::from([10, 0, 0, 2]), Duration::from_secs(59));
        refusals.note("request.host", one, Duration::from_secs(59));
        refusals.sweep(WINDOW);
        assert_eq!(further(&refusals), [0, 0], "the others stay");
    }

    #[test]
    fn many_addresses_take_bounded_room() {
        let refusals = Refusals::default();
        for number in 0..100_000 {
            let address = IpAddr::from(Ipv4Addr::from_bits(number));
            refusals.note("access.unauthenticated", address, Duration::ZERO);
        }
        let counts = further(&refusals);
        assert_eq!(counts.len(), MAX_KNOWN + 1);
        assert_eq!(counts.iter().sum::<u64>(), 100_000 - 1024 - 1);
    }
}
