//! Facts about `docs/workflows.md`: its examples are right, and nothing that can be written is
//! without a word there.

use std::fs;
use std::path::Path;

use super::mappings;
use crate::index::ERRORS;
use crate::{Severity, Source, check};

/// The step of the page's first example in whose place the steps of the others are read.
const STEP: &str = "      - log: a step\n";

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/workflows.md");
    fs::read_to_string(path).expect("the page is there")
}

/// The YAML blocks of the page.
fn blocks(page: &str) -> Vec<&str> {
    let behind = page.split("\n```yaml\n").skip(1);
    behind.map(|rest| rest.split_once("```\n").expect("a block ends").0).collect()
}

/// Whether a block is a list of steps, and not a file.
fn is_steps(block: &str) -> bool {
    block.starts_with("- ")
}

/// What the checker finds, at least as severe as this.
fn findings(text: &str, least: Severity) -> Vec<String> {
    check(&[Source::new("page.yaml", text)])
        .diagnostics
        .into_iter()
        .filter(|told| told.severity == Severity::Error || least == Severity::Warning)
        .map(|told| format!("{}: {} in\n{text}", told.code, told.message))
        .collect()
}

#[test]
fn whole_example_has_no_finding() {
    let page = page();
    let whole: Vec<&str> = blocks(&page).into_iter().filter(|block| !is_steps(block)).collect();
    assert!(whole.len() >= 8, "only {} examples were found", whole.len());
    let wrong: Vec<String> =
        whole.into_iter().flat_map(|block| findings(block, Severity::Warning)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn examples_of_triggers_have_no_finding() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/triggers.md");
    let page = fs::read_to_string(path).expect("the page is there");
    let blocks = blocks(&page);
    assert_eq!(blocks.len(), 3, "one for each kind");
    let wrong: Vec<String> =
        blocks.into_iter().flat_map(|block| findings(block, Severity::Warning)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn steps_of_an_example_have_no_error_where_the_page_says_that_they_stand() {
    let page = page();
    let blocks = blocks(&page);
    let (around, steps) = blocks.split_first().expect("there are examples");
    assert!(around.contains(STEP), "the first example has a place for steps");
    let steps: Vec<&str> = steps.iter().copied().filter(|block| is_steps(block)).collect();
    assert!(steps.len() > 10, "only {} examples were found", steps.len());
    let mut wrong = Vec::new();
    for block in steps {
        let lines: Vec<String> = block.lines().map(|line| format!("      {line}\n")).collect();
        wrong.extend(findings(&around.replace(STEP, &lines.concat()), Severity::Error));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn page_has_a_word_about_every_key() {
    let page = page();
    let mut absent = Vec::new();
    for mapping in mappings() {
        for key in mapping.keys {
            if !page.contains(&format!("`{}`", key.name)) {
                absent.push(format!("{}.{}", mapping.name, key.name));
            }
        }
    }
    assert!(absent.is_empty(), "nothing is said about {}", absent.join(", "));
}

#[test]
fn page_names_every_error_that_editors_propose() {
    let page = page();
    let codes = ERRORS.iter().map(|(code, _)| *code).filter(|code| !code.contains('*'));
    let absent: Vec<&str> =
        codes.filter(|code| !page.contains(&format!("\n| `{code}` | "))).collect();
    assert!(absent.is_empty(), "nothing is said about {}", absent.join(", "));
}
