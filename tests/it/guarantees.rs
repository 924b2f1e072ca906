//! Facts about `docs/guarantees.md`: what it says to hold a promise is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Promises of the page, P1 to this one.
const PROMISES: usize = 10;

/// What the simulation calls a mistake of its own definitions.
const NO_LAW: &str = "workload";

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(project().join("docs/guarantees.md")).expect("the page can be read")
}

/// Returns what stands between backticks within lines.
fn quoted(text: &str) -> Vec<&str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Returns the tests that a text names, as file and function.
fn tests(text: &str) -> Vec<(&str, &str)> {
    quoted(text).into_iter().filter_map(|quoted| quoted.split_once("::")).collect()
}

/// Returns the laws that a text names: in lines that begin with the word, all that is quoted.
fn laws(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| line.starts_with("- law"));
    lines.flat_map(quoted).collect()
}

/// Returns where a file lies that the page names.
fn place(file: &str) -> PathBuf {
    let (room, file) = file.split_once('/').expect("a room, and a file in it");
    match room {
        "it" => project().join("tests/it").join(file),
        _ => project().join("crates").join(format!("lockstep-{room}/src")).join(file),
    }
}

/// Returns whether the function is in the file, and is a test: clauses of the contract are none by
/// themselves, they are run for each store.
fn is_there(file: &str, name: &str) -> bool {
    let text = fs::read_to_string(place(file)).unwrap_or_default();
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let attributes = before.rsplit("\n\n").next().unwrap_or_default();
    if file.starts_with("store/contract/") {
        let contract = fs::read_to_string(place("store/contract.rs")).expect("it can be read");
        return contract.split_whitespace().any(|word| word.trim_end_matches(';') == name);
    }
    attributes.contains("#[test]") || attributes.contains("#[tokio::test")
}

/// Returns all Rust files of a folder and of those in it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
    let is_source = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let below = folders.iter().flat_map(|folder| sources(folder));
    files.into_iter().filter(is_source).chain(below).collect()
}

/// Returns the laws of the simulation: what its violations are made with.
fn laws_of_the_simulation() -> BTreeSet<String> {
    let mut laws = BTreeSet::new();
    for file in sources(&project().join("crates/lockstep-simulator/src")) {
        let text = fs::read_to_string(&file).expect("it can be read");
        for rest in text.split("Violation::of(").skip(1) {
            let law = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            let law = law.unwrap_or_else(|| panic!("{}: a law without a name", file.display()));
            laws.insert(law.to_owned());
        }
    }
    laws.remove(NO_LAW);
    laws
}

#[test]
fn every_promise_is_held_by_tests_that_exist() {
    let page = page();
    let sections: Vec<&str> = page.split("\n## ").collect();
    for number in 1..=PROMISES {
        let heading = format!("P{number} ");
        let section = sections.iter().find(|section| section.starts_with(&heading));
        let section = section.unwrap_or_else(|| panic!("the page has no promise P{number}"));
        assert!(!tests(section).is_empty(), "P{number} names no test");
        assert!(section.contains("does not mean"), "P{number} tells no limit");
    }
    let all = tests(&page);
    assert!(all.len() > 60, "the tests were found: {}", all.len());
    let missing: Vec<&(&str, &str)> =
        all.iter().filter(|(file, name)| !is_there(file, name)).collect();
    assert!(missing.is_empty(), "not there, or no tests: {missing:#?}");
}

#[test]
fn every_law_of_the_simulation_is_on_the_page() {
    let (page, exist) = (page(), laws_of_the_simulation());
    let named: BTreeSet<String> = laws(&page).into_iter().map(str::to_owned).collect();
    assert!(exist.len() > 30, "the laws were found: {exist:?}");
    let unnamed: Vec<&String> = exist.difference(&named).collect();
    assert!(unnamed.is_empty(), "laws behind which no promise stands: {unnamed:?}");
    let unknown: Vec<&String> = named.difference(&exist).collect();
    assert!(unknown.is_empty(), "there are no such laws: {unknown:?}");
}

#[test]
fn links_of_the_page_lead_somewhere() {
    let page = page();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        if file.is_empty() {
            assert!(anchors.iter().any(|known| known == anchor), "no {link}");
        } else {
            assert!(project().join("docs").join(file).exists(), "no {link}");
        }
    }
}
