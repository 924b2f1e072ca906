//! Facts about `docs/guarantees.md`: what it says to hold a promise is there.

use std::fs;
use std::path::{Path, PathBuf};

/// Promises of the page, P1 to this one.
const PROMISES: usize = 10;

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

/// Returns the laws that a text names: in lines with the word, all that is quoted.
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

/// Returns the sources of the laws, in one.
fn sources_of_laws() -> String {
    let fault = project().join("crates/lockstep-simulator/src/fault");
    let mut files = vec![fault.join("law.rs")];
    let folder = fs::read_dir(fault.join("law")).expect("the folder is there");
    files.extend(folder.map(|entry| entry.expect("it can be read").path()));
    files.iter().map(|file| fs::read_to_string(file).expect("it can be read")).collect()
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
fn every_law_on_the_page_is_one_of_the_simulation() {
    let (page, sources) = (page(), sources_of_laws());
    let laws = laws(&page);
    assert!(laws.len() > 10, "the laws were found: {laws:?}");
    for law in laws {
        assert!(sources.contains(&format!("\"{law}\"")), "there is no law `{law}`");
    }
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
