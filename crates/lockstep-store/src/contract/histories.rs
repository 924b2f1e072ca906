//! Clauses about instances, their journals and their definitions.

use std::sync::Arc;

use lockstep_core::Time;
use lockstep_core::transition::{Beginning, InstanceRow, Outcome, StartKey, Status};
use lockstep_expr::{Map, Value};

use super::draft::{
    Draft, commit, committed, done, failed, instance, log, logged, row, running, stored_row, text,
};
use super::{Home, open};
use crate::store::{Counts, InstanceFilter, JournalPlace, Published, State, Store, StoredInstance};

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

/// The key is found from the first row of an instance on, also when it has ended, and never if the
/// row was refused. A key that is the beginning of another one is another key.
pub async fn instance_is_found_by_the_key_of_its_start(home: &dyn Home) {
    let store = open(home).await;
    let keyed = |id: u128, key: &str, status| {
        let start = StartKey { key: key.into(), request: format!("digest of {key}").into() };
        InstanceRow { start_key: Some(start.into()), ..row(instance(id), status) }
    };
    let started = async |key: &str| {
        let found = store.started(key.into()).await.expect("starts are read")?;
        let row = found.row.expect("it is readable");
        Some((found.id, row.start_key.expect("it has its key").request.to_string()))
    };
    commit(
        &store,
        vec![
            Draft::new(1).row(keyed(1, "a/1", running("x"))),
            Draft::new(2).row(row(instance(2), running("y"))),
            Draft::new(3).row(keyed(3, "a/1\0é", done(7_i64))),
            Draft::new(4).row(keyed(4, "refused", running("z"))).create("m1").create("m1"),
        ],
    )
    .await;
    assert_eq!(started("a/1").await, Some((instance(1), "digest of a/1".to_owned())));
    assert_eq!(started("a/1\0é").await, Some((instance(3), "digest of a/1\0é".to_owned())));
    for unknown in ["", "a", "a/", "a/11", "refused"] {
        assert_eq!(started(unknown).await, None, "{unknown}");
    }
    commit(&store, vec![Draft::new(5).row(keyed(1, "a/1", done(7_i64)))]).await;
    assert_eq!(started("a/1").await, Some((instance(1), "digest of a/1".to_owned())));
    let read = stored_row(&store, instance(2)).await.expect("it was started");
    assert_eq!(read.start_key, None);
}

/// Instances that begin with a transition are there if it is committed, with their journals, and
/// go on from there in the same batch.
pub async fn beginnings_share_the_fate_of_their_transition(home: &dyn Home) {
    let store = open(home).await;
    let beginning =
        |id, status| Beginning { row: row(instance(id), status), journal: vec![logged("begun")] };
    let drafts = vec![
        Draft::new(1).create("m1").begins(beginning(1, running("a"))),
        Draft::new(2).create("m1").begins(beginning(2, running("a"))),
        Draft::new(3).create("m2").begins(beginning(3, running("a"))),
        Draft::new(4).of(instance(3)).row(row(instance(3), running("b"))).entry(logged("on")),
        Draft::new(5)
            .create("m3")
            .begins(beginning(4, failed("e")))
            .begins(beginning(5, running("a"))),
    ];
    let outcomes = commit(&store, drafts).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Committed).count(), 4);
    let unfinished = store.unfinished(None, 10).await.expect("instances are read");
    let ids: Vec<_> = unfinished.iter().map(|stored| stored.id).collect();
    assert_eq!(ids, [instance(1), instance(3), instance(5)]);
    let went_on = stored_row(&store, instance(3)).await.expect("it has begun");
    assert!(matches!(went_on.status, Status::Running(state) if &*state == "b"));
    for (id, told) in
        [(1, vec!["begun"]), (2, vec![]), (3, vec!["begun", "on"]), (4, vec!["begun"])]
    {
        let told: Vec<_> = told.into_iter().map(logged).collect();
        assert_eq!(store.journal(instance(id)).await.expect("journals are read"), told, "{id}");
    }
}

/// A mark is the latest time that was kept under its name, until it is forgotten.
pub async fn marks_only_grow(home: &dyn Home) {
    let store = open(home).await;
    let put = async |marks: Vec<(&str, Option<i64>)>| {
        let marks = marks.into_iter().map(|(name, time)| (name.into(), time.map(Time))).collect();
        store.put_marks(marks).await.expect("marks are kept");
        let marks = store.marks().await.expect("marks are read");
        marks.into_iter().map(|(name, time)| format!("{name}={}", time.0)).collect::<Vec<_>>()
    };
    assert_eq!(put(vec![]).await, [""; 0]);
    assert_eq!(put(vec![("b", Some(5)), ("a'\u{e9}\0\"", Some(i64::MAX))]).await.len(), 2);
    let later = put(vec![("b", Some(7)), ("a'\u{e9}\0\"", Some(3)), ("c", Some(-1))]).await;
    assert_eq!(later, ["a'\u{e9}\0\"=9223372036854775807", "b=7", "c=-1"]);
    let without_c = put(vec![("b", Some(6)), ("c", None), ("d", None)]).await;
    assert_eq!((without_c.len(), without_c.last().map(String::as_str)), (2, Some("b=7")));
    assert_eq!(put(vec![("b", None), ("b", None)]).await.len(), 1);
    let anew = put(vec![("b", Some(1))]).await;
    assert_eq!(anew.last().map(String::as_str), Some("b=1"), "it begins anew");
}

/// Parts come back with every row of an instance that runs, over batches; one of them may hold the
/// input.
pub async fn parts_are_kept_until_they_are_deleted(home: &dyn Home) {
    let store = open(home).await;
    let with_input = InstanceRow {
        input: Value::from(Map::from_iter([("a", Value::Int(7))])),
        input_part: Some(0),
        ..row(instance(1), running("a"))
    };
    let text = "{\"a\":7}";
    let drafts = vec![
        Draft::new(1).row(with_input.clone()).part(0, Some(text)).part(2, Some("\"two\"")),
        Draft::new(2).row(row(instance(2), running("b"))).part(2, Some("\"other\"")),
        Draft::new(3).of(instance(1)).part(3, Some("\"three\"")).part(4, Some("4")).part(4, None),
    ];
    commit(&store, drafts).await;
    let read = stored_row(&store, instance(1)).await.expect("it was started");
    assert_eq!(parts(&read), [(0, text), (2, "\"two\""), (3, "\"three\"")]);
    assert_eq!(read.input, with_input.input);
    committed(&store, Draft::new(4).row(with_input).part(3, None).part(2, Some("22"))).await;
    let unfinished = store.unfinished(None, 10).await.expect("instances are read");
    let unfinished: Vec<InstanceRow> =
        unfinished.into_iter().map(|stored| stored.row.expect("it is readable")).collect();
    assert_eq!(
        unfinished.iter().map(parts).collect::<Vec<_>>(),
        [vec![(0, text), (2, "22")], vec![(2, "\"other\"")]]
    );
}

/// A part belongs to its transition.
pub async fn parts_of_a_refused_transition_are_not_kept(home: &dyn Home) {
    let store = open(home).await;
    committed(&store, Draft::new(1).row(row(instance(1), running("a"))).part(1, Some("1"))).await;
    let refused = Draft::new(2).of(instance(1)).part(1, None).part(2, Some("2"));
    let outcomes = commit(&store, vec![refused.create("m1").create("m1")]).await;
    assert!(matches!(outcomes.as_slice(), [Outcome::Refused(_)]), "{outcomes:?}");
    let read = stored_row(&store, instance(1)).await.expect("it was started");
    assert_eq!(parts(&read), [(1, "1")]);
}

fn parts(row: &InstanceRow) -> Vec<(u32, &str)> {
    row.parts.iter().map(|(number, text)| (*number, &**text)).collect()
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

/// People see the youngest first, and may ask for some of them: by all parts of a filter alone, and
/// by several together. Pages lead on until nothing is left.
pub async fn instances_are_listed_youngest_first_and_filtered(home: &dyn Home) {
    let store = open(home).await;
    let listed = |id: u128, workflow: &str, by: &str, status| {
        let (workflow, started_by) = (workflow.into(), by.into());
        Draft::new(i64::try_from(id).expect("small")).row(InstanceRow {
            workflow,
            started_by,
            ..row(instance(id), status)
        })
    };
    let drafts = vec![
        listed(1, "pay", "eve", running("a")),
        listed(2, "pay", "bob", done(1_i64)),
        listed(3, "send", "eve", failed("data.conflict")),
        listed(4, "pay", "eve", done(2_i64)),
        listed(5, "pay'", "eve", failed("a.b")),
    ];
    commit(&store, drafts).await;
    commit(&store, vec![Draft::new(6).row(row(instance(6), running("b")))]).await;
    commit(&store, vec![Draft::new(7).row(row(instance(6), done(1_i64)))]).await;
    let all = InstanceFilter::default;
    let of = |workflow: &str| InstanceFilter { workflow: Some(workflow.into()), ..all() };
    let by = |who: &str| InstanceFilter { started_by: Some(who.into()), ..all() };
    let in_state = |state, filter| InstanceFilter { state: Some(state), ..filter };
    let between = |after: u128, before: u128, filter| InstanceFilter {
        after: Some(instance(after)),
        before: Some(instance(before)),
        ..filter
    };
    let both = InstanceFilter { workflow: Some("pay".into()), ..by("eve") };
    for (filter, expected) in [
        (all(), vec![6, 5, 4, 3, 2, 1]),
        (between(1, 4, all()), vec![3, 2]),
        (between(4, 1, all()), vec![]),
        (between(4, 4, all()), vec![]),
        (in_state(State::Running, all()), vec![1]),
        (in_state(State::Done, all()), vec![6, 4, 2]),
        (in_state(State::Failed, all()), vec![5, 3]),
        (of("pay"), vec![4, 2, 1]),
        (of("pay'"), vec![5]),
        (of("pa"), vec![]),
        (between(1, 4, of("pay")), vec![2]),
        (by("eve"), vec![5, 4, 3, 1]),
        (between(0, 5, by("eve")), vec![4, 3, 1]),
        (in_state(State::Done, of("pay")), vec![4, 2]),
        (in_state(State::Failed, of("pay")), vec![]),
        (in_state(State::Failed, by("eve")), vec![5, 3]),
        (in_state(State::Done, by("eve")), vec![4]),
        (both.clone(), vec![4, 1]),
        (in_state(State::Running, both.clone()), vec![1]),
        (in_state(State::Done, between(1, 5, both)), vec![4]),
    ] {
        for limit in [1, 2, 100] {
            assert_eq!(listed_by(&store, filter.clone(), limit).await, expected, "{filter:?}");
        }
    }
    let counts = store.counts().await.expect("instances are counted");
    assert_eq!(counts, Counts { running: 1, done: 3, failed: 2 });
}

/// Reads all pages of a filter.
async fn listed_by(store: &Arc<dyn Store>, mut filter: InstanceFilter, limit: u32) -> Vec<u128> {
    let mut listed = Vec::new();
    loop {
        let page = store.instances(filter.clone(), limit).await.expect("instances are read");
        let count = u32::try_from(page.instances.len()).expect("few");
        assert!(count <= limit, "{count} of {limit}");
        listed.extend(ids(&page.instances));
        let Some(next) = page.next else { return listed };
        assert!(filter.before.is_none_or(|before| next < before), "pages lead on");
        filter.before = Some(next);
    }
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

/// Pages of a journal lead through all of it, however many entries were appended at once, and also
/// through what is appended meanwhile; a place that no page has named is allowed.
pub async fn journal_is_read_in_pages(home: &dyn Home) {
    let store = open(home).await;
    let entry = |number, text| Draft::new(number).of(instance(1)).entry(logged(text));
    let other = Draft::new(2).of(instance(2)).entry(logged("x"));
    commit(&store, vec![entry(1, "a"), other, entry(3, "b").entry(logged("c"))]).await;
    commit(&store, vec![entry(4, "d")]).await;
    commit(&store, vec![entry(5, "e").entry(logged("f")).entry(logged("g"))]).await;
    let page = async |after, limit| {
        let page = store.journal_page(instance(1), after, limit).await.expect("it is read");
        let texts: Vec<String> = page.entries.into_iter().map(|entry| text(entry.event)).collect();
        (texts.concat(), page.next)
    };
    for limit in 1..=8 {
        let (mut all, mut after) = (String::new(), None);
        loop {
            let (texts, next) = page(after, limit).await;
            assert_eq!(next.is_some(), all.len() + texts.len() < 7, "{limit}: {all} {texts}");
            assert!(u32::try_from(texts.len()).expect("few") <= limit, "{texts}");
            all.push_str(&texts);
            if next.is_none() {
                break;
            }
            assert!(after < next, "pages lead on");
            after = next;
        }
        assert_eq!(all, "abcdefg", "{limit}");
    }
    let (_, next) = page(None, 6).await;
    commit(&store, vec![entry(6, "h")]).await;
    assert_eq!(page(next, 6).await, ("gh".to_owned(), None));
    for (number, index) in [(i64::MAX, u32::MAX), (i64::MIN, 0), (-1, 7)] {
        let (texts, _) = page(Some(JournalPlace { number, index }), 100).await;
        assert_eq!(texts, if number < 0 { "abcdefgh" } else { "" }, "{number} {index}");
    }
    assert!(store.journal_page(instance(3), None, 1).await.expect("it is read").entries.is_empty());
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

/// What was published last is known, and its text is kept with it.
pub async fn last_publication_is_known(home: &dyn Home) {
    let store = open(home).await;
    assert_eq!(store.published().await.expect("it is read"), None);
    let publications =
        [("d1", "one", 5, vec![]), ("d2", "two", 7, vec!["a"]), ("d1", "three", 6, vec!["a", "b"])];
    for (id, sources, since, from_api) in publications {
        let from_api = from_api.into_iter().map(Into::into).collect();
        let published = Published { id: id.into(), since: Time(since), from_api };
        store.publish(published.clone(), sources.to_owned()).await.expect("it is written");
        assert_eq!(store.published().await.expect("it is read"), Some(published));
    }
    store.put_definitions("d3".into(), "kept".to_owned()).await.expect("they are written");
    let last = store.published().await.expect("it is read");
    assert_eq!(
        last,
        Some(Published { id: "d1".into(), since: Time(6), from_api: vec!["a".into(), "b".into()] })
    );
    for (id, sources) in [("d1", "one"), ("d2", "two")] {
        let read = store.definitions(id.into()).await.expect("definitions are read");
        assert_eq!(read.as_deref(), Some(sources));
    }
}

fn ids(instances: &[StoredInstance]) -> Vec<u128> {
    instances.iter().map(|stored| stored.id.0.as_u128()).collect()
}
