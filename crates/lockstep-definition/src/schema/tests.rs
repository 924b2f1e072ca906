//! Facts about the schema: it is the one in `grammar/`, accepts what is right and refuses what is
//! not.

use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use jsonschema::Validator;
use serde::Deserialize as _;
use serde_json::Value;

use super::schema;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn validator() -> Validator {
    jsonschema::draft7::new(&schema()).expect("the schema is a schema")
}

/// The documents of a text as JSON.
fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).expect("the text is YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

#[test]
fn schema_file_is_current() {
    let text = format!("{:#}\n", schema());
    expect_file![root().join("grammar/workflow.schema.json")].assert_eq(&text);
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn every_correct_file_fits_the_schema() {
    let validator = validator();
    let mut files = Vec::new();
    for folder in ["workflows", "examples", "benches", "tests/cases/correct"] {
        yaml_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 5, "only {} files were found", files.len());
    let mut wrong = Vec::new();
    for file in files {
        for document in documents(&fs::read_to_string(&file).unwrap()) {
            wrong.extend(
                validator
                    .iter_errors(&document)
                    .map(|error| format!("{}: {}: {error}", file.display(), error.instance_path())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A workflow with these lines as its only activity.
fn activity(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    let lines = lines.concat();
    format!("workflow: w\nactivities:\n  - activity: a\n{lines}")
}

/// A workflow with this as its only step.
fn step(step: &str) -> String {
    activity(&format!("steps: [{step}]"))
}

#[test]
fn what_is_right_fits() {
    let validator = validator();
    for text in [
        "entity: E\nattributes:\n".to_owned(),
        "entity: E\nattributes: { a: 'list<ref<E>>', b: { type: int, min: 0 } }\n".to_owned(),
        step("{ set: { a: 1 } }"),
        step("{ update: a, set: { b: '${1}' }, expect: { version: '${1}' } }"),
        step("{ create: E, id: x, set: { b: 1 }, as: c }"),
        step("commit"),
        step("{ commit: }"),
        step("{ log: 1, when: true }"),
        step("{ http: { url: 'https://x', method: get }, timeout: 1m30s }"),
        step("{ raise: order.unknown }"),
        step("{ wait: { for: 5m } }"),
        step("{ wait: { for: '${1}' } }"),
        step("{ stop: }"),
        step("stop"),
        step("{ parallel: { a: [commit], b: [commit] } }"),
        step("{ for_each: '${[1]}', steps: [commit], max_parallel: 4 }"),
        activity("exclusive_lock:\nsteps: [commit]\nauto_commit: each_step"),
        activity("exclusive_lock: true\nsteps: [commit]\nauto_commit: false"),
        activity(
            "exclusive_lock: { context: '[a, b]', mode: shared, max_waiting: 1 }\nsteps: [commit]",
        ),
        activity("exclusive_lock: { priority: -5, while_waiting: release }\nsteps: [commit]"),
        activity("exclusive_lock: { priority: input.a }\nsteps: [commit]"),
        format!("exclusive_lock: {{ context: input.a, while_waiting: hold }}\n{}", step("commit")),
        format!("exclusive_lock:\n{}", step("commit")),
        activity("steps: [commit]\nnext: { goto: end }\ncatch: { error: '*', goto: a }"),
        activity("steps: [commit]\nretry: { max_attempts: 3, factor: 1.5, on: [a.*, b] }"),
    ] {
        for document in documents(&text) {
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{text}\n{}", errors.join("\n"));
        }
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    let validator = validator();
    for text in [
        "workflow: w\nactivities: []\n".to_owned(),
        "workflow: w\n".to_owned(),
        "workflows: w\n".to_owned(),
        "entity: E\nattributes: { a: integer }\n".to_owned(),
        "entity: a-b\nattributes: {}\n".to_owned(),
        "entity: E\nattributes: { a-b: int }\n".to_owned(),
        "entity: E\nattributes: { a: { typ: int } }\n".to_owned(),
        "project: p\nsecrets: 1\n".to_owned(),
        activity("step: [commit]"),
        activity("steps: []"),
        activity("steps: [commit]\ntimeout: 5"),
        activity("steps: [commit]\ntimeout: 5 minutes"),
        activity("steps: [commit]\nauto_commit: always"),
        activity("steps: [commit]\nwhen: '${true}'"),
        activity("steps: [commit]\nexclusive_lock: { waiting_time: 5s }"),
        activity("steps: [commit]\nexclusive_lock: { scope: global }"),
        activity("steps: [commit]\nexclusive_lock: { context: [a] }"),
        activity("steps: [commit]\nexclusive_lock: { max_waiting: 0 }"),
        activity("steps: [commit]\nexclusive_lock: { mode: read }"),
        format!("exclusive_lock: {{ while_waiting: release }}\n{}", step("commit")),
        format!("exclusive_lock: {{ scope: activity }}\n{}", step("commit")),
        activity("steps: [commit]\nretry: { backoff: 1s }"),
        activity("steps: [commit]\nretry: { max_attempts: many }"),
        activity("steps: [commit]\ncatch: [{ error: 'a b', goto: end }]"),
        activity("steps: [commit]\nallow: { yaml-syntax: x }"),
        step("{ lod: { entity: E, id: x } }"),
        step("{ load: { entity: E } }"),
        step("{ load: E }"),
        step("{ load: { entity: E, id: x }, set: { a: 1 } }"),
        step("{ load: { entity: E, id: x }, find: { entity: E } }"),
        step("{ as: a }"),
        step("{ when: true }"),
        step("{ log: x, as: y }"),
        step("{ log: x, timeout: 5s }"),
        step("{ update: a }"),
        step("{ set: [a] }"),
        step("{ require: true, message: x }"),
        step("{ http: { url: 'ftp://x' } }"),
        step("{ http: { url: 'http://x', method: FETCH } }"),
        step("{ exec: { program: x, args: y } }"),
        step("{ wait: { } }"),
        step("{ wait: { signal: a, for: 5m } }"),
        step("{ wait: { for: 5 } }"),
        step("{ workflow: { call: a, start: b } }"),
        step("{ for_each: '${x}' }"),
        step("{ for_each: '${x}', steps: [commit], max_parallel: 0 }"),
        step("{ parallel: [commit] }"),
        step("go"),
    ] {
        let fits = documents(&text).iter().all(|document| validator.is_valid(document));
        assert!(!fits, "{text} fits");
    }
}
