//! The laws: what must hold in every history, whatever fails.
//!
//! They know the engine by what it makes durable and by what it tells others: transitions as the
//! store judged them, answers, outside calls, and who holds and waits for locks ([`table`]).
//!
//! Absent by design: the engine's decisions. A law that followed them would be wrong together with
//! it.

mod broken;
mod clients;
mod course;
mod data;
mod followers;
mod grants;
mod locks;
mod promise;
mod table;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::transition::{
    InstanceRow, Judge, LockRow, Origin, Outcome, Refusal, Status, Transition,
};
use lockstep_core::{Entry, FencingToken, Happening, InstanceId, TransitionNumber};
use lockstep_expr::Value;
use lockstep_store::{Memory, Store as _};

use super::coverage::Coverage;
use super::outside::Outside;
use super::workload::Workload;
use crate::ready::ready;
use clients::Clients;
use course::Course;
use data::Data;
use followers::Followers;
use grants::Grants;
pub(crate) use promise::imported;
pub(crate) use table::is_committing;
use table::{Table, both_shared, is_below, meet};
use writes::Writes;

/// A law that was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the law.
    pub law: &'static str,
    /// What was found.
    pub text: String,
}

impl Violation {
    /// Returns the violation as an error.
    pub(crate) fn of<T>(law: &'static str, text: String) -> Result<T, Self> {
        Err(Self { law, text })
    }
}

/// What a history was exposed to, as far as the laws depend on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exposure {
    /// The clock was another one after a restart.
    pub(crate) clock_changed: bool,
    /// Definitions were not there at a restart.
    pub(crate) gone: bool,
    /// Instances that somebody has cancelled.
    pub(crate) cancelled: BTreeSet<InstanceId>,
}

/// What the laws look at besides transitions.
pub(crate) struct Scene<'a> {
    pub(crate) workload: &'a Workload,
    pub(crate) outside: &'a Outside,
    pub(crate) exposure: &'a Exposure,
    pub(crate) coverage: &'a mut Coverage,
}

/// All that the laws remember of one history.
#[derive(Debug, Default)]
pub(crate) struct Laws {
    pub(crate) courses: BTreeMap<InstanceId, Course>,
    data: Data,
    grants: Grants,
    clients: Clients,
    table: Table,
    writes: Writes,
    followers: Followers,
    /// Tokens of holds that were broken.
    void: BTreeSet<FencingToken>,
    /// Reasons for breaks that stand in journals.
    reasons: BTreeSet<String>,
    last: TransitionNumber,
    accepted: BTreeSet<InstanceId>,
    answered: BTreeSet<InstanceId>,
    /// Idempotency keys of the tasks whose results were taken.
    reported: BTreeSet<String>,
}

impl Laws {
    /// Looks at a batch that the store has judged and applied.
    pub(crate) fn applied(
        &mut self,
        batch: &[Transition],
        outcomes: &[Outcome],
        memory: &Memory,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        for (transition, outcome) in batch.iter().zip(outcomes) {
            if let (Some(row), Outcome::Committed) = (&transition.row, outcome) {
                let course = self.courses.entry(row.id).or_default();
                course.workflow = Arc::clone(&row.workflow);
                course.definitions = Arc::clone(&row.definitions);
            }
        }
        for (transition, outcome) in batch.iter().zip(outcomes) {
            if transition.number <= self.last {
                let text = format!("{} after {}", transition.number, self.last);
                return Violation::of("growing-numbers", text);
            }
            self.last = transition.number;
            if transition.judge == Judge::Store {
                scene.coverage.count("commit judged by the store");
            }
            match outcome {
                Outcome::Committed => self.committed(transition, scene)?,
                Outcome::Refused(_) if !transition.starts.is_empty() => {
                    scene.coverage.count("change refused that would be followed");
                }
                Outcome::Refused(Refusal::Unique { .. }) => {
                    scene.coverage.count("unique key refused by the store");
                }
                Outcome::Refused(Refusal::Conflict { .. }) => {
                    scene.coverage.count("conflict refused by the store");
                }
                Outcome::Refused(Refusal::Fenced { .. }) => {
                    scene.coverage.count("outdated token refused by the store");
                }
            }
        }
        self.all_followed()?;
        self.check_lock_rows(memory)
    }

    fn committed(
        &mut self,
        transition: &Transition,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        if let Some(id) = transition.instance
            && self.is_of_client(transition)
        {
            return self.client_changed(id, transition, scene);
        }
        if let Some(id) = transition.instance {
            let course = self.courses.entry(id).or_default();
            if course.ended {
                return Violation::of("end", format!("{id} goes on after its end"));
            }
            // A lock may be lost behind the commit, within one transition.
            let is_commit = |entry: &Entry| matches!(entry.event, Happening::Committed(_));
            let commit = transition.journal.iter().position(is_commit);
            let commit = commit.unwrap_or(transition.journal.len());
            let (before, behind) = transition.journal.split_at(commit);
            for entry in before {
                self.tell(id, entry, scene)?;
            }
            let told = match behind.first().map(|entry| &entry.event) {
                Some(Happening::Committed(told)) => told.as_slice(),
                Some(_) | None => &[],
            };
            data::compare(told, transition)?;
            self.follow_changes(transition, scene)?;
            let writes = self.write(transition, scene)?;
            self.courses.entry(id).or_default().writes += writes;
            if let Some(commit) = behind.first() {
                for token in data::tokens(transition) {
                    self.held_at(token, commit.at, scene)?;
                }
            }
            for entry in behind {
                self.tell(id, entry, scene)?;
            }
        } else {
            self.outside_committed(transition, scene)?;
            self.follow_changes(transition, scene)?;
            self.write(transition, scene)?;
        }
        match &transition.row {
            Some(row) => self.row(row, scene),
            None => Ok(()),
        }
    }

    fn write(&mut self, transition: &Transition, scene: &mut Scene<'_>) -> Result<i64, Violation> {
        let mut data = std::mem::take(&mut self.data);
        let writes = data.apply(transition, scene, &|token| self.standing(token), &|one, other| {
            self.is_line(one, other)
        });
        self.data = data;
        writes
    }

    fn row(&mut self, row: &InstanceRow, scene: &mut Scene<'_>) -> Result<(), Violation> {
        let Some(course) = self.courses.get_mut(&row.id) else {
            return Violation::of("journal", format!("{} has a row and no journal", row.id));
        };
        course.waits = row.ticket != 0;
        course.text.clear();
        self.follower(row, scene)?;
        let course = self.courses.entry(row.id).or_default();
        match &row.status {
            Status::Running(text) => {
                course.text.push_str(text);
                Ok(())
            }
            Status::Done { output, .. } => {
                course.ended = true;
                scene.coverage.count("instance ended well");
                let Value::Map(map) = output else { return Ok(()) };
                match map.get("done") {
                    Some(Value::Int(done)) if *done == course.writes => Ok(()),
                    done => Violation::of(
                        "exactly-once",
                        format!("{} counts {done:?} writes and made {}", row.id, course.writes),
                    ),
                }
            }
            Status::Failed { failure, .. } => {
                course.ended = true;
                scene.coverage.count("instance failed");
                let code = &*failure.code;
                if code == "cancelled" {
                    scene.coverage.count("instance cancelled");
                }
                let exposure = scene.exposure;
                let known = scene.workload.facts.errors.contains(code)
                    || (code == "cancelled"
                        && (course.parent.is_some() || exposure.cancelled.contains(&row.id)))
                    || (exposure.gone
                        && matches!(code, "lock.lost" | "workflow.failed" | "instance.lost"));
                if known {
                    return Ok(());
                }
                let text = format!("{} failed with {code}: {}", row.id, failure.message);
                Violation::of("error-without-cause", text)
            }
        }
    }

    /// Every lock row belongs to an instance that has not ended and lives under it.
    fn check_lock_rows(&self, memory: &Memory) -> Result<(), Violation> {
        let rows = ready(memory.locks()).expect("the store in memory is open");
        for row in &rows {
            self.check_beside(row, &rows)?;
            if matches!(row.origin, Origin::Client { .. }) {
                self.client_row(row)?;
                continue;
            }
            let Some(course) = self.courses.get(&row.instance) else {
                let text = format!("{} is held by {}, which is not there", row.key, row.instance);
                return Violation::of("orphan-lock", text);
            };
            if course.ended {
                let text = format!("{} is held by {}, which has ended", row.key, row.instance);
                return Violation::of("orphan-lock", text);
            }
            if !course.text.contains(&row.token.to_string()) {
                let text = format!("{} does not know that it holds {}", row.instance, row.key);
                return Violation::of("orphan-lock", text);
            }
        }
        Ok(())
    }

    /// No stranger has a row that excludes another.
    fn check_beside(&self, row: &LockRow, rows: &[LockRow]) -> Result<(), Violation> {
        let excludes = |other: &&LockRow| {
            other.token != row.token
                && meet(&[&*row.key], &[&*other.key])
                && !both_shared(row.mode, other.mode)
                && !self.is_line(row.instance, other.instance)
        };
        match rows.iter().find(excludes) {
            None => Ok(()),
            Some(other) => {
                Violation::of("exclusion", format!("the store has {row:?} and {other:?}"))
            }
        }
    }

    /// Takes note that something was held at a moment, as a journal tells.
    fn held_at(
        &mut self,
        token: FencingToken,
        at: i64,
        scene: &Scene<'_>,
    ) -> Result<(), Violation> {
        if scene.exposure.clock_changed || scene.exposure.gone {
            return Ok(());
        }
        let courses = &self.courses;
        let parent = |id| courses.get(&id).and_then(|course: &Course| course.parent);
        self.grants.held_at(token, at, &|low, high| is_below(&parent, low, high))
    }

    /// Looks whether something was free when it was granted.
    fn is_free(&self, token: FencingToken, scene: &Scene<'_>) -> Result<(), Violation> {
        if scene.exposure.clock_changed || scene.exposure.gone {
            return Ok(());
        }
        self.grants.check_free(token, &|low, high| self.is_below(low, high))
    }

    /// Returns whether an instance is another one or runs for it, directly or over others.
    fn is_below(&self, low: InstanceId, high: InstanceId) -> bool {
        let parent = |id| self.courses.get(&id).and_then(|course| course.parent);
        is_below(&parent, low, high)
    }

    fn is_line(&self, one: InstanceId, other: InstanceId) -> bool {
        self.is_below(one, other) || self.is_below(other, one)
    }

    /// Forgets instances of which nothing was durable when the process ended.
    pub(crate) fn restarted(&mut self) {
        self.table.restarted();
        self.courses.retain(|_, course| !course.workflow.is_empty());
    }

    /// Looks back at a history that has come to its end.
    pub(crate) fn ended(&self, memory: &Memory, scene: &Scene<'_>) -> Result<(), Violation> {
        let unfinished = self.courses.iter().find(|(_, course)| !course.ended);
        if let Some((id, _)) = unfinished {
            return Violation::of("progress", format!("{id} has not ended"));
        }
        let in_order = !scene.workload.facts.holds_and_waits
            && !scene.exposure.clock_changed
            && !scene.exposure.gone
            && !scene.workload.facts.prioritized;
        if in_order {
            let untold = self.table.untold(|token| self.grants.is_told(token));
            self.grants.check_order(&scene.exposure.cancelled, &untold)?;
        }
        let locks = ready(memory.locks()).expect("the store in memory is open");
        if let Some(row) = locks.first() {
            return Violation::of("orphan-lock", format!("{} is held by nobody", row.key));
        }
        self.data.ended(memory, scene)
    }
}
