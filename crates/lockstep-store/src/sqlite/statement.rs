//! The statements of a commit: what is asked before it is judged, and what is written.
//!
//! Invariants:
//!
//! * A batch is at most four calls of the driver, whatever its size: the transaction begins with
//!   the questions, then come instances, journals and objects, then, if there are any, deletions,
//!   unique keys and locks, then the transaction's end.
//! * Every statement has the same two parameters, the contents and all lists of rows; see
//!   [`transport`](super::transport). The driver binds wrongly what has gaps in the numbers.

use lockstep_core::Entry;
use lockstep_core::transition::{InstanceRow, Status};

use super::row;
use super::transport::{Contents, Rows, into_json};
use crate::judge::{Verdict, Wanted};
use crate::store::State;

/// Begins a transaction and answers with rows of `kind`, `position` and more: one of kind 0 with
/// the states of objects as JSON, several of kind 1 with the owner of a unique key each, one of
/// kind 2 with the tokens of locks as JSON.
pub(crate) const BEGIN: &str = "\
BEGIN IMMEDIATE;
SELECT 0 AS kind, 0 AS position, json_group_array(json_array(k.key, o.stamp, o.version)) AS answer
FROM json_each(?2, '$[0]') k CROSS JOIN object o
    ON o.entity = CAST(substr(?1, k.value ->> 0, k.value ->> 1) AS TEXT)
    AND o.id = CAST(substr(?1, k.value ->> 2, k.value ->> 3) AS TEXT);
SELECT 1 AS kind, k.key AS position, u.id AS answer
FROM json_each(?2, '$[1]') k CROSS JOIN unique_key u
    ON u.entity = CAST(substr(?1, k.value ->> 0, k.value ->> 1) AS TEXT)
    AND u.attributes = CAST(substr(?1, k.value ->> 2, k.value ->> 3) AS TEXT)
    AND u.content = CAST(substr(?1, k.value ->> 4, k.value ->> 5) AS TEXT);
SELECT 2 AS kind, 0 AS position, json_group_array(json_array(k.key, l.token)) AS answer
FROM json_each(?2, '$[2]') k CROSS JOIN held_lock l
    ON l.key = CAST(substr(?1, k.value ->> 0, k.value ->> 1) AS TEXT)";

/// Writes instances, journals and objects.
pub(crate) const WRITE: &str = "\
INSERT OR REPLACE INTO instance (id, state, body, running)
SELECT substr(?1, value ->> 1, 16), value ->> 0,
    CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT),
    iif(value ->> 0 = 0, CAST(substr(?1, value ->> 4, value ->> 5) AS TEXT), NULL)
FROM json_each(?2, '$[0]');
INSERT INTO journal (instance, number, entries)
SELECT substr(?1, value ->> 1, 16), value ->> 0,
    CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT)
FROM json_each(?2, '$[1]');
INSERT OR REPLACE INTO object (entity, id, version, stamp, body)
SELECT CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT),
    CAST(substr(?1, value ->> 4, value ->> 5) AS TEXT), value ->> 0, value ->> 1,
    CAST(substr(?1, value ->> 6, value ->> 7) AS TEXT)
FROM json_each(?2, '$[2]')";

/// Deletes objects, writes unique keys and locks.
pub(crate) const WRITE_REST: &str = "\
DELETE FROM object WHERE (entity, id) IN (
    SELECT CAST(substr(?1, value ->> 0, value ->> 1) AS TEXT),
        CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT)
    FROM json_each(?2, '$[0]'));
DELETE FROM unique_key WHERE (entity, id) IN (
    SELECT CAST(substr(?1, value ->> 0, value ->> 1) AS TEXT),
        CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT)
    FROM json_each(?2, '$[1]'));
INSERT INTO unique_key (entity, id, attributes, content)
SELECT CAST(substr(?1, value ->> 0, value ->> 1) AS TEXT),
    CAST(substr(?1, value ->> 2, value ->> 3) AS TEXT),
    CAST(substr(?1, value ->> 4, value ->> 5) AS TEXT),
    CAST(substr(?1, value ->> 6, value ->> 7) AS TEXT)
FROM json_each(?2, '$[2]');
DELETE FROM held_lock WHERE key IN (
    SELECT CAST(substr(?1, value ->> 0, value ->> 1) AS TEXT) FROM json_each(?2, '$[3]'));
INSERT OR REPLACE INTO held_lock (key, token, instance, since, until)
SELECT CAST(substr(?1, value ->> 4, value ->> 5) AS TEXT), value ->> 0,
    substr(?1, value ->> 3, 16), value ->> 1, value ->> 2
FROM json_each(?2, '$[4]')";

/// The parameters of [`BEGIN`].
#[derive(Debug, Default)]
pub(crate) struct Questions {
    contents: Contents,
    objects: Rows,
    unique: Rows,
    locks: Rows,
}

impl Questions {
    pub(crate) fn of(wanted: &Wanted<'_>) -> Self {
        let mut to = Self::default();
        for key in wanted.objects.keys() {
            to.objects.add(to.contents.add_all([&key.entity, &key.id]));
        }
        for (entity, key) in wanted.unique.keys() {
            to.unique.add(to.contents.add_all([entity, &*key.constraint, &*key.values]));
        }
        for key in wanted.locks.keys() {
            to.locks.add(to.contents.add(key.as_bytes()));
        }
        to
    }

    pub(crate) fn into_parameters(self) -> (Vec<u8>, String) {
        let lists = [self.objects, self.unique, self.locks];
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
        let mut to = Self::default();
        for row in &verdict.instances {
            to.add_instance(row);
        }
        for page in &verdict.journal {
            let [id, _] = to.contents.add(page.instance.0.as_bytes());
            let entries: &[&Entry] = &page.entries;
            let [place, length] = to.contents.write(|to| row::write_entries(to, entries));
            to.journal.add([page.number, id, place, length]);
        }
        for (key, object) in &verdict.objects {
            let Some(object) = object else { continue };
            let names = to.contents.add_all([&key.entity, &key.id]);
            let body = to.contents.write(|to| row::write_object(to, object));
            to.objects.add([object.version, object.stamp].into_iter().chain(names).chain(body));
        }
        to
    }

    fn add_instance(&mut self, instance: &InstanceRow) {
        let state = row::state_number(State::from(&instance.status));
        let [id, _] = self.contents.add(instance.id.0.as_bytes());
        let [place, length] = self.contents.write(|to| row::write_instance(to, instance));
        match &instance.status {
            Status::Running(running) => {
                let [running, running_length] = self.contents.add(running.as_bytes());
                self.instances.add([state, id, place, length, running, running_length]);
            }
            Status::Done { .. } | Status::Failed { .. } => {
                self.instances.add([state, id, place, length]);
            }
        }
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
}

impl Rest {
    pub(crate) fn of(verdict: &Verdict<'_>) -> Self {
        let mut to = Self::default();
        for (key, object) in &verdict.objects {
            if object.is_none() {
                to.deleted.add(to.contents.add_all([&key.entity, &key.id]));
            }
        }
        for (key, unique) in &verdict.unique {
            let object = to.contents.add_all([&key.entity, &key.id]);
            for unique in unique {
                let unique = to.contents.add_all([&unique.constraint, &unique.values]);
                to.unique.add(object.iter().copied().chain(unique));
            }
            to.rekeyed.add(object);
        }
        for (key, row) in &verdict.locks {
            let key = to.contents.add(key.as_bytes());
            match row {
                Some(row) => {
                    let [instance, _] = to.contents.add(row.instance.0.as_bytes());
                    let numbers = [row.token, row.since.0, row.until.0, instance];
                    to.held.add(numbers.into_iter().chain(key));
                }
                None => to.released.add(key),
            }
        }
        to
    }

    pub(crate) fn into_parameters(self) -> (Vec<u8>, String) {
        let lists = [self.deleted, self.rekeyed, self.unique, self.released, self.held];
        (self.contents.into_bytes(), into_json(lists))
    }

    pub(crate) fn is_empty(&self) -> bool {
        let unchanged = self.deleted.is_empty() && self.rekeyed.is_empty();
        unchanged && self.released.is_empty() && self.held.is_empty()
    }
}
