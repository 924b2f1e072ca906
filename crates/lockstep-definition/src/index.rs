//! What editors ask about definitions that are being written: what can stand here, what a word
//! means, where it is defined.
//!
//! It works on outlines, which every text has; so it answers while a line is half written. The
//! checker alone decides what is right.
//!
//! Invariants:
//!
//! * *Total*: every text and every offset has an answer, in time proportional to the text.
//! * *Pure*: the answers depend on the texts alone.
//!
//! Absent by design: files, findings, the protocol of editors.

mod complete;
mod facts;
mod hover;
mod outline;
mod phrase;
mod place;
mod symbol;
mod target;

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Span, StaticType};

#[cfg(test)]
pub(crate) use self::complete::ERRORS;
use self::facts::{Definition, Facts, Scope};
use self::outline::{Document, outline};
use self::place::{Place, place};
use crate::source::Source;
use crate::typing::Inspection;
use crate::yaml::MAX_FILE_BYTES;

/// The files that belong together.
#[derive(Debug, Default)]
pub struct Index {
    files: Vec<File>,
    /// For each file that was inspected: the types of the names that its workflows bind.
    learnt: BTreeMap<Arc<str>, BTreeMap<Arc<str>, StaticType>>,
}

#[derive(Debug)]
struct File {
    source: Source,
    documents: Vec<Document>,
}

/// A text that can be written at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What people see.
    pub label: String,
    /// What kind of thing it is.
    pub kind: CompletionKind,
    /// A few words: its type, its default.
    pub detail: String,
    /// What it is, as Markdown; may be empty.
    pub doc: String,
    /// What is written.
    pub insert: String,
    /// In place of what; empty where nothing is written.
    pub replace: Span,
}

/// What a [`Completion`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    /// A key of a mapping.
    Key,
    /// One of several words.
    Value,
    /// A name that somebody gave.
    Name,
    /// A field of a value.
    Field,
    /// A function of expressions.
    Function,
}

/// What is known about a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub span: Span,
    /// The text, as Markdown.
    pub markdown: String,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Path of the file.
    pub path: Arc<str>,
    /// The part.
    pub span: Span,
}

/// A definition, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// All of it.
    pub span: Span,
    /// Its name in the file.
    pub name_span: Span,
    /// Its parts: activities of a workflow, attributes of an entity.
    pub parts: Vec<Symbol>,
}

/// What a [`Symbol`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A `workflow:` document.
    Workflow,
    /// An activity.
    Activity,
    /// An `entity:` document.
    Entity,
    /// An attribute.
    Attribute,
    /// The `project:` document.
    Project,
}

/// Why nothing was renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// No activity's name is at the offset.
    #[error("only names of activities can be changed here")]
    NoActivity,
    /// The new name has a wrong form.
    #[error(
        "the name of an activity has letters, digits, `_` and `-`, a letter first, and is not `end`"
    )]
    Form,
    /// Another activity has the new name.
    #[error("another activity of the workflow has this name")]
    Taken,
}

/// An offset in a file, with what is around.
struct At<'i> {
    facts: Facts<'i>,
    learnt: Option<&'i BTreeMap<Arc<str>, StaticType>>,
    file: &'i File,
    document: &'i Document,
    text: &'i str,
    offset: usize,
}

impl<'i> At<'i> {
    /// The workflow around the offset.
    fn workflow(&self) -> Option<Definition<'i>> {
        let root = &self.document.node;
        let head = root.entries().first().filter(|entry| entry.key == "workflow")?;
        Some(Definition { file: self.file, root, head })
    }

    fn place(&self) -> Place<'i> {
        place(self.text, &self.document.node, self.offset)
    }

    /// The names that an expression at a place can see.
    fn scope(&self, place: &Place<'_>) -> Scope<'i> {
        let keys: Vec<&str> = place
            .trail
            .iter()
            .filter_map(|link| link.entry)
            .map(|entry| entry.key.as_str())
            .collect();
        if let Some(workflow) = self.workflow() {
            let mut scope = self.facts.scope(workflow, self.offset, &keys);
            // The lock of the workflow sees nothing that anything in it binds.
            if let Some(learnt) = self.learnt.filter(|_| keys.first() != Some(&"exclusive_lock")) {
                scope.learn(learnt);
            }
            return scope;
        }
        let name = self.document.node.get("entity").and_then(|node| node.text(self.text));
        Scope::of_object(self.text, &self.facts.object(name.unwrap_or_default()))
    }
}

impl Index {
    /// Adds a file, in place of the one with the same path. Of a file that is larger than
    /// [`MAX_FILE_BYTES`] nothing is known.
    pub fn set(&mut self, source: Source) {
        let text = if source.text.len() > MAX_FILE_BYTES { "" } else { &*source.text };
        let documents = outline(text);
        let file = File { source, documents };
        match self.files.iter_mut().find(|known| known.source.path == file.source.path) {
            Some(known) => *known = file,
            None => self.files.push(file),
        }
    }

    /// Takes a file out.
    pub fn remove(&mut self, path: &str) {
        self.files.retain(|file| *file.source.path != *path);
        self.learnt.remove(path);
    }

    /// Keeps what the checker knows about the names of a file: it knows more than an outline says,
    /// but nothing about a text that is no YAML yet. A name that has several types has none here.
    pub fn learn(&mut self, path: &Arc<str>, inspections: &[Inspection]) {
        let mut types: BTreeMap<Arc<str>, StaticType> = BTreeMap::new();
        for inspection in inspections {
            let places: BTreeMap<Span, &StaticType> =
                inspection.types.iter().map(|(span, ty)| (*span, ty)).collect();
            for name in &inspection.names {
                let bound = name.bindings.iter().filter_map(|span| places.get(span));
                for ty in bound.copied() {
                    let known = types.entry(Arc::clone(&name.name)).or_insert_with(|| ty.clone());
                    if known != ty {
                        *known = StaticType::Dyn;
                    }
                }
            }
        }
        if !types.is_empty() {
            self.learnt.insert(Arc::clone(path), types);
        }
    }

    /// What can be written at an offset, in bytes.
    pub fn completions(&self, path: &str, offset: usize) -> Vec<Completion> {
        self.at(path, offset).map(|at| complete::complete(&at, &at.place())).unwrap_or_default()
    }

    /// What is known about the word at an offset.
    pub fn hover(&self, path: &str, offset: usize) -> Option<Hover> {
        let at = self.at(path, offset)?;
        hover::hover(&at, &at.place())
    }

    /// Where the word at an offset is defined.
    pub fn definition(&self, path: &str, offset: usize) -> Option<Target> {
        let at = self.at(path, offset)?;
        target::target(&at, &at.place())
    }

    /// The name at an offset if it can be renamed, and its place.
    pub fn renamable(&self, path: &str, offset: usize) -> Option<(String, Span)> {
        let at = self.at(path, offset)?;
        target::activity(&at, &at.place()).map(|(name, span)| (name.to_owned(), span))
    }

    /// All places of the name at an offset, for which `new` is to be written.
    ///
    /// # Errors
    ///
    /// [`RenameError`] if that is not possible; nothing is to be changed then.
    pub fn rename(&self, path: &str, offset: usize, new: &str) -> Result<Vec<Target>, RenameError> {
        let at = self.at(path, offset).ok_or(RenameError::NoActivity)?;
        target::rename(&at, &at.place(), new)
    }

    /// The definitions of a file.
    pub fn symbols(&self, path: &str) -> Vec<Symbol> {
        let file = self.files.iter().find(|file| *file.source.path == *path);
        file.map(symbol::symbols).unwrap_or_default()
    }

    fn at(&self, path: &str, offset: usize) -> Option<At<'_>> {
        let file = self.files.iter().find(|file| *file.source.path == *path)?;
        let text: &str = &file.source.text;
        if !text.is_char_boundary(offset) {
            return None;
        }
        let behind = file.documents.iter().rfind(|document| document.span.start <= offset);
        let document = behind.or_else(|| file.documents.first())?;
        let (facts, learnt) = (Facts { files: &self.files }, self.learnt.get(path));
        Some(At { facts, learnt, file, document, text, offset })
    }
}

/// Whether a text begins as definitions do: with one of the keys that say what a document is.
pub fn is_definition(text: &str) -> bool {
    if text.len() > MAX_FILE_BYTES {
        return false;
    }
    outline(text).iter().any(|document| {
        let first = document.node.entries().first();
        first.is_some_and(|entry| matches!(entry.key.as_str(), "workflow" | "entity" | "project"))
    })
}

#[cfg(test)]
mod tests;
