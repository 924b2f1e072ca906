//! Which files are opened, and which are refused, and why.

use std::path::Path;

use lockstep_core::transition::{LockRow, LockWrite, Origin, Outcome, PartWrite, Transition};
use lockstep_core::{InstanceId, Time};
use lockstep_definition::LockMode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

use super::{create, creation, exists, folder, key, opened, refused, run, text, write_earlier};
use crate::error::StoreError;
use crate::sqlite::open::SCHEMA;
use crate::store::InstanceFilter;

#[tokio::test]
async fn text_that_names_no_store_is_refused() {
    for url in ["", "sqlite:", "sqlite://", "sqlite:a.db", "postgres://host/a", "http://a"] {
        let error = crate::open(url).await.expect_err("no store opens");
        assert!(matches!(&error, StoreError::Address { url: named } if named == url), "{error:?}");
    }
}

#[tokio::test]
async fn folders_are_created_and_an_empty_file_is_no_obstacle() {
    let folder = folder();
    let path = folder.path().join("a/b/c.db");
    let url = format!("sqlite://{}", text(&path));
    crate::open(&url).await.expect("the store opens").close().await.expect("it is closed");
    assert!(path.exists());
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").expect("a file is written");
    create(&opened(&empty).await, 1, "m1").await;
}

#[tokio::test]
async fn store_whose_creation_was_cut_short_is_one_all_the_same() {
    let folder = folder();
    let path = folder.path().join("a.db");
    run(&path, "PRAGMA journal_mode = WAL").await;
    assert!(path.metadata().expect("it is there").len() > 0, "there is a page, without the mark");
    for number in 1..=2 {
        let store = opened(&path).await;
        create(&store, number, &format!("m{number}")).await;
        store.close().await.expect("the store is closed");
    }
}

/// A power cut while the file was made: the change is half written, and its journal is there.
#[tokio::test]
async fn a_file_whose_making_was_cut_off_is_opened() {
    let folder = folder();
    let (made, cut) = (folder.path().join("made.db"), folder.path().join("cut.db"));
    let options = SqliteConnectOptions::new().filename(&made).create_if_missing(true);
    let options = options.journal_mode(SqliteJournalMode::Delete).pragma("cache_size", "1");
    let mut maker = options.connect().await.expect("the file is made");
    for statement in [
        "PRAGMA application_id = 1819239275",
        "BEGIN",
        "CREATE TABLE half (text TEXT)",
        "INSERT INTO half SELECT hex(randomblob(2000)) FROM json_each('[1,2,3,4,5,6,7,8,9]')",
    ] {
        maker.execute(statement).await.expect("it is executed");
    }
    for end in ["", "-journal"] {
        let named = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(named(&made), named(&cut)).expect("it is copied");
    }
    let journal = std::fs::metadata(folder.path().join("cut.db-journal")).expect("it is there");
    assert!(journal.len() > 0, "the change is in the file, and can be undone");
    let store = crate::open(&format!("sqlite://{}", cut.display())).await;
    let store = store.expect("what was half written is undone");
    assert!(!exists(&store, "m1").await, "it is an empty store");
}

#[tokio::test]
async fn store_of_every_earlier_version_is_brought_up_to_date() {
    let folder = folder();
    for version in 1..=2 {
        let path = folder.path().join(format!("{version}.db"));
        write_earlier(&path, version).await;
        let store = opened(&path).await;
        let object = store.load(vec![key("m1")]).await.expect("objects are read").remove(0);
        let object = object.expect("it is readable").expect("what was there stays");
        assert_eq!((object.version, object.stamp), (3, 7));
        let row = |key: &str, token, instance, since, until| LockRow {
            key: key.into(),
            token,
            mode: LockMode::Exclusive,
            instance: InstanceId(Uuid::from_u128(instance)),
            since: Time(since),
            until: Time(until),
            origin: Origin::Activity(0),
        };
        let rows = [row("k1 'é", 5, 1, -3, 4), row("k2", i64::MAX, 2, 1, 2)];
        assert_eq!(store.locks().await.expect("the locks are read"), rows, "schema {version}");
        for filter in [
            InstanceFilter { workflow: Some("w 'é".into()), ..InstanceFilter::default() },
            InstanceFilter { started_by: Some("eve".into()), ..InstanceFilter::default() },
        ] {
            let page = store.instances(filter, 10).await.expect("instances are read");
            assert_eq!(page.instances.len(), 1, "schema {version}");
        }
        let part = PartWrite::Put { number: 1, text: "1".into() };
        let second_holder = LockRow { mode: LockMode::Shared, ..row("k2", 6, 2, 1, 2) };
        let transition = Transition {
            parts: vec![part],
            fences: vec![("k2".into(), i64::MAX)],
            locks: vec![LockWrite::Put(second_holder)],
            ..creation(8, "m2")
        };
        let outcomes = store.commit(vec![transition]).await.expect("it is written");
        assert_eq!(outcomes, [Outcome::Committed]);
        assert_eq!(store.locks().await.expect("the locks are read").len(), 3);
    }
}

#[tokio::test]
async fn store_of_a_later_version_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.db");
    opened(&path).await.close().await.expect("the store is closed");
    let later = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '', 1, x'00', 0)";
    run(&path, later).await;
    let error = refused(&path).await;
    assert!(matches!(error, StoreError::Newer { found: 9999, known: SCHEMA, .. }), "{error:?}");
    assert!(error.to_string().contains("use the version of lockstep that wrote it"));
}

#[tokio::test]
async fn what_is_not_a_store_is_refused_and_not_changed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "no database").expect("a file is written");
    std::fs::write(path("long"), "no database ".repeat(1000)).expect("a file is written");
    run(&path("foreign"), "CREATE TABLE theirs (a)").await;
    for (name, reason) in [
        ("text", "it is not an SQLite database; choose another path"),
        ("long", "it is not an SQLite database; choose another path"),
        ("foreign", "it belongs to another program; choose another path"),
    ] {
        let before = std::fs::read(path(name)).expect("the file is read");
        let error = refused(&path(name)).await;
        let shown = format!("cannot open the store {}: {reason}", path(name).display());
        assert_eq!(error.to_string(), shown);
        assert!(std::fs::read(path(name)).expect("the file is read") == before, "{name}");
        assert!(!path(&format!("{name}-wal")).exists(), "{name}");
    }
    for (path, reason) in [
        (folder.path().to_owned(), "it is a folder; give the path of a file in it"),
        (path("text/a.db"), "its folder cannot be created; choose another path"),
    ] {
        let error = refused(&path).await.to_string();
        assert!(error.ends_with(reason), "{error}");
    }
}

#[tokio::test]
async fn second_owner_is_told_who_the_first_is() {
    let folder = folder();
    let path = folder.path().join("a.db");
    let store = opened(&path).await;
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).expect("a link is made");
    for path in [&path, &link] {
        let error = refused(path).await;
        let StoreError::InUse { pid, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*pid, Some(std::process::id()));
        assert!(error.to_string().contains("stop that process"), "{error}");
    }
    create(&store, 1, "m1").await;
    store.close().await.expect("the store is closed");
    assert!(exists(&opened(&path).await, "m1").await);
}

#[tokio::test]
async fn file_with_several_names_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.db");
    opened(&path).await.close().await.expect("it is closed");
    std::fs::hard_link(&path, folder.path().join("b.db")).expect("a second name is given");
    let error = refused(&folder.path().join("b.db")).await.to_string();
    assert!(error.contains("several names (hard links)"), "one process at a time: {error}");
}
