//! Reading, on connections that cannot write: of a store, or of a snapshot.
//!
//! Invariants:
//!
//! * A read sees every commit that was answered before it began, and only whole ones.
//! * A read is one statement, however many rows it is for.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use lockstep_core::transition::LockRow;
use lockstep_core::{Entry, InstanceId, Object, ObjectKey, Time};
use sqlx::sqlite::{SqliteExecutor, SqliteRow};
use sqlx::{Row as _, query};

use super::error::store_error;
use super::row::{self, corrupt};
use super::transport::{Contents, Rows, into_json, text};
use crate::error::StoreError;
use crate::store::{Counts, JournalPage, JournalPlace, LoadedObject, Published, StoredInstance};

/// Instances with the parts of their states as JSON; those that have ended have none.
macro_rules! select_instance {
    () => {
        "SELECT id, state, body, running, iif(state = 0, (SELECT json_group_array(json_array(\
         number, content)) FROM part p WHERE p.instance = instance.id), NULL) AS parts FROM instance"
    };
}
pub(super) use select_instance;

const LOAD: &str = concat!(
    "SELECT k.key AS position, o.version, o.stamp, o.body ",
    "FROM json_each(?2, '$[0]') k CROSS JOIN object o ON o.entity = ",
    text!("k.value", 0),
    " AND o.id = ",
    text!("k.value", 2),
);
const QUERY: &str = "\
SELECT id, version, stamp, body FROM object WHERE entity = ?1 ORDER BY id LIMIT ?2";
const QUERY_AFTER: &str = "\
SELECT id, version, stamp, body FROM object WHERE entity = ?1 AND id > ?3 ORDER BY id LIMIT ?2";
const DEFINITIONS: &str = "SELECT sources FROM definitions WHERE id = ?1";
const MARKS: &str = "SELECT name, time FROM mark ORDER BY name";
const UNFINISHED: &str =
    concat!(select_instance!(), " WHERE state = 0 AND id > ?1 ORDER BY id LIMIT ?2");
const LOCKS: &str = "\
SELECT key, token, mode, instance, since, until, activity, owner, note, taker FROM held_lock
    ORDER BY key, token";
const INSTANCE: &str = concat!(select_instance!(), " WHERE id = ?1");
const STARTED: &str = concat!(select_instance!(), " WHERE start_key = ?1 ORDER BY id LIMIT 1");
const PUBLISHED: &str = "SELECT definitions, since, from_api FROM published";
const JOURNAL: &str = "SELECT entries FROM journal WHERE instance = ?1 ORDER BY number";
const JOURNAL_PAGE: &str = "\
SELECT number, entries FROM journal WHERE instance = ?1 AND number >= ?2 ORDER BY number";
const COUNTS: &str = "\
SELECT (SELECT count(*) FROM instance),
    (SELECT count(*) FROM instance WHERE state = 0),
    (SELECT count(*) FROM instance WHERE state = 2)";

pub(crate) async fn load(
    from: impl SqliteExecutor<'_>,
    keys: &[ObjectKey],
) -> Result<Vec<LoadedObject>, StoreError> {
    let (mut contents, mut rows) = (Contents::default(), Rows::default());
    for key in keys {
        let [entity, entity_length] = contents.add(key.entity.as_bytes());
        let [id, id_length] = contents.add(key.id.as_bytes());
        rows.add(&mut contents, [entity, entity_length, id, id_length]);
    }
    let found = query(LOAD).bind(contents.into_bytes()).bind(into_json([rows]));
    let found = found.fetch_all(from).await.map_err(store_error)?;
    let mut objects: Vec<LoadedObject> = keys.iter().map(|_| Ok(None)).collect();
    for row in &found {
        let position: i64 = row.try_get("position").map_err(store_error)?;
        let position = usize::try_from(position).unwrap_or(usize::MAX);
        if let (Some(object), Some(key)) = (objects.get_mut(position), keys.get(position)) {
            *object = row::object(row, key.clone()).map(Some);
        }
    }
    Ok(objects)
}

pub(crate) async fn objects(
    from: impl SqliteExecutor<'_>,
    entity: &Arc<str>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Arc<Object>>, StoreError> {
    let rows = match after {
        Some(after) => query(QUERY_AFTER).bind(&**entity).bind(limit).bind(after),
        None => query(QUERY).bind(&**entity).bind(limit),
    };
    let rows = rows.fetch_all(from).await.map_err(store_error)?;
    let object = |row| {
        let id = row::text(row, "id")
            .map_err(|reason| corrupt(format!("an object of {entity}"), reason))?;
        let key = ObjectKey { entity: Arc::clone(entity), id: id.into() };
        Ok(row::object(row, key)?)
    };
    rows.iter().map(object).collect()
}

pub(crate) async fn definitions(
    from: impl SqliteExecutor<'_>,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let row = query(DEFINITIONS).bind(id).fetch_optional(from).await.map_err(store_error)?;
    row.map(|row| {
        let text = row::text(&row, "sources");
        Ok(text.map_err(|reason| corrupt(format!("definitions {id}"), reason))?.to_owned())
    })
    .transpose()
}

pub(crate) async fn published(
    from: impl SqliteExecutor<'_>,
) -> Result<Option<Published>, StoreError> {
    let row = query(PUBLISHED).fetch_optional(from).await.map_err(store_error)?;
    row.map(|row| {
        let wrong = |reason| corrupt("what is published".to_owned(), reason);
        let id = row::text(&row, "definitions").map_err(wrong)?.into();
        let since = Time(row.try_get("since").map_err(store_error)?);
        let from_api = row::text(&row, "from_api").map_err(wrong)?;
        let from_api: Vec<String> =
            serde_json::from_str(from_api).map_err(|error| wrong(error.to_string()))?;
        Ok(Published { id, since, from_api: from_api.into_iter().map(Into::into).collect() })
    })
    .transpose()
}

pub(crate) async fn marks(
    from: impl SqliteExecutor<'_>,
) -> Result<Vec<(Arc<str>, Time)>, StoreError> {
    let rows = query(MARKS).fetch_all(from).await.map_err(store_error)?;
    let mark = |row: &SqliteRow| {
        let name = row::text(row, "name").map_err(|reason| corrupt("a mark", reason))?;
        Ok((name.into(), Time(row.try_get("time").map_err(store_error)?)))
    };
    rows.iter().map(mark).collect()
}

pub(crate) async fn unfinished(
    from: impl SqliteExecutor<'_>,
    after: Option<InstanceId>,
    limit: u32,
) -> Result<Vec<StoredInstance>, StoreError> {
    let after = after.as_ref().map_or(&[][..], |id| id.0.as_bytes());
    let rows = query(UNFINISHED).bind(after).bind(limit).fetch_all(from).await;
    stored(&rows.map_err(store_error)?)
}

pub(crate) async fn locks(from: impl SqliteExecutor<'_>) -> Result<Vec<LockRow>, StoreError> {
    let rows = query(LOCKS).fetch_all(from).await.map_err(store_error)?;
    rows.iter().map(|row| Ok(row::lock(row)?)).collect()
}

pub(crate) async fn instance(
    from: impl SqliteExecutor<'_>,
    id: InstanceId,
) -> Result<Option<StoredInstance>, StoreError> {
    let row = query(INSTANCE).bind(&id.0.as_bytes()[..]).fetch_optional(from).await;
    Ok(row.map_err(store_error)?.as_ref().map(row::instance).transpose()?)
}

pub(crate) async fn started(
    from: impl SqliteExecutor<'_>,
    key: &str,
) -> Result<Option<StoredInstance>, StoreError> {
    let row = query(STARTED).bind(key).fetch_optional(from).await;
    Ok(row.map_err(store_error)?.as_ref().map(row::instance).transpose()?)
}

pub(crate) async fn journal(
    from: impl SqliteExecutor<'_>,
    id: InstanceId,
) -> Result<Vec<Entry>, StoreError> {
    let rows = query(JOURNAL).bind(&id.0.as_bytes()[..]).fetch_all(from).await;
    let mut journal = Vec::new();
    for row in rows.map_err(store_error)? {
        journal.extend(row::entries(&row, id)?);
    }
    Ok(journal)
}

pub(crate) async fn journal_page(
    from: impl SqliteExecutor<'_>,
    id: InstanceId,
    after: Option<JournalPlace>,
    limit: u32,
) -> Result<JournalPage, StoreError> {
    let first = after.map_or(i64::MIN, |after| after.number);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rows = query(JOURNAL_PAGE).bind(&id.0.as_bytes()[..]).bind(first).fetch(from);
    let (mut page, mut last) = (JournalPage::default(), None);
    // The statement is given up as soon as there is enough.
    while let Some(row) = rows.try_next().await.map_err(store_error)? {
        let number: i64 = row.try_get("number").map_err(store_error)?;
        for (index, entry) in (0_u32..).zip(row::entries(&row, id)?) {
            let place = JournalPlace { number, index };
            if after.is_some_and(|after| place <= after) {
                continue;
            }
            if page.entries.len() == limit {
                page.next = last;
                return Ok(page);
            }
            page.entries.push(entry);
            last = Some(place);
        }
    }
    Ok(page)
}

pub(crate) async fn counts(from: impl SqliteExecutor<'_>) -> Result<Counts, StoreError> {
    let row = query(COUNTS).fetch_one(from).await.map_err(store_error)?;
    let number = |column: usize| {
        let number: i64 = row.try_get(column).map_err(store_error)?;
        Ok::<_, StoreError>(u64::try_from(number).unwrap_or(0))
    };
    let (all, running, failed) = (number(0)?, number(1)?, number(2)?);
    Ok(Counts { running, done: all.saturating_sub(running).saturating_sub(failed), failed })
}

fn stored(rows: &[SqliteRow]) -> Result<Vec<StoredInstance>, StoreError> {
    rows.iter().map(|row| Ok(row::instance(row)?)).collect()
}
