//! One process owns the file: an operating system's lock on a file beside it.
//!
//! Invariants:
//!
//! * The lock ends with the process, however that ends; the side file stays and means nothing.
//! * Who finds the lock taken changes nothing, and can tell by whom.
//!
//! Absent by design: stealing the lock, and any judgement by the age of a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// What is appended to the path of the database.
const SUFFIX: &str = "-lock";

/// More digits than a process id has.
const MAX_PID: u64 = 20;

/// The right to open a database, until it is dropped.
#[derive(Debug)]
pub(crate) struct Owner {
    _file: File,
}

/// Why the right was not given.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Another process has it, with this id.
    InUse(Option<u32>),
    /// The side file cannot be opened.
    Io(io::Error),
}

impl Owner {
    /// Takes the right to open the database at `path`.
    pub(crate) fn take(path: &Path) -> Result<Self, Refused> {
        let side = side_path(path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(side)
            .map_err(Refused::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Refused::InUse(read_pid(&mut file))),
            Err(TryLockError::Error(error)) => return Err(Refused::Io(error)),
        }
        write_pid(&mut file).map_err(Refused::Io)?;
        Ok(Self { _file: file })
    }
}

/// Returns the path of the side file.
pub(crate) fn side_path(path: &Path) -> PathBuf {
    let mut side = path.as_os_str().to_owned();
    side.push(SUFFIX);
    side.into()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(MAX_PID).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
