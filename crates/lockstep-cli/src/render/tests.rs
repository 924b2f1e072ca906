//! Runs `tests/cases/diagnostics`: each folder holds files that are checked together and the
//! diagnostics that are expected, as people see them. `UPDATE_EXPECT=1` writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lockstep_definition::{Code, Severity, Source, check};

use super::{human, json};

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/diagnostics")
}

/// The YAML files of a folder, in the order of their names.
fn sources(folder: &Path) -> Vec<Source> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            Source::from_bytes(name, &fs::read(path).unwrap())
        })
        .collect()
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_case_gives_the_expected_diagnostics() {
    let folders = folders();
    assert!(folders.len() >= 30, "only {} folders were found", folders.len());
    for folder in folders {
        assert!(folder.is_dir(), "{} is not a case: a case is a folder", folder.display());
        let sources = sources(&folder);
        assert!(!sources.is_empty(), "{} holds no YAML file", folder.display());
        let checked = check(&sources);
        for diagnostic in &checked.diagnostics {
            assert!(
                diagnostic.severity == Severity::Warning || diagnostic.help.is_some(),
                "{}: `{}` does not say what to do",
                folder.display(),
                diagnostic.message
            );
        }
        let told = human(&checked.diagnostics, &sources, false);
        expect_test::expect_file![folder.join("expected.txt")].assert_eq(&told);
    }
}

#[test]
fn every_code_has_a_case() {
    let told: BTreeSet<Code> = folders()
        .iter()
        .flat_map(|folder| check(&sources(folder)).diagnostics)
        .map(|diagnostic| diagnostic.code)
        .collect();
    // These need files that are too large to keep; the tests of the checker make them.
    let large = [Code::FileTooLarge, Code::YamlDepth, Code::YamlValues, Code::TooManyFindings];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !told.contains(code) && !large.contains(code))
        .map(|code| code.as_str())
        .collect();
    assert_eq!(missing, Vec::<&str>::new(), "codes without a case");
}

#[test]
fn json_has_one_object_in_each_line() {
    let sources = [Source::new("a.yaml", "entity: A\nentity: B\natributes: {}\n")];
    let told = json(&check(&sources).diagnostics, &sources);
    expect_test::expect![[r#"
        {"code":"duplicate-key","severity":"error","message":"the key `entity` is written twice","file":"a.yaml","line":2,"column":1,"start":10,"end":16,"help":"remove one of the two","suggestion":null,"labels":[{"message":"first written here","file":"a.yaml","line":1,"column":1,"start":0,"end":6}]}
        {"code":"unknown-key","severity":"error","message":"an entity has no key `atributes`","file":"a.yaml","line":3,"column":1,"start":20,"end":29,"help":"did you mean `attributes`?","suggestion":"attributes","labels":[]}
    "#]].assert_eq(&told);
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let sources = [Source::new("a.yaml", "workflow: \"\\e[31m\u{7f}red\"\nactivities: []\n")];
    let told = human(&check(&sources).diagnostics, &sources, false);
    assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
}

#[test]
fn long_line_is_told_without_an_excerpt() {
    let text = format!("workflow: {}\n", "x".repeat(100_000));
    let sources = [Source::new("a.yaml", text)];
    let told = human(&check(&sources).diagnostics, &sources, false);
    assert!(told.contains("a.yaml:1:11"), "{told}");
    assert!(told.len() < 2_000, "{} bytes", told.len());
}
