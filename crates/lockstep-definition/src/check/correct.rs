//! Runs `tests/cases/correct`: each file is checked alone and has no finding.

use std::fs;
use std::path::Path;

use crate::{Source, check};

#[test]
fn every_correct_file_has_no_finding() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/correct");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let checked = check(&[Source::new(name, fs::read_to_string(&path).unwrap())]);
        assert_eq!(checked.diagnostics, [], "{name}");
        assert!(checked.definitions.is_some(), "{name}");
        count += 1;
    }
    assert!(count >= 15, "only {count} files were found");
}
