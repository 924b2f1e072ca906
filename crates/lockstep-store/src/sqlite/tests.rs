//! What is particular to a file: what is flushed into it, and what becomes of it when a commit fails;
//! what every store does is in the contract.

mod opening;

use std::path::Path;
use std::sync::Arc;

use lockstep_core::transition::{Expected, Outcome, Transition};
use lockstep_core::{Entry, Happening};
use lockstep_expr::Map;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use tempfile::TempDir;

use super::error::store_error;
use super::open;
use crate::contract::draft::{Draft, instance, key, row, running, with_attributes};
use crate::error::StoreError;
use crate::store::Store;

pub(super) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder is made")
}

pub(super) fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

pub(super) async fn opened(path: &Path) -> Arc<dyn Store> {
    crate::open(text(path)).await.expect("the store opens")
}

async fn refused(path: &Path) -> StoreError {
    crate::open(text(path)).await.expect_err("the store does not open")
}

async fn shell(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    options.connect().await.expect("the file opens")
}

pub(super) async fn run(path: &Path, sql: &str) {
    let mut shell = shell(path).await;
    shell.execute(AssertSqlSafe(sql)).await.expect("the statement runs");
    shell.close().await.expect("the file closes");
}

/// Creates an object, and starts an instance of the same number with one journal entry.
pub(super) fn creation(number: i64, id: &str) -> Transition {
    let instance = instance(u128::from(number.unsigned_abs()));
    Draft::new(number)
        .row(row(instance, running("{}")))
        .entry(Entry { at: 0, activity: 0, event: Happening::Started })
        .put(Expected::Absent, with_attributes(id, 1, number, Map::new()))
        .into_transition()
}

pub(super) async fn create(store: &Arc<dyn Store>, number: i64, id: &str) {
    let outcomes = store.commit(vec![creation(number, id)]).await.expect("it is written");
    assert_eq!(outcomes, [Outcome::Committed]);
}

async fn exists(store: &Arc<dyn Store>, id: &str) -> bool {
    let mut objects = store.load(vec![key(id)]).await.expect("objects are read");
    objects.remove(0).expect("it is readable").is_some()
}

#[tokio::test]
async fn every_commit_is_flushed_into_the_log() {
    let folder = folder();
    let mut opened = open::open(&folder.path().join("a.db")).await.expect("the store opens");
    for (pragma, expected) in [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", "2"),
        ("PRAGMA fullfsync", "1"),
        ("PRAGMA checkpoint_fullfsync", "1"),
        ("PRAGMA wal_autocheckpoint", "1000"),
        ("PRAGMA cache_size", "-8192"),
    ] {
        let row = opened.writer.fetch_one(pragma).await.expect("the pragma answers");
        let value = row.try_get::<String, _>(0);
        let value = value.or_else(|_| row.try_get::<i64, _>(0).map(|number| number.to_string()));
        assert_eq!(value.expect("it is a text or a number"), expected, "{pragma}");
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let folder = folder();
    let opened = open::open(&folder.path().join("a.db")).await.expect("the store opens");
    let error = opened.readers.execute("DELETE FROM epoch").await;
    error.expect_err("nothing is written");
}

#[tokio::test]
async fn commit_is_on_the_disk_when_it_is_answered() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    create(&store, 1, "m1").await;
    // What a kill would leave: the files as they are, without any goodbye.
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", text(&path));
        std::fs::copy(from, format!("{}{suffix}", text(&copy))).expect("the file is copied");
    }
    let revived = opened(&copy).await;
    assert!(exists(&revived, "m1").await);
    assert_eq!(revived.unfinished(None, 10).await.expect("instances are read").len(), 1);
}

/// Writes a file as the version of the program did whose schema had this number.
pub(super) async fn write_earlier(path: &Path, version: i64) {
    let mut shell = shell(path).await;
    let sql = "PRAGMA application_id = 0x6c6f636b; PRAGMA journal_mode = WAL";
    shell.execute(sql).await.expect("the pragmas are set");
    open::migrator(version).run_direct(None, &mut shell, false).await.expect("the schema is made");
    let sql = "
        INSERT INTO object VALUES ('message', 'm1', 3, 7, '{\"created_at\":0,\"created_by\":\"ann\",
            \"modified_at\":0,\"modified_by\":\"ann\",\"attributes\":{}}');
        INSERT INTO instance (id, state, body) VALUES (unhex(printf('%032x', 3)), 1,
            '{\"workflow\":\"w ''é\",\"definitions\":\"d\",\"started_by\":\"eve\",\"started_at\":0,
            \"ticket\":0,\"input\":{},\"ended_at\":0}');
        INSERT INTO held_lock (key, token, instance, since, until) VALUES
            ('k2', 9223372036854775807, unhex(printf('%032x', 2)), 1, 2),
            ('k1 ''é', 5, unhex(printf('%032x', 1)), -3, 4);";
    shell.execute(sql).await.expect("rows are written");
    shell.close().await.expect("the file closes");
}

#[tokio::test]
async fn commit_that_nobody_waits_for_is_carried_out_in_its_place() {
    let folder = folder();
    let store = opened(&folder.path().join("a.db")).await;
    {
        let commit = store.commit(vec![creation(1, "m1")]);
        tokio::select! {
            biased;
            _ = commit => panic!("no disk is that fast"),
            () = std::future::ready(()) => {}
        }
    }
    let outcomes = store.commit(vec![creation(2, "m1")]).await.expect("it is written");
    assert!(matches!(outcomes[..], [Outcome::Refused(_)]), "{outcomes:?}");
    assert!(exists(&store, "m1").await);
}

#[tokio::test]
async fn failed_commit_writes_nothing_and_stops_the_store() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    create(&store, 1, "m1").await;
    run(&path, "ALTER TABLE object RENAME TO lost").await;
    let error = store.commit(vec![creation(2, "m2")]).await.expect_err("it is not written");
    assert!(matches!(error, StoreError::Io(_)), "{error:?}");
    run(&path, "ALTER TABLE lost RENAME TO object").await;
    let error = store.commit(vec![]).await.expect_err("it has stopped");
    assert!(matches!(error, StoreError::Stopped), "{error:?}");
    assert!(exists(&store, "m1").await);
    assert!(!exists(&store, "m2").await);
    assert_eq!(store.unfinished(None, 10).await.expect("instances are read").len(), 1);
    store.close().await.expect("the store is closed");
    create(&opened(&path).await, 2, "m2").await;
}

#[tokio::test]
async fn unreadable_rows_are_named_and_hinder_no_others() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    for (number, id) in [(1, "m1"), (2, "m2"), (3, "m3")] {
        create(&store, number, id).await;
    }
    run(&path, "UPDATE instance SET body = '{' WHERE id = unhex(printf('%032x', 2))").await;
    run(&path, "UPDATE instance SET running = NULL WHERE id = unhex(printf('%032x', 3))").await;
    run(&path, "UPDATE object SET body = replace(body, '{}', '7') WHERE id = 'm2'").await;
    run(&path, "UPDATE journal SET entries = '[' WHERE number = 2").await;

    let instances = store.unfinished(None, 10).await.expect("instances are read");
    let readable: Vec<_> = instances.iter().map(|stored| stored.row.is_ok()).collect();
    assert_eq!(readable, [true, false, false]);
    let id = instance(2);
    assert_eq!(instances[1].id, id);
    let reason = instances[1].row.as_ref().expect_err("it is not readable").to_string();
    assert!(reason.starts_with(&format!("instance {id} in the store cannot be read: ")));

    let objects = store.load(vec![key("m1"), key("m2"), key("m3")]).await.expect("they are read");
    let readable: Vec<_> = objects.iter().map(Result::is_ok).collect();
    assert_eq!(readable, [true, false, true]);
    let error = store.query("message".into(), None, 10).await.expect_err("one is not readable");
    assert!(error.to_string().starts_with("object message/m2 in the store"), "{error}");
    let error = store.journal(id).await.expect_err("it is not readable");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn epochs_end_before_numbers_do() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    run(&path, "UPDATE epoch SET number = 8388606").await;
    assert_eq!(store.raise_epoch().await.expect("the last epoch"), 8_388_607);
    let error = store.raise_epoch().await.expect_err("there is none after the last");
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn full_disk_and_foreign_locks_are_told_apart() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let mut first = shell(&path).await;
    first.execute("PRAGMA max_page_count = 4; CREATE TABLE t (a)").await.expect("it is made");
    let error = first.execute("INSERT INTO t VALUES (zeroblob(100000))").await;
    let error = store_error(error.expect_err("there is no room"));
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");

    first.execute("BEGIN IMMEDIATE").await.expect("it begins");
    let mut second = shell(&path).await;
    second.execute("PRAGMA busy_timeout = 0").await.expect("it is set");
    let error = second.execute("BEGIN IMMEDIATE").await;
    let error = store_error(error.expect_err("it is locked"));
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
}

#[tokio::test]
async fn time_of_commits_is_accounted_for() {
    let folder = folder();
    let store = opened(&folder.path().join("a.db")).await;
    create(&store, 1, "m1").await;
    let batch = vec![creation(2, "m2"), creation(3, "m3")];
    store.commit(batch).await.expect("it is written");
    let timings = store.timings();
    assert_eq!((timings.batches, timings.transitions), (2, 3));
    assert!(!timings.encode.is_zero() && !timings.database.is_zero() && !timings.flush.is_zero());
}
