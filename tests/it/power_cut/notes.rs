//! What a recorded process did, in order: the notes of `record.c`.

use std::path::Path;
use std::process::Command;

/// One note.
#[derive(Clone, Debug)]
pub(super) enum Note {
    /// A file was opened; a new one if `created`.
    Opened { name: String, file: u64, created: bool },
    /// The folder was opened.
    Folder { file: u64 },
    /// Bytes were written to a place in a file.
    Written { file: u64, at: usize, data: Vec<u8> },
    /// A file was cut, or grown, to a length.
    Cut { file: u64, length: usize },
    /// A flush of a file, or of the folder, was asked for.
    Flush { file: u64, number: u64 },
    /// It was answered.
    Flushed { file: u64, number: u64 },
    /// The name of a file was removed.
    Removed { name: String },
    /// Something was written to the standard output.
    Told(Vec<u8>),
    /// Something was sent; the beginning of it.
    Sent(Vec<u8>),
}

impl Note {
    /// Returns the file that it is about, if it is about one.
    pub(super) fn file(&self) -> Option<u64> {
        match self {
            Self::Opened { file, .. }
            | Self::Folder { file }
            | Self::Written { file, .. }
            | Self::Cut { file, .. }
            | Self::Flush { file, .. }
            | Self::Flushed { file, .. } => Some(*file),
            Self::Removed { .. } | Self::Told(_) | Self::Sent(_) => None,
        }
    }
}

/// Bytes of a number in a note.
const NUMBER: usize = 8;

/// Reads the notes of a process that has ended.
///
/// # Panics
///
/// If the process did something that this test does not understand.
pub(super) fn read(path: &Path) -> Vec<Note> {
    let bytes = std::fs::read(path).expect("the process has left notes");
    let mut rest = &bytes[..];
    let mut notes = Vec::new();
    while !rest.is_empty() {
        let mut number = || {
            let (number, behind) = rest.split_at(NUMBER);
            rest = behind;
            u64::from_ne_bytes(number.try_into().expect("a number has this many bytes"))
        };
        let (kind, file, at, length) = (number(), number(), number(), number());
        let (data, behind) = rest.split_at(place(length));
        rest = behind;
        notes.push(note(kind, file, at, data));
    }
    notes
}

fn note(kind: u64, file: u64, at: u64, data: &[u8]) -> Note {
    let text = || String::from_utf8(data.to_vec()).expect("names are text");
    match kind {
        1 if at == 2 => Note::Folder { file },
        1 => Note::Opened { name: text(), file, created: at == 1 },
        2 => Note::Written { file, at: place(at), data: data.to_vec() },
        3 => Note::Cut { file, length: place(at) },
        4 => Note::Flush { file, number: at },
        5 => Note::Flushed { file, number: at },
        6 => Note::Removed { name: text() },
        7 => Note::Told(data.to_vec()),
        8 => Note::Sent(data.to_vec()),
        _ => panic!("the process calls {}, which the model of the disk does not know", text()),
    }
}

fn place(number: u64) -> usize {
    usize::try_from(number).expect("files fit into memory")
}

/// Builds the library that takes the notes, in a folder; needs a C compiler.
pub(super) fn build_recorder(folder: &Path) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/power_cut/record.c");
    let library = folder.join("record.so");
    let status = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread", "-o"])
        .args([&library, &source])
        .status()
        .expect("this test needs a C compiler that is called `cc`");
    assert!(status.success(), "the recorder is compiled: {status}");
    library
}
