//! A place for a file: where it is, whose it is, and whether it is one of this program's.
//!
//! Invariants:
//!
//! * Checks change nothing, and a refusal says what is in the way and what to do.
//!
//! Absent by design: the schema, and how a connection is set up.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Executor as _, Row as _};

use super::error::{is_not_a_database, store_error};
use super::owner::{Owner, Refused};
use crate::error::StoreError;

/// First version of `SQLite` whose log cannot be damaged by a reset at the wrong moment.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// What a file of `SQLite` begins with. Source: `SQLite` manual, "Database File Format", 1.3.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// Bytes up to the one that tells whether the file has a log beside it; see the same source.
const BEGINNING: usize = 19;

/// What that byte is if it has.
const WITH_LOG: u8 = 2;

/// Marks a file as this program's: "lock" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x6c6f_636b;

/// The file, under the one name that all its names lead to.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    /// Returns the place at a path; creates the folders that lead to it.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let asked = Self { path: path.to_owned() };
        let Some(name) = path.file_name() else {
            return Err(asked.refuse("the path names no file; give it a file name", None));
        };
        asked.check_is_no_folder()?;
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

    /// Returns the place at a path where there is a file already, with the log that lets it be read
    /// beside its owner.
    pub(super) fn that_exists(path: &Path) -> Result<Self, StoreError> {
        let asked = Self { path: path.to_owned() };
        asked.check_is_no_folder()?;
        let place = match path.canonicalize() {
            Ok(path) => Self { path },
            Err(error) if is_absence(&error) => return Err(asked.absent()),
            Err(error) => return Err(asked.refuse_io(error)),
        };
        place.check_header()?;
        match place.header()? {
            None => Err(place.absent()),
            Some(header) if header.last() == Some(&WITH_LOG) => Ok(place),
            // To look into it would keep its owner from switching the log on.
            Some(_) => {
                let reason = "it is no store yet, or belongs to another program; \
                              try again, or choose another path";
                Err(place.refuse(reason, None))
            }
        }
    }

    /// Returns whether a change of the file was cut off that its log has no part in: the journal that
    /// undoes it is there.
    pub(super) fn is_half_written(&self) -> bool {
        let mut journal = self.path.clone().into_os_string();
        journal.push("-journal");
        std::fs::metadata(PathBuf::from(journal)).is_ok_and(|journal| journal.len() > 0)
    }

    fn absent(&self) -> StoreError {
        StoreError::Absent { path: self.shown() }
    }

    fn check_is_no_folder(&self) -> Result<(), StoreError> {
        if self.path.is_dir() {
            return Err(self.refuse("it is a folder; give the path of a file in it", None));
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn refuse(
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

    pub(super) fn refuse_sqlx(&self, error: sqlx::Error) -> StoreError {
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

    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn own(&self) -> Result<Owner, StoreError> {
        Owner::take(&self.path).map_err(|refused| match refused {
            Refused::InUse(pid) => StoreError::InUse { path: self.shown(), pid },
            Refused::Io(error) => self.refuse_io(error),
        })
    }

    /// Whether there is anything at the path; an empty file is nothing yet.
    pub(super) fn exists(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Refuses what is no database; what is not there, or empty, may become one.
    pub(super) fn check_header(&self) -> Result<(), StoreError> {
        match self.header()? {
            Some(header) if !header.starts_with(HEADER) => Err(self.not_a_database()),
            Some(_) | None => Ok(()),
        }
    }

    /// Reads what the file begins with; `None` if there is no file, or an empty one.
    fn header(&self) -> Result<Option<[u8; BEGINNING]>, StoreError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.refuse_io(error)),
        };
        self.check_names(&file)?;
        let mut header = [0; BEGINNING];
        match file.read(&mut header) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(header)),
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

    pub(super) async fn connect(
        &self,
        options: &SqliteConnectOptions,
    ) -> Result<SqliteConnection, StoreError> {
        options.connect().await.map_err(|error| self.refuse_sqlx(error))
    }

    /// Refuses a database of another program, and one of a later version of this one.
    /// Returns whether it is marked as this program's.
    pub(super) async fn check_content(
        &self,
        reader: &mut SqliteConnection,
    ) -> Result<bool, StoreError> {
        let id = self.integer(reader, "PRAGMA application_id").await?;
        let tables = self.integer(reader, "SELECT count(*) FROM sqlite_schema").await?;
        if tables > 0 && id != APPLICATION_ID {
            return Err(self.refuse("it belongs to another program; choose another path", None));
        }
        Ok(id == APPLICATION_ID)
    }

    pub(super) async fn integer(
        &self,
        connection: &mut SqliteConnection,
        sql: &'static str,
    ) -> Result<i64, StoreError> {
        let row = connection.fetch_one(sql).await.map_err(|error| self.refuse_sqlx(error))?;
        row.try_get(0).map_err(|error| self.refuse_sqlx(error))
    }

    pub(super) async fn check_sqlite(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), StoreError> {
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
}

/// Whether an error says that there is nothing at a path.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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
