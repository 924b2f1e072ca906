//! What is left of a batch when it is judged: the last state of each row.

use lockstep_core::transition::{Change, InstanceRow, Judge, LockRow, Outcome, Transition};
use lockstep_core::{Entry, Happening, Time};

use super::{Present, Stamped, Wanted, judge};
use crate::contract::draft::{Draft, held, instance, row, running};

/// Writes version `number` of the one object over its predecessor, and the instance's row.
fn transition(number: i64) -> Transition {
    let row = row(instance(1), running(""));
    let held = LockRow { until: Time(number), ..held("k1", 7) };
    let draft = Draft::new(number)
        .row(InstanceRow { ticket: u64::try_from(number).unwrap(), ..row })
        .entry(Entry { at: number, activity: 0, event: Happening::Skipped })
        .update("m1", number, number - 1)
        .hold_as(held);
    Transition { judge: Judge::Core, ..draft.into_transition() }
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
