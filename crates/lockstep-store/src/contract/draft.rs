//! Short ways to write transitions, and to look at what they left.

use std::sync::Arc;

use lockstep_core::transition::{
    Beginning, Change, Expected, InstanceRow, Judge, LockRow, LockWrite, ObjectWrite, Origin,
    Outcome, PartWrite, Refusal, Status, Transition, UniqueKey,
};
use lockstep_core::{
    Entry, Failure, FencingToken, Happening, InstanceId, Object, ObjectKey, Time, TransitionNumber,
};
use lockstep_definition::LockMode;
use lockstep_expr::{Map, Value};
use uuid::Uuid;

use crate::store::Store;

/// The entity of all objects that are not said to be of another one.
pub(super) const ENTITY: &str = "message";

/// A moment like any other, in microseconds.
pub(super) const MOMENT: Time = Time(1_800_000_000_000_000);

pub(crate) fn key(id: &str) -> ObjectKey {
    ObjectKey { entity: ENTITY.into(), id: id.into() }
}

pub(crate) fn instance(number: u128) -> InstanceId {
    InstanceId(Uuid::from_u128(number))
}

/// Returns an object whose attribute `count` is its version.
pub(super) fn object(id: &str, version: i64, stamp: TransitionNumber) -> Object {
    let mut attributes = Map::new();
    attributes.insert("count", Value::Int(version));
    with_attributes(id, version, stamp, attributes)
}

pub(crate) fn with_attributes(
    id: &str,
    version: i64,
    stamp: TransitionNumber,
    attributes: Map,
) -> Object {
    Object {
        key: key(id),
        version,
        stamp,
        created_at: MOMENT,
        created_by: "ann".into(),
        modified_at: MOMENT,
        modified_by: "ben".into(),
        attributes,
    }
}

pub(crate) fn row(id: InstanceId, status: Status) -> InstanceRow {
    InstanceRow {
        id,
        workflow: "read".into(),
        definitions: "definitions-1".into(),
        input: Value::from(Map::new()),
        input_part: None,
        started_by: "ann".into(),
        started_at: MOMENT,
        ticket: 0,
        start_key: None,
        status,
        parts: Vec::new(),
    }
}

pub(crate) fn running(state: &str) -> Status {
    Status::Running(state.into())
}

pub(crate) fn done(output: impl Into<Value>) -> Status {
    Status::Done { at: MOMENT, output: output.into() }
}

pub(crate) fn failed(code: &str) -> Status {
    Status::Failed { at: MOMENT, failure: Failure::new(code, "went wrong") }
}

pub(super) fn unique(values: &str) -> UniqueKey {
    UniqueKey { constraint: "number".into(), values: values.into() }
}

pub(crate) fn held(key: &str, token: FencingToken) -> LockRow {
    LockRow {
        key: key.into(),
        token,
        mode: LockMode::Exclusive,
        instance: instance(1),
        since: MOMENT,
        until: MOMENT,
        origin: Origin::Activity(0),
    }
}

pub(super) fn logged(text: &str) -> Entry {
    Entry { at: MOMENT.0, activity: 0, event: Happening::Logged(text.to_owned()) }
}

/// A transition in the making.
#[derive(Debug)]
pub(crate) struct Draft(Transition);

impl Draft {
    pub(crate) fn new(number: TransitionNumber) -> Self {
        Self(Transition {
            number,
            instance: None,
            row: None,
            journal: Vec::new(),
            objects: Vec::new(),
            fences: Vec::new(),
            locks: Vec::new(),
            parts: Vec::new(),
            starts: Vec::new(),
            judge: Judge::Store,
        })
    }

    pub(super) fn begins(mut self, beginning: Beginning) -> Self {
        self.0.starts.push(beginning);
        self
    }

    pub(super) fn part(mut self, number: u32, text: Option<&str>) -> Self {
        self.0.parts.push(match text {
            Some(text) => PartWrite::Put { number, text: text.into() },
            None => PartWrite::Delete { number },
        });
        self
    }

    pub(super) fn write(mut self, key: ObjectKey, expected: Expected, change: Change) -> Self {
        self.0.objects.push(ObjectWrite { key, expected, change, unique: None });
        self
    }

    pub(crate) fn put(self, expected: Expected, object: Object) -> Self {
        let key = object.key.clone();
        self.write(key, expected, Change::Put(Arc::new(object)))
    }

    /// Creates an object at version 1.
    pub(super) fn create(self, id: &str) -> Self {
        let object = object(id, 1, self.0.number);
        self.put(Expected::Absent, object)
    }

    /// Writes a version of an object over the state that `stamp` has written.
    pub(crate) fn update(self, id: &str, version: i64, stamp: TransitionNumber) -> Self {
        let object = object(id, version, self.0.number);
        self.put(Expected::Stamp(stamp), object)
    }

    pub(super) fn delete(self, id: &str, stamp: TransitionNumber) -> Self {
        self.write(key(id), Expected::Stamp(stamp), Change::Delete)
    }

    pub(super) fn check(self, id: &str, stamp: TransitionNumber) -> Self {
        self.write(key(id), Expected::Stamp(stamp), Change::Check)
    }

    /// Says which unique keys the object that was written last has.
    pub(super) fn unique(self, values: &[&str]) -> Self {
        self.with_unique(values.iter().map(|values| unique(values)).collect())
    }

    pub(super) fn with_unique(mut self, keys: Vec<UniqueKey>) -> Self {
        self.0.objects.last_mut().expect("an object was written").unique = Some(keys);
        self
    }

    pub(super) fn fence(mut self, key: &str, token: FencingToken) -> Self {
        self.0.fences.push((key.into(), token));
        self
    }

    pub(super) fn hold(self, key: &str, token: FencingToken) -> Self {
        self.hold_as(held(key, token))
    }

    pub(crate) fn hold_as(mut self, row: LockRow) -> Self {
        self.0.locks.push(LockWrite::Put(row));
        self
    }

    pub(super) fn release(mut self, key: &str, token: FencingToken) -> Self {
        self.0.locks.push(LockWrite::Delete { key: key.into(), token });
        self
    }

    pub(super) fn of(mut self, id: InstanceId) -> Self {
        self.0.instance = Some(id);
        self
    }

    pub(crate) fn row(self, row: InstanceRow) -> Self {
        let mut draft = self.of(row.id);
        draft.0.row = Some(row);
        draft
    }

    pub(crate) fn entry(mut self, entry: Entry) -> Self {
        self.0.journal.push(entry);
        self
    }

    pub(crate) fn into_transition(self) -> Transition {
        self.0
    }
}

/// Commits transitions in one batch and returns what became of each.
pub(super) async fn commit(store: &Arc<dyn Store>, drafts: Vec<Draft>) -> Vec<Outcome> {
    let batch = drafts.into_iter().map(Draft::into_transition).collect();
    store.commit(batch).await.expect("the batch is written")
}

/// Commits one transition and asserts that it was committed.
pub(super) async fn committed(store: &Arc<dyn Store>, draft: Draft) {
    assert_eq!(commit(store, vec![draft]).await, [Outcome::Committed]);
}

pub(super) fn conflict(id: &str, actual: Option<i64>) -> Outcome {
    Outcome::Refused(Refusal::Conflict { key: key(id), actual })
}

pub(super) fn taken(id: &str, values: &str, other: &str) -> Outcome {
    let unique = unique(values);
    Outcome::Refused(Refusal::Unique { key: key(id), unique, other: other.into() })
}

pub(super) fn fenced(key: &str, token: FencingToken, actual: Option<FencingToken>) -> Outcome {
    Outcome::Refused(Refusal::Fenced { key: key.into(), token, actual })
}

/// Reads one object.
pub(super) async fn load(store: &Arc<dyn Store>, key: ObjectKey) -> Option<Arc<Object>> {
    let mut objects = store.load(vec![key]).await.expect("objects are read");
    assert_eq!(objects.len(), 1, "one key, one answer");
    objects.remove(0).expect("the object is readable")
}

/// Returns version and stamp of an object.
pub(super) async fn stamped(store: &Arc<dyn Store>, id: &str) -> Option<(i64, TransitionNumber)> {
    load(store, key(id)).await.map(|object| (object.version, object.stamp))
}

/// Reads the texts of the `log` entries of an instance.
pub(super) async fn log(store: &Arc<dyn Store>, id: InstanceId) -> Vec<String> {
    let journal = store.journal(id).await.expect("the journal is read");
    journal.into_iter().map(|entry| text(entry.event)).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a clause's own entries are all of one kind")]
pub(super) fn text(event: Happening) -> String {
    match event {
        Happening::Logged(text) => text,
        other => panic!("{other:?} was never written"),
    }
}

/// Reads the row of an instance.
pub(super) async fn stored_row(store: &Arc<dyn Store>, id: InstanceId) -> Option<InstanceRow> {
    let stored = store.instance(id).await.expect("the instance is read")?;
    assert_eq!(stored.id, id);
    Some(stored.row.expect("the row is readable"))
}

/// Returns the tokens under which locks are held.
pub(super) async fn tokens(store: &Arc<dyn Store>) -> Vec<(String, FencingToken)> {
    let locks = store.locks().await.expect("the locks are read");
    locks.into_iter().map(|row| (row.key.as_ref().to_owned(), row.token)).collect()
}
