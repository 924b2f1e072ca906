//! Which instances are to be listed.

use lockstep_api::State as Progress;
use lockstep_core::InstanceId;
use lockstep_expr::Timestamp;
use lockstep_store::{InstanceFilter, State as Stored};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Builder;

use crate::page;
use crate::problem::Problem;

/// What is to be listed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Those that are so far.
    state: Option<Progress>,
    /// Those of a workflow.
    workflow: Option<String>,
    /// Those that somebody started.
    started_by: Option<String>,
    /// Those that were started at this moment or later: RFC 3339, to the millisecond.
    #[param(format = DateTime)]
    after: Option<String>,
    /// Those that were started before this moment: RFC 3339, to the millisecond.
    #[param(format = DateTime)]
    before: Option<String>,
    /// At most so many on a page: 1 to 200, 50 if nothing is said.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl Wanted {
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        Ok(u32::try_from(page::limit(self.limit)?).unwrap_or(u32::MAX))
    }

    pub(super) fn filter(self) -> Result<InstanceFilter, Problem> {
        let after = self.after.map(|text| first_at("after", &text)).transpose()?;
        let before = self.before.map(|text| first_at("before", &text)).transpose()?;
        let cursor = page::mark(self.cursor.as_deref())?.map(InstanceId);
        Ok(InstanceFilter {
            state: self.state.map(|state| match state {
                Progress::Running => Stored::Running,
                Progress::Done => Stored::Done,
                Progress::Failed => Stored::Failed,
            }),
            workflow: self.workflow.map(Into::into),
            started_by: self.started_by.map(Into::into),
            after,
            before: before.into_iter().chain(cursor).min(),
        })
    }
}

/// Returns what all ids which were drawn at a moment or later are greater than, and no others.
fn first_at(name: &str, text: &str) -> Result<InstanceId, Problem> {
    let timestamp = Timestamp::parse(text)
        .map_err(|error| Problem::unusable(format!("`{name}` is a moment: {error}")))?;
    let millis = u64::try_from(timestamp.as_micros().div_euclid(1000)).unwrap_or(0);
    let id = Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
    Ok(InstanceId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_of_a_moment_lie_between_ids() {
        let bound = |text| first_at("after", text).unwrap();
        let drawn =
            |millis| InstanceId(Builder::from_unix_timestamp_millis(millis, &[1; 10]).into_uuid());
        let at = bound("2026-11-23T10:00:00.123Z");
        let millis = 1_795_428_000_123;
        assert!(at < drawn(millis) && at > drawn(millis - 1));
        assert_eq!(at, bound("2026-11-23T11:00:00.123456+01:00"));
        assert!(bound("1815-12-10T00:00:00Z") < drawn(0));
        assert!(first_at("after", "yesterday").is_err());
    }
}
