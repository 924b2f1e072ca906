//! The locks of an instance, as its journal tells of them.
//!
//! * A token is granted once, grows, and is void when it was lost or given back.
//! * The lock of a workflow is held from its first activity to its end.
//! * Who had waited too long when an engine took it up is not served any more.

use lockstep_core::transition::LockRow;
use lockstep_core::{Entry, FencingToken, Happening, InstanceId, Time};
use lockstep_definition::LockMode;

use super::course::{audit, definition};
use super::grants::{Grant, micros};
use super::{Laws, Scene, Violation};

impl Laws {
    /// Takes note that a lock was taken away.
    pub(super) fn lost(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        (key, token): (&str, FencingToken),
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let course = self.courses.entry(id).or_default();
        if course.calls.values().any(|(_, back)| !back) {
            scene.coverage.count("hold timeout during a call");
        }
        course.lost = Some((token, entry.at));
        if let Some((of, lost)) = &mut course.workflow_token
            && *of == token
        {
            scene.coverage.count("lock of a workflow lost");
            *lost = true;
        }
        self.held_at(token, entry.at, scene)?;
        let early = self.grants.lost(id, entry, (key, token))?;
        if !early {
            scene.coverage.count("hold timeout");
        }
        self.courses.entry(id).or_default().lost_early = early;
        Ok(())
    }

    /// Takes note that a lock was given back for a wait: its token is void.
    pub(super) fn gave_back(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        key: &str,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        scene.coverage.count("lock given back for a wait");
        self.courses.entry(id).or_default().without = true;
        let Some(token) = self.grants.given_back(id, entry, key) else {
            return Violation::of("journal", format!("{id} gives {key} back without having it"));
        };
        self.held_at(token, entry.at, scene)?;
        self.grants.end(token);
        Ok(())
    }

    /// Takes note that a lock was granted.
    pub(super) fn got(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        (key, token, waited): (&str, FencingToken, i64),
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let mode = self.table.mode(token);
        let course = self.courses.entry(id).or_default();
        if token <= course.last_token {
            let text = format!("{id}: token {token} after {}", course.last_token);
            return Violation::of("journal", text);
        }
        if course.too_late {
            let text = format!("{id} got {key}, for which it had waited too long at a restart");
            return Violation::of("waiting-timeout", text);
        }
        course.last_token = token;
        course.waiting_since = None;
        let lock = definition(course, entry.activity, scene);
        if waited > 0 {
            scene.coverage.count("lock waited for and granted");
        }
        if entry.activity == 0 {
            course.workflow_token = Some((token, false));
            if waited > 0 {
                scene.coverage.count("lock of a workflow waited for and granted");
            }
        } else if std::mem::take(&mut course.without) {
            scene.coverage.count("lock taken again behind a wait");
        }
        let mode = lock.map(|lock| lock.mode).or(mode).unwrap_or(LockMode::Shared);
        let grant = Grant { token, waited, mode, lock };
        self.grants.granted(id, entry, key, &grant)?;
        self.is_free(token, scene)
    }

    /// The lock of a workflow is there from its first activity to its end.
    pub(super) fn under_its_lock(
        &self,
        id: InstanceId,
        entry: &Entry,
        scene: &Scene<'_>,
    ) -> Result<(), String> {
        let Some(course) = self.courses.get(&id) else { return Ok(()) };
        let is_end = matches!(entry.event, Happening::Finished | Happening::Failed { .. });
        let is_held = || {
            let definitions = scene.workload.definitions(&course.definitions);
            let workflow = definitions.and_then(|all| all.workflows.get(&course.workflow));
            let lock = workflow.and_then(|workflow| workflow.exclusive_lock.as_ref());
            lock.is_none() || course.workflow_token.is_some()
        };
        if entry.activity > 0 && !is_end && !is_held() {
            return Err(format!("{:?} without the lock of its workflow", entry.event));
        }
        let is_doomed = course.workflow_token.is_some_and(|(_, lost)| lost);
        let goes_on = matches!(
            entry.event,
            Happening::Committed(_)
                | Happening::Caught { .. }
                | Happening::Retried { .. }
                | Happening::Called { .. }
                | Happening::Finished
        );
        if is_doomed && goes_on {
            return Err(format!("{:?} behind the loss of its workflow's lock", entry.event));
        }
        Ok(())
    }

    /// Takes note that an instance has ended, and held until then what its workflow keeps.
    pub(super) fn told_end(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        scene: &Scene<'_>,
    ) -> Result<(), Violation> {
        let course = self.courses.entry(id).or_default();
        course.told_end = true;
        match course.workflow_token {
            Some((token, false)) => self.held_at(token, entry.at, scene),
            Some((_, true)) | None => Ok(()),
        }
    }

    pub(super) fn logged(
        &mut self,
        id: InstanceId,
        text: &str,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        audit(id, text, scene)?;
        self.reader(id, text, entry, scene)
    }

    /// Whoever reads under a shared lock sees the same as long as it has it.
    pub(super) fn reader(
        &mut self,
        id: InstanceId,
        text: &str,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let Some(read) = text.strip_prefix("reader ") else { return Ok(()) };
        scene.coverage.count("read twice under a shared lock");
        let mut numbers = read.split(' ').map(str::parse::<i64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(token)), Some(Ok(first)), Some(Ok(second))) if first == second => {
                self.held_at(token, entry.at, scene)
            }
            _ => Violation::of("exclusion", format!("{id} reads {read} under a shared lock")),
        }
    }

    /// Takes note of who waited for a lock when an engine took it up, and had done so too long: it
    /// is not served any more, unless a hold or another wait had ended before that.
    pub(crate) fn taken_up(
        &mut self,
        waited: &[InstanceId],
        held: &[LockRow],
        now: Time,
        scene: &mut Scene<'_>,
    ) {
        let until = |id: &InstanceId| {
            let course = self.courses.get(id)?;
            let lock = definition(course, course.waiting_at, scene)?;
            Some((course.waiting_since?.saturating_add(micros(lock.waiting_timeout)), *id))
        };
        let waits: Vec<(i64, InstanceId)> = waited.iter().filter_map(until).collect();
        let holds = held.iter().map(|row| row.until.0);
        let mut ends: Vec<i64> = waits.iter().map(|(until, _)| *until).chain(holds).collect();
        ends.sort_unstable();
        // Of those that ended in one moment any may have been the first.
        let first = match ends.as_slice() {
            [first, second, ..] if first < second => Some(*first),
            [first] => Some(*first),
            _ => None,
        };
        let over = waits.into_iter().filter(|(until, _)| *until <= now.0 && first == Some(*until));
        let over: Vec<InstanceId> = over.map(|(_, id)| id).collect();
        // What an engine decided that left nothing behind, the next one decides anew.
        for id in waited {
            let is_over = over.contains(id);
            if is_over {
                scene.coverage.count("wait that ended while no engine ran");
            }
            self.courses.entry(*id).or_default().too_late = is_over;
        }
    }
}
