//! A process that is killed at any moment: nothing told is lost, nothing is done twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lockstep_store::State;
use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt;
use tokio::process::Child;

use crate::binary::{lockstep, run};
use crate::commit::three_activities;
use crate::counter;
use crate::engine::object;
use crate::patience::soon;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const MOMENTS: usize = 50;
const INSTANCES: usize = 500;
const COUNTERS: usize = 8;

/// How long an outside call takes.
const CALL: Duration = Duration::from_millis(2);

/// A file with definitions and one with objects, in the folder of the store.
fn files(shelf: &Shelf, definitions: &str, counters: usize) -> (PathBuf, PathBuf) {
    let (workflow, seed) = (shelf.path("workflow.yaml"), shelf.path("seed.jsonl"));
    fs::write(&workflow, definitions).expect("the folder can be written");
    let objects: Vec<String> = (0..counters)
        .map(|n| json!({"entity": "Counter", "id": format!("c{n}")}).to_string())
        .collect();
    fs::write(&seed, objects.join("\n")).expect("the folder can be written");
    (workflow, seed)
}

/// Kills a process at once, and returns what it had written to its standard output.
async fn kill(mut child: Child) -> String {
    child.start_kill().expect("it can be killed");
    let mut told = String::new();
    let mut stdout = child.stdout.take().expect("it is piped");
    soon("the end of the output", stdout.read_to_string(&mut told)).await.expect("it is text");
    soon("the end of the process", child.wait()).await.expect("it can be waited for");
    told
}

/// The instances that were told to have ended: in whole lines, without the summary.
fn ended(told: &str) -> Vec<String> {
    let line = |line: &str| -> Option<String> {
        let line: Json = serde_json::from_str(line).ok()?;
        let instance = line["instance"].as_str()?;
        assert_eq!(line["status"], json!("done"), "no instance fails: {line}");
        Some(instance.to_owned())
    };
    told.lines().filter_map(line).collect()
}

/// Runs instances on some counters, kills the process when the server has seen `calls`, goes on
/// with what is unfinished, and checks what is in the store then. Returns how many were unfinished.
async fn round(calls: usize) -> usize {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::after(CALL)).await);
    let lock = "exclusive_lock: { context: 'ref(\"Counter\", input.counter)' }";
    let project = "project: crash\nallowed_hosts: [\"127.0.0.1\"]\n---";
    let definitions = format!("{project}{}", counter::definitions(&server, lock));
    let (workflow, seed) = files(&shelf, &definitions, COUNTERS);
    let (workflow, seed) = (workflow.to_str().unwrap(), seed.to_str().unwrap());
    let (url, count) = (shelf.url(), INSTANCES.to_string());
    let counter = format!("counter=c{{n%{COUNTERS}}}");
    let common = ["run", workflow, "--workflow", "count", "--store", &url, "--quiet"];
    let first = ["--seed", seed, "--input", &counter, "--count", &count, "--concurrency", "64"];
    let output = ["--each", "--format", "json"];
    let child = lockstep(&[&common[..], &first[..], &output[..]].concat()).spawn();
    server.has_seen(calls).await;
    let told = kill(child.expect("the program can be started")).await;

    let second = run(&[&common[..], &["--count", "0"], &output[..]].concat()).await;
    assert_eq!(second.status, Some(0), "progress: all that is unfinished ends: {}", second.stderr);
    check(&shelf, &server, ended(&told), calls).await;
    ended(&second.stdout).len()
}

async fn check(shelf: &Shelf, server: &Server, told: Vec<String>, calls: usize) {
    let store = shelf.open().await;
    let counts = store.counts().await.expect("the store answers");
    assert_eq!((counts.running, counts.failed), (0, 0), "{calls}: nothing is left behind");
    assert!(store.locks().await.unwrap().is_empty(), "{calls}: no lock is stuck");
    let mut sum = 0;
    for n in 0..COUNTERS {
        let counter = object(&store, "Counter", &format!("c{n}")).await;
        // It is not there if the process was killed before it had read the seed.
        let Some(counter) = counter else { continue };
        let (value, version) = (&counter["value"], &counter["metadata"]["version"]);
        let value = value.as_u64().unwrap();
        assert_eq!(version.as_u64().unwrap(), value + 1, "{calls}: each change once");
        sum += value;
    }
    assert_eq!(sum, counts.done, "{calls}: exactly once: as many counted as done");
    let mut done: Vec<String> = Vec::new();
    for instance in store.instances(Some(State::Done), None, 1000).await.unwrap() {
        done.push(instance.id.to_string());
    }
    for id in told {
        assert!(done.contains(&id), "{calls}: told is durable: {id}");
    }
    let mut attempts: BTreeMap<String, usize> = BTreeMap::new();
    for request in server.requests() {
        *attempts.entry(request.header("idempotency-key").to_owned()).or_default() += 1;
    }
    assert_eq!(attempts.len(), done.len(), "{calls}: at least once, under one key each");
    assert!(attempts.values().all(|made| *made <= 2), "{calls}: once for each process");
    store.close().await.expect("the store can be closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_goes_on_and_counts_exactly() {
    let mut in_the_middle = 0;
    for moment in 0..MOMENTS {
        let unfinished = round(moment * INSTANCES / MOMENTS).await;
        in_the_middle += usize::from(unfinished > 0);
    }
    assert!(in_the_middle > MOMENTS / 2, "only {in_the_middle} kills left anything unfinished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_uncommitted_activities_it_shows_nothing_and_loses_no_progress() {
    // The first call is answered, the second is under way when the process is killed.
    let second_is_held = |request: &crate::server::Request| {
        if request.number == 1 { Answer::held() } else { Answer::ok() }
    };
    let (shelf, server) = (Shelf::new(), Server::start(second_is_held).await);
    let keys = "auto_commit: false\n    exclusive_lock: { context: '\"k\"' }";
    let (workflow, seed) = files(&shelf, &three_activities(&server, keys), 2);
    let (workflow, seed) = (workflow.to_str().unwrap(), seed.to_str().unwrap());
    let url = shelf.url();
    let common = ["run", workflow, "--workflow", "three", "--store", &url, "--quiet"];
    let child = lockstep(&[&common[..], &["--seed", seed]].concat()).spawn();
    server.has_seen(2).await;
    kill(child.expect("the program can be started")).await;

    let store = shelf.open().await;
    let counter = object(&store, "Counter", "c1").await.expect("the counter is there");
    assert_eq!(counter["value"], json!(0), "others see nothing before the end");
    assert_eq!(store.locks().await.unwrap().len(), 1, "the lock is kept until the commit");
    store.close().await.expect("the store can be closed");

    let told = run(&[&common[..], &["--count", "0"]].concat()).await;
    assert_eq!(told.status, Some(0), "it goes on: {}", told.stderr);
    let seen: Vec<(String, String)> = server
        .requests()
        .iter()
        .map(|request| (request.path.clone(), request.header("lockstep-attempt").to_owned()))
        .collect();
    let expected = [("/one", "1"), ("/two", "1"), ("/two", "2"), ("/three", "1")]
        .map(|(path, attempt)| (path.to_owned(), attempt.to_owned()));
    assert_eq!(seen, expected, "no progress is lost: what had come back is not called again");
    let keys: Vec<String> = server
        .requests()
        .iter()
        .filter(|request| request.path == "/two")
        .map(|request| request.header("idempotency-key").to_owned())
        .collect();
    assert_eq!(keys.first(), keys.last(), "the server can tell that it is the same call");
    let store = shelf.open().await;
    let counter = object(&store, "Counter", "c1").await.expect("the counter is there");
    assert_eq!(counter["value"], json!(3), "exactly once");
    assert!(store.locks().await.unwrap().is_empty(), "no lock is stuck");
    store.close().await.expect("the store can be closed");
}
