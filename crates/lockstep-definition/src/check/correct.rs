//! Runs `tests/cases/correct` and `examples`: each file is checked alone and has no finding.

use std::fs;
use std::path::Path;

use crate::{Source, check};

/// Checks each file of a folder of the project; returns how many there are.
#[track_caller]
fn files_without_findings(folder: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    without_findings(&root.join(folder))
}

/// Checks each file with definitions in a folder, and in the folders of it.
#[track_caller]
fn without_findings(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            count += without_findings(&path);
            continue;
        }
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let checked = check(&[Source::new(name, fs::read_to_string(&path).unwrap())]);
        assert_eq!(checked.diagnostics, [], "{name}");
        assert!(checked.definitions.is_some(), "{name}");
        count += 1;
    }
    count
}

#[test]
fn every_correct_file_has_no_finding() {
    let count = files_without_findings("tests/cases/correct");
    assert!(count >= 52, "only {count} files were found");
}

#[test]
fn every_example_has_no_finding() {
    assert!(files_without_findings("examples") >= 10);
}
