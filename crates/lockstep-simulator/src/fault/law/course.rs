//! The course of an instance, as its journal tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lockstep_core::{Entry, FencingToken, Happening, InstanceId};
use lockstep_definition::ExclusiveLock;

use super::grants::micros;
use super::{Laws, Scene, Violation};

/// What is known of one instance.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Course {
    pub(crate) workflow: Arc<str>,
    pub(crate) definitions: Arc<str>,
    pub(crate) parent: Option<InstanceId>,
    pub(crate) ended: bool,
    /// Whether its row says that it waits for a lock.
    pub(crate) waits: bool,
    /// The text of its row, while it runs.
    pub(crate) text: String,
    /// Objects that it has written, each time counted.
    pub(crate) writes: i64,
    /// Outside calls by idempotency key: attempts, and whether the last one came back.
    pub(crate) calls: BTreeMap<String, (u32, bool)>,
    pub(crate) signals: BTreeSet<String>,
    kept: VecDeque<(String, String)>,
    entries: u64,
    pub(super) last_token: FencingToken,
    /// Since when it waits for a lock.
    pub(super) waiting_since: Option<i64>,
    /// The activity for which it waits for a lock.
    pub(super) waiting_at: u32,
    /// Its journal tells that it has ended.
    pub(super) told_end: bool,
    has_retried: bool,
    /// The token of the lock that its workflow keeps to its end, and whether it was lost.
    pub(super) workflow_token: Option<(FencingToken, bool)>,
    /// Its journal tells that it lost this lock, and not yet what it does about it.
    pub(super) lost: Option<(FencingToken, i64)>,
    /// It lost the lock before its hold timeout: somebody must have broken it.
    pub(super) lost_early: bool,
    /// Its wait for a lock had taken too long when an engine took it up.
    pub(super) too_late: bool,
    /// It gave its lock back for a wait, and has not got it again.
    pub(super) without: bool,
}

impl Laws {
    /// Takes an entry of a journal.
    pub(super) fn tell(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let wrong = |what: String| Violation::of("journal", format!("{id}: {what}"));
        let course = self.courses.entry(id).or_default();
        course.entries += 1;
        let is_start = matches!(entry.event, Happening::Started);
        if is_start != (course.entries == 1) || course.told_end {
            return wrong(format!("{:?} as entry {}", entry.event, course.entries));
        }
        course.goes_on(entry).or_else(wrong)?;
        self.under_its_lock(id, entry, scene).or_else(wrong)?;
        self.follow(id, entry, scene)
    }

    fn follow(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let wrong = |what: String| Violation::of("journal", format!("{id}: {what}"));
        let course = self.courses.entry(id).or_default();
        match &entry.event {
            Happening::Called { key, attempt } => {
                course.called(key, *attempt, scene).or_else(wrong)
            }
            Happening::Returned { key, .. } => course.returned(key).or_else(wrong),
            Happening::Signalled { name, by } => {
                course.signals.insert(by.clone());
                course.kept.push_back((name.clone(), by.clone()));
                Ok(())
            }
            Happening::SignalTaken { name, by } => course.take(id, name, by, scene),
            Happening::ChildStarted { instance, awaited, .. } => {
                if *awaited && let Ok(child) = instance.parse() {
                    self.courses.entry(InstanceId(child)).or_default().parent = Some(id);
                }
                Ok(())
            }
            Happening::ChildEnded { instance, .. } => {
                self.child_ended(instance, scene).or_else(wrong)
            }
            Happening::Finished => self.told_end(id, entry, scene),
            Happening::Failed { error, .. } => {
                self.told_end(id, entry, scene)?;
                self.failed(id, entry, error, scene)
            }
            Happening::Caught { error } => {
                scene.coverage.count("error caught");
                self.failed(id, entry, error, scene)
            }
            Happening::Retried { error } => {
                course.has_retried = true;
                self.failed(id, entry, error, scene)
            }
            Happening::Skipped => {
                let (all, one) = ("workflow left out", "activity left out");
                scene.coverage.count(if entry.activity == 0 { all } else { one });
                Ok(())
            }
            Happening::Logged(text) => self.logged(id, text, entry, scene),
            Happening::LockWaited { .. } => {
                course.waiting_since.get_or_insert(entry.at);
                course.waiting_at = entry.activity;
                Ok(())
            }
            Happening::LockGranted { key, token, waited } => {
                self.got(id, entry, (key, *token, *waited), scene)
            }
            Happening::LockLost { key, token } => self.lost(id, entry, (key, *token), scene),
            Happening::LockReleased { key } => self.gave_back(id, entry, key, scene),
            Happening::LockBroken { reason, .. } => {
                scene.coverage.count("lock of an instance broken");
                self.reasons.insert(reason.clone());
                Ok(())
            }
            Happening::Started
            | Happening::Traced { .. }
            | Happening::Committed(_)
            | Happening::Waited { .. }
            | Happening::ClientAsked { .. }
            | Happening::LockRenewed { .. }
            | Happening::SignalDropped { .. }
            | Happening::EachBegan { .. }
            | Happening::ParallelBegan { .. }
            | Happening::Recovered => Ok(()),
        }
    }

    /// Whoever tells of a child's end tells of one that is durable.
    fn child_ended(&self, instance: &str, scene: &mut Scene<'_>) -> Result<(), String> {
        scene.coverage.count("child ended");
        let child = instance.parse().ok().map(InstanceId);
        let child = child.and_then(|child| self.courses.get(&child));
        if scene.exposure.gone || child.is_some_and(|child| child.ended) {
            return Ok(());
        }
        Err(format!("{instance} has not ended"))
    }

    /// Takes an error that an activity ended with.
    fn failed(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        error: &str,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let Some(course) = self.courses.get_mut(&id) else { return Ok(()) };
        let since = course.waiting_since;
        let conflict = matches!(entry.event, Happening::Retried { .. });
        match error {
            "lock.waiting_timeout" => {
                scene.coverage.count("waiting timeout");
                let lock = definition(course, entry.activity, scene);
                let waiting = lock.map(|lock| micros(lock.waiting_timeout));
                if let (Some(since), Some(waiting)) = (since, waiting)
                    && !scene.exposure.clock_changed
                    && entry.at < since.saturating_add(waiting)
                {
                    let waited = entry.at.saturating_sub(since);
                    let text = format!("{id} waited {waited} us, it may wait {waiting}");
                    return Violation::of("waiting-timeout", text);
                }
            }
            "lock.busy" => scene.coverage.count("lock busy, failed"),
            "lock.deadlock" => scene.coverage.count("deadlock"),
            "lock.queue_full" => scene.coverage.count("lock waited for by too many"),
            "lock.context" => scene.coverage.count("lock context refused"),
            "data.conflict" if conflict => scene.coverage.count("conflict, run again"),
            "data.conflict" => scene.coverage.count("conflict, failed"),
            "wait.timeout" => scene.coverage.count("wait timed out"),
            "activity.timeout" => scene.coverage.count("activity timed out"),
            "cancelled" if course.parent.is_some() => scene.coverage.count("child cancelled"),
            _ => {}
        }
        let course = self.courses.entry(id).or_default();
        if error != "data.conflict" {
            course.waiting_since = None;
            course.too_late = false;
            course.without = false;
            // What was under way is given up.
            course.calls.values_mut().for_each(|call| call.1 = true);
        }
        Ok(())
    }
}

impl Course {
    /// What was changed under a lock that is lost is not committed, and the lock was not lost before
    /// its time unless somebody broke it.
    fn goes_on(&mut self, entry: &Entry) -> Result<(), String> {
        if std::mem::take(&mut self.lost_early)
            && !matches!(entry.event, Happening::LockBroken { .. })
        {
            return Err(format!("{:?} behind a loss before its time", entry.event));
        }
        if matches!(entry.event, Happening::Retried { .. } | Happening::Caught { .. }) {
            self.lost = None;
        }
        let Some((token, at)) = self.lost else { return Ok(()) };
        // Whoever waits for another lock may get it before it is told of its loss.
        let commits = matches!(entry.event, Happening::Committed(_));
        let takes = matches!(entry.event, Happening::LockGranted { .. }) && entry.at > at;
        if commits || takes {
            return Err(format!("{:?} although {token} is lost", entry.event));
        }
        Ok(())
    }

    fn called(&mut self, key: &str, attempt: u32, scene: &mut Scene<'_>) -> Result<(), String> {
        let call = self.calls.entry(key.to_owned()).or_default();
        if attempt != call.0 + 1 {
            return Err(format!("attempt {attempt} of {key} after {}", call.0));
        }
        if call.0 > 0 && !call.1 {
            scene.coverage.count("call made again after a crash");
        } else if call.0 > 0 {
            scene.coverage.count("call tried again");
        }
        *call = (attempt, false);
        Ok(())
    }

    fn returned(&mut self, key: &str) -> Result<(), String> {
        match self.calls.get_mut(key) {
            Some((_, back)) if !*back => {
                *back = true;
                Ok(())
            }
            Some(_) | None => Err(format!("{key} came back, and was not called")),
        }
    }

    fn take(
        &mut self,
        id: InstanceId,
        name: &str,
        by: &str,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        scene.coverage.count("signal taken");
        let first = self.kept.iter().position(|(kept, _)| kept == name);
        let taken = first.and_then(|first| self.kept.remove(first));
        let known = self.signals.contains(by);
        let in_order = self.has_retried || taken.is_some_and(|(_, first)| first == by);
        if known && in_order {
            return Ok(());
        }
        Violation::of("signal", format!("{id} takes `{name}` by {by} out of order"))
    }
}

/// Returns the lock that an instance takes for an activity; for the first one, which has none, that
/// of its workflow.
pub(super) fn definition<'a>(
    course: &Course,
    activity: u32,
    scene: &Scene<'a>,
) -> Option<&'a ExclusiveLock> {
    let definitions = scene.workload.definitions(&course.definitions)?;
    let workflow = definitions.workflows.get(&course.workflow)?;
    if activity == 0 {
        return workflow.exclusive_lock.as_ref();
    }
    let activity = workflow.activities.get(usize::try_from(activity).ok()?)?;
    activity.exclusive_lock.as_ref()
}

/// All accounts together have what they began with.
pub(super) fn audit(id: InstanceId, text: &str, scene: &mut Scene<'_>) -> Result<(), Violation> {
    let Some(list) = text.strip_prefix("audit ") else { return Ok(()) };
    scene.coverage.count("audit");
    let numbers = list.trim_matches(['[', ']']).split(", ");
    let sum: i64 = numbers.filter_map(|number| number.parse::<i64>().ok()).sum();
    let expected = i64::try_from(scene.workload.keys).unwrap_or(0) * super::data::BALANCE;
    if sum == expected {
        return Ok(());
    }
    Violation::of("accounts", format!("{id} sees {list}, which is not {expected}"))
}
