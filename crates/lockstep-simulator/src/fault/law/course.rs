//! The course of an instance, as its journal tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use lockstep_core::{Entry, FencingToken, Happening, InstanceId};

use super::grants::Grant;
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
    last_token: FencingToken,
    /// Since when it waits for a lock.
    waiting_since: Option<i64>,
    /// Its journal tells that it has ended.
    told_end: bool,
    has_retried: bool,
    /// A commit of it was refused, with the journal that it carried.
    pub(crate) refused: bool,
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
        // A refused commit takes the journal with it that it carried, `Started` perhaps included.
        let may_begin = is_start == (course.entries == 1) || (course.refused && !is_start);
        if !may_begin || course.told_end {
            return wrong(format!("{:?} as entry {}", entry.event, course.entries));
        }
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
            Happening::SignalTaken { name, by } => {
                scene.coverage.count("signal taken");
                course.take(id, name, by)
            }
            Happening::ChildStarted { instance, awaited, .. } => {
                if *awaited && let Ok(child) = instance.parse() {
                    self.courses.entry(InstanceId(child)).or_default().parent = Some(id);
                }
                Ok(())
            }
            Happening::ChildEnded { instance, .. } => {
                self.child_ended(instance, scene).or_else(wrong)
            }
            Happening::Finished => {
                course.told_end = true;
                Ok(())
            }
            Happening::Failed { error, .. } => {
                course.told_end = true;
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
                scene.coverage.count("activity left out");
                Ok(())
            }
            Happening::Logged(text) => audit(id, text, scene),
            Happening::LockWaited { .. }
            | Happening::LockGranted { .. }
            | Happening::LockLost { .. } => self.lock(id, entry, scene),
            Happening::Started
            | Happening::Committed(_)
            | Happening::Waited { .. }
            | Happening::LockReleased { .. }
            | Happening::LockBroken { .. }
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

    /// Takes what a journal tells of a lock.
    fn lock(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let course = self.courses.entry(id).or_default();
        if let Happening::LockGranted { key, token, waited } = &entry.event {
            if *token <= course.last_token {
                let text = format!("{id}: token {token} after {}", course.last_token);
                return Violation::of("journal", text);
            }
            course.last_token = *token;
            course.waiting_since = None;
            if *waited > 0 {
                scene.coverage.count("lock waited for and granted");
            }
            let limits = limit(course, entry, scene);
            let grant = Grant { token: *token, waited: *waited, limits };
            self.grants.granted(id, entry, key, &grant)
        } else if let Happening::LockLost { key, token } = &entry.event {
            scene.coverage.count("hold timeout");
            if course.calls.values().any(|(_, back)| !back) {
                scene.coverage.count("hold timeout during a call");
            }
            self.grants.lost(id, entry, (key, *token))
        } else {
            course.waiting_since.get_or_insert(entry.at);
            Ok(())
        }
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
                let waiting = limit(course, entry, scene).map(|(waiting, _)| waiting);
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
            // What was under way is given up.
            course.calls.values_mut().for_each(|call| call.1 = true);
        }
        Ok(())
    }
}

impl Course {
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

    fn take(&mut self, id: InstanceId, name: &str, by: &str) -> Result<(), Violation> {
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

/// Returns how long the lock of the activity of an entry may be waited for and held, in
/// microseconds.
fn limit(course: &Course, entry: &Entry, scene: &Scene<'_>) -> Option<(i64, i64)> {
    let definitions = scene.workload.definitions(&course.definitions)?;
    let workflow = definitions.workflows.get(&course.workflow)?;
    let activity = workflow.activities.get(usize::try_from(entry.activity).ok()?)?;
    let lock = activity.exclusive_lock.as_ref()?;
    let micros = |duration: std::time::Duration| i64::try_from(duration.as_micros()).ok();
    Some((micros(lock.waiting_timeout)?, micros(lock.hold_timeout)?))
}

/// All accounts together have what they began with.
fn audit(id: InstanceId, text: &str, scene: &mut Scene<'_>) -> Result<(), Violation> {
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
