//! Clauses about instances, their journals and their definitions.

use lockstep_core::transition::Status;

use super::draft::{
    Draft, commit, committed, done, failed, instance, log, logged, row, running, stored_row,
};
use super::{Home, open};
use crate::store::{Counts, State, StoredInstance};

/// The row in the last transition of a batch is the state after all of them.
pub async fn last_row_of_a_batch_is_the_instance(home: &dyn Home) {
    let store = open(home).await;
    let drafts = vec![
        Draft::new(1).row(row(instance(1), running("a"))),
        Draft::new(2).row(row(instance(2), running("b"))),
        Draft::new(3).of(instance(1)).create("m1"),
        Draft::new(4).row(row(instance(1), running("c"))),
    ];
    commit(&store, drafts).await;
    let read = stored_row(&store, instance(1)).await.expect("it was started");
    assert!(matches!(read.status, Status::Running(state) if &*state == "c"));
    assert!(stored_row(&store, instance(3)).await.is_none());
}

/// A row is replaced as a whole.
pub async fn later_batch_replaces_the_row(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).row(row(instance(1), running("a")))).await;
    committed(&store, Draft::new(2).row(row(instance(1), done(7_i64)))).await;
    let read = stored_row(&store, instance(1)).await.expect("it was started");
    assert!(matches!(read.status, Status::Done { output, .. } if output == 7_i64.into()));
    assert!(store.unfinished(None, 10).await.expect("instances are read").is_empty());
}

/// Instances that have not ended are read in pages, none twice, none left out.
pub async fn unfinished_instances_are_paged_by_id(home: &dyn Home) {
    let store = open(home).await;
    let high = u128::MAX;
    let drafts = [(3, false), (1, false), (high, false), (2, true), (4, false)]
        .into_iter()
        .zip(1..)
        .map(|((id, ended), number)| {
            let status = if ended { done(1_i64) } else { running("a") };
            Draft::new(number).row(row(instance(id), status))
        });
    commit(&store, drafts.collect()).await;
    let first = store.unfinished(None, 2).await.expect("instances are read");
    assert_eq!(ids(&first), [1, 3]);
    let second = store.unfinished(Some(instance(3)), 2).await.expect("instances are read");
    assert_eq!(ids(&second), [4, high]);
    let third = store.unfinished(Some(instance(high)), 2).await.expect("instances are read");
    assert_eq!(ids(&third), []);
}

/// People see the youngest first, and may ask for one state.
pub async fn instances_are_listed_youngest_first_and_by_state(home: &dyn Home) {
    let store = open(home).await;
    let statuses = [running("a"), done(1_i64), failed("data.conflict"), done(2_i64)];
    let drafts = statuses.into_iter().zip(1..).map(|(status, number): (_, i64)| {
        Draft::new(number).row(row(instance(u128::from(number.unsigned_abs())), status))
    });
    commit(&store, drafts.collect()).await;
    for (state, before, limit, expected) in [
        (None, None, 10, vec![4, 3, 2, 1]),
        (None, Some(4), 2, vec![3, 2]),
        (Some(State::Done), None, 10, vec![4, 2]),
        (Some(State::Done), None, 1, vec![4]),
        (Some(State::Done), Some(4), 10, vec![2]),
        (Some(State::Running), None, 10, vec![1]),
        (Some(State::Failed), None, 10, vec![3]),
    ] {
        let page = store.instances(state, before.map(instance), limit).await;
        assert_eq!(ids(&page.expect("instances are read")), expected, "{state:?} {before:?}");
    }
    let counts = store.counts().await.expect("instances are counted");
    assert_eq!(counts, Counts { running: 1, done: 2, failed: 1 });
}

/// Entries stay in the order of commits, within a batch and from batch to batch.
pub async fn journal_is_appended_in_order(home: &dyn Home) {
    let store = open(home).await;
    let entry = |number, id, text| Draft::new(number).of(instance(id)).entry(logged(text));
    let first = vec![
        entry(1, 1, "a"),
        entry(2, 2, "x"),
        entry(3, 1, "b").entry(logged("c")),
        entry(4, 1, "refused").update("m1", 2, 1),
    ];
    commit(&store, first).await;
    commit(&store, vec![entry(5, 2, "y")]).await;
    commit(&store, vec![entry(6, 1, "d"), entry(7, 1, "e")]).await;
    assert_eq!(log(&store, instance(1)).await, ["a", "b", "c", "d", "e"]);
    assert_eq!(log(&store, instance(2)).await, ["x", "y"]);
    assert!(log(&store, instance(3)).await.is_empty());
}

/// Definitions are found under their identity, and never change.
pub async fn definitions_are_kept_as_they_were_first(home: &dyn Home) {
    let store = open(home).await;
    assert_eq!(store.definitions("d1".into()).await.expect("definitions are read"), None);
    for (id, sources) in [("d1", "[\"a: 'é\"]"), ("d2", "b"), ("d1", "c")] {
        store.put_definitions(id.into(), sources.to_owned()).await.expect("they are written");
    }
    for (id, sources) in [("d1", "[\"a: 'é\"]"), ("d2", "b")] {
        let read = store.definitions(id.into()).await.expect("definitions are read");
        assert_eq!(read.as_deref(), Some(sources));
    }
}

fn ids(instances: &[StoredInstance]) -> Vec<u128> {
    instances.iter().map(|stored| stored.id.0.as_u128()).collect()
}
