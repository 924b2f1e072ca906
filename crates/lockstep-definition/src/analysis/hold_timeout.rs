//! A hold timeout that is shorter than what the steps under the lock may take.
//!
//! Only what an author has written counts: timeouts of steps, their attempts and pauses, and under
//! `while_waiting: hold` the waits. Without a timeout a call counts as no time at all, so the sum is
//! never too high; a wait for somebody, or for another workflow, counts as endless. Under
//! `while_waiting: release` what counts is the time from one wait to the next.

use std::time::Duration;

use lockstep_expr::Value;

use crate::code::Code;
use crate::workflow::{
    Activity, ChildMode, ExclusiveLock, ForEach, Goto, Handler, Operation, Payload, Place, Retry,
    Step, Wait, WhileWaiting, Workflow,
};

use super::board::{Board, Told};
use super::survey::{Owner, Survey, may_be_left_out, successors};
use super::walk;

/// Pauses that are added up one by one; the rest is as long as the last of them.
const MAX_PAUSES: u32 = 1_000;
/// Most steps that a finding points at.
const MAX_SHOWN: usize = 4;
/// How long a step may take that need not end.
const ENDLESS: Duration = Duration::MAX;

pub(crate) fn check(survey: &Survey<'_>, board: &mut Board<'_, '_>) {
    for (owner, lock) in survey.owners() {
        let held = lock.while_waiting == Some(WhileWaiting::Hold);
        let (longest, parts) = match owner {
            Owner::Workflow => of_workflow(survey.workflow, held),
            Owner::Activity(number) => {
                let Some(activity) = survey.activity(number) else { continue };
                let release = lock.while_waiting == Some(WhileWaiting::Release);
                let longest =
                    if release { between_waits(activity) } else { of_activity(activity, held) };
                let parts = activity.steps.iter();
                (longest, parts.map(|step| (&step.place, of_step(step, held))).collect())
            }
        };
        if longest <= lock.hold_timeout {
            continue;
        }
        let mut told = finding(lock, owner, longest);
        for (place, time) in parts.into_iter().filter(|(_, time)| !time.is_zero()).take(MAX_SHOWN) {
            let label = if time == ENDLESS {
                "may wait without end".to_owned()
            } else {
                format!("up to {}", shown(time))
            };
            told = told.label(place, label);
        }
        board.tell(told);
    }
}

/// How long the activities of a workflow may take on the longest way through them on which none
/// comes twice, and each of them.
fn of_workflow(workflow: &Workflow, held: bool) -> (Duration, Vec<(&Place, Duration)>) {
    let count = workflow.activities.len();
    // Behind the last activity is the end.
    let mut longest = vec![Duration::ZERO; count + 1];
    let mut parts = Vec::with_capacity(count);
    for (number, activity) in workflow.activities.iter().enumerate().rev() {
        let time = of_activity(activity, held);
        parts.push((&activity.place, time));
        let mut targets = successors(activity, number);
        targets.extend(activity.catch.iter().map(|catch| match catch.handler {
            Handler::Goto(goto) => goto,
            Handler::Steps(_) => Goto::Activity(number + 1),
        }));
        let behind = |goto: &Goto| match goto {
            Goto::Activity(target) if *target > number => longest.get(*target).copied(),
            Goto::Activity(_) | Goto::End => None,
        };
        let behind = targets.iter().filter_map(behind).max().unwrap_or_default();
        let left_out = if may_be_left_out(activity) { longest.get(number + 1) } else { None };
        let way = time.saturating_add(behind).max(left_out.copied().unwrap_or_default());
        if let Some(longest) = longest.get_mut(number) {
            *longest = way;
        }
    }
    parts.reverse();
    (longest.first().copied().unwrap_or_default(), parts)
}

fn of_activity(activity: &Activity, held: bool) -> Duration {
    let longest = sum(&activity.steps, held);
    activity.timeout.map_or(longest, |limit| longest.min(limit))
}

/// How long the steps between two waits may take, during which the lock is given back.
fn between_waits(activity: &Activity) -> Duration {
    let (mut longest, mut since) = (Duration::ZERO, Duration::ZERO);
    for step in &activity.steps {
        if matches!(step.operation, Operation::Wait(_)) && step.when.is_none() {
            since = Duration::ZERO;
        } else if !walk::all(std::slice::from_ref(step)).iter().any(|walked| {
            // Of steps that wait somewhere within nothing is known.
            matches!(walked.step.operation, Operation::Wait(_))
        }) {
            since = since.saturating_add(of_step(step, false));
        }
        longest = longest.max(since);
    }
    activity.timeout.map_or(longest, |limit| longest.min(limit))
}

fn finding(lock: &ExclusiveLock, owner: Owner, longest: Duration) -> Told {
    let hold = shown(lock.hold_timeout);
    let (under, otherwise) = match owner {
        Owner::Workflow => {
            ("the activities under this lock", "give the lock to the activities that need it")
        }
        Owner::Activity(_) => ("the steps under this lock", "call outside without the lock"),
    };
    let (message, help) = if longest == ENDLESS {
        (
            format!(
                "{under} may wait without end; the lock is taken away after {hold}"
            ),
            "write a `timeout` beside the steps that wait, and a `hold_timeout` that is longer; or \
             wait in an activity of its own, without the lock"
                .to_owned(),
        )
    } else {
        let longest = shown(longest);
        (
            format!("{under} may take {longest}, but it is taken away after {hold}"),
            format!(
                "write a `hold_timeout` of more than {longest}, shorten the timeouts and retries of \
                 the steps, or {otherwise}"
            ),
        )
    };
    Told::new(Code::HoldTimeoutTooShort, &lock.place, message).help(help)
}

/// How long steps may take one after the other. They nest only a few levels deep.
fn sum(steps: &[Step], waits: bool) -> Duration {
    steps.iter().map(|step| of_step(step, waits)).fold(Duration::ZERO, Duration::saturating_add)
}

/// How long a step may take; whether the lock is held as long while it waits.
fn of_step(step: &Step, waits: bool) -> Duration {
    match &step.operation {
        Operation::Http { .. } | Operation::Exec { .. } | Operation::Task { .. } => attempts(step),
        Operation::Workflow { mode: ChildMode::Call, .. } => {
            step.timeout.unwrap_or(if waits { ENDLESS } else { Duration::ZERO })
        }
        Operation::Wait(wait) if waits => match wait {
            Wait::For(Payload::Literal(Value::Duration(length))) => {
                length.to_std().unwrap_or_default()
            }
            // How long is only known when it runs; it ends by itself.
            Wait::For(_) | Wait::Until(_) => Duration::ZERO,
            Wait::Signal(_) | Wait::Form(_) => step.timeout.unwrap_or(ENDLESS),
        },
        Operation::ForEach(each) => sum(&each.steps, waits).saturating_mul(turns(each)),
        Operation::Parallel(branches) => {
            branches.iter().map(|branch| sum(&branch.steps, waits)).max().unwrap_or_default()
        }
        Operation::Wait(_)
        | Operation::Workflow { mode: ChildMode::Start, .. }
        | Operation::Load { .. }
        | Operation::Find { .. }
        | Operation::Create { .. }
        | Operation::Update { .. }
        | Operation::Delete { .. }
        | Operation::Set(_)
        | Operation::Require { .. }
        | Operation::Raise(_)
        | Operation::Commit
        | Operation::Log(_)
        | Operation::Stop(_) => Duration::ZERO,
    }
}

/// How often the steps of a `for_each` run one after the other: once if that is not known.
fn turns(each: &ForEach) -> u32 {
    let items = match &each.items {
        Payload::Literal(Value::List(items)) => items.len(),
        Payload::List(items) => items.len(),
        Payload::Literal(_) | Payload::Template(_) | Payload::Map(_) => 1,
    };
    u32::try_from(items).unwrap_or(u32::MAX).div_ceil(each.max_parallel.max(1))
}

fn attempts(step: &Step) -> Duration {
    let once = step.timeout.unwrap_or_default();
    let Some(retry) = &step.retry else { return once };
    once.saturating_mul(retry.max_attempts).saturating_add(pauses(retry))
}

/// All pauses between the attempts.
fn pauses(retry: &Retry) -> Duration {
    let count = retry.max_attempts.saturating_sub(1);
    let mut all = Duration::ZERO;
    let mut pause = retry.backoff.min(retry.max_backoff);
    for number in 0..count.min(MAX_PAUSES) {
        if pause >= retry.max_backoff || retry.factor <= 1.0 {
            return all.saturating_add(pause.saturating_mul(count - number));
        }
        all = all.saturating_add(pause);
        let longer = Duration::try_from_secs_f64(pause.as_secs_f64() * retry.factor);
        pause = longer.unwrap_or(retry.max_backoff).min(retry.max_backoff);
    }
    all.saturating_add(pause.saturating_mul(count.saturating_sub(MAX_PAUSES)))
}

/// A length of time as authors write it.
fn shown(time: Duration) -> String {
    let (seconds, rest) = (time.as_secs(), time.subsec_millis());
    let mut out = String::new();
    for (unit, size) in [("h", seconds / 3600), ("m", seconds / 60 % 60), ("s", seconds % 60)] {
        if size > 0 {
            out.push_str(&size.to_string());
            out.push_str(unit);
        }
    }
    if rest > 0 || out.is_empty() {
        out.push_str(&rest.to_string());
        out.push_str("ms");
    }
    out
}
