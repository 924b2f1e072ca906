//! The overview: how much a daemon has to do, and how much it has done of late.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;

/// How much a daemon has to do, and how much it has done of late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// When this was so.
    pub at: Moment,
    /// Since when the daemon runs.
    pub up_since: Moment,
    /// Instances by state.
    pub instances: Counts,
    /// Locks.
    pub locks: LockCounts,
    /// Outside calls that are under way.
    pub calls: u64,
    /// The last 60 seconds, all together.
    pub last_minute: Point,
    /// The last 60 seconds, one by one, the oldest first; fewer behind the start.
    #[schema(max_items = 60)]
    pub seconds: Vec<Point>,
    /// The last 60 minutes, one by one, the oldest first; fewer behind the start.
    #[schema(max_items = 60)]
    pub minutes: Vec<Point>,
}

/// Numbers of instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Unfinished ones.
    pub running: u64,
    /// Those that ended well, since the store was made.
    pub done: u64,
    /// Those that ended with an error, since the store was made.
    pub failed: u64,
}

/// Locks as numbers, and the hottest of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LockCounts {
    /// Instances and clients that hold a lock.
    pub holding: u64,
    /// Instances and clients that wait for one.
    pub waiting: u64,
    /// Keys that are held or wanted.
    pub keys: u64,
    /// The keys for which most wait, the longest queue first: at most 10.
    #[schema(max_items = 10)]
    pub hottest: Vec<HotLock>,
}

/// A lock key for which somebody waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HotLock {
    /// The key.
    pub key: String,
    /// How many wait for it.
    pub waiting: u64,
    /// How many hold it.
    pub holding: u64,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Point {
    /// Its end.
    pub at: Moment,
    /// Instances that began in it.
    pub started: u64,
    /// Instances that ended well in it.
    pub done: u64,
    /// Instances that ended with an error in it.
    pub failed: u64,
    /// Commits in it that found an object changed by another.
    pub conflicts: u64,
    /// Unfinished instances at its end.
    pub running: u64,
    /// Instances and clients that waited for a lock at its end.
    pub waiting: u64,
    /// Instances and clients that held a lock at its end.
    pub holding: u64,
    /// Half of the instances that ended in it took at most so long, in seconds; not there if none
    /// ended. A bound of a histogram, so that it is coarse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_seconds: Option<f64>,
    /// 99 of 100 took at most so long, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_seconds: Option<f64>,
}
