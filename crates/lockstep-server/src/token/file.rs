//! The file of tokens: one line of JSON for each; lines that begin with `#`, and empty ones, are the
//! reader's.
//!
//! Invariants:
//!
//! * Who reads the file gets no token: the secrets are not in it.
//! * It is made for its owner alone.
//! * Two programs that change it do that one after the other; a change is there as a whole, or not
//!   at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use super::{Line, Token};

/// Largest file, in bytes: some 10,000 tokens.
const MAX_FILE: u64 = 4 << 20;

/// What the owner may do, and nobody else.
const OWNER_ONLY: u32 = 0o600;

/// Why a file of tokens is not read or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// The machine does not give it.
    #[error("the tokens in {0} cannot be read or written")]
    Machine(PathBuf, #[source] io::Error),
    /// It is larger than any such file.
    #[error("{0} is larger than {MAX_FILE} bytes")]
    TooLarge(PathBuf),
    /// A line is not a token.
    #[error("{file}, line {line}: {wrong}")]
    Line {
        /// The file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        wrong: String,
    },
}

/// A file of tokens.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// Returns the file of this path, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all tokens, in the order of the file.
    ///
    /// # Errors
    ///
    /// [`TokenFileError`] if it is not there, or any line is wrong.
    pub fn read(&self) -> Result<Vec<Token>, TokenFileError> {
        self.parse(&self.text()?)
    }

    /// Reads the file as it is.
    pub(crate) fn text(&self) -> Result<String, TokenFileError> {
        self.text_of(File::open(&self.path).map_err(|error| self.machine(error))?)
    }

    /// Reads the tokens in a text of the file.
    pub(crate) fn parse(&self, text: &str) -> Result<Vec<Token>, TokenFileError> {
        let mut tokens: Vec<Token> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong =
                |wrong| TokenFileError::Line { file: self.path.clone(), line: index + 1, wrong };
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let read: Line = serde_json::from_str(line).map_err(|error| wrong(told(&error)))?;
            let token = Token::try_from(read).map_err(wrong)?;
            if tokens.iter().any(|known| known.id == token.id) {
                return Err(wrong(format!("the token {} is there twice", token.id)));
            }
            tokens.push(token);
        }
        Ok(tokens)
    }

    /// Returns whether others than its owner and its group can read it.
    ///
    /// # Errors
    ///
    /// [`TokenFileError::Machine`] if it is not there.
    pub fn is_open_to_others(&self) -> Result<bool, TokenFileError> {
        let about = fs::metadata(&self.path).map_err(|error| self.machine(error))?;
        Ok(about.permissions().mode() & 0o007 != 0)
    }

    /// Adds a token; makes the file if it is not there. When this returns, it is on the disk.
    ///
    /// # Errors
    ///
    /// [`TokenFileError`] if the file cannot be read or written.
    pub fn add(&self, token: &Token) -> Result<(), TokenFileError> {
        let machine = |error| self.machine(error);
        let mut file = self.locked(true)?;
        let text = self.text_of(file.try_clone().map_err(machine)?)?;
        self.parse(&text)?;
        let line = serde_json::to_string(&Line::from(token)).expect("texts can be written");
        let begin = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        file.write_all(format!("{begin}{line}\n").as_bytes()).map_err(machine)?;
        file.sync_all().map_err(machine)
    }

    /// Removes a token; returns whether it was there. When this returns, that is on the disk.
    ///
    /// # Errors
    ///
    /// [`TokenFileError`] if the file cannot be read or written.
    pub fn remove(&self, id: &str) -> Result<bool, TokenFileError> {
        let machine = |error| self.machine(error);
        let file = self.locked(false)?;
        let text = self.text_of(file.try_clone().map_err(machine)?)?;
        if !self.parse(&text)?.iter().any(|token| token.id == id) {
            return Ok(false);
        }
        let is_it = |line: &str| serde_json::from_str::<Line>(line).is_ok_and(|line| line.id == id);
        let mut kept = String::with_capacity(text.len());
        for line in text.lines().filter(|line| !is_it(line)) {
            kept.push_str(line);
            kept.push('\n');
        }
        self.replace(&file, &kept).map_err(machine)?;
        Ok(true)
    }

    /// Opens the file for one who changes it: nobody else does meanwhile.
    fn locked(&self, make: bool) -> Result<File, TokenFileError> {
        let machine = |error| self.machine(error);
        loop {
            let mut options = OpenOptions::new();
            options.read(true).append(true).create(make).mode(OWNER_ONLY);
            let file = options.open(&self.path).map_err(machine)?;
            file.lock().map_err(machine)?;
            // Who has waited may have the file that another one has just replaced.
            let held = file.metadata().map_err(machine)?;
            match fs::metadata(&self.path) {
                Ok(there) if (there.dev(), there.ino()) == (held.dev(), held.ino()) => {
                    return Ok(file);
                }
                Ok(_) => {}
                Err(error) => return Err(machine(error)),
            }
        }
    }

    /// Puts another text in the file's place, for the same readers.
    fn replace(&self, file: &File, text: &str) -> io::Result<()> {
        let about = file.metadata()?;
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        let write = || {
            // What a program that died has left here belongs to nobody: the lock is held.
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let mut options = OpenOptions::new();
            let mut new = options.write(true).create_new(true).mode(OWNER_ONLY).open(&beside)?;
            let made = new.metadata()?;
            if (made.uid(), made.gid()) != (about.uid(), about.gid()) {
                chown(&beside, Some(about.uid()), Some(about.gid()))?;
            }
            new.set_permissions(Permissions::from_mode(about.permissions().mode()))?;
            new.write_all(text.as_bytes())?;
            new.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        let written = write();
        if written.is_err() {
            drop(fs::remove_file(&beside));
        }
        written?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn text_of(&self, file: File) -> Result<String, TokenFileError> {
        let mut text = String::new();
        let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
        let length = read.map_err(|error| self.machine(error))?;
        if u64::try_from(length).is_ok_and(|length| length <= MAX_FILE) {
            Ok(text)
        } else {
            Err(TokenFileError::TooLarge(self.path.clone()))
        }
    }

    fn machine(&self, error: io::Error) -> TokenFileError {
        TokenFileError::Machine(self.path.clone(), error)
    }
}

/// Returns what is wrong with a line, without the text of any value in it.
fn told(error: &serde_json::Error) -> String {
    format!("not a token: {} at column {}", category(error), error.column())
}

fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown or not a text",
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON",
        serde_json::error::Category::Io => "it cannot be read",
    }
}
