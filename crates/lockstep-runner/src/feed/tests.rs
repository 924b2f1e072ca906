//! Facts about the feed, told by hand-made batches.

use lockstep_core::transition::Judge;
use uuid::Uuid;

use super::*;

const NOTHING: [TransitionNumber; 0] = [];

fn feed() -> Arc<Feed> {
    Arc::new(Feed::new(Clock::start()))
}

/// Returns a batch of transitions with these numbers, each with one entry.
fn batch(numbers: impl IntoIterator<Item = TransitionNumber>) -> Vec<Transition> {
    let transition = |number| Transition {
        number,
        instance: Some(InstanceId(Uuid::from_u128(7))),
        row: None,
        journal: vec![Entry { at: number, activity: 0, event: Happening::Recovered }],
        objects: Vec::new(),
        fences: Vec::new(),
        locks: Vec::new(),
        parts: Vec::new(),
        starts: Vec::new(),
        judge: Judge::Core,
    };
    numbers.into_iter().map(transition).collect()
}

fn land(feed: &Feed, batch: &[Transition]) {
    let outcomes = vec![Outcome::Committed; batch.len()];
    feed.landed(feed.draft(batch), &outcomes);
}

/// Returns what a listener hears without waiting: numbers, and 0 for a lost place.
fn heard(listener: &mut Listener) -> Vec<TransitionNumber> {
    std::iter::from_fn(|| listener.look())
        .flat_map(|news| match news {
            News::Lost => vec![0],
            News::Happened(heard) => heard.iter().map(|happened| happened.number).collect(),
        })
        .collect()
}

#[test]
fn who_listens_hears_what_lands_from_then_on_in_order() {
    let feed = feed();
    land(&feed, &batch([1, 2]));
    let mut listener = feed.listen(None).expect("there is a place");
    assert_eq!(heard(&mut listener), NOTHING, "what was before is for who reads the state");
    land(&feed, &batch([3, 4]));
    land(&feed, &batch([5]));
    assert_eq!(heard(&mut listener), [3, 4, 5]);
}

#[test]
fn what_the_store_refused_is_not_told() {
    let feed = feed();
    let mut listener = feed.listen(None).expect("there is a place");
    let batch = batch([1, 2]);
    let refusal =
        lockstep_core::transition::Refusal::Fenced { key: "k".into(), token: 1, actual: None };
    feed.landed(feed.draft(&batch), &[Outcome::Refused(refusal), Outcome::Committed]);
    assert_eq!(heard(&mut listener), [2]);
}

#[test]
fn who_begins_to_listen_while_a_batch_is_on_its_way_is_told_that_it_missed_something() {
    let feed = feed();
    let batch = batch([1]);
    let draft = feed.draft(&batch);
    let mut listener = feed.listen(None).expect("there is a place");
    assert_eq!(heard(&mut listener), NOTHING);
    feed.landed(draft, &[Outcome::Committed]);
    assert_eq!(heard(&mut listener), [0], "it may have read the state before that landed");
    land(&feed, &self::batch([2]));
    assert_eq!(heard(&mut listener), [2]);
}

#[test]
fn who_comes_again_goes_on_behind_what_it_has_heard_as_long_as_that_is_kept() {
    let feed = feed();
    let first = feed.listen(None).expect("there is a place");
    land(&feed, &batch([1, 2]));
    drop(first);
    land(&feed, &batch([3, 4]));
    let mut again = feed.listen(Some(1)).expect("there is a place");
    assert_eq!(heard(&mut again), [2, 3, 4]);
    let mut from_the_end = feed.listen(Some(4)).expect("there is a place");
    assert_eq!(heard(&mut from_the_end), NOTHING);
    for unknown in [-1, 5, i64::MAX, i64::MIN] {
        let mut lost = feed.listen(Some(unknown)).expect("there is a place");
        assert_eq!(heard(&mut lost), [0], "{unknown}: nothing is known of it");
        land(&feed, &[]);
    }
}

#[test]
fn who_falls_behind_what_is_kept_is_told_so_once_and_goes_on_at_the_end() {
    let feed = feed();
    let mut slow = feed.listen(None).expect("there is a place");
    let size = i64::try_from(MAX_KEPT).expect("it is small") / 2;
    for number in 0..3 {
        land(&feed, &batch(number * size + 1..=(number + 1) * size));
    }
    let mut gone = feed.listen(Some(1)).expect("there is a place");
    assert_eq!((heard(&mut slow), heard(&mut gone)), (vec![0], vec![0]));
    assert_eq!(lock(&feed.kept).entries, MAX_KEPT, "memory is bounded");
    let mut kept = feed.listen(Some(size)).expect("there is a place");
    assert_eq!(heard(&mut kept).len(), MAX_KEPT, "what is kept can be gone on from");
    let last = 3 * size + 1;
    land(&feed, &batch([last]));
    assert_eq!(heard(&mut slow), [last]);
}

#[test]
fn nothing_is_kept_while_nobody_listens_and_no_more_than_so_many_listen() {
    let feed = feed();
    assert!(!feed.draft(&batch([1])).is_heard);
    let listeners: Vec<Listener> = std::iter::from_fn(|| feed.listen(None)).take(1000).collect();
    assert_eq!(listeners.len(), MAX_LISTENERS);
    drop(listeners);
    lock(&feed.kept).until = Time::default();
    land(&feed, &batch([2]));
    let mut late = feed.listen(Some(1)).expect("places are free again");
    assert_eq!(heard(&mut late), [0]);
    assert_eq!(lock(&feed.kept).entries, 0);
}

#[tokio::test]
async fn the_end_of_the_feed_is_heard_at_once() {
    let feed = feed();
    let mut listener = feed.listen(None).expect("there is a place");
    let (ended, ()) = tokio::join!(listener.next(), async { feed.close() });
    assert!(ended.is_none());
    assert!(feed.listen(None).is_none(), "an ended feed takes nobody");
}
