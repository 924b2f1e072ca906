//! The trace of an instance: its journal as spans.
//!
//! An instance is a trace, whose id is that of the instance; or a part of the trace of whoever started
//! it, if the journal tells of one. Its first span is the instance; below
//! it are its activities, and below these the waits for locks, the outside calls, the waits for
//! signals, forms and moments, and the workflows that it called.
//!
//! Invariants:
//!
//! * The same journal makes the same spans, ids too: a trace that is sent twice is one trace.
//! * A span lies within its parent, and has no negative length.
//! * A trace has at most [`MAX_SPANS`] spans.
//!
//! Absent by design: inputs, outputs and objects; a span tells where time went, not what with.

pub(crate) mod export;
mod form;
mod parent;

use std::sync::Arc;

use lockstep_core::transition::{InstanceRow, Status};
use lockstep_core::{Entry, Happening, InstanceId, Time};
use uuid::Uuid;

pub use self::parent::TraceParent;

/// Most spans of an instance; of a longer journal only what came first is told.
const MAX_SPANS: usize = 1000;

/// Longest text of an error, in characters.
const MAX_TEXT: usize = 500;

/// Where some time went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) id: u64,
    /// None for the instance, unless whoever started it has told a span.
    pub(crate) parent: Option<u64>,
    pub(crate) name: String,
    pub(crate) from: Time,
    pub(crate) to: Time,
    /// Whether it went to somebody outside.
    pub(crate) is_call: bool,
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// What happened in it, and when.
    pub(crate) events: Vec<(Time, &'static str, String)>,
    pub(crate) error: Option<String>,
    /// Another instance that did the work.
    pub(crate) child: Option<InstanceId>,
}

/// Returns the spans of an instance that has ended; nothing if it has not.
pub(crate) fn spans(
    row: &InstanceRow,
    journal: &[Entry],
    activity: impl Fn(&Entry) -> Option<Arc<str>>,
) -> Vec<Span> {
    let (end, error) = match &row.status {
        Status::Running(_) => return Vec::new(),
        Status::Done { at, .. } => (*at, None),
        Status::Failed { at, failure } => {
            (*at, Some(format!("{}: {}", failure.code, failure.message)))
        }
    };
    let mut trace = Trace { instance: row.id, spans: Vec::new(), open: Vec::new(), activity: None };
    let root = trace.begin(None, row.workflow.to_string(), row.started_at);
    if let (Some(span), Some(parent)) = (trace.spans.first_mut(), TraceParent::told(journal)) {
        span.parent = Some(parent.span);
    }
    trace.tell(root, "lockstep.instance", row.id.to_string());
    trace.tell(root, "lockstep.workflow", row.workflow.to_string());
    trace.tell(root, "lockstep.started_by", row.started_by.to_string());
    for entry in journal {
        trace.take(root, entry, activity(entry));
    }
    trace.leave(end);
    trace.end(root, end, error);
    trace.finish(end)
}

/// Returns the id of the trace that an instance is, or is a part of.
pub(crate) fn trace_id(instance: InstanceId, journal: &[Entry]) -> u128 {
    TraceParent::told(journal).map_or(instance.0.as_u128(), |parent| parent.trace)
}

/// Returns the id of a span of an instance: the first one is 0.
pub(crate) fn id(instance: InstanceId, number: usize) -> u64 {
    let (_, id) = Uuid::new_v5(&instance.0, &number.to_be_bytes()).as_u64_pair();
    // All zeros would be no id.
    id | 1
}

/// A trace that is being made.
struct Trace {
    instance: InstanceId,
    spans: Vec<Span>,
    /// Spans whose end has not been read, by what ends them.
    open: Vec<(String, usize)>,
    /// The present activity: its index, its span, and when it has come to rest, if it has.
    activity: Option<(u32, usize, Option<Time>)>,
}

impl Trace {
    fn begin(&mut self, parent: Option<usize>, name: String, from: Time) -> usize {
        let parent = parent.and_then(|parent| self.spans.get(parent)).map(|parent| parent.id);
        let number = self.spans.len();
        self.spans.push(Span {
            id: id(self.instance, number),
            parent,
            name,
            from,
            to: from,
            is_call: false,
            attributes: Vec::new(),
            events: Vec::new(),
            error: None,
            child: None,
        });
        number
    }

    fn tell(&mut self, span: usize, name: &'static str, value: String) {
        if let Some(span) = self.spans.get_mut(span) {
            span.attributes.push((name, value));
        }
    }

    fn end(&mut self, span: usize, at: Time, error: Option<String>) {
        if let Some(span) = self.spans.get_mut(span) {
            span.to = at.max(span.from);
            span.error = error.map(|error| error.chars().take(MAX_TEXT).collect());
        }
    }

    /// Ends the present activity; what is open in it ends with it.
    fn leave(&mut self, at: Time) {
        let Some((_, span, rest)) = self.activity.take() else { return };
        let at = rest.unwrap_or(at);
        for (_, open) in std::mem::take(&mut self.open) {
            self.end(open, at, None);
        }
        self.end(span, at, None);
    }

    /// Returns the span of the activity of an entry, which may begin with it.
    fn enter(&mut self, root: usize, entry: &Entry, name: Option<Arc<str>>) -> usize {
        let at = Time(entry.at);
        if let Some((index, span, rest)) = &mut self.activity
            && *index == entry.activity
        {
            *rest = None;
            return *span;
        }
        let before = self.activity.is_some();
        self.leave(at);
        let began = if before {
            at
        } else {
            // The first one begins with the instance.
            self.spans.get(root).map_or(at, |root| root.from)
        };
        let name = name.map_or_else(|| format!("activity {}", entry.activity), |it| it.to_string());
        let span = self.begin(Some(root), name.clone(), began);
        self.tell(span, "lockstep.activity", name);
        self.activity = Some((entry.activity, span, None));
        span
    }

    fn take(&mut self, root: usize, entry: &Entry, name: Option<Arc<str>>) {
        let (at, event) = (Time(entry.at), &entry.event);
        if self.spans.len() >= MAX_SPANS || is_of_instance(event) {
            return;
        }
        let activity = self.enter(root, entry, name);
        if matches!(event, Happening::Committed(_) | Happening::Skipped) {
            // If nothing else follows in it, the activity has ended here.
            self.activity = Some((entry.activity, activity, Some(at)));
        }
        if let Some(opening) = Opening::of(event) {
            let span = self.begin(Some(activity), opening.name, at);
            for (name, value) in opening.told {
                self.tell(span, name, value);
            }
            if let Some(span) = self.spans.get_mut(span) {
                (span.is_call, span.child) = (opening.is_call, opening.child);
            }
            self.open.push((opening.until, span));
        } else if let Some((what, error)) = closing(event) {
            let place = self.open.iter().position(|(until, _)| *until == what);
            if let Some((_, span)) = place.map(|place| self.open.swap_remove(place)) {
                self.end(span, at, error);
            }
            if let Happening::LockGranted { key, token, .. } = event {
                self.tell(activity, "lockstep.lock.key", key.clone());
                self.tell(activity, "lockstep.lock.token", token.to_string());
            }
        } else if let Some(text) = noted(event)
            && let Some(span) = self.spans.get_mut(activity)
        {
            span.events.push((at, event.name(), text));
        }
    }

    /// Has every span lie within its parent.
    fn finish(mut self, end: Time) -> Vec<Span> {
        for span in &mut self.spans {
            span.to = span.to.min(end.max(span.from));
        }
        self.spans
    }
}

/// A span that begins with an entry.
struct Opening {
    name: String,
    /// What ends it.
    until: String,
    told: Vec<(&'static str, String)>,
    is_call: bool,
    child: Option<InstanceId>,
}

impl Opening {
    fn of(event: &Happening) -> Option<Self> {
        let new = |name: String, until: String, told| Self {
            name,
            until,
            told,
            is_call: false,
            child: None,
        };
        if let Happening::LockWaited { key, holder } = event {
            let mut told = vec![("lockstep.lock.key", key.clone())];
            told.extend(holder.clone().map(|holder| ("lockstep.lock.holder", holder)));
            return Some(new("wait for lock".to_owned(), LOCK.to_owned(), told));
        }
        if let Happening::Called { key, attempt } = event {
            let told = vec![
                ("lockstep.call.idempotency_key", key.clone()),
                ("lockstep.call.attempt", attempt.to_string()),
            ];
            let call = new("outside call".to_owned(), format!("call {key}"), told);
            return Some(Self { is_call: true, ..call });
        }
        if let Happening::Waited { signal, title, .. } = event {
            let what = signal.clone().or_else(|| title.clone());
            let name = what.as_ref().map_or("wait".to_owned(), |what| format!("wait for {what}"));
            let until = signal.as_ref().map_or(String::new(), |signal| format!("signal {signal}"));
            return Some(new(name, until, Vec::new()));
        }
        if let Happening::ChildStarted { instance, workflow, awaited: true } = event {
            let told = vec![("lockstep.child", instance.clone())];
            let child = Uuid::parse_str(instance).ok().map(InstanceId);
            let span = new(format!("workflow {workflow}"), format!("child {instance}"), told);
            return Some(Self { child, ..span });
        }
        None
    }
}

/// What ends a wait for a lock: an instance waits for one at a time.
const LOCK: &str = "lock";

/// Returns which span ends with an entry, and with which error.
fn closing(event: &Happening) -> Option<(String, Option<String>)> {
    if matches!(event, Happening::LockGranted { .. }) {
        return Some((LOCK.to_owned(), None));
    }
    if let Happening::Returned { key, error } = event {
        return Some((format!("call {key}"), error.clone()));
    }
    if let Happening::SignalTaken { name, .. } = event {
        return Some((format!("signal {name}"), None));
    }
    if let Happening::ChildEnded { instance, error } = event {
        return Some((format!("child {instance}"), error.clone()));
    }
    None
}

/// Returns what is told of an entry that is a moment of its activity.
fn noted(event: &Happening) -> Option<String> {
    if let Happening::Retried { error } | Happening::Caught { error } = event {
        return Some(error.clone());
    }
    if let Happening::LockLost { key, .. } | Happening::LockReleased { key } = event {
        return Some(key.clone());
    }
    if let Happening::LockBroken { by, reason, .. } = event {
        return Some(format!("{by}: {reason}"));
    }
    matches!(event, Happening::Committed(_) | Happening::Skipped).then(String::new)
}

/// Returns whether an entry is about the whole instance.
fn is_of_instance(event: &Happening) -> bool {
    matches!(
        event,
        Happening::Started
            | Happening::Traced { .. }
            | Happening::Finished
            | Happening::Failed { .. }
            | Happening::Recovered
            | Happening::Signalled { .. }
    )
}

#[cfg(test)]
mod tests;
