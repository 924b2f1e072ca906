//! Clauses about batches: all or nothing, each on its own, in order.

use lockstep_core::transition::Outcome;

use super::draft::{
    Draft, commit, committed, conflict, done, instance, log, logged, row, running, stamped,
    stored_row, tokens,
};
use super::{Home, open};
use crate::store::Counts;

/// More rows than any limit on parameters or terms of one statement.
const MANY: i64 = 3000;

/// A batch without transitions is committed and changes nothing.
pub async fn empty_batch_changes_nothing(home: &dyn Home) {
    let store = open(home).await;
    assert_eq!(commit(&store, vec![]).await, []);
    assert_eq!(store.counts().await.expect("instances are counted"), Counts::default());
}

/// Nothing of a refused transition is written: no object, row, journal entry, lock or unique key.
pub async fn refused_transition_leaves_nothing_while_its_neighbours_are_committed(home: &dyn Home) {
    let store = open(home).await;
    let refused = Draft::new(2)
        .row(row(instance(2), running("a")))
        .entry(logged("second"))
        .create("m2")
        .unique(&["two"])
        .hold("k2", 2)
        .create("m1");
    let before = Draft::new(1).row(row(instance(1), done(1_i64))).create("m1").hold("k1", 1);
    let after = Draft::new(3)
        .row(row(instance(3), done(3_i64)))
        .entry(logged("third"))
        .create("m3")
        .unique(&["two"]);
    assert_eq!(
        commit(&store, vec![before, refused, after]).await,
        [Outcome::Committed, conflict("m1", Some(1)), Outcome::Committed]
    );
    assert_eq!(stamped(&store, "m1").await, Some((1, 1)));
    assert_eq!(stamped(&store, "m2").await, None);
    assert_eq!(stamped(&store, "m3").await, Some((1, 3)));
    assert!(stored_row(&store, instance(2)).await.is_none());
    assert!(stored_row(&store, instance(3)).await.is_some());
    assert!(log(&store, instance(2)).await.is_empty());
    assert_eq!(log(&store, instance(3)).await, ["third"]);
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 1)]);
}

/// A stamp that never came to be cannot be built upon, in the batch and later.
pub async fn transition_that_presumes_a_refused_one_is_refused(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").create("m2")).await;
    let refused = Draft::new(2).update("m1", 2, 1).update("m2", 2, 99);
    let chained = Draft::new(3).update("m1", 3, 2);
    let fresh = Draft::new(4).update("m1", 2, 1);
    assert_eq!(
        commit(&store, vec![refused, chained, fresh]).await,
        [conflict("m2", Some(1)), conflict("m1", Some(1)), Outcome::Committed]
    );
    assert_eq!(
        commit(&store, vec![Draft::new(5).update("m1", 3, 2)]).await,
        [conflict("m1", Some(2))]
    );
}

/// Objects can be written by nobody's transition.
pub async fn import_needs_no_instance(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1")).await;
    assert_eq!(stamped(&store, "m1").await, Some((1, 1)));
    assert_eq!(store.counts().await.expect("instances are counted"), Counts::default());
}

/// A batch may be large, and is judged in order all the same.
pub async fn large_batch_is_committed_as_one(home: &dyn Home) {
    let store = open(home).await;
    let own = |number: i64| {
        let instance = instance(u128::from(number.unsigned_abs()));
        let draft = Draft::new(number).row(row(instance, done(number))).entry(logged("here"));
        let draft = draft.create(&format!("m{number}")).unique(&[&number.to_string()]);
        let draft = draft.hold(&format!("k{number}"), number);
        if number == 1 { draft.create("hot") } else { draft.update("hot", number, number - 1) }
    };
    let outcomes = commit(&store, (1..=MANY).map(own).collect()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Committed));
    assert_eq!(stamped(&store, "hot").await, Some((MANY, MANY)));
    assert_eq!(stamped(&store, &format!("m{MANY}")).await, Some((1, MANY)));
    assert_eq!(i64::try_from(tokens(&store).await.len()), Ok(MANY));
    let counts = store.counts().await.expect("instances are counted");
    assert_eq!(i64::try_from(counts.done), Ok(MANY));
}
