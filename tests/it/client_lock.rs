//! Locks of clients, by the real program: taken, waited for, renewed, released, broken.

use std::fs;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::binary::{Told, lockstep, run};
use crate::explain::Scene;
use crate::patience::{soon, until};
use crate::shelf::Shelf;

/// Runs `lockstep lock` on the store of a shelf.
async fn lock(shelf: &Shelf, args: &[&str]) -> Told {
    run(&on(shelf, args).iter().map(String::as_str).collect::<Vec<&str>>()).await
}

/// The arguments of `lockstep lock`, with the store before the command that is to be run.
fn on(shelf: &Shelf, args: &[&str]) -> Vec<String> {
    let at = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
    let (mine, command) = args.split_at(at);
    let url = shelf.url();
    let all = [&["lock"], mine, &["--store", &url], command].concat();
    all.into_iter().map(str::to_owned).collect()
}

fn spawned(shelf: &Shelf, args: &[&str]) -> Command {
    let args = on(shelf, args);
    lockstep(&args.iter().map(String::as_str).collect::<Vec<&str>>())
}

/// Takes a lock, and returns its id and its token.
async fn acquire(shelf: &Shelf, args: &[&str]) -> (String, String) {
    let told = lock(shelf, &[&["acquire"], args].concat()).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    let (id, token) = told.stdout.trim().split_once(' ').expect("id and token");
    (id.to_owned(), token.to_owned())
}

async fn locks(shelf: &Shelf) -> Vec<Json> {
    run(&["locks", "--format", "json", "--store", &shelf.url()]).await.lines()
}

async fn journal(shelf: &Shelf, id: &str) -> String {
    run(&["journal", id, "--store", &shelf.url()]).await.stdout
}

#[track_caller]
fn is_refused(told: &Told, code: &str) {
    assert_eq!((told.status, told.stdout.as_str()), (Some(1), ""), "{}", told.stderr);
    assert!(told.stderr.starts_with(&format!("error: {code}: ")), "{}", told.stderr);
}

const CONTACT: &str = "ref(\"Contact\", \"c1\")";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lock_is_taken_renewed_and_released() {
    let shelf = Shelf::new();
    let (id, token) =
        acquire(&shelf, &[CONTACT, "--owner", "ann", "--note", "edits the address"]).await;
    let held = locks(&shelf).await.remove(0);
    let holder = &held["holders"][0];
    assert_eq!(held["key"], json!("Contact/c1"));
    assert_eq!((&holder["client"], &holder["note"]), (&json!("ann"), &json!("edits the address")));

    let busy = lock(&shelf, &["acquire", CONTACT]).await;
    is_refused(&busy, "lock.busy");
    assert!(busy.stderr.contains("client `ann`"), "it names the holder: {}", busy.stderr);

    let renewed = lock(&shelf, &["renew", &id, &token, "--ttl", "1h"]).await;
    assert_eq!(renewed.status, Some(0), "{}", renewed.stderr);
    let told = run(&["explain", &id, "--store", &shelf.url()]).await.stdout;
    assert!(told.contains("(in 1 h)") || told.contains("(in 59 min"), "{told}");

    assert_eq!(lock(&shelf, &["release", &id, &token]).await.status, Some(0));
    assert!(locks(&shelf).await.is_empty(), "it is free");
    let told = journal(&shelf, &id).await;
    for part in ["client ann asked", "edits the address", "renewed until", "gave the lock"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_release_changes_nothing() {
    let shelf = Shelf::new();
    let (first, token) = acquire(&shelf, &["\"k\"", "--ttl", "10ms"]).await;
    let (second, other) = acquire(&shelf, &["\"k\"", "--wait", "1m"]).await;
    for args in
        [["release", &first, &token], ["renew", &first, &token], ["release", &second, &token]]
    {
        is_refused(&lock(&shelf, &args).await, "lock.lost");
    }
    assert_eq!(locks(&shelf).await[0]["holders"][0]["lock"], json!(second), "it is still held");
    assert_ne!(token, other, "no token is used twice");
    assert_eq!(lock(&shelf, &["release", &second, &other]).await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shared_locks_are_held_together_and_keep_others_out() {
    let shelf = Shelf::new();
    let (first, token) = acquire(&shelf, &["[\"a\", \"b\"]", "--shared"]).await;
    let (second, other) = acquire(&shelf, &["\"b\"", "--shared"]).await;
    is_refused(&lock(&shelf, &["acquire", "\"b\""]).await, "lock.busy");
    assert_eq!(lock(&shelf, &["release", &second, &other]).await.status, Some(0));
    is_refused(&lock(&shelf, &["acquire", "\"b\""]).await, "lock.busy");
    assert_eq!(lock(&shelf, &["release", &first, &token]).await.status, Some(0));
    acquire(&shelf, &["\"b\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_ends_in_time() {
    let shelf = Shelf::new();
    acquire(&shelf, &["1"]).await;
    let told = lock(&shelf, &["acquire", "1.0", "--wait", "400ms"]).await;
    assert_eq!(told.status, Some(1));
    assert!(told.stderr.contains("error: lock.busy: "), "{}", told.stderr);
    acquire(&shelf, &["\"1\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_ends_with_the_release_by_another_process() {
    let shelf = Shelf::new();
    let (id, token) = acquire(&shelf, &["\"k\""]).await;
    let mut waiting = spawned(&shelf, &["acquire", "\"k\"", "--wait", "1m"]);
    let mut waiting = waiting.spawn().expect("the program can be started");
    has_begun_to_wait(&mut waiting).await;
    assert_eq!(lock(&shelf, &["release", &id, &token]).await.status, Some(0));
    let ended = soon("the lock", waiting.wait()).await.expect("it ends");
    assert!(ended.success(), "{ended}");
}

/// Waits until a process has said that it waits for a lock. What else it says is lost.
async fn has_begun_to_wait(waiting: &mut Child) {
    let mut told = BufReader::new(waiting.stderr.as_mut().expect("it is piped"));
    let mut line = String::new();
    let read = told.read_line(&mut line);
    soon("a line that it waits", read).await.expect("it is text");
    assert!(line.starts_with("waiting: "), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_wait_holds_nothing() {
    let shelf = Shelf::new();
    let (id, token) = acquire(&shelf, &["\"k\""]).await;
    let mut waiting = spawned(&shelf, &["acquire", "\"k\"", "--wait", "1m"]);
    let mut waiting = waiting.spawn().expect("the program can be started");
    // It listens to signals before it says that it waits.
    has_begun_to_wait(&mut waiting).await;
    signal(&waiting, "INT").await;
    let ended = soon("the end of the wait", waiting.wait()).await.expect("it ends");
    assert_eq!(ended.code(), Some(130));
    assert_eq!(lock(&shelf, &["release", &id, &token]).await.status, Some(0));
    assert!(locks(&shelf).await.is_empty());
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status().await;
    assert!(sent.expect("there is such a program").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_lock_tells_why() {
    let shelf = Shelf::new();
    let (id, token) = acquire(&shelf, &["\"k\"", "--owner", "ann"]).await;
    let wrong = lock(&shelf, &["break", "k", "--reason", "x", "--token", "1"]).await;
    is_refused(&wrong, "data.not_found");
    let without = lock(&shelf, &["break", "k"]).await;
    assert_eq!(without.status, Some(2), "a reason is needed");
    let empty = lock(&shelf, &["break", "k", "--reason", ""]).await;
    assert_eq!(empty.status, Some(2), "a reason is needed");

    let told = lock(&shelf, &["break", "k", "--reason", "she has left", "--by", "bob"]).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    is_refused(&lock(&shelf, &["renew", &id, &token]).await, "lock.lost");
    let told = journal(&shelf, &id).await;
    assert!(told.contains("the lock \"k\" was broken by bob: she has left"), "{told}");
    is_refused(&lock(&shelf, &["break", "k", "--reason", "again"]).await, "data.not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instance_whose_lock_is_broken_fails_when_it_goes_on() {
    let mut scene = Scene::start("2m").await;
    let (first, second) = scene.parties("Order/o1").await;
    scene.kill().await;
    let args = ["lock", "break", "Order/o1", "--reason", "it hangs", "--by", "bob"];
    let told = scene.ask(&args).await;
    assert_eq!(told.status, Some(0), "{}", told.stderr);
    let told = scene.go_on().await;
    assert_eq!(told.status, Some(1));
    assert!(told.stdout.contains(&format!("{first} failed lock.lost: ")), "{}", told.stdout);
    assert!(told.stdout.contains(&format!("{second} done")), "{}", told.stdout);
    let told = scene.ask(&["journal", &first]).await.stdout;
    assert!(told.contains("the lock Order/o1 was broken by bob: it hangs"), "{told}");
    assert!(told.contains("failed with lock.lost"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engine_at_work_refuses_clients_and_they_honour_its_locks() {
    let mut scene = Scene::start("2m").await;
    let told = scene.ask(&["lock", "acquire", "\"k\""]).await;
    assert_eq!((told.status, told.stdout.as_str()), (Some(3), ""));
    assert!(told.stderr.contains("nothing can be changed there"), "{}", told.stderr);

    let (first, _) = scene.parties("Order/o1").await;
    scene.kill().await;
    let busy = scene.ask(&["lock", "acquire", "ref(\"Order\", \"o1\")"]).await;
    is_refused(&busy, "lock.busy");
    assert!(busy.stderr.contains(&format!("held by instance {first}")), "{}", busy.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engine_honours_the_lock_of_a_client_until_it_is_released() {
    const EDIT: &str = r#"
workflow: edit
activities:
  - activity: edit
    exclusive_lock: { context: 'ref("Contact", "c1")', on_busy: fail }
    steps: [{ log: here }]
"#;
    let shelf = Shelf::new();
    let workflow = shelf.path("edit.yaml");
    fs::write(&workflow, EDIT).expect("the folder can be written");
    let (workflow, url) = (workflow.to_str().expect("it is text").to_owned(), shelf.url());
    let edit = ["run", &workflow, "--store", &url, "--quiet", "--each"];
    let (id, token) = acquire(&shelf, &[CONTACT, "--owner", "ann"]).await;
    let told = run(&edit).await;
    assert_eq!(told.status, Some(1), "{}", told.stderr);
    assert!(told.stdout.contains(" failed lock.busy: "), "{}", told.stdout);
    assert!(told.stdout.contains(&format!("client `ann` (lock {id})")), "{}", told.stdout);
    assert_eq!(lock(&shelf, &["release", &id, &token]).await.status, Some(0));
    assert_eq!(run(&edit).await.status, Some(0), "it is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_runs_under_the_lock() {
    let shelf = Shelf::new();
    let url = shelf.url();
    let program = crate::binary::path().display();
    let script =
        format!("{program} locks --format json --store {url}; echo $LOCKSTEP_LOCK; exit 7");
    let told = lock(&shelf, &["run", "\"k\"", "--", "sh", "-c", &script]).await;
    assert_eq!(told.status, Some(7), "its exit status is passed on: {}", told.stderr);
    let (held, id) = told.stdout.trim().split_once('\n').expect("two lines");
    let held: Json = serde_json::from_str(held).expect("it is JSON");
    assert_eq!(held["holders"][0]["lock"], json!(id), "it is held meanwhile");
    assert!(locks(&shelf).await.is_empty(), "it is released at the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_that_cannot_be_started_leaves_no_lock() {
    let shelf = Shelf::new();
    let told = lock(&shelf, &["run", "\"k\"", "--", "no-such-program"]).await;
    assert_eq!(told.status, Some(127), "as a shell tells it: {}", told.stderr);
    assert!(told.stderr.contains("cannot start no-such-program"), "{}", told.stderr);
    let folder = shelf.path("");
    let told = lock(&shelf, &["run", "\"k\"", "--", folder.to_str().unwrap()]).await;
    assert_eq!(told.status, Some(126), "as a shell tells it: {}", told.stderr);
    assert!(locks(&shelf).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_outlives_the_time_to_live_of_its_lock() {
    let shelf = Shelf::new();
    let file = shelf.path("go");
    let script = format!("until test -e {}; do sleep 0.1; done", file.display());
    let mut running = spawned(&shelf, &["run", "\"k\"", "--ttl", "1s", "--", "sh", "-c", &script]);
    let running = running.spawn().expect("the program can be started");
    until("the lock is held", async || !locks(&shelf).await.is_empty()).await;
    let id = locks(&shelf).await[0]["holders"][0]["lock"].as_str().unwrap_or_default().to_owned();
    until("four thirds of its time", async || {
        journal(&shelf, &id).await.matches("renewed until").count() >= 4
    })
    .await;
    is_refused(&lock(&shelf, &["acquire", "\"k\""]).await, "lock.busy");
    fs::write(file, "").expect("the folder can be written");
    let ended = soon("the end of the command", running.wait_with_output()).await.expect("it ends");
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(locks(&shelf).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_is_killed_with_all_that_it_started_when_its_lock_is_lost() {
    let shelf = Shelf::new();
    let file = shelf.path("child");
    let script = format!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display());
    let mut running = spawned(&shelf, &["run", "\"k\"", "--ttl", "1s", "--", "sh", "-c", &script]);
    let running = running.spawn().expect("the program can be started");
    until("the command has started", async || file.exists()).await;
    assert_eq!(
        lock(&shelf, &["break", "k", "--reason", "mine", "--by", "bob"]).await.status,
        Some(0)
    );
    let ended = soon("the end of the command", running.wait_with_output()).await.expect("it ends");
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(told.contains("the lock is lost: bob broke it: mine; "), "it says why: {told}");
    let id = fs::read_to_string(&file).expect("the command has written its child's id");
    let stat = std::path::Path::new("/proc").join(id.trim()).join("stat");
    until("the end of the command's child", async || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signal_is_passed_on_and_the_lock_released() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let shelf = Shelf::new();
        let file = shelf.path("started");
        let script = format!("touch {}; exec sleep 600", file.display());
        let mut running = spawned(&shelf, &["run", "\"k\"", "--", "sh", "-c", &script]);
        let mut running = running.spawn().expect("the program can be started");
        until("the command has started", async || file.exists()).await;
        signal(&running, name).await;
        let ended = soon("the end of the command", running.wait()).await.expect("it ends");
        assert_eq!(ended.code(), Some(status), "{name}");
        assert!(locks(&shelf).await.is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_many_processes_run_one_after_another() {
    const PROCESSES: usize = 8;
    let shelf = Shelf::new();
    let file = shelf.path("count");
    fs::write(&file, "0").expect("the folder can be written");
    // Without the lock most of these additions would be lost.
    let script = format!("n=$(cat {0}); sleep 0.1; echo $((n + 1)) > {0}", file.display());
    let mut running = Vec::new();
    for _ in 0..PROCESSES {
        let args = ["run", "\"k\"", "--wait", "1m", "--", "sh", "-c", &script];
        running.push(spawned(&shelf, &args).spawn().expect("the program can be started"));
    }
    for process in running {
        let ended =
            soon("the end of a command", process.wait_with_output()).await.expect("it ends");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }
    let count = fs::read_to_string(&file).expect("the commands have written it");
    assert_eq!(count.trim(), PROCESSES.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_of_what_is_not_there_creates_nothing() {
    let shelf = Shelf::new();
    let id = "0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90";
    for args in [&["renew", id, "1"][..], &["release", id, "1"], &["break", "k", "--reason", "x"]] {
        assert_eq!(lock(&shelf, args).await.status, Some(3), "{args:?}");
    }
    assert!(!shelf.path("lockstep.db").exists());
    let told = run(&["lock", "acquire", "\"k\"", "--store", "sqlite::memory:"]).await;
    assert_eq!(told.status, Some(3), "nobody else could see it: {}", told.stderr);
}
