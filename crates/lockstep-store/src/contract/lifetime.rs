//! Clauses about opening and closing.

use lockstep_core::Time;

use super::draft::{
    Draft, committed, instance, log, logged, row, running, stamped, stored_row, taken, tokens,
};
use super::{Home, draft, open};
use crate::error::StoreError;
use crate::store::Published;

/// What was committed is there when the store is opened again.
pub async fn everything_is_there_after_reopening(home: &dyn Home) {
    let store = open(home).await;
    let draft = Draft::new(1)
        .row(row(instance(1), running("a")))
        .entry(logged("here"))
        .create("m1")
        .unique(&["x"])
        .hold("k1", 5);
    committed(&store, draft).await;
    store.put_definitions("d1".into(), "sources".to_owned()).await.expect("they are written");
    let published =
        Published { id: "d2".into(), since: Time(7), from_api: vec!["\"é\".yaml".into()] };
    store.publish(published.clone(), "more".to_owned()).await.expect("they are written");
    store.close().await.expect("the store is closed");
    drop(store);

    let store = open(home).await;
    assert!(stored_row(&store, instance(1)).await.is_some());
    assert_eq!(store.unfinished(None, 10).await.expect("instances are read").len(), 1);
    assert_eq!(log(&store, instance(1)).await, ["here"]);
    assert_eq!(stamped(&store, "m1").await, Some((1, 1)));
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 5)]);
    let definitions = store.definitions("d1".into()).await.expect("definitions are read");
    assert_eq!(definitions.as_deref(), Some("sources"));
    assert_eq!(store.published().await.expect("it is read"), Some(published));
    let outcomes = draft::commit(&store, vec![Draft::new(2).create("m2").unique(&["x"])]).await;
    assert_eq!(outcomes, [taken("m2", "x", "m1")]);
}

/// No epoch is issued twice.
pub async fn epochs_grow_over_reopening(home: &dyn Home) {
    let mut last = 0;
    for _ in 0..3 {
        let store = open(home).await;
        for _ in 0..2 {
            let epoch = store.raise_epoch().await.expect("the epoch is raised");
            assert!(epoch > last, "{epoch} after {last}");
            last = epoch;
        }
        store.close().await.expect("the store is closed");
    }
}

/// After it was closed a store answers every call, and does nothing.
pub async fn closed_store_has_stopped(home: &dyn Home) {
    let store = open(home).await;
    store.close().await.expect("the store is closed");
    let commit = store.commit(vec![]).await;
    assert!(matches!(commit, Err(StoreError::Stopped)), "{commit:?}");
    let epoch = store.raise_epoch().await;
    assert!(matches!(epoch, Err(StoreError::Stopped)), "{epoch:?}");
    let locks = store.locks().await;
    assert!(matches!(locks, Err(StoreError::Stopped)), "{locks:?}");
    store.close().await.expect("closing twice is closing once");
}
