//! Opening a file: whose it is, what it is, and bringing its schema up to date.
//!
//! Invariants:
//!
//! * What is not this program's, or was written by a later version of it, is not changed.
//! * Everything that makes a commit durable is set before the first one: the write-ahead log, a
//!   full flush at each commit, and the folders that lead to the file.
//!
//! The numbers were measured with batches of 1,000 instances of 900 bytes, on 2 cores. The log is
//! moved into the file every 1,000 pages: the longest commit took 20 ms, against 50 ms at 4,000
//! pages, for the same mean. Pages of 16 KiB instead of 4 KiB take a quarter off the flush of large
//! batches, and make each small one four times as large.

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, SqlSafeStr as _};

use super::owner::Owner;
use super::place::{APPLICATION_ID, Place};
use crate::error::StoreError;

/// How long a statement waits for another program that has the file open, such as a shell.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const WRITER_CACHE_KIB: u32 = 8192;
const READER_CACHE_KIB: u32 = 2048;
const READERS: u32 = 2;

/// Pages after which the log is moved into the file.
const CHECKPOINT_PAGES: u32 = 1000;

/// Size to which the log is cut back after a long read had kept it growing.
const LOG_LIMIT_BYTES: u32 = 64 << 20;

/// Version of the schema that this program writes.
pub(super) const SCHEMA: i64 = 8;

const MIGRATIONS: [(i64, &str, &str); 8] = [
    (1, "initial", include_str!("../../migrations/0001_initial.sql")),
    (2, "parts", include_str!("../../migrations/0002_parts.sql")),
    (3, "holders", include_str!("../../migrations/0003_holders.sql")),
    (4, "start keys", include_str!("../../migrations/0004_start_keys.sql")),
    (5, "lists", include_str!("../../migrations/0005_lists.sql")),
    (6, "marks", include_str!("../../migrations/0006_marks.sql")),
    (7, "from api", include_str!("../../migrations/0007_from_api.sql")),
    (8, "takers", include_str!("../../migrations/0008_takers.sql")),
];

/// An open file.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) writer: SqliteConnection,
    pub(crate) readers: SqlitePool,
    pub(crate) owner: Owner,
}

/// Opens the file at `path`; creates it, and the folders that lead to it, if there is none.
pub(crate) async fn open(path: &Path) -> Result<Opened, StoreError> {
    let place = Place::of(path)?;
    place.check_header()?;
    let owner = place.own()?;
    let options = options(&place);
    let writer = options
        .clone()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // On macOS only these reach the disk; elsewhere they mean nothing.
        .pragma("fullfsync", "1")
        .pragma("checkpoint_fullfsync", "1")
        .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
        .pragma("journal_size_limit", LOG_LIMIT_BYTES.to_string());
    // The content is checked on a connection that changes nothing, before the log is switched on;
    // but what a power cut left half written while the file was made is undone by whoever reads it.
    let mut marked = false;
    if place.exists() {
        let reads_only = !place.is_half_written();
        let mut reader = place.connect(&options.clone().read_only(reads_only)).await?;
        marked = place.check_content(&mut reader).await?;
    }
    let mut writer = place.connect(&writer).await?;
    place.check_sqlite(&mut writer).await?;
    if !marked {
        // Before there is a table: a file with tables and without the mark is another program's.
        mark(&place, &mut writer).await?;
    }
    migrate(&place, &mut writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_lazy_with(reading(options));
    Ok(Opened { writer, readers, owner })
}

/// Opens the file at `path` for reading alone, beside whoever owns it. Creates no store.
pub(crate) async fn open_to_read(path: &Path) -> Result<(Place, SqliteConnection), StoreError> {
    let place = Place::that_exists(path)?;
    let connection = place.connect(&reading(options(&place))).await?;
    Ok((place, connection))
}

fn options(place: &Place) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(place.path())
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(false)
        .disable_statement_logging()
}

fn reading(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.read_only(true).pragma("cache_size", format!("-{READER_CACHE_KIB}"))
}

async fn mark(place: &Place, writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let mark = AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
    writer.execute(mark).await.map_err(|error| place.refuse_sqlx(error))?;
    Ok(())
}

async fn migrate(place: &Place, writer: &mut SqliteConnection) -> Result<(), StoreError> {
    match migrator(SCHEMA).run_direct(None, writer, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => {
            Err(StoreError::Newer { path: place.shown(), found, known: SCHEMA })
        }
        Err(MigrateError::Execute(error)) => Err(place.refuse_sqlx(error)),
        Err(error) => Err(place.refuse("its schema is not this program's", Some(error.into()))),
    }
}

/// Returns what brings a file up to a version of the schema.
pub(super) fn migrator(version: i64) -> Migrator {
    let migrations = MIGRATIONS.into_iter().filter(|(number, ..)| *number <= version);
    let migrations = migrations.map(|(number, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(number, name.into(), kind, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
