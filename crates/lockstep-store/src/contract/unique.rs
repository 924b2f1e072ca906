//! Clauses about unique keys: values that no two objects of an entity share.

use lockstep_core::transition::{Expected, Outcome, UniqueKey};

use super::draft::{Draft, commit, committed, conflict, object, stamped, taken};
use super::{Home, open};

/// A value that a stored object has cannot be taken; the refusal names that object.
pub async fn stored_value_cannot_be_taken(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x", "y"])).await;
    assert_eq!(
        commit(&store, vec![Draft::new(2).create("m2").unique(&["z", "y"])]).await,
        [taken("m2", "y", "m1")]
    );
    assert_eq!(stamped(&store, "m2").await, None);
    committed(&store, Draft::new(3).create("m2").unique(&["z"])).await;
}

/// A value that an earlier transition of the batch has taken cannot be taken.
pub async fn value_taken_in_the_same_batch_cannot_be_taken(home: &dyn Home) {
    let store = open(home).await;
    let drafts = vec![
        Draft::new(1).create("m1").unique(&["x"]),
        Draft::new(2).create("m2").unique(&["x"]),
        Draft::new(3).create("m3").unique(&["z"]).create("m4").unique(&["z"]),
    ];
    assert_eq!(
        commit(&store, drafts).await,
        [Outcome::Committed, taken("m2", "x", "m1"), taken("m4", "z", "m3")]
    );
}

/// The same values under another constraint, or in another entity, are other values.
pub async fn values_are_taken_per_entity_and_constraint(home: &dyn Home) {
    let store = open(home).await;
    let mut other = object("m1", 1, 1);
    other.key.entity = "order".into();
    let draft = Draft::new(1).create("m1").unique(&["x"]).put(Expected::Absent, other);
    committed(&store, draft.unique(&["x"])).await;
    let values = UniqueKey { constraint: "day,number".into(), values: "x".into() };
    let draft = Draft::new(2).create("m2").with_unique(vec![values]);
    committed(&store, draft).await;
}

/// A deleted object gives its values back at once, whether or not the deletion says so.
pub async fn deletion_frees_a_value_within_the_batch(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"])).await;
    let drafts = vec![Draft::new(2).delete("m1", 1), Draft::new(3).create("m2").unique(&["x"])];
    assert_eq!(commit(&store, drafts).await, [Outcome::Committed, Outcome::Committed]);
    assert_eq!(
        commit(&store, vec![Draft::new(4).create("m1").unique(&["x"])]).await,
        [taken("m1", "x", "m2")]
    );
    committed(&store, Draft::new(5).delete("m2", 3).unique(&[])).await;
    committed(&store, Draft::new(6).create("m1").unique(&["x"])).await;
}

/// An object that takes other values gives its former ones back at once.
pub async fn update_frees_the_former_value_within_the_batch(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"])).await;
    let drafts = vec![
        Draft::new(2).update("m1", 2, 1).unique(&["y"]),
        Draft::new(3).create("m2").unique(&["x"]),
        Draft::new(4).create("m3").unique(&["y"]),
    ];
    assert_eq!(
        commit(&store, drafts).await,
        [Outcome::Committed, Outcome::Committed, taken("m3", "y", "m1")]
    );
    assert_eq!(
        commit(&store, vec![Draft::new(5).create("m3").unique(&["x"])]).await,
        [taken("m3", "x", "m2")]
    );
}

/// An update that does not speak of unique keys leaves them as they are.
pub async fn write_without_keys_leaves_them(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"])).await;
    committed(&store, Draft::new(2).update("m1", 2, 1)).await;
    assert_eq!(
        commit(&store, vec![Draft::new(3).create("m2").unique(&["x"])]).await,
        [taken("m2", "x", "m1")]
    );
}

/// An object does not stand in its own way.
pub async fn object_may_keep_its_value(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"])).await;
    committed(&store, Draft::new(2).update("m1", 2, 1).unique(&["x", "y", "x"])).await;
    let again = Draft::new(3).delete("m1", 2).create("m1").unique(&["x"]);
    committed(&store, again).await;
    assert_eq!(
        commit(&store, vec![Draft::new(4).create("m2").unique(&["x"])]).await,
        [taken("m2", "x", "m1")]
    );
    committed(&store, Draft::new(5).create("m2").unique(&["y"])).await;
}

/// Values are compared at the end of a transition, not after each of its writes.
pub async fn values_can_be_swapped_in_one_transition(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"]).create("m2").unique(&["y"])).await;
    let swap = Draft::new(2).update("m1", 2, 1).unique(&["y"]).update("m2", 2, 1).unique(&["x"]);
    committed(&store, swap).await;
    assert_eq!(
        commit(&store, vec![Draft::new(3).create("m3").unique(&["x"])]).await,
        [taken("m3", "x", "m2")]
    );
}

/// What a refused transition has freed is taken, what it has taken is free.
pub async fn refused_transition_frees_and_takes_nothing(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").unique(&["x"]).create("m2").unique(&["y"])).await;
    let drafts = vec![
        Draft::new(2).update("m1", 2, 1).unique(&["z", "y"]),
        Draft::new(3).update("m1", 2, 1).unique(&["v"]).update("m2", 2, 99),
        Draft::new(4).create("m3").unique(&["x"]),
        Draft::new(5).create("m4").unique(&["z", "v"]),
    ];
    assert_eq!(
        commit(&store, drafts).await,
        [
            taken("m1", "y", "m2"),
            conflict("m2", Some(1)),
            taken("m3", "x", "m1"),
            Outcome::Committed
        ]
    );
    assert_eq!(
        commit(&store, vec![Draft::new(6).create("m5").unique(&["x"])]).await,
        [taken("m5", "x", "m1")]
    );
}
