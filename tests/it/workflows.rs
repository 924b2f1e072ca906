//! The files of the folder `workflows`: each is valid, and runs as its comment says.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_definition::{Source, check};
use serde_json::json;

use crate::binary::run;
use crate::shelf::Shelf;

/// A workflow in a file, with inputs for it.
type Run = (&'static str, &'static str, &'static [&'static str]);

/// Workflows that come to their end by themselves.
const RUNS: &[Run] = &[
    ("edit-contact", "edit-contact", &["contact=c1", "version=1", "phone=555-0101"]),
    ("last-place", "last-place", &["timeslot=monday-9", "customer=ann"]),
    ("message-reader", "message-reader", &["message=m1"]),
    ("one-at-a-time", "one-at-a-time", &["customer=ann"]),
    ("order", "change-order", &["order=o1", "cents=9000"]),
    ("product-version", "product-version", &["product=p1", "version=1", "name=Lamp", "cents=4900"]),
    ("stock-taking", "stock-taking", &["shelves=[\"s1\", \"s2\", \"s3\"]"]),
    ("stock-taking", "move-goods", &["from=s3", "to=s1", "pieces=4"]),
    ("transfer", "transfer", &["from=a1", "to=a2", "cents=500"]),
];

/// Workflows that wait for somebody: the tests of these files run them, too.
const WAITS: &[Run] =
    &[("order", "order", &["order=o2"]), ("seat", "seat", &["seat=a7", "customer=ann"])];

/// Returns the arguments for a workflow, with its seed.
fn arguments((file, workflow, inputs): &Run) -> Vec<String> {
    let path = |ending: &str| folder().join(format!("{file}.{ending}")).display().to_string();
    let mut args = vec![path("yaml"), "--seed".into(), path("seed.jsonl")];
    args.extend(["--workflow".into(), (*workflow).into(), "--format".into(), "json".into()]);
    for input in *inputs {
        args.extend(["--input".into(), (*input).into()]);
    }
    args
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows")
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn every_file_is_run_by_a_test() {
    let mut run: Vec<&str> = RUNS.iter().chain(WAITS).map(|(file, ..)| *file).collect();
    run.sort_unstable();
    run.dedup();
    assert_eq!(names(), run, "a file that no test runs may not run");
}

#[test]
fn all_files_together_have_no_finding_but_the_one_that_is_meant() {
    let sources: Vec<Source> = names()
        .iter()
        .map(|name| {
            let text = fs::read_to_string(folder().join(format!("{name}.yaml")));
            Source::new(name.as_str(), text.expect("it can be read"))
        })
        .collect();
    let checked = check(&sources);
    assert!(checked.definitions.is_some(), "no error: {:#?}", checked.diagnostics);
    let found: Vec<(&str, &str)> =
        checked.diagnostics.iter().map(|found| (&*found.source, found.code.as_str())).collect();
    // This file shows what the warning is about.
    assert_eq!(found, [("one-at-a-time", "lock-without-context")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_runs_with_its_seed() {
    let shelf = Shelf::new();
    let url = shelf.url();
    for one in RUNS {
        let name = one.1;
        let given = arguments(one);
        let mut args = vec!["run", "--store", &url];
        args.extend(given.iter().map(String::as_str));
        let told = run(&args).await;
        assert_eq!(told.status, Some(0), "{name}: {}{}", told.stdout, told.stderr);
        let lines = told.lines();
        assert_eq!(lines.len(), 1, "{name}: one instance, one line: {lines:?}");
        assert_eq!(lines[0]["status"], json!("done"), "{name}: {lines:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_is_shown_by_the_dry_run() {
    for one in RUNS.iter().chain(WAITS) {
        let name = one.1;
        let given = arguments(one);
        let mut args = vec!["dry-run"];
        args.extend(given.iter().map(String::as_str));
        let told = run(&args).await;
        assert_eq!(told.status, Some(0), "{name}: {}{}", told.stdout, told.stderr);
        let lines = told.lines();
        let events = lines.iter().flat_map(|report| report["events"].as_array().unwrap());
        let locks = events.filter(|event| event["event"] == json!("lock_granted")).count();
        assert!(locks > 0, "{name} takes a lock: {lines:?}");
    }
}
