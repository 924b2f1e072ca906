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

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, Row as _, SqlSafeStr as _};

use super::error::{is_not_a_database, store_error};
use super::owner::{Owner, Refused};
use crate::error::StoreError;

/// First version of `SQLite` whose log cannot be damaged by a reset at the wrong moment.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// What a file of `SQLite` begins with. Source: `SQLite` manual, "Database File Format", 1.3.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Marks a file as this program's: "lock" in ASCII.
const APPLICATION_ID: i64 = 0x6c6f_636b;

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
pub(super) const SCHEMA: i64 = 3;

const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "initial", include_str!("../../migrations/0001_initial.sql")),
    (2, "parts", include_str!("../../migrations/0002_parts.sql")),
    (3, "holders", include_str!("../../migrations/0003_holders.sql")),
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
    let options = SqliteConnectOptions::new()
        .filename(&place.path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(false)
        .disable_statement_logging();
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
    // The owner is checked on a connection that changes nothing, before the log is switched on.
    let exists = place.exists();
    if exists {
        let mut reader = place.connect(&options.clone().read_only(true)).await?;
        place.check_content(&mut reader).await?;
    }
    let mut writer = place.connect(&writer).await?;
    place.check_sqlite(&mut writer).await?;
    if !exists {
        // Before there is a table: a file with tables and without the mark is another program's.
        place.mark(&mut writer).await?;
    }
    place.migrate(&mut writer).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_lazy_with(
            options.read_only(true).pragma("cache_size", format!("-{READER_CACHE_KIB}")),
        );
    Ok(Opened { writer, readers, owner })
}

/// The file, under the one name that all its names lead to.
#[derive(Debug)]
struct Place {
    path: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Result<Self, StoreError> {
        let asked = Self { path: path.to_owned() };
        let Some(name) = path.file_name() else {
            return Err(asked.refuse("the path names no file; give it a file name", None));
        };
        if path.is_dir() {
            return Err(asked.refuse("it is a folder; give the path of a file in it", None));
        }
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        create_folders(folder).map_err(|error| {
            asked.refuse("its folder cannot be created; choose another path", Some(error.into()))
        })?;
        let path = path.canonicalize().or_else(|_| Ok(folder.canonicalize()?.join(name)));
        match path {
            Ok(path) => Ok(Self { path }),
            Err(error) => Err(asked.refuse_io(error)),
        }
    }

    fn refuse(
        &self,
        reason: &str,
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError::Open { path: self.shown(), reason: reason.to_owned(), source }
    }

    fn refuse_io(&self, error: io::Error) -> StoreError {
        let kind = error.kind();
        if kind == io::ErrorKind::StorageFull {
            return StoreError::Full(error.into());
        }
        let reason = if kind == io::ErrorKind::PermissionDenied {
            "permission is denied; run as its owner, or choose another path"
        } else if kind == io::ErrorKind::ReadOnlyFilesystem {
            "it is on a disk that is mounted read-only; choose another path"
        } else {
            "the file cannot be read or written; choose another path"
        };
        self.refuse(reason, Some(error.into()))
    }

    fn refuse_sqlx(&self, error: sqlx::Error) -> StoreError {
        if is_not_a_database(&error) {
            return self.not_a_database();
        }
        let error = store_error(error);
        if let StoreError::Io(source) = error {
            return self.refuse("SQLite cannot open it; check its permissions", Some(source));
        }
        error
    }

    fn not_a_database(&self) -> StoreError {
        self.refuse("it is not an SQLite database; choose another path", None)
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    fn own(&self) -> Result<Owner, StoreError> {
        Owner::take(&self.path).map_err(|refused| match refused {
            Refused::InUse(pid) => StoreError::InUse { path: self.shown(), pid },
            Refused::Io(error) => self.refuse_io(error),
        })
    }

    /// Whether there is anything at the path; an empty file is nothing yet.
    fn exists(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > 0)
    }

    fn check_header(&self) -> Result<(), StoreError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.refuse_io(error)),
        };
        self.check_names(&file)?;
        let mut header = [0; HEADER.len()];
        match file.read(&mut header) {
            Ok(0) => Ok(()),
            Ok(_) if header == *HEADER => Ok(()),
            Ok(_) => Err(self.not_a_database()),
            Err(error) => Err(self.refuse_io(error)),
        }
    }

    /// Refuses a file with several names: the log, and the mark of the owner, belong to a name.
    ///
    /// Source: `SQLite` manual, "How To Corrupt An `SQLite` Database File", 2.5.
    #[cfg(unix)]
    fn check_names(&self, file: &File) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt as _;

        let names = file.metadata().map_err(|error| self.refuse_io(error))?.nlink();
        if names > 1 {
            let reason = "the file has several names (hard links), of which two processes could \
                          open it at once; remove all but one";
            return Err(self.refuse(reason, None));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_names(&self, _file: &File) -> Result<(), StoreError> {
        Ok(())
    }

    async fn connect(
        &self,
        options: &SqliteConnectOptions,
    ) -> Result<SqliteConnection, StoreError> {
        options.connect().await.map_err(|error| self.refuse_sqlx(error))
    }

    /// Refuses a database of another program, and one of a later version of this one.
    async fn check_content(&self, reader: &mut SqliteConnection) -> Result<(), StoreError> {
        let id = self.integer(reader, "PRAGMA application_id").await?;
        let tables = self.integer(reader, "SELECT count(*) FROM sqlite_schema").await?;
        if tables > 0 && id != APPLICATION_ID {
            return Err(self.refuse("it belongs to another program; choose another path", None));
        }
        Ok(())
    }

    async fn integer(
        &self,
        connection: &mut SqliteConnection,
        sql: &'static str,
    ) -> Result<i64, StoreError> {
        let row = connection.fetch_one(sql).await.map_err(|error| self.refuse_sqlx(error))?;
        row.try_get(0).map_err(|error| self.refuse_sqlx(error))
    }

    async fn check_sqlite(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let row = connection.fetch_one("SELECT sqlite_version()").await;
        let row = row.map_err(|error| self.refuse_sqlx(error))?;
        let version: &str = row.try_get(0).map_err(|error| self.refuse_sqlx(error))?;
        if parse_version(version).is_some_and(|version| version >= OLDEST_SQLITE) {
            return Ok(());
        }
        let (major, minor, patch) = OLDEST_SQLITE;
        let reason = format!(
            "this program was built with SQLite {version}, which can damage a log; \
             build it with {major}.{minor}.{patch} or later"
        );
        Err(self.refuse(&reason, None))
    }

    async fn migrate(&self, writer: &mut SqliteConnection) -> Result<(), StoreError> {
        match migrator(SCHEMA).run_direct(None, writer, false).await {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(found)) => {
                Err(StoreError::Newer { path: self.shown(), found, known: SCHEMA })
            }
            Err(MigrateError::Execute(error)) => Err(self.refuse_sqlx(error)),
            Err(error) => Err(self.refuse("its schema is not this program's", Some(error.into()))),
        }
    }

    async fn mark(&self, writer: &mut SqliteConnection) -> Result<(), StoreError> {
        let mark = AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
        writer.execute(mark).await.map_err(|error| self.refuse_sqlx(error))?;
        Ok(())
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

/// Creates the folders that lead to a file, and makes their names durable.
fn create_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create_folders(parent)?;
    match std::fs::create_dir(folder) {
        Ok(()) => File::open(parent)?.sync_all(),
        // Somebody else was faster.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}
