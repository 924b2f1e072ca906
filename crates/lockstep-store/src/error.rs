//! What can go wrong with a store, in words that say what to do.

/// Why a call of a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The text does not name a store.
    #[error(
        "\"{url}\" does not name a store; write a path, \"sqlite://PATH\" or \"sqlite::memory:\""
    )]
    Address {
        /// The text.
        url: String,
    },
    /// The store cannot be opened. Nothing was changed.
    #[error("cannot open the store {path}: {reason}")]
    Open {
        /// Path of the file.
        path: String,
        /// What is in the way, and what to do.
        reason: String,
        /// What the system or the database said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Another process has the store open. Nothing was changed.
    #[error(
        "the store {path} is in use by {}; stop that process, or give this one a store of its own",
        .pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// Path of the file.
        path: String,
        /// The process, if it has left its id.
        pid: Option<u32>,
    },
    /// The store was written by a later version of this program. Nothing was changed.
    #[error(
        "the store {path} has schema version {found}, and this program knows up to {known}; \
         use the version of lockstep that wrote it, or a later one"
    )]
    Newer {
        /// Path of the file.
        path: String,
        /// Version of the schema that is there.
        found: i64,
        /// Latest version that this program knows.
        known: i64,
    },
    /// The store was written by an earlier version of this program, and is only to be read. Nothing
    /// was changed.
    #[error(
        "the store {path} has schema version {found}, and this program reads version {known}; \
         end the process that has it open, then bring it up to date with this version of lockstep: \
         lockstep run FILE --count 0 --store {path}"
    )]
    Older {
        /// Path of the file.
        path: String,
        /// Version of the schema that is there; 0 if there is none yet.
        found: i64,
        /// The version that this program reads.
        known: i64,
    },
    /// There is no store to be read. Nothing was created.
    #[error(
        "there is no store at {path}; check the path: `lockstep run` creates one, reading does not"
    )]
    Absent {
        /// Path of the file.
        path: String,
    },
    /// The store is one in memory, which nobody else can read.
    #[error(
        "a store in memory ends with the process that has opened it, and nobody else can read it; \
         name a file"
    )]
    InMemory,
    /// No space is left where the store is.
    #[error("no space is left for the store; free some on its disk, then start again")]
    Full(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another program keeps the database locked.
    #[error("another program keeps the store locked; end its transaction, then start again")]
    Busy(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Reading, writing or flushing failed: what is on the disk is unknown.
    #[error("the store cannot be read or written")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row cannot be read.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// An earlier call failed, or the store was closed.
    #[error("the store has stopped; open it anew")]
    Stopped,
}

/// A stored row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{row} in the store cannot be read: {reason}")]
pub struct Corrupt {
    /// Which one, in words.
    pub row: String,
    /// What is wrong with it.
    pub reason: String,
}
