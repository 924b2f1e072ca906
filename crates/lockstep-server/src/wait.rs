//! `?wait=10s`: how long a request waits for the end of its instance.

use std::time::Duration;

use lockstep_definition::duration;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;

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
