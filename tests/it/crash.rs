//! A process that is killed at any moment: nothing told is lost, nothing is done twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::binary::{lockstep, run};
use crate::chance::Chance;
use crate::commit::three_activities;
use crate::engine::object;
use crate::ledger::{self, Account, Acknowledged};
use crate::patience::soon;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

/// Stores, and how often the process on each is killed.
const STORES: u64 = 10;
const KILLS: usize = 20;

/// Stores that are worked on at once.
const AT_WORK: usize = 3;

/// Instances that a process would run if it were left alone, and how many at once.
const INSTANCES: usize = 1000;
const AT_ONCE: usize = 40;

/// A process is killed within so many outside calls.
const CALLS: usize = 80;

/// Instances that wait, through all kills, for the lock of a client.
const WAITERS: usize = 3;

/// Pause between two looks at a store.
const PAUSE: Duration = Duration::from_millis(5);

/// How long an outside call takes.
const CALL: Duration = Duration::from_millis(2);

/// A file with definitions and one with objects, in the folder of the store.
fn files(shelf: &Shelf, definitions: &str) -> (PathBuf, PathBuf) {
    let (workflow, seed) = (shelf.path("workflow.yaml"), shelf.path("seed.jsonl"));
    fs::write(&workflow, definitions).expect("the folder can be written");
    fs::write(&seed, ledger::seed()).expect("the folder can be written");
    (workflow, seed)
}

/// A process that works until it is killed.
struct Worker {
    child: Child,
    /// What it writes to its standard output.
    told: JoinSet<String>,
}

impl Worker {
    fn start(args: &[&str]) -> Self {
        let mut child = lockstep(args).spawn().expect("the program can be started");
        let mut stdout = child.stdout.take().expect("it is piped");
        let mut told = JoinSet::new();
        told.spawn(async move {
            let mut told = String::new();
            stdout.read_to_string(&mut told).await.expect("it is text");
            told
        });
        Self { child, told }
    }

    /// Kills it at once, and returns what it had told.
    async fn kill(mut self) -> String {
        self.child.start_kill().expect("it can be killed");
        soon("the end of the process", self.child.wait()).await.expect("it can be waited for");
        let told = soon("the end of the output", self.told.join_next()).await;
        told.expect("it is read").expect("it is text")
    }
}

/// A client that holds the lock of a counter through all kills, and instances that wait for it.
struct Client {
    id: String,
    token: String,
}

impl Client {
    /// Takes the lock in a store of its own making, and kills a process of which every instance waits
    /// for it; these are the arguments of the process.
    async fn acquire(shelf: &Shelf, args: &[&str]) -> Self {
        let (url, store) = (shelf.url(), shelf.path("lockstep.db"));
        let key = format!("ref(\"Counter\", \"{}\")", ledger::KEPT);
        let told = run(&["lock", "acquire", &key, "--ttl", "1h", "--store", &url]).await;
        assert_eq!(told.status, Some(0), "{}", told.stderr);
        let (id, token) = told.stdout.trim().split_once(' ').expect("id and token");
        let counter = format!("counter={}", ledger::KEPT);
        let count = WAITERS.to_string();
        let load = ["--workflow", "once", "--input", &counter, "--count", &count];
        let worker = Worker::start(&[args, &load].concat());
        let all_wait = async {
            while waiters(&store).await < WAITERS {
                tokio::time::sleep(PAUSE).await;
            }
        };
        soon("all wait for the client", all_wait).await;
        assert_eq!(worker.kill().await, "", "mutual exclusion: nobody passes the client");
        Self { id: id.to_owned(), token: token.to_owned() }
    }

    /// Gives the lock back, in the name of who was told to have it.
    async fn release(self, shelf: &Shelf) {
        let told = run(&["lock", "release", &self.id, &self.token, "--store", &shelf.url()]).await;
        assert_eq!(told.status, Some(0), "told is durable: {}", told.stderr);
    }
}

/// Returns how many instances in a store wait for a lock.
async fn waiters(store: &Path) -> usize {
    Account::read(store).await.expect("it can be read beside the process").waiters()
}

/// Lets processes work on one store, one after another, and kills each at a random moment; lets the
/// last one finish, and checks what there is. Returns how many kills left anything unfinished.
async fn rounds(seed: u64) -> usize {
    let (shelf, server) = (Shelf::new(), Server::start(|_| Answer::after(CALL)).await);
    let (file, objects) = files(&shelf, &ledger::definitions(&server.url()));
    let (file, objects) = (file.to_str().unwrap(), objects.to_str().unwrap());
    let (url, store) = (shelf.url(), shelf.path("lockstep.db"));
    let (count, at_once) = (INSTANCES.to_string(), AT_ONCE.to_string());
    let common = ["run", file, "--store", &url, "--each", "--format", "json", "--quiet"];
    let all = ["--seed", objects, "--concurrency", &at_once];
    // Without a client the first process may be killed while it makes the store. Beside one nobody
    // locks the whole system: all would wait for the client.
    let (client, kinds) = if seed.is_multiple_of(2) {
        (None, ledger::ALL_KINDS)
    } else {
        let args = [&common[..], &all[..]].concat();
        (Some(Client::acquire(&shelf, &args).await), ledger::KINDS_WITH_KEYS)
    };
    let (mut chance, mut ends) = (Chance::new(seed), Acknowledged::new());
    let mut in_the_middle = 0;
    for kill in 0..KILLS {
        let load = ledger::load(kill, kinds);
        let load: Vec<&str> = load.iter().map(String::as_str).collect();
        let load = [&["--count", &count], &load[..]].concat();
        let worker = Worker::start(&[&common[..], &all[..], &load[..]].concat());
        let seen = server.requests().len();
        // Now and then before it has done anything, or while it takes up what the last one has left.
        let calls = if chance.once_in(8) { chance.below(4) } else { chance.below(CALLS) };
        server.has_seen(seen + calls).await;
        if kill % 4 == 3 && calls > 0 {
            let account = Account::read(&store).await.expect("it can be read beside the process");
            account.check(&ends, &BTreeSet::new()).unwrap_or_else(|why| panic!("{seed}: {why}"));
        }
        ledger::note_ends(&worker.kill().await, &mut ends);
        let account = Account::read_if_made(&store).await.expect("it can be read behind a kill");
        let Some(account) = account else {
            assert!(
                ends.is_empty() && server.requests().is_empty(),
                "{seed}: {kill}: told is durable"
            );
            continue;
        };
        let checked = account.check(&ends, &callers(&server));
        checked.unwrap_or_else(|why| panic!("{seed}: kill {kill}: {why}"));
        let kept = client.is_none() || account.is_kept(ledger::KEPT);
        assert!(kept, "{seed}: kill {kill}: the client holds its lock, and nobody passes it");
        in_the_middle += usize::from(account.unfinished > WAITERS);
    }
    if let Some(client) = client {
        client.release(&shelf).await;
    }
    let told = run(&[&common[..], &["--workflow", "once", "--count", "0"]].concat()).await;
    assert_eq!(told.status, Some(0), "{seed}: all that is unfinished ends: {}", told.stderr);
    ledger::note_ends(&told.stdout, &mut ends);
    let account = Account::read(&store).await.expect("it can be read");
    let checked = account.check(&ends, &callers(&server)).and_then(|()| account.check_end());
    checked.unwrap_or_else(|why| panic!("{seed}: in the end: {why}"));
    in_the_middle
}

/// Who has made outside calls; none was made twice as the same attempt.
fn callers(server: &Server) -> BTreeSet<String> {
    let (mut callers, mut attempts) = (BTreeSet::new(), BTreeSet::new());
    for request in server.requests() {
        let (key, attempt) =
            (request.header("idempotency-key"), request.header("lockstep-attempt"));
        assert!(attempts.insert((key.to_owned(), attempt.to_owned())), "{key}: {attempt} again");
        let (instance, _) = key.split_once(':').expect("a key begins with its instance");
        callers.insert(instance.to_owned());
    }
    callers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_goes_on_and_counts_exactly() {
    let (mut in_the_middle, mut at_work) = (0, JoinSet::new());
    for seed in 0..STORES {
        at_work.spawn(rounds(seed));
        if at_work.len() == AT_WORK {
            in_the_middle += at_work.join_next().await.expect("one is").expect("it ends well");
        }
    }
    while let Some(rounds) = at_work.join_next().await {
        in_the_middle += rounds.expect("it ends well");
    }
    let few = usize::try_from(STORES).unwrap() * KILLS / 2;
    assert!(in_the_middle > few, "only {in_the_middle} kills left anything unfinished");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_uncommitted_activities_it_shows_nothing_and_loses_no_progress() {
    // The first call is answered, the second is under way when the process is killed.
    let second_is_held = |request: &crate::server::Request| {
        if request.number == 1 { Answer::held() } else { Answer::ok() }
    };
    let (shelf, server) = (Shelf::new(), Server::start(second_is_held).await);
    let keys = "auto_commit: false\n    exclusive_lock: { context: '\"k\"' }";
    let (workflow, seed) = files(&shelf, &three_activities(&server, keys));
    let (workflow, seed) = (workflow.to_str().unwrap(), seed.to_str().unwrap());
    let url = shelf.url();
    let common = ["run", workflow, "--workflow", "three", "--store", &url, "--quiet"];
    let worker = Worker::start(&[&common[..], &["--seed", seed]].concat());
    server.has_seen(2).await;
    worker.kill().await;

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
