//! Clauses about lock rows and fences.

use lockstep_core::transition::Outcome;

use super::draft::{Draft, commit, committed, fenced, held, stamped, tokens};
use super::{Home, open};

/// A fence holds only while the lock is held under its token.
pub async fn fence_needs_the_row_under_its_token(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k1", 5)).await;
    let drafts = vec![
        Draft::new(2).fence("k1", 5).create("m2"),
        Draft::new(3).fence("k1", 4).create("m3"),
        Draft::new(4).fence("k1", 5).fence("k2", 7).create("m4"),
    ];
    assert_eq!(
        commit(&store, drafts).await,
        [Outcome::Committed, fenced("k1", 4, Some(5)), fenced("k2", 7, None)]
    );
    assert_eq!(stamped(&store, "m2").await, Some((1, 2)));
    assert_eq!(stamped(&store, "m3").await, None);
    assert_eq!(stamped(&store, "m4").await, None);
}

/// A grant or a release earlier in the batch counts, but not that of a refused transition.
pub async fn fence_sees_earlier_transitions_of_the_batch(home: &dyn Home) {
    let store = open(home).await;
    let drafts = vec![
        Draft::new(1).hold("k1", 5),
        Draft::new(2).fence("k1", 5).create("m1"),
        Draft::new(3).hold("k1", 6).update("m1", 2, 99),
        Draft::new(4).fence("k1", 5).release("k1", 5),
        Draft::new(5).fence("k1", 5).create("m2"),
    ];
    let outcomes = commit(&store, drafts).await;
    let committed = outcomes.iter().map(|outcome| *outcome == Outcome::Committed);
    assert!(committed.eq([true, true, false, true, false]), "{outcomes:?}");
    assert_eq!(outcomes.last(), Some(&fenced("k1", 5, None)));
    assert!(tokens(&store).await.is_empty());
}

/// A transition cannot bring along the row that its own fence asks for, and may release it.
pub async fn fence_is_compared_before_the_changes_of_its_own_transition(home: &dyn Home) {
    let store = open(home).await;
    assert_eq!(
        commit(&store, vec![Draft::new(1).hold("k1", 5).fence("k1", 5)]).await,
        [fenced("k1", 5, None)]
    );
    committed(&store, Draft::new(2).hold("k1", 6)).await;
    committed(&store, Draft::new(3).release("k1", 6).hold("k2", 7).fence("k1", 6)).await;
    assert_eq!(tokens(&store).await, [("k2".to_owned(), 7)]);
}

/// Who lost a lock cannot release what another one holds by now.
pub async fn release_with_a_stale_token_does_nothing(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k1", 5)).await;
    committed(&store, Draft::new(2).release("k1", 4).release("k2", 4)).await;
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 5)]);
    committed(&store, Draft::new(3).release("k1", 5)).await;
    assert!(tokens(&store).await.is_empty());
}

/// Changes of lock rows are applied one after another.
pub async fn later_grant_replaces_the_row(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k1", 5).release("k1", 5).hold("k1", 6)).await;
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 6)]);
    let drafts = vec![Draft::new(2).hold("k1", 7), Draft::new(3).release("k1", 6)];
    assert_eq!(commit(&store, drafts).await, [Outcome::Committed, Outcome::Committed]);
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 7)]);
}

/// All rows come back whole, in the order of the keys.
pub async fn lock_rows_are_read_by_growing_key(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k2", i64::MAX).hold("", 1).hold("k1 \"é\0", 2)).await;
    assert_eq!(
        store.locks().await.expect("the locks are read"),
        [held("", 1), held("k1 \"é\0", 2), held("k2", i64::MAX)]
    );
}
