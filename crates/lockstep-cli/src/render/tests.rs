//! Runs `tests/cases/diagnostics`: each folder holds files that are checked together and the
//! diagnostics that are expected, as people see them. `UPDATE_EXPECT=1` writes them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lockstep_definition::{Code, Severity, Source, check};

use super::{github, human, json, sarif};

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
        {"code":"duplicate-key","severity":"error","message":"the key `entity` is written twice","file":"a.yaml","line":2,"column":1,"end_line":2,"end_column":7,"start":10,"end":16,"help":"remove one of the two","suggestion":null,"labels":[{"message":"first written here","file":"a.yaml","line":1,"column":1,"end_line":1,"end_column":7,"start":0,"end":6}]}
        {"code":"unknown-key","severity":"error","message":"an entity has no key `atributes`","file":"a.yaml","line":3,"column":1,"end_line":3,"end_column":10,"start":20,"end":29,"help":"did you mean `attributes`?","suggestion":"attributes","labels":[]}
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

/// Two files with an error, a warning, a place in another file and a suggestion.
fn mixed() -> Vec<Source> {
    vec![
        Source::new(
            "./a b.yaml",
            "entity: Ärger\natributes: {}\n---\nentity: Two\nattributes: {}\n",
        ),
        Source::new(
            "/x/two.yaml",
            "entity: Two\nattributes: {}\n---\nworkflow: w\nactivities:\n  \
             - { activity: a, exclusive_lock: {}, steps: [{ log: x }] }\n",
        ),
    ]
}

#[test]
fn github_has_one_command_in_each_line() {
    let sources = mixed();
    let told = github(&check(&sources).diagnostics, &sources);
    expect_test::expect![[r#"
        ::error file=a b.yaml,line=1,endLine=1,col=9,endColumn=14,title=invalid-name::`Ärger` cannot be the name of an entity%0Ahelp: use letters, digits and `_`, no digit first, at most 100 characters
        ::error file=a b.yaml,line=2,endLine=2,col=1,endColumn=10,title=unknown-key::an entity has no key `atributes`%0Ahelp: did you mean `attributes`?
        ::error file=/x/two.yaml,line=1,endLine=1,col=9,endColumn=12,title=duplicate-definition::two entities are called `Two`%0Ahelp: all files are checked together: rename or remove one of the two%0Anote: first defined here (./a b.yaml:4)
        ::warning file=/x/two.yaml,line=6,endLine=6,col=20,endColumn=34,title=lock-without-context::this lock has no context: it excludes every other exclusive lock in the system%0Ahelp: while one instance holds it, every other activity with a lock waits, in all workflows, and it waits for all of them; write `context:` with what the activity works on, such as `ref("Order", input.order)`, or a fixed text to run one activity alone
    "#]].assert_eq(&told);
}

#[test]
fn text_of_a_file_cannot_end_a_github_command() {
    let sources = [Source::new("a,b:%.yaml", "entity: \"x\\r\\n::error::y\"\nattributes: {}\n")];
    let told = github(&check(&sources).diagnostics, &sources);
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("::error file=a%2Cb%3A%25.yaml,line=1,"), "{told}");
}

#[test]
fn sarif_is_a_log_with_one_run() {
    let sources = mixed();
    let told = sarif(&check(&sources).diagnostics, &sources);
    let mut log: serde_json::Value = serde_json::from_str(&told).unwrap();
    // The pages have tests of their own.
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        assert!(rule["help"]["text"].as_str().unwrap().starts_with("# "));
        rule["help"] = "a page".into();
    }
    expect_test::expect_file!["sarif.expected.json"].assert_eq(&format!("{log:#}\n"));
}

/// Goal: services accept the log. Method: what the SARIF schema requires of each part, and that
/// references between parts hold, for all cases.
#[test]
fn sarif_has_what_its_schema_requires() {
    for folder in folders() {
        let sources = sources(&folder);
        let log: serde_json::Value =
            serde_json::from_str(&sarif(&check(&sources).diagnostics, &sources)).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let driver = &run["tool"]["driver"];
        assert!(driver["name"].is_string());
        let rules = driver["rules"].as_array().unwrap();
        for result in run["results"].as_array().unwrap() {
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[rule]["id"], result["ruleId"]);
            assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let none = Vec::new();
            let related = result["relatedLocations"].as_array().unwrap_or(&none);
            for place in result["locations"].as_array().unwrap().iter().chain(related) {
                let place = &place["physicalLocation"];
                assert!(place["artifactLocation"]["uri"].is_string());
                region(&place["region"]);
            }
            for fix in result["fixes"].as_array().unwrap_or(&none) {
                let replacement = &fix["artifactChanges"][0]["replacements"][0];
                region(&replacement["deletedRegion"]);
                assert!(replacement["insertedContent"]["text"].is_string());
            }
        }
    }
}

/// Numbers from 1, and an end that is not before the start.
#[track_caller]
fn region(region: &serde_json::Value) {
    let number = |name: &str| region[name].as_u64().unwrap();
    let start = (number("startLine"), number("startColumn"));
    let end = (number("endLine"), number("endColumn"));
    assert!(start.0 >= 1 && start.1 >= 1 && start <= end, "{region}");
}
