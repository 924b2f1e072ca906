//! The workers of `examples/workers`: programs in other languages that do the tasks of a daemon.

use std::path::{Path, PathBuf};
use std::process::{Command as Blocking, Stdio};

use serde_json::{Value as Json, json};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::daemon_process::{Daemon, post, send};
use crate::patience::soon;
use crate::shelf::Shelf;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/workers");

/// Where `npm ci` puts the compiler of TypeScript.
const TYPESCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/typescript");

const QUOTES: usize = 40;

/// Returns whether a language is on this machine. Where everything must be tested it has to be.
fn has(language: &str) -> bool {
    let silent = || Stdio::null();
    let version = Blocking::new(language).arg("--version").stdout(silent()).status();
    let is_there = version.is_ok_and(|status| status.success());
    assert!(is_there || std::env::var_os("CI").is_none(), "install {language}: CI tests it");
    is_there
}

/// Checks the types of the worker in TypeScript, and takes them away: not every Node does. `None` if
/// the compiler is not there. Where everything must be tested it has to be.
fn compiled(shelf: &Shelf) -> Option<PathBuf> {
    let compiler = Path::new(TYPESCRIPT).join("node_modules/typescript/bin/tsc");
    if !compiler.exists() {
        assert!(std::env::var_os("CI").is_none(), "npm ci in tests/typescript: CI tests it");
        return None;
    }
    let folder = shelf.path("typescript");
    let mut command = Blocking::new("node");
    command.arg(compiler).args(["--project", TYPESCRIPT, "--outDir"]).arg(&folder);
    let told = command.output().expect("it runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stdout));
    std::fs::write(folder.join("package.json"), r#"{"type": "module"}"#).expect("written");
    Some(folder.join("worker.js"))
}

fn spawn(language: &str, file: &Path, args: &[&str]) -> Child {
    let mut command = Command::new(language);
    command.arg(file).args(args).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("it is there")
}

async fn terminate(child: &mut Child) {
    let id = child.id().expect("it runs").to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status().await;
    assert!(told.expect("kill runs").success());
}

async fn quotes(daemon: &Daemon) -> Vec<Json> {
    let mut clients = JoinSet::new();
    for pieces in 0..QUOTES {
        let (address, input) = (daemon.address, json!({ "customer": "ann", "pieces": pieces }));
        let path = "/v1/workflows/quote/instances?wait=60s";
        clients.spawn(async move {
            let reply = send(address, &post(path, "", &input.to_string())).await;
            reply.expect("an answer").body
        });
    }
    soon("all quotes", clients.join_all()).await
}

/// Lets workers answer quotes; one is killed, and one is told to end while it waits.
async fn serve(
    shelf: &Shelf,
    language: &str,
    file: &Path,
    named: impl Fn(&str, &str) -> Vec<String>,
) {
    let file_of = format!("{FOLDER}/quote.yaml");
    let daemon = Daemon::with(&shelf.path("a.db"), &file_of, &[]).await;
    let url = format!("http://{}", daemon.address);
    let start = |name: &str| {
        let args = named(&url, name);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        spawn(language, file, &args)
    };
    let mut worker = start("one");
    let told = quotes(&daemon).await;
    let done: Vec<&Json> = told.iter().filter(|told| told["state"] == "done").collect();
    assert_eq!(done.len(), QUOTES - 1, "{told:?}");
    assert!(done.iter().any(|told| told["output"]["cents"] == 250), "{done:?}");
    let failed: Vec<&Json> = told.iter().filter(|told| told["state"] != "done").collect();
    assert_eq!(failed[0]["code"], "quote.nothing", "its own error, not tried again");

    // Killed, it leaves the work to the next one.
    worker.kill().await.expect("it is killed");
    let mut next = start("two");
    assert_eq!(quotes(&daemon).await.len(), QUOTES);
    terminate(&mut next).await;
    let status = soon("the end of the worker", next.wait()).await.expect("it ends");
    assert_eq!(status.code(), Some(0), "told to end, it ends in an orderly way, although it waits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_in_python_does_tasks_and_ends_in_an_orderly_way() {
    if has("python3") {
        let named =
            |url: &str, name: &str| ["--url", url, "--name", name].map(str::to_owned).into();
        serve(&Shelf::new(), "python3", &Path::new(FOLDER).join("worker.py"), named).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_worker_in_typescript_does_tasks_and_ends_in_an_orderly_way() {
    let shelf = Shelf::new();
    if has("node")
        && let Some(file) = compiled(&shelf)
    {
        let named = |url: &str, name: &str| [url, name].map(str::to_owned).into();
        serve(&shelf, "node", &file, named).await;
    }
}
