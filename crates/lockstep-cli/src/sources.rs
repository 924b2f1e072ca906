//! From the paths on the command line to checked definitions.
//!
//! Invariants:
//!
//! * The files of a folder come in the order of their names, whatever the file system says.
//! * A path that was named is read whatever it is called; in folders only `*.yaml` and `*.yml` are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lockstep_definition::{Diagnostic, MAX_FILE_BYTES, Severity, Source};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::{given, render};

/// Most files that are checked together.
const MAX_FILES: usize = 10_000;
/// Deepest nesting of folders that is searched.
const MAX_FOLDERS: usize = 32;

/// Reads files and what is in folders.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<Source>, CommandError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            search(path, 0, &mut files)?;
            if files.len() == before {
                return Err(CommandError::usage_with(
                    format!("{} holds no *.yaml or *.yml file", path.display()),
                    "name a folder or a file with definitions",
                ));
            }
        } else {
            files.push(path.clone());
        }
    }
    let mut sources: Vec<Source> = Vec::with_capacity(files.len());
    let mut seen = BTreeSet::new();
    for path in files {
        let name = path.display().to_string();
        // One byte more than is allowed, so that the checker says what is wrong.
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        if seen.insert(name.clone()) {
            sources.push(Source::from_bytes(name, &given::beginning(&path, limit)?));
        }
    }
    Ok(sources)
}

/// Adds the YAML files of a folder and of the folders in it.
pub(crate) fn search(
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), CommandError> {
    let wrong = |error: std::io::Error| {
        CommandError::usage(format!("cannot read {}: {error}", folder.display()))
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        entries.push(entry.map_err(wrong)?);
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let kind = entry.file_type().map_err(wrong)?;
        if is_hidden {
            continue;
        }
        // Links to folders are left out, so that the search ends.
        if kind.is_dir() {
            if depth < MAX_FOLDERS {
                search(&path, depth + 1, files)?;
            }
        } else if is_yaml(&path) && path.is_file() {
            files.push(path);
        }
        if files.len() > MAX_FILES {
            return Err(CommandError::usage_with(
                format!("{} holds more than {MAX_FILES} files", folder.display()),
                "name the folders with definitions",
            ));
        }
    }
    Ok(())
}

/// Whether a file's name is one of a YAML file.
pub(crate) fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Returns findings as they are written.
pub(crate) fn findings(diagnostics: &[Diagnostic], sources: &[Source], format: Format) -> String {
    match format {
        // The console takes the colours away where they do not belong.
        Format::Human => render::human(diagnostics, sources, true),
        Format::Json => render::json(diagnostics, sources),
    }
}

/// Returns how many findings there are: "1 error, 2 warnings".
pub(crate) fn counted(diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|one| one.severity == severity).count();
    let parts: Vec<String> =
        [(count(Severity::Error), "error"), (count(Severity::Warning), "warning")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| number(count, word))
            .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// Returns a number with its word: "1 file", "2 files".
pub(crate) fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[PathBuf], root: &Path) -> Vec<String> {
        read(paths)
            .unwrap()
            .iter()
            .map(|source| source.path.replace(root.to_str().unwrap(), ""))
            .collect()
    }

    #[test]
    fn folder_gives_its_yaml_files_by_name() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir_all(at("b/.hidden")).unwrap();
        for name in ["b/2.yml", "b/.hidden/x.yaml", "c.yaml", "a.yaml", "notes.md"] {
            fs::write(at(name), "").unwrap();
        }
        let folder = vec![root.path().to_path_buf()];
        assert_eq!(names(&folder, root.path()), ["/a.yaml", "/b/2.yml", "/c.yaml"]);
        let twice = vec![at("c.yaml"), root.path().to_path_buf(), at("notes.md")];
        assert_eq!(names(&twice, root.path()), ["/c.yaml", "/a.yaml", "/b/2.yml", "/notes.md"]);
    }

    #[test]
    fn folder_without_yaml_is_told() {
        let root = tempfile::tempdir().unwrap();
        let error = read(&[root.path().to_path_buf()]).unwrap_err().to_string();
        assert!(error.ends_with("holds no *.yaml or *.yml file"), "{error}");
    }

    #[test]
    fn numbers_have_their_words() {
        assert_eq!(number(1, "file"), "1 file");
        assert_eq!(number(0, "file"), "0 files");
    }
}
