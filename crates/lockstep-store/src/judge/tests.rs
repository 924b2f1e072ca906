use std::sync::Arc;

use lockstep_core::transition::{
    Change, Expected, InstanceRow, Judge, LockRow, LockWrite, ObjectWrite, Origin, Outcome, Status,
    Transition,
};
use lockstep_core::{Entry, Happening, InstanceId, Object, ObjectKey, Time};
use lockstep_definition::LockMode;
use lockstep_expr::{Map, Value};
use uuid::Uuid;

use super::{Present, Stamped, Wanted, judge};

fn key() -> ObjectKey {
    ObjectKey { entity: "message".into(), id: "m1".into() }
}

/// Writes version `number` of the one object over its predecessor, and the instance's row.
fn transition(number: i64) -> Transition {
    let id = InstanceId(Uuid::from_u128(1));
    let object = Object {
        key: key(),
        version: number,
        stamp: number,
        created_at: Time(0),
        created_by: "ann".into(),
        modified_at: Time(0),
        modified_by: "ann".into(),
        attributes: Map::new(),
    };
    Transition {
        number,
        instance: Some(id),
        row: Some(InstanceRow {
            id,
            workflow: "read".into(),
            definitions: "d1".into(),
            input: Value::Null,
            input_part: None,
            started_by: "ann".into(),
            started_at: Time(0),
            ticket: u64::try_from(number).unwrap(),
            status: Status::Running("".into()),
            parts: Vec::new(),
        }),
        journal: vec![Entry { at: number, activity: 0, event: Happening::Skipped }],
        objects: vec![ObjectWrite {
            key: key(),
            expected: Expected::Stamp(number - 1),
            change: Change::Put(Arc::new(object)),
            unique: None,
        }],
        fences: Vec::new(),
        locks: vec![LockWrite::Put(LockRow {
            key: "k1".into(),
            token: 7,
            mode: LockMode::Exclusive,
            instance: id,
            since: Time(0),
            until: Time(number),
            origin: Origin::Activity(0),
        })],
        parts: Vec::new(),
        judge: Judge::Core,
    }
}

fn present(stamp: i64) -> Present {
    let object = Stamped { stamp, version: stamp };
    Present {
        objects: vec![Some(object)],
        unique: Vec::new(),
        locks: vec![false],
        fenced: Vec::new(),
    }
}

#[test]
fn rows_that_are_overwritten_in_the_batch_are_written_once() {
    let batch: Vec<_> = (8..=10).map(transition).collect();
    let wanted = Wanted::of(&batch);
    let verdict = judge(&batch, &wanted, present(7));
    assert_eq!(verdict.outcomes, [(); 3].map(|()| Outcome::Committed));
    let objects: Vec<_> =
        verdict.objects.iter().map(|(_, object)| object.unwrap().version).collect();
    assert_eq!(objects, [10]);
    let rows: Vec<_> = verdict.instances.iter().map(|row| row.ticket).collect();
    assert_eq!(rows, [10]);
    let ends: Vec<_> = verdict.locks.iter().map(|(_, row)| row.unwrap().until).collect();
    assert_eq!(ends, [Time(10)]);
    let pages: Vec<_> = verdict
        .journal
        .iter()
        .map(|page| (page.number, page.entries.iter().map(|entry| entry.at).collect()))
        .collect();
    assert_eq!(pages, [(8, vec![8, 9, 10])]);
}

#[test]
fn batch_of_refused_transitions_writes_nothing() {
    let batch: Vec<_> = (8..=10).map(transition).collect();
    let wanted = Wanted::of(&batch);
    let verdict = judge(&batch, &wanted, present(6));
    assert!(verdict.outcomes.iter().all(|outcome| *outcome != Outcome::Committed));
    assert!(verdict.objects.is_empty() && verdict.instances.is_empty());
    assert!(verdict.locks.is_empty() && verdict.journal.is_empty() && verdict.unique.is_empty());
}

#[test]
fn what_is_only_checked_is_not_written() {
    let mut check = transition(8);
    check.objects[0].change = Change::Check;
    let batch = vec![check];
    let wanted = Wanted::of(&batch);
    let verdict = judge(&batch, &wanted, present(7));
    assert_eq!(verdict.outcomes, [Outcome::Committed]);
    assert!(verdict.objects.is_empty());
}
