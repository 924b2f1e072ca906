//! Clauses about objects: versions, conflicts, and reading them.

use std::sync::Arc;

use lockstep_core::transition::{Change, Expected, Outcome};
use lockstep_core::{ObjectKey, codec};

use super::draft::{
    Draft, ENTITY, MOMENT, commit, committed, conflict, key, load, object, stamped,
};
use super::{Home, open};
use crate::store::Store;

/// An object is read as it was written.
pub async fn created_object_is_read_back(home: &dyn Home) {
    let store = open(home).await;
    assert!(load(&store, key("m1")).await.is_none());
    committed(&store, Draft::new(7).create("m1")).await;
    let read = load(&store, key("m1")).await.expect("it was created");
    assert_eq!((&read.key, read.version, read.stamp), (&key("m1"), 1, 7));
    assert_eq!((read.created_at, read.modified_at), (MOMENT, MOMENT));
    assert_eq!((&*read.created_by, &*read.modified_by), ("ann", "ben"));
    let attributes = codec::encode_map(&read.attributes);
    assert_eq!(attributes, codec::encode_map(&object("m1", 1, 7).attributes));
}

/// An update is committed on the state that it presumes, and on no other.
pub async fn update_needs_the_stamp_of_the_last_write(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1")).await;
    committed(&store, Draft::new(2).update("m1", 2, 1)).await;
    assert_eq!(
        commit(&store, vec![Draft::new(3).update("m1", 2, 1)]).await,
        [conflict("m1", Some(2))]
    );
    assert_eq!(stamped(&store, "m1").await, Some((2, 2)));
}

/// What is there cannot be created.
pub async fn creation_needs_absence(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1")).await;
    assert_eq!(commit(&store, vec![Draft::new(2).create("m1")]).await, [conflict("m1", Some(1))]);
    assert_eq!(stamped(&store, "m1").await, Some((1, 1)));
}

/// What is not there can neither be updated, nor deleted, nor checked.
pub async fn update_needs_presence(home: &dyn Home) {
    let store = open(home).await;
    let drafts = vec![
        Draft::new(1).update("m1", 2, 1),
        Draft::new(2).delete("m1", 1),
        Draft::new(3).check("m1", 1),
    ];
    assert_eq!(commit(&store, drafts).await, [(); 3].map(|()| conflict("m1", None)));
    assert_eq!(stamped(&store, "m1").await, None);
}

/// After deletion and creation anew the version is the same and the stamp is not.
pub async fn deleted_object_is_absent_and_its_stamp_is_void(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1")).await;
    committed(&store, Draft::new(2).delete("m1", 1)).await;
    assert_eq!(stamped(&store, "m1").await, None);
    committed(&store, Draft::new(3).create("m1")).await;
    assert_eq!(
        commit(&store, vec![Draft::new(4).update("m1", 2, 1)]).await,
        [conflict("m1", Some(1))]
    );
    let both = vec![Draft::new(5).delete("m1", 3), Draft::new(6).create("m1")];
    assert_eq!(commit(&store, both).await, [Outcome::Committed, Outcome::Committed]);
    assert_eq!(stamped(&store, "m1").await, Some((1, 6)));
    let both = vec![Draft::new(7).create("m2"), Draft::new(8).delete("m2", 7)];
    assert_eq!(commit(&store, both).await, [Outcome::Committed, Outcome::Committed]);
    assert_eq!(stamped(&store, "m2").await, None);
}

/// A check is refused as an update would be, and leaves the object as it is.
pub async fn check_compares_and_changes_nothing(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1")).await;
    committed(&store, Draft::new(2).check("m1", 1).create("m2")).await;
    let absent = Draft::new(3).write(key("m3"), Expected::Absent, Change::Check);
    committed(&store, absent).await;
    assert_eq!(stamped(&store, "m1").await, Some((1, 1)));
    assert_eq!(stamped(&store, "m3").await, None);
    assert_eq!(
        commit(&store, vec![Draft::new(4).check("m1", 9).create("m4")]).await,
        [conflict("m1", Some(1))]
    );
    assert_eq!(stamped(&store, "m4").await, None);
}

/// A transition may write an object several times.
pub async fn writes_of_one_object_are_applied_in_order(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").update("m1", 2, 1).update("m1", 3, 1)).await;
    assert_eq!(stamped(&store, "m1").await, Some((3, 1)));
    committed(&store, Draft::new(2).delete("m1", 1).create("m1").delete("m1", 2)).await;
    assert_eq!(stamped(&store, "m1").await, None);
}

/// Each transition of a batch finds what those before it have written.
pub async fn chain_of_writes_fits_into_one_batch(home: &dyn Home) {
    let store = open(home).await;
    let mut drafts = vec![Draft::new(1).create("m1")];
    drafts.extend((2..=100).map(|number| Draft::new(number).update("m1", number, number - 1)));
    drafts.push(Draft::new(101).update("m1", 2, 1));
    let outcomes = commit(&store, drafts).await;
    let (last, chain) = outcomes.split_last().expect("there are outcomes");
    assert!(chain.iter().all(|outcome| *outcome == Outcome::Committed));
    assert_eq!(*last, conflict("m1", Some(100)));
    assert_eq!(stamped(&store, "m1").await, Some((100, 100)));
}

/// Each key has its answer, also one that is asked for twice, or of another entity.
pub async fn load_answers_in_the_order_of_the_keys(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").create("m2")).await;
    let other = ObjectKey { entity: "order".into(), id: "m1".into() };
    let keys = vec![key("m2"), key("m3"), key("m1"), other, key("m2")];
    let read = store.load(keys).await.expect("objects are read");
    let ids: Vec<_> = read
        .into_iter()
        .map(|object| object.expect("it is readable").map(|object| object.key.id.to_string()))
        .collect();
    let expected = [Some("m2"), None, Some("m1"), None, Some("m2")];
    assert_eq!(ids, expected.map(|id| id.map(str::to_owned)));
    assert_eq!(store.load(vec![]).await.expect("nothing is read").len(), 0);
}

/// A page begins after an id, ends with the entity, and follows the order of the ids' bytes.
pub async fn query_pages_by_id_within_the_entity(home: &dyn Home) {
    let store = open(home).await;
    let mut draft = Draft::new(1);
    for id in ["b", "ä", "a", "B", "c"] {
        draft = draft.create(id);
    }
    for entity in ["messag", "messages"] {
        let mut other = object("other", 1, 1);
        other.key.entity = entity.into();
        draft = draft.put(Expected::Absent, other);
    }
    committed(&store, draft).await;
    assert_eq!(page(&store, ENTITY, None, 10).await, ["B", "a", "b", "c", "ä"]);
    assert_eq!(page(&store, ENTITY, None, 2).await, ["B", "a"]);
    assert_eq!(page(&store, ENTITY, Some("a"), 2).await, ["b", "c"]);
    assert_eq!(page(&store, ENTITY, Some("ä"), 2).await, [(); 0].map(|()| ""));
    assert_eq!(page(&store, ENTITY, None, 0).await, [(); 0].map(|()| ""));
    assert_eq!(page(&store, "nothing", None, 2).await, [(); 0].map(|()| ""));
}

async fn page(
    store: &Arc<dyn Store>,
    entity: &str,
    after: Option<&str>,
    limit: u32,
) -> Vec<String> {
    let objects = store.query(entity.into(), after.map(Into::into), limit).await;
    let objects = objects.expect("objects are read");
    objects.iter().map(|object| object.key.id.to_string()).collect()
}
