//! The statements of a commit: what is asked before it is judged, and what is written.
//!
//! Invariants:
//!
//! * A batch is at most four calls of the driver, whatever its size: the transaction begins with
//!   the questions, then come instances, journals and objects, then, if there are any, deletions,
//!   unique keys, locks and parts of states, then the transaction's end.
//! * Every statement has the same two parameters, the contents and all lists of rows; see
//!   [`transport`](super::transport). The driver binds wrongly what has gaps in the numbers.

use std::sync::Arc;

use lockstep_core::transition::{InstanceRow, LockRow, Origin, Status, UniqueKey};
use lockstep_core::{Entry, Object, ObjectKey};

use super::row;
use super::transport::{Contents, Rows, Span, bytes16, columns, into_json, number, text};
use crate::judge::{Verdict, Wanted};
use crate::store::State;

/// What most rows need in the blob, so that it seldom has to move while it grows.
const USUAL_ROW_BYTES: usize = 512;

/// Begins a transaction and answers with rows of `kind`, `position` and more: one of kind 0 with
/// the states of objects as JSON, several of kind 1 with the owner of a unique key each, one of
/// kind 2 with the positions of the locks that are held as JSON, and one of kind 3 with the greatest
/// tokens of lock keys as JSON.
pub(crate) const BEGIN: &str = concat!(
    "BEGIN IMMEDIATE; ",
    "SELECT 0, 0, json_group_array(json_array(k.key, o.stamp, o.version)) ",
    "FROM json_each(?2, '$[0]') k CROSS JOIN object o ON o.entity = ",
    text!("k.value", 0),
    " AND o.id = ",
    text!("k.value", 2),
    "; ",
    "SELECT 1, k.key, u.id FROM json_each(?2, '$[1]') k CROSS JOIN unique_key u ON u.entity = ",
    text!("k.value", 0),
    " AND u.attributes = ",
    text!("k.value", 2),
    " AND u.content = ",
    text!("k.value", 4),
    "; ",
    "SELECT 2, 0, json_group_array(k.key) ",
    "FROM json_each(?2, '$[2]') k CROSS JOIN held_lock l ON l.key = ",
    text!("k.value", 1),
    " AND l.token = ",
    number!("k.value", 0),
    "; ",
    "SELECT 3, 0, json_group_array(json_array(k.key, l.token)) ",
    "FROM json_each(?2, '$[3]') k CROSS JOIN held_lock l ON l.key = ",
    text!("k.value", 0),
    " AND l.token IN (SELECT token FROM held_lock WHERE key = ",
    text!("k.value", 0),
    " ORDER BY token DESC LIMIT (SELECT ",
    number!("value", 0),
    " FROM json_each(?2, '$[4]')))",
);

/// Writes instances, journals and objects.
pub(crate) const WRITE: &str = concat!(
    "INSERT OR REPLACE INTO instance ",
    "(id, state, workflow, started_by, body, running, start_key) SELECT ",
    columns!("value": bytes16 1, number 0, text 8, text 10, text 2),
    ", iif(",
    number!("value", 0),
    " = 0, ",
    text!("value", 4),
    ", NULL), iif(",
    number!("value", 7),
    " > 0, ",
    text!("value", 6),
    ", NULL) FROM json_each(?2, '$[0]'); ",
    "INSERT INTO journal (instance, number, entries) SELECT ",
    columns!("value": bytes16 1, number 0, text 2),
    " FROM json_each(?2, '$[1]'); ",
    "INSERT OR REPLACE INTO object (entity, id, version, stamp, body) SELECT ",
    columns!("value": text 2, text 4, number 0, number 1, text 6),
    " FROM json_each(?2, '$[2]')",
);

/// Deletes objects, writes unique keys, locks and parts of states.
pub(crate) const WRITE_REST: &str = concat!(
    "DELETE FROM object WHERE (entity, id) IN (SELECT ",
    columns!("value": text 0, text 2),
    " FROM json_each(?2, '$[0]')); ",
    "DELETE FROM unique_key WHERE (entity, id) IN (SELECT ",
    columns!("value": text 0, text 2),
    " FROM json_each(?2, '$[1]')); ",
    "INSERT INTO unique_key (entity, id, attributes, content) SELECT ",
    columns!("value": text 0, text 2, text 4, text 6),
    " FROM json_each(?2, '$[2]'); ",
    "DELETE FROM held_lock WHERE (key, token) IN (SELECT ",
    columns!("value": text 1, number 0),
    " FROM json_each(?2, '$[3]')); ",
    "INSERT OR REPLACE INTO held_lock (key, token, mode, instance, since, until, activity, owner, ",
    "note, taker) SELECT ",
    columns!("value": text 4, number 0, number 6, bytes16 3, number 1, number 2),
    ", iif(",
    number!("value", 7),
    " = 1, ",
    number!("value", 8),
    ", NULL), iif(",
    number!("value", 7),
    " >= 2, ",
    text!("value", 9),
    ", NULL), iif(",
    number!("value", 7),
    " >= 2, ",
    text!("value", 11),
    ", NULL), iif(",
    number!("value", 7),
    " = 3, ",
    text!("value", 13),
    ", NULL) FROM json_each(?2, '$[4]'); ",
    "DELETE FROM part WHERE (instance, number) IN (SELECT ",
    columns!("value": bytes16 1, number 0),
    " FROM json_each(?2, '$[5]')); ",
    "INSERT OR REPLACE INTO part (instance, number, content) SELECT ",
    columns!("value": bytes16 1, number 0, text 2),
    " FROM json_each(?2, '$[6]')",
);

/// Keeps marks, each the later of what there is and what comes; the parameter is a JSON list of
/// names and times, null for one that is to be forgotten.
pub(crate) const PUT_MARKS: &str = "\
INSERT INTO mark (name, time) SELECT value ->> 0, CAST(value ->> 1 AS INTEGER) FROM json_each(?1)
    WHERE value ->> 1 IS NOT NULL
    ON CONFLICT (name) DO UPDATE SET time = max(time, excluded.time)";

/// Forgets marks; the parameter is that of [`PUT_MARKS`].
pub(crate) const DROP_MARKS: &str = "\
DELETE FROM mark WHERE name IN (SELECT value ->> 0 FROM json_each(?1) WHERE value ->> 1 IS NULL)";

/// The parameters of [`BEGIN`].
#[derive(Debug, Default)]
pub(crate) struct Questions {
    contents: Contents,
    objects: Rows,
    unique: Rows,
    locks: Rows,
    fenced: Rows,
    depth: Rows,
}

impl Questions {
    pub(crate) fn of(wanted: &Wanted<'_>) -> Self {
        let Self { mut contents, mut objects, mut unique, mut locks, mut fenced, mut depth } =
            Self::default();
        for key in wanted.objects.keys() {
            let names = object_names(&mut contents, key);
            objects.add(&mut contents, names);
        }
        for (entity, key) in wanted.unique.keys() {
            let [entity, entity_length] = contents.add(entity.as_bytes());
            let [name, name_length] = contents.add(key.constraint.as_bytes());
            let [values, values_length] = contents.add(key.values.as_bytes());
            let numbers = [entity, entity_length, name, name_length, values, values_length];
            unique.add(&mut contents, numbers);
        }
        for (key, token) in wanted.locks.keys() {
            let [key, key_length] = contents.add(key.as_bytes());
            locks.add(&mut contents, [*token, key, key_length]);
        }
        for key in wanted.fenced.keys() {
            let key = contents.add(key.as_bytes());
            fenced.add(&mut contents, key);
        }
        depth.add(&mut contents, [i64::try_from(wanted.depth()).unwrap_or(i64::MAX)]);
        Self { contents, objects, unique, locks, fenced, depth }
    }

    pub(crate) fn into_parameters(self) -> (Vec<u8>, String) {
        let lists = [self.objects, self.unique, self.locks, self.fenced, self.depth];
        (self.contents.into_bytes(), into_json(lists))
    }
}

/// The parameters of [`WRITE`].
#[derive(Debug, Default)]
pub(crate) struct Writes {
    contents: Contents,
    instances: Rows,
    journal: Rows,
    objects: Rows,
}

impl Writes {
    pub(crate) fn of(verdict: &Verdict<'_>) -> Self {
        let rows = verdict.instances.len() + verdict.journal.len() + verdict.objects.len();
        let contents = Contents::with_capacity(rows.saturating_mul(USUAL_ROW_BYTES));
        let mut to = Self { contents, ..Self::default() };
        for row in &verdict.instances {
            to.add_instance(row);
        }
        for page in &verdict.journal {
            let [id, _] = to.contents.add(page.instance.0.as_bytes());
            let entries: &[&Entry] = &page.entries;
            let [place, length] = to.contents.write(|to| row::write_entries(to, entries));
            to.journal.add(&mut to.contents, [page.number, id, place, length]);
        }
        for (key, object) in &verdict.objects {
            if let Some(object) = object {
                to.add_object(key, object);
            }
        }
        to
    }

    fn add_instance(&mut self, instance: &InstanceRow) {
        let state = row::state_number(State::from(&instance.status));
        let [id, _] = self.contents.add(instance.id.0.as_bytes());
        let [place, length] = self.contents.write(|to| row::write_instance(to, instance));
        let [running, running_length] = match &instance.status {
            Status::Running(running) => self.contents.add(running.as_bytes()),
            Status::Done { .. } | Status::Failed { .. } => [0, 0],
        };
        // A key is not empty.
        let [key, key_length] = instance
            .start_key
            .as_ref()
            .map_or([0, 0], |start| self.contents.add(start.key.as_bytes()));
        let [workflow, workflow_length] = self.contents.add(instance.workflow.as_bytes());
        let [by, by_length] = self.contents.add(instance.started_by.as_bytes());
        let numbers = [
            state,
            id,
            place,
            length,
            running,
            running_length,
            key,
            key_length,
            workflow,
            workflow_length,
            by,
            by_length,
        ];
        self.instances.add(&mut self.contents, numbers);
    }

    fn add_object(&mut self, key: &ObjectKey, object: &Object) {
        let [entity, entity_length, id, id_length] = object_names(&mut self.contents, key);
        let [body, body_length] = self.contents.write(|to| row::write_object(to, object));
        let [version, stamp] = [object.version, object.stamp];
        let numbers = [version, stamp, entity, entity_length, id, id_length, body, body_length];
        self.objects.add(&mut self.contents, numbers);
    }

    pub(crate) fn into_parameters(self) -> (Vec<u8>, String) {
        let lists = [self.instances, self.journal, self.objects];
        (self.contents.into_bytes(), into_json(lists))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.instances.is_empty() && self.journal.is_empty() && self.objects.is_empty()
    }
}

/// The parameters of [`WRITE_REST`].
#[derive(Debug, Default)]
pub(crate) struct Rest {
    contents: Contents,
    deleted: Rows,
    rekeyed: Rows,
    unique: Rows,
    released: Rows,
    held: Rows,
    dropped: Rows,
    parts: Rows,
}

impl Rest {
    pub(crate) fn of(verdict: &Verdict<'_>) -> Self {
        let mut to = Self::default();
        for (key, object) in &verdict.objects {
            if object.is_none() {
                let names = object_names(&mut to.contents, key);
                to.deleted.add(&mut to.contents, names);
            }
        }
        for (key, unique) in &verdict.unique {
            to.add_unique(key, unique);
        }
        for ((key, token), row) in &verdict.locks {
            let key = to.contents.add(key.as_bytes());
            if let Some(row) = row {
                to.add_held(key, row);
            } else {
                let [key, key_length] = key;
                to.released.add(&mut to.contents, [*token, key, key_length]);
            }
        }
        for ((instance, number), text) in &verdict.parts {
            let [instance, _] = to.contents.add(instance.0.as_bytes());
            let number = i64::from(*number);
            match text {
                Some(text) => {
                    let [text, length] = to.contents.add(text.as_bytes());
                    to.parts.add(&mut to.contents, [number, instance, text, length]);
                }
                None => to.dropped.add(&mut to.contents, [number, instance]),
            }
        }
        to
    }

    fn add_held(&mut self, [key, key_length]: Span, row: &LockRow) {
        let [instance, _] = self.contents.add(row.instance.0.as_bytes());
        let mode = row::mode_number(row.mode);
        let none = [0, 0];
        let (kind, activity, [owner, note, taker]) = match &row.origin {
            Origin::Workflow => (0, 0, [none; 3]),
            Origin::Activity(activity) => (1, i64::from(*activity), [none; 3]),
            Origin::Client { owner, note, taker } => {
                let mut add = |text: &Arc<str>| self.contents.add(text.as_bytes());
                let kind = if taker.is_some() { 3 } else { 2 };
                (kind, 0, [add(owner), add(note), taker.as_ref().map_or(none, add)])
            }
        };
        let ([owner, owner_length], [note, note_length]) = (owner, note);
        let [taker, taker_length] = taker;
        let [since, until] = [row.since.0, row.until.0];
        let numbers = [
            row.token,
            since,
            until,
            instance,
            key,
            key_length,
            mode,
            kind,
            activity,
            owner,
            owner_length,
            note,
            note_length,
            taker,
            taker_length,
        ];
        self.held.add(&mut self.contents, numbers);
    }

    fn add_unique(&mut self, key: &ObjectKey, unique: &[&UniqueKey]) {
        let names = object_names(&mut self.contents, key);
        self.rekeyed.add(&mut self.contents, names);
        let [entity, entity_length, id, id_length] = names;
        for unique in unique {
            let [name, name_length] = self.contents.add(unique.constraint.as_bytes());
            let [values, values_length] = self.contents.add(unique.values.as_bytes());
            let numbers =
                [entity, entity_length, id, id_length, name, name_length, values, values_length];
            self.unique.add(&mut self.contents, numbers);
        }
    }

    pub(crate) fn into_parameters(self) -> (Vec<u8>, String) {
        let lists = [
            self.deleted,
            self.rekeyed,
            self.unique,
            self.released,
            self.held,
            self.dropped,
            self.parts,
        ];
        (self.contents.into_bytes(), into_json(lists))
    }

    pub(crate) fn is_empty(&self) -> bool {
        let unchanged = self.deleted.is_empty() && self.rekeyed.is_empty();
        let as_held = self.released.is_empty() && self.held.is_empty();
        unchanged && as_held && self.dropped.is_empty() && self.parts.is_empty()
    }
}

/// Adds the two names of an object, and returns where they are and how long.
fn object_names(to: &mut Contents, key: &ObjectKey) -> [i64; 4] {
    let [entity, entity_length] = to.add(key.entity.as_bytes());
    let [id, id_length] = to.add(key.id.as_bytes());
    [entity, entity_length, id, id_length]
}
