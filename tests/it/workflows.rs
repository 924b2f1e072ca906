//! The files of the folder `workflows`: each is valid, and runs as its comment says.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_definition::{Source, check};
use serde_json::json;

use crate::binary::run;
use crate::shelf::Shelf;

/// Each file, with inputs for it.
const RUNS: [(&str, &[&str]); 5] = [
    ("edit-contact", &["contact=c1", "version=1", "phone=555-0101"]),
    ("last-place", &["timeslot=monday-9", "customer=ann"]),
    ("message-reader", &["message=m1"]),
    ("one-at-a-time", &["customer=ann"]),
    ("product-version", &["product=p1", "version=1", "name=Lamp", "cents=4900"]),
];

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
    let run: Vec<&str> = RUNS.iter().map(|(name, _)| *name).collect();
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
    for (name, inputs) in RUNS {
        let file = |ending: &str| folder().join(format!("{name}.{ending}"));
        let (workflow, seed) = (file("yaml"), file("seed.jsonl"));
        let (workflow, seed) = (workflow.to_str().unwrap(), seed.to_str().unwrap());
        let mut args = vec!["run", workflow, "--seed", seed, "--store", &url, "--format", "json"];
        for input in inputs {
            args.extend(["--input", input]);
        }
        let told = run(&args).await;
        assert_eq!(told.status, Some(0), "{name}: {}{}", told.stdout, told.stderr);
        let lines = told.lines();
        assert_eq!(lines.len(), 1, "{name}: one instance, one line: {lines:?}");
        assert_eq!(lines[0]["status"], json!("done"), "{name}: {lines:?}");
    }
}
