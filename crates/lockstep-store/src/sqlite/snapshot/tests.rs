use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::transition::{LockRow, LockWrite, Origin, Outcome, Transition};
use lockstep_core::{InstanceId, Time};
use lockstep_definition::LockMode;
use sqlx::Executor as _;
use uuid::Uuid;

use super::Snapshot;
use crate::contract::draft::key;
use crate::error::StoreError;
use crate::sqlite::tests::{create, creation, folder, opened, run, text, write_earlier};
use crate::store::{InstanceFilter, State, Store};

/// Commits that fill the log several times over.
const MANY: i64 = 600;

async fn snapshot(path: &Path) -> Snapshot {
    crate::open_snapshot(text(path)).await.expect("the snapshot opens")
}

async fn refused(path: &Path) -> StoreError {
    crate::open_snapshot(text(path)).await.expect_err("no snapshot opens")
}

/// An instance, with an object and a lock.
fn holding(number: i64) -> Transition {
    let transition = creation(number, &format!("m{number}"));
    let row = LockRow {
        key: format!("k{number}").into(),
        token: number,
        mode: LockMode::Exclusive,
        instance: transition.instance.expect("it has one"),
        since: Time(0),
        until: Time(0),
        origin: Origin::Workflow,
    };
    Transition { locks: vec![LockWrite::Put(row)], ..transition }
}

async fn commit(store: &Arc<dyn Store>, number: i64) {
    let outcomes = store.commit(vec![holding(number)]).await.expect("it is written");
    assert_eq!(outcomes, [Outcome::Committed]);
}

/// How many locks, instances, counted ones and objects it tells.
async fn told(snapshot: &mut Snapshot) -> [usize; 4] {
    [
        snapshot.locks().await.expect("locks are read").len(),
        snapshot.unfinished(None, u32::MAX).await.expect("instances are read").len(),
        usize::try_from(snapshot.counts().await.expect("they are counted").running).unwrap(),
        snapshot.query(&"message".into(), None, u32::MAX).await.expect("they are read").len(),
    ]
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is read");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it is read").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn snapshot_tells_all_of_one_moment_beside_the_owner() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    store.put_definitions("d1".into(), "sources".to_owned()).await.expect("they are written");
    commit(&store, 1).await;
    let mut before = snapshot(&path).await;
    commit(&store, 2).await;
    let mut behind = snapshot(&path).await;
    assert_eq!((told(&mut before).await, told(&mut behind).await), ([1; 4], [2; 4]));

    let id = InstanceId(Uuid::from_u128(2));
    assert!(before.instance(id).await.expect("it is read").is_none());
    assert!(behind.instance(id).await.expect("it is read").expect("it is there").row.is_ok());
    assert_eq!(behind.journal(id).await.expect("it is read").len(), 1);
    let filter = InstanceFilter { state: Some(State::Running), ..InstanceFilter::default() };
    let running = behind.instances(&filter, 1).await.expect("they are read");
    assert_eq!(running.instances.first().expect("there is one").id, id);
    let sources = behind.definitions("d1").await.expect("they are read");
    assert_eq!(sources.as_deref(), Some("sources"));
    let objects = behind.load(&[key("m2"), key("m3")]).await.expect("they are read");
    let there: Vec<_> = objects.iter().map(|object| matches!(object, Ok(Some(_)))).collect();
    assert_eq!(there, [true, false]);
}

#[tokio::test]
async fn snapshot_of_a_store_without_owner_tells_what_was_committed() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    commit(&store, 1).await;
    // What a kill leaves: the files as they are, without any goodbye.
    let killed = folder.path().join("killed.db");
    for suffix in ["", "-wal"] {
        let from = format!("{}{suffix}", text(&path));
        std::fs::copy(from, format!("{}{suffix}", text(&killed))).expect("the file is copied");
    }
    store.close().await.expect("the store is closed");
    for path in [&path, &killed] {
        assert_eq!(told(&mut snapshot(path).await).await, [1; 4]);
        commit(&opened(path).await, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_neither_hinder_who_writes_nor_see_halves() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    let mut kept = snapshot(&path).await;
    let writing = tokio::spawn(async move {
        for number in 1..=MANY {
            commit(&store, number).await;
        }
        store.close().await.expect("the store is closed");
    });
    let mut seen = 0;
    while !writing.is_finished() {
        let [locks, others @ ..] = told(&mut snapshot(&path).await).await;
        assert_eq!(others, [locks; 3], "what is told fits together");
        assert!(locks >= seen, "{locks} after {seen}");
        seen = locks;
    }
    writing.await.expect("nothing that is written fails");
    assert_eq!(told(&mut kept).await, [0; 4], "a moment that is long past");
    drop(kept);
    let all = usize::try_from(MANY).unwrap();
    assert_eq!(told(&mut snapshot(&path).await).await, [all; 4]);
    create(&opened(&path).await, MANY + 1, "more").await;
}

#[tokio::test]
async fn nothing_is_created_where_no_store_is() {
    let folder = folder();
    std::fs::write(folder.path().join("empty.db"), "").expect("a file is written");
    for name in ["a.db", "a/b.db", "empty.db", "empty.db/a.db"] {
        let before = files(folder.path());
        let path = folder.path().join(name);
        let error = refused(&path).await;
        assert!(matches!(error, StoreError::Absent { .. }), "{error:?}");
        let told = format!("there is no store at {}; check the path", path.display());
        assert!(error.to_string().starts_with(&told), "{error}");
        assert_eq!(files(folder.path()), before);
    }
}

#[tokio::test]
async fn store_in_memory_can_be_read_by_nobody_else() {
    let error = crate::open_snapshot("sqlite::memory:").await.expect_err("no snapshot opens");
    assert!(matches!(error, StoreError::InMemory), "{error:?}");
    let error = crate::open_snapshot("sqlite:a.db").await.expect_err("no snapshot opens");
    assert!(matches!(error, StoreError::Address { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_not_a_store_of_this_schema_is_refused_and_not_changed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "no database").expect("a file is written");
    run(&path("foreign"), "CREATE TABLE theirs (a)").await;
    run(&path("logged"), "PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)").await;
    write_earlier(&path("earlier"), 2).await;
    opened(&path("later")).await.close().await.expect("the store is closed");
    let later = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '', 1, x'00', 0)";
    run(&path("later"), later).await;
    for (name, told) in [
        ("text", "it is not an SQLite database; choose another path"),
        ("foreign", "it is no store yet, or belongs to another program"),
        ("logged", "it belongs to another program; choose another path"),
        ("earlier", "has schema version 2, and this program reads version 8; end the process"),
        ("later", "use the version of lockstep that wrote it, or a later one"),
        ("", "it is a folder; give the path of a file in it"),
    ] {
        let before = std::fs::read(path(name)).ok();
        let error = refused(&path(name)).await.to_string();
        assert!(error.contains(told), "{error}");
        assert!(std::fs::read(path(name)).ok() == before, "{name} is as it was");
    }
}

#[tokio::test]
async fn snapshot_cannot_write() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let _store = opened(&path).await;
    let mut snapshot = snapshot(&path).await;
    let error = snapshot.connection.execute("DELETE FROM epoch").await;
    error.expect_err("nothing is written");
}
