//! Pages of instances, as people look for them.
//!
//! The part of a filter that leaves the fewest has an index, along which a page is read; the other
//! parts choose among what that finds.
//!
//! Invariants:
//!
//! * A page reads at most [`MAX_LOOKED_AT`] instances, however many there are, and is of one moment.
//! * Each instance stands in one page at most, and what a page leaves out does not fit the filter.

use lockstep_core::InstanceId;
use sqlx::sqlite::{SqliteExecutor, SqliteRow};
use sqlx::{Row as _, query};

use super::error::store_error;
use super::read::select_instance;
use super::row;
use crate::error::StoreError;
use crate::store::{InstanceFilter, InstancePage, State, StoredInstance};

/// Instances that are looked at for one page.
const MAX_LOOKED_AT: u32 = 5000;

/// Greater than every id.
const AFTER_ALL: [u8; 17] = [0xff; 17];

/// Reads along an index all that is wanted: its name, and what it is about.
macro_rules! along {
    ($index:literal, $about:literal) => {
        concat!(
            select_instance!(),
            $index,
            " WHERE ",
            $about,
            " id < ?1 AND id > ?2 ORDER BY id DESC LIMIT ?3"
        )
    };
}

/// Looks along an index, and reads what is wanted of that.
macro_rules! among {
    ($index:literal, $about:literal) => {
        concat!(
            "WITH seen AS MATERIALIZED (SELECT id, state, workflow, started_by FROM instance",
            $index,
            " WHERE ",
            $about,
            " id < ?1 AND id > ?2 ORDER BY id DESC LIMIT ?4), ",
            "wanted AS (SELECT id FROM seen WHERE (?5 IS NULL OR state = ?5) ",
            "AND (?6 IS NULL OR workflow = ?6) AND (?7 IS NULL OR started_by = ?7) ",
            "ORDER BY id DESC LIMIT ?3) ",
            "SELECT found.*, looked.last, looked.number FROM ",
            "(SELECT min(id) AS last, count(*) AS number FROM seen) looked ",
            "LEFT JOIN wanted LEFT JOIN (",
            select_instance!(),
            ") found ON found.id = wanted.id ORDER BY wanted.id DESC"
        )
    };
}

/// An index, and the statements that read along it.
struct Way {
    alone: &'static str,
    with_others: &'static str,
}

const ALL: Way = Way { alone: along!("", ""), with_others: among!("", "") };
// The states are literals, so that the indexes on a part of the rows can be used.
const RUNNING: Way = Way {
    alone: along!(" INDEXED BY instance_running", "state = 0 AND"),
    with_others: among!(" INDEXED BY instance_running", "state = 0 AND"),
};
const FAILED: Way = Way {
    alone: along!(" INDEXED BY instance_failed", "state = 2 AND"),
    with_others: among!(" INDEXED BY instance_failed", "state = 2 AND"),
};
const WORKFLOW: Way = Way {
    alone: along!(" INDEXED BY instance_of_workflow", "workflow = ?4 AND"),
    with_others: among!(" INDEXED BY instance_of_workflow", "workflow = ?6 AND"),
};
const STARTED_BY: Way = Way {
    alone: along!(" INDEXED BY instance_started_by", "started_by = ?4 AND"),
    with_others: among!(" INDEXED BY instance_started_by", "started_by = ?7 AND"),
};

pub(crate) async fn instances(
    from: impl SqliteExecutor<'_>,
    filter: &InstanceFilter,
    limit: u32,
) -> Result<InstancePage, StoreError> {
    let before = filter.before.as_ref().map_or(&AFTER_ALL[..], |id| id.0.as_bytes());
    let after = filter.after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    // One more tells whether anything is left.
    let asked = limit.saturating_add(1);
    let state = filter.state.map(row::state_number);
    let (workflow, by) = (filter.workflow.as_deref(), filter.started_by.as_deref());
    let (way, others, text) = match (filter.state, workflow, by) {
        (Some(State::Running), ..) => (RUNNING, workflow.is_some() || by.is_some(), None),
        (Some(State::Failed), ..) => (FAILED, workflow.is_some() || by.is_some(), None),
        (state, Some(_), _) => (WORKFLOW, state.is_some() || by.is_some(), workflow),
        (state, None, Some(_)) => (STARTED_BY, state.is_some(), by),
        (state, None, None) => (ALL, state.is_some(), None),
    };
    let query = query(if others { way.with_others } else { way.alone });
    let query = query.bind(before).bind(after).bind(asked);
    let query = match (others, text) {
        (true, _) => query.bind(MAX_LOOKED_AT).bind(state).bind(workflow).bind(by),
        (false, Some(text)) => query.bind(text),
        (false, None) => query,
    };
    let rows = query.fetch_all(from).await.map_err(store_error)?;
    let furthest = if others { furthest(&rows)? } else { None };
    let mut instances = Vec::with_capacity(rows.len());
    for row in &rows {
        let is_found = row.try_get::<Option<&[u8]>, _>("id").map_err(store_error)?.is_some();
        if is_found {
            instances.push(row::instance(row)?);
        }
    }
    Ok(page(instances, limit, furthest))
}

/// Returns the last instance that was looked at, if the look ended there only because of its bound.
fn furthest(rows: &[SqliteRow]) -> Result<Option<InstanceId>, StoreError> {
    let Some(row) = rows.first() else { return Ok(None) };
    let number: i64 = row.try_get("number").map_err(store_error)?;
    if number < i64::from(MAX_LOOKED_AT) {
        return Ok(None);
    }
    let last = row::instance_id(row, "last");
    Ok(Some(last.map_err(|reason| row::corrupt("an instance", reason))?))
}

fn page(
    mut instances: Vec<StoredInstance>,
    limit: u32,
    furthest: Option<InstanceId>,
) -> InstancePage {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_full = instances.len() > limit;
    instances.truncate(limit);
    let last = instances.last().map(|stored| stored.id);
    InstancePage { next: if is_full { last } else { furthest }, instances }
}

#[cfg(test)]
mod tests;
