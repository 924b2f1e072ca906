//! Clauses about lock rows and fences.

use lockstep_core::Time;
use lockstep_core::transition::{LockRow, Origin, Outcome};
use lockstep_definition::LockMode;

use super::draft::{
    Draft, MOMENT, commit, committed, conflict, fenced, held, instance, stamped, tokens,
};
use super::{Home, open};

/// More holders of a key, and more releases in a batch, than any shortcut can keep in sight.
const MANY: i64 = 500;

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

/// A lock that was lost cannot be fenced by what another one holds of the same key, and the refusal
/// tells the greatest token that is left.
pub async fn fence_of_a_lost_lock_is_refused_beside_other_holders(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k1", 5).hold("k1", 6).hold("k1", 9)).await;
    let drafts = vec![
        Draft::new(2).release("k1", 6),
        Draft::new(3).fence("k1", 6).create("m1"),
        Draft::new(4).fence("k1", 5).release("k1", 9),
        Draft::new(5).fence("k1", 9).create("m1"),
        Draft::new(6).hold("k1", 8),
        Draft::new(7).fence("k1", 9).create("m1"),
    ];
    assert_eq!(
        commit(&store, drafts).await,
        [
            Outcome::Committed,
            fenced("k1", 6, Some(9)),
            Outcome::Committed,
            fenced("k1", 9, Some(5)),
            Outcome::Committed,
            fenced("k1", 9, Some(8)),
        ]
    );
    let drafts = vec![Draft::new(8).fence("k1", 9), Draft::new(9).fence("k1", 5).fence("k1", 8)];
    assert_eq!(commit(&store, drafts).await, [fenced("k1", 9, Some(8)), Outcome::Committed]);
}

/// However many of the holders of a key are released in one batch, the greatest token that is left
/// is told.
pub async fn greatest_token_is_told_among_many_holders(home: &dyn Home) {
    let store = open(home).await;
    let hold = (1..=MANY).fold(Draft::new(1), |draft, token| draft.hold("k1", token));
    committed(&store, hold).await;
    let kept = MANY / 5;
    let release = (kept + 1..=MANY).fold(Draft::new(2), |draft, token| draft.release("k1", token));
    assert_eq!(
        commit(&store, vec![release, Draft::new(3).fence("k1", MANY)]).await,
        [Outcome::Committed, fenced("k1", MANY, Some(kept))]
    );
    assert_eq!(i64::try_from(tokens(&store).await.len()), Ok(kept));
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

/// A key has a row for each of its holders, and each is released for itself.
pub async fn holders_of_a_key_have_a_row_each(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).hold("k1", 5).hold("k1", 7)).await;
    let drafts = vec![Draft::new(2).hold("k1", 6), Draft::new(3).release("k1", 5)];
    assert_eq!(commit(&store, drafts).await, [Outcome::Committed, Outcome::Committed]);
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 6), ("k1".to_owned(), 7)]);
    committed(&store, Draft::new(4).fence("k1", 6).fence("k1", 7).release("k1", 7)).await;
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 6)]);
}

/// Changes of lock rows are applied one after another, within a transition and within a batch.
pub async fn last_change_of_a_lock_row_is_its_state(home: &dyn Home) {
    let store = open(home).await;
    let later = |until| LockRow { until: Time(until), ..held("k1", 5) };
    let draft = Draft::new(1).hold("k1", 5).release("k1", 5).hold_as(later(1));
    committed(&store, draft.hold("k2", 6).release("k2", 6)).await;
    assert_eq!(store.locks().await.expect("the locks are read"), [later(1)]);
    let drafts = vec![
        Draft::new(2).release("k1", 5),
        Draft::new(3).hold_as(later(2)),
        Draft::new(4).fence("k1", 5).hold_as(later(3)),
    ];
    assert!(commit(&store, drafts).await.iter().all(|outcome| *outcome == Outcome::Committed));
    assert_eq!(store.locks().await.expect("the locks are read"), [later(3)], "it was renewed");
}

/// What a refused transition would have granted is not held, and what it would have released is.
pub async fn refused_transition_grants_and_releases_nothing(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).create("m1").hold("k1", 5).hold("k1", 6)).await;
    let refused = Draft::new(2).release("k1", 6).hold("k1", 7).hold("k2", 8).create("m1");
    let drafts = vec![refused, Draft::new(3).fence("k1", 6), Draft::new(4).fence("k1", 7)];
    assert_eq!(
        commit(&store, drafts).await,
        [conflict("m1", Some(1)), Outcome::Committed, fenced("k1", 7, Some(6))]
    );
    assert_eq!(tokens(&store).await, [("k1".to_owned(), 5), ("k1".to_owned(), 6)]);
}

/// All rows come back whole, in the order of the keys.
pub async fn lock_rows_are_read_by_growing_key(home: &dyn Home) {
    let store = open(home).await;
    let draft = Draft::new(1).hold("k2", i64::MAX).hold("", 1).hold("k1 \"é\0", 2);
    committed(&store, draft.hold("k2", i64::MIN).hold("k2", -1).hold("k10", 2)).await;
    assert_eq!(
        store.locks().await.expect("the locks are read"),
        [
            held("", 1),
            held("k1 \"é\0", 2),
            held("k10", 2),
            held("k2", i64::MIN),
            held("k2", -1),
            held("k2", i64::MAX)
        ]
    );
}

/// How a lock is held, and what took it, come back as they were, whatever the texts.
pub async fn mode_and_origin_of_a_lock_survive(home: &dyn Home) {
    let store = open(home).await;
    let client = |owner: &str, note: &str, taker: Option<&str>| Origin::Client {
        owner: owner.into(),
        note: note.into(),
        taker: taker.map(Into::into),
    };
    let origins = [
        Origin::Workflow,
        Origin::Activity(0),
        Origin::Activity(u32::MAX),
        client("", "", None),
        client("", "", Some("")),
        client("ann", "edits the order", Some("shop")),
        client("o'hara \"\0\" \u{feff}ä 🔒", "null\n[1, 2]\0", Some("null\0ä")),
    ];
    let row = |(origin, token): (Origin, i64)| LockRow {
        key: "k1".into(),
        token,
        mode: if token % 2 == 0 { LockMode::Shared } else { LockMode::Exclusive },
        instance: instance(u128::MAX),
        since: Time(i64::MIN),
        until: if token > 3 { Time(i64::MAX) } else { MOMENT },
        origin,
    };
    let rows: Vec<LockRow> = origins.into_iter().zip(1..).map(row).collect();
    let draft = rows.iter().cloned().fold(Draft::new(1), Draft::hold_as);
    committed(&store, draft).await;
    assert_eq!(store.locks().await.expect("the locks are read"), rows);
    let other =
        LockRow { origin: client("ben", "", None), mode: LockMode::Shared, ..held("k1", 1) };
    committed(&store, Draft::new(2).hold_as(other.clone())).await;
    assert_eq!(store.locks().await.expect("the locks are read").first(), Some(&other));
}
