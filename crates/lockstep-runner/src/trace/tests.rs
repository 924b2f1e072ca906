//! Facts about the spans of a journal.

use std::time::Duration;

use lockstep_core::Failure;
use lockstep_expr::{Map, Value};

use super::*;

const INSTANCE: InstanceId = InstanceId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0007));

/// Microseconds since 1970 at which the journal begins.
const START: i64 = 1_000_000_000;

fn row(status: Status) -> InstanceRow {
    InstanceRow {
        id: INSTANCE,
        workflow: "order".into(),
        definitions: "d".into(),
        input: Value::Map(Arc::new(Map::new())),
        input_part: None,
        started_by: "shop".into(),
        started_at: Time(START),
        ticket: 0,
        start_key: None,
        status,
        parts: Vec::new(),
    }
}

fn entry(after: i64, activity: u32, event: Happening) -> Entry {
    Entry { at: START + after, activity, event }
}

/// Returns the spans of a journal, a line each: times since the start, name, parent.
fn told(status: Status, journal: &[Entry]) -> Vec<String> {
    let names = ["reserve", "pay"];
    let name =
        |entry: &Entry| names.get(usize::try_from(entry.activity).ok()?).map(|it| (*it).into());
    let spans = spans(&row(status), journal, name);
    let parent = |span: &Span| spans.iter().find(|other| Some(other.id) == span.parent);
    let line = |span: &Span| {
        let parent = parent(span).map_or("-", |parent| &parent.name);
        let error = span.error.as_ref().map(|error| format!(" ! {error}")).unwrap_or_default();
        let (from, to) = (span.from.0 - START, span.to.0 - START);
        format!("{from}..{to} {} < {parent}{error}", span.name)
    };
    spans.iter().map(line).collect()
}

fn done(after: i64) -> Status {
    Status::Done { at: Time(START + after), output: Value::Null }
}

#[test]
fn activities_lie_in_the_instance_and_waits_and_calls_in_their_activities() {
    let key = || "k".to_owned();
    let journal = [
        entry(0, 0, Happening::Started),
        entry(1, 0, Happening::LockWaited { key: key(), holder: Some("h".into()) }),
        entry(6, 0, Happening::LockGranted { key: key(), token: 9, waited: 5 }),
        entry(7, 0, Happening::Called { key: "c:1".into(), attempt: 1 }),
        entry(9, 0, Happening::Returned { key: "c:1".into(), error: Some("http.status".into()) }),
        entry(10, 0, Happening::Committed(Vec::new())),
        entry(12, 1, Happening::Waited { signal: Some("paid".into()), title: None, until: None }),
        entry(20, 1, Happening::Signalled { name: "paid".into(), by: "ann".into() }),
        entry(21, 1, Happening::SignalTaken { name: "paid".into(), by: "ann".into() }),
        entry(30, 2, Happening::Finished),
    ];
    assert_eq!(
        told(done(30), &journal),
        [
            "0..30 order < -",
            "0..10 reserve < order",
            "1..6 wait for lock < reserve",
            "7..9 outside call < reserve ! http.status",
            "12..30 pay < order",
            "12..21 wait for paid < pay",
        ]
    );
}

#[test]
fn what_never_came_back_ends_with_its_activity_and_a_failure_is_told_at_the_instance() {
    let journal = [
        entry(1, 0, Happening::LockWaited { key: "k".into(), holder: None }),
        entry(
            8,
            1,
            Happening::Failed { error: "lock.waiting_timeout".into(), message: String::new() },
        ),
    ];
    let failure = Failure::new("lock.waiting_timeout", "too long");
    assert_eq!(
        told(Status::Failed { at: Time(START + 8), failure }, &journal),
        [
            "0..8 order < - ! lock.waiting_timeout: too long",
            "0..8 reserve < order",
            "1..8 wait for lock < reserve",
        ]
    );
    assert!(told(Status::Running("".into()), &journal).is_empty(), "it has not ended");
}

#[test]
fn a_long_journal_makes_no_more_spans_than_the_limit_and_the_same_ids_each_time() {
    let call = |number: i64| {
        let key = || format!("c:{number}");
        let called = Happening::Called { key: key(), attempt: 1 };
        let returned = Happening::Returned { key: key(), error: None };
        [entry(number, 0, called), entry(number, 0, returned)]
    };
    let journal: Vec<Entry> = (0..5000).flat_map(call).collect();
    let make = || spans(&row(done(5000)), &journal, |_| None);
    let first = make();
    assert_eq!(first.len(), MAX_SPANS);
    let ids: std::collections::BTreeSet<u64> = first.iter().map(|span| span.id).collect();
    assert_eq!(ids.len(), MAX_SPANS);
    assert_eq!(first, make());
    let length = Time(START + 5000).since(first[0].from);
    assert_eq!(length, Duration::from_millis(5));
}
