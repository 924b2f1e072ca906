//! The texts that are checked together: what is open, and the files with definitions below the
//! folders of the editor.
//!
//! Invariants:
//!
//! * An open text counts, whatever its file holds.
//! * A file counts only if it begins as definitions do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_definition::index::{Index, is_definition};
use lockstep_definition::{Checked, MAX_FILE_BYTES, Source, inspect};

use super::position::{Encoding, Lines};
use crate::{given, sources};

/// The texts, by path.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) encoding: Encoding,
    folders: Vec<PathBuf>,
    open: BTreeMap<Arc<str>, Arc<str>>,
    files: BTreeMap<Arc<str>, Arc<str>>,
    pub(super) index: Index,
    /// The text that was opened or changed last.
    active: Option<Arc<str>>,
}

impl Workspace {
    pub(super) fn new(folders: Vec<PathBuf>, encoding: Encoding) -> Self {
        let mut workspace = Self { encoding, folders, ..Self::default() };
        workspace.read_files();
        workspace
    }

    /// Reads the files of the folders anew.
    pub(super) fn read_files(&mut self) {
        let mut found = BTreeMap::new();
        for folder in &self.folders {
            let mut paths = Vec::new();
            // What cannot be read is not there; the editor shows its own files.
            if sources::search(folder, 0, &mut paths).is_err() {
                continue;
            }
            for path in paths {
                let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
                let text = given::file(&path, limit).ok().filter(|text| is_definition(text));
                if let (Some(text), Some(path)) = (text, path.to_str()) {
                    found.insert(Arc::from(path), Arc::from(text));
                }
            }
        }
        let gone: Vec<Arc<str>> =
            self.files.keys().filter(|path| !found.contains_key(*path)).cloned().collect();
        self.files = found;
        for path in gone {
            self.settle(&path);
        }
        let paths: Vec<Arc<str>> = self.files.keys().cloned().collect();
        for path in paths {
            self.settle(&path);
        }
    }

    pub(super) fn set_open(&mut self, path: &Arc<str>, text: Arc<str>) {
        self.open.insert(Arc::clone(path), text);
        self.active = Some(Arc::clone(path));
        self.settle(path);
    }

    pub(super) fn close(&mut self, path: &Arc<str>) {
        self.open.remove(path);
        self.settle(path);
    }

    /// Brings the index up to date for one path.
    fn settle(&mut self, path: &Arc<str>) {
        match self.text(path).cloned() {
            Some(text) => self.index.set(Source::new(Arc::clone(path), text)),
            None => self.index.remove(path),
        }
    }

    pub(super) fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.open.get(path).or_else(|| self.files.get(path))
    }

    pub(super) fn open_text(&self, path: &str) -> Option<&Arc<str>> {
        self.open.get(path)
    }

    pub(super) fn lines(&self, path: &str) -> Option<Lines<'_>> {
        self.text(path).map(|text| Lines::new(text, self.encoding))
    }

    /// Checks all texts together, and keeps the types of names in the text that was changed last.
    pub(super) fn check(&mut self) -> Checked {
        let mut all: BTreeMap<&Arc<str>, &Arc<str>> = self.files.iter().collect();
        all.extend(self.open.iter());
        // An open text may be anything, such as another program's YAML.
        let sources: Vec<Source> = all
            .into_iter()
            .filter(|(_, text)| is_definition(text))
            .map(|(path, text)| Source::new(Arc::clone(path), Arc::clone(text)))
            .collect();
        let active = self.active.as_ref();
        let number = sources.iter().position(|source| Some(&source.path) == active);
        let (checked, inspections) = inspect(&sources, number.unwrap_or(usize::MAX));
        if let Some(path) = active {
            self.index.learn(path, &inspections);
        }
        checked
    }
}
