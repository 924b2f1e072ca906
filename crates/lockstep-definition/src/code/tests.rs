//! Facts about the pages of `docs/diagnostics/`: each shows what it tells of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Code, Source, check};

/// Codes whose mistake no short file can show.
const WITHOUT_EXAMPLE: &[(Code, &str)] = &[
    (Code::FileTooLarge, "needs a file of more than 1 MiB"),
    (Code::NotUtf8, "a page is a text in UTF-8"),
    (Code::YamlValues, "needs more values than a page can hold"),
    (Code::TooManyFindings, "needs hundreds of mistakes"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diagnostics")
}

/// The YAML block below a heading.
fn block(page: &'static str, heading: &str) -> Option<&'static str> {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n\n```yaml\n"))?;
    rest.split_once("```\n").map(|(block, _)| block)
}

fn has_no_example(code: Code) -> bool {
    WITHOUT_EXAMPLE.iter().any(|(without, _)| *without == code)
}

fn codes_of(text: &str) -> Vec<&'static str> {
    let checked = check(&[Source::new("page.yaml", text)]);
    checked.diagnostics.iter().map(|diagnostic| diagnostic.code.as_str()).collect()
}

#[test]
fn every_page_belongs_to_a_code() {
    let codes: BTreeSet<String> =
        Code::ALL.iter().map(|code| format!("{}.md", code.as_str())).collect();
    let pages: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(pages.difference(&codes).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn page_says_what_the_finding_means_and_why() {
    for code in Code::ALL {
        let page = code.page();
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {code}").as_str()));
        assert_eq!(lines.next(), Some(""), "{code}");
        let meaning = lines.next().unwrap_or_default();
        assert!(meaning.ends_with('.') && meaning.len() >= 20, "{code}: {meaning:?}");
        let why = page.split_once("\n## Why\n\n").map_or("", |(_, why)| why);
        assert!(why.trim().len() > 40, "{code} does not say why");
        assert_eq!(block(page, "Wrong").is_none(), has_no_example(*code), "{code}");
        assert_eq!(block(page, "Right").is_none(), has_no_example(*code), "{code}");
    }
}

#[test]
fn wrong_example_has_the_finding_first() {
    let mut others = Vec::new();
    for code in Code::ALL {
        let Some(wrong) = block(code.page(), "Wrong") else { continue };
        let found = codes_of(wrong);
        if found.first() != Some(&code.as_str()) {
            others.push(format!("{code}: {found:?}"));
        }
    }
    assert_eq!(others, Vec::<String>::new());
}

#[test]
fn right_example_has_no_finding() {
    let mut others = Vec::new();
    for code in Code::ALL {
        let Some(right) = block(code.page(), "Right") else { continue };
        let found = codes_of(right);
        if !found.is_empty() {
            others.push(format!("{code}: {found:?}"));
        }
    }
    assert_eq!(others, Vec::<String>::new());
}
