//! The texts that are checked together: what is open, and the files with definitions below the
//! folders of the editor.
//!
//! Invariants:
//!
//! * An open text counts, whatever its file holds.
//! * A file counts only if it begins as definitions do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
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

    /// Reads the files of the folders.
    fn read_files(&mut self) {
        let mut paths = Vec::new();
        for folder in &self.folders {
            // What cannot be read is not there; the editor shows its own files.
            drop(sources::search(folder, 0, &mut paths));
        }
        for path in paths.iter().filter_map(|path| path.to_str()) {
            self.read_file(&Arc::from(path));
        }
    }

    /// Reads a file anew, if it is in one of the folders.
    pub(super) fn read_file(&mut self, path: &Arc<str>) {
        let file = Path::new(&**path);
        if !sources::is_yaml(file) || !self.folders.iter().any(|folder| file.starts_with(folder)) {
            return;
        }
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        match given::file(file, limit).ok().filter(|text| is_definition(text)) {
            Some(text) => drop(self.files.insert(Arc::clone(path), Arc::from(text))),
            None => drop(self.files.remove(path)),
        }
        self.settle(path);
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
