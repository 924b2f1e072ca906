//! `?wait=10s`: how long a request waits for the end of its instance.
//!
//! Invariants:
//!
//! * A wait ends with its time, and with the server: who waits then is told how far its instance is.

use std::time::Duration;

use lockstep_definition::duration;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest wait; proxies between here and there seldom wait longer.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// The query of a request that may wait.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// How long to wait for the end: a duration such as `10s`, at most `60s`.
    #[param(example = "10s")]
    wait: Option<String>,
}

impl Wait {
    /// Returns how long a request with this query waits; not at all if nothing is said.
    pub(crate) fn time(&self) -> Result<Duration, Problem> {
        let Some(text) = &self.wait else { return Ok(Duration::ZERO) };
        match duration(text) {
            Ok(time) if time <= MAX_WAIT => Ok(time),
            Ok(_) | Err(_) => {
                Err(Problem::unusable("`wait` is a duration such as `10s`, at most `60s`"))
            }
        }
    }
}

/// All requests that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(watch::Sender<bool>);

impl Waits {
    /// Ends all waits, and those that begin from here on.
    pub(crate) fn end(&self) {
        self.0.send_replace(true);
    }

    /// Returns what a future comes to, unless the time is over first or waits have ended.
    pub(crate) async fn until<T>(
        &self,
        time: Instant,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut waits = self.0.subscribe();
        tokio::select! {
            biased;
            value = future => Some(value),
            _ = waits.wait_for(|over| *over) => None,
            () = tokio::time::sleep_until(time) => None,
        }
    }

    /// Returns what a future comes to within a time, unless waits have ended first.
    pub(crate) async fn within<T>(
        &self,
        time: Duration,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        self.until(Instant::now() + time, future).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_its_time_and_with_all_waits() {
        let (waits, hour) = (Waits::default(), Duration::from_hours(1));
        assert_eq!(waits.within(Duration::ZERO, pending::<u8>()).await, None, "its time is over");
        assert_eq!(waits.within(Duration::ZERO, ready(7)).await, Some(7));
        let waiting = waits.within(hour, pending::<u8>());
        let (told, ()) = tokio::join!(waiting, async { waits.end() });
        assert_eq!(told, None);
        assert_eq!(waits.within(hour, pending::<u8>()).await, None, "none begins any more");
        assert_eq!(waits.within(hour, ready(7)).await, Some(7), "what is there is told");
    }
}
