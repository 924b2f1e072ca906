//! Tasks over HTTP: workers of a real daemon, that die, come late, and answer it while it is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::binary;
use crate::daemon_process::{Daemon, Reply, post, send};
use crate::patience::{soon, until};
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
workflow: double
input: { n: int }
activities:
  - activity: double
    steps:
      - task: { type: double, input: { n: "${input.n}" } }
        as: doubled
        timeout: 1h
        retry: { max_attempts: 5, backoff: 1ms }
      - task: { type: print, input: "${doubled.n}" }
        timeout: 1h
output: "${doubled.n}"
---
workflow: impatient
activities:
  - activity: impatient
    steps:
      - task: { type: nobody }
        timeout: 50ms
"#;

const POLL: &str = "/v1/tasks:poll";

/// Starts a daemon with the definitions of this file.
async fn daemon(shelf: &Shelf) -> Daemon {
    let file = shelf.path("tasks.yaml");
    std::fs::write(&file, DEFINITIONS).expect("it can be written");
    Daemon::with(&shelf.path("a.db"), &file.display().to_string(), &[]).await
}

fn asking(worker: &str, kind: &str, more: Json) -> String {
    let mut asked = json!({ "kinds": [kind], "worker": worker, "max": 1, "wait": "60s" });
    let more = more.as_object().expect("fields").clone();
    asked.as_object_mut().expect("fields").extend(more);
    asked.to_string()
}

/// Returns the tasks that a worker gets.
async fn poll(daemon: &Daemon, worker: &str, kind: &str, more: Json) -> Vec<Json> {
    let told = soon("tasks", daemon.post(POLL, "", &asking(worker, kind, more))).await;
    let told = told.expect("an answer");
    assert_eq!(told.status, 200, "{told:?}");
    told.body["tasks"].as_array().expect("a list").clone()
}

async fn poll_one(daemon: &Daemon, worker: &str, kind: &str, more: Json) -> Json {
    let mut tasks = poll(daemon, worker, kind, more).await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    tasks.remove(0)
}

async fn tell(address: SocketAddr, task: &Json, verb: &str, more: Json) -> std::io::Result<Reply> {
    let mut told = json!({ "lease": task["lease"] });
    told.as_object_mut().unwrap().extend(more.as_object().expect("fields").clone());
    let path = format!("/v1/tasks/{}:{verb}", task["id"].as_str().expect("an id"));
    send(address, &post(&path, "", &told.to_string())).await
}

async fn start(daemon: &Daemon, workflow: &str, input: Json) -> String {
    let path = format!("/v1/workflows/{workflow}/instances");
    let started = daemon.post(&path, "", &input.to_string()).await.expect("an answer");
    assert_eq!(started.status, 202, "{started:?}");
    started.body["id"].as_str().expect("an id").to_owned()
}

async fn ended(daemon: &Daemon, instance: &str) -> Json {
    daemon.get(&format!("/v1/instances/{instance}?wait=60s")).await.body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_task_of_a_worker_that_died_goes_to_another_and_the_late_answer_is_refused() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let id = start(&daemon, "double", json!({ "n": 21 })).await;
    let dead = poll_one(&daemon, "dead", "double", json!({ "lease": "1s" })).await;
    let told = json!([dead["kind"], dead["input"], dead["instance"], dead["attempt"]]);
    assert_eq!(told, json!(["double", { "n": 21 }, id, 1]));
    let listed = daemon.get("/v1/tasks").await.body;
    assert_eq!(listed["items"][0]["worker"], "dead");
    assert_eq!(listed["items"][0]["workflow"], "double");

    let next = poll_one(&daemon, "next", "double", json!({})).await;
    assert_eq!(next["id"], dead["id"]);
    assert_eq!(next["idempotency_key"], dead["idempotency_key"]);
    assert_ne!(next["lease"], dead["lease"]);
    for verb in ["complete", "heartbeat"] {
        let late = tell(daemon.address, &dead, verb, json!({})).await.expect("an answer");
        assert_eq!((late.status, &late.body["code"]), (409, &json!("task.lease_lost")));
    }
    let kept = tell(daemon.address, &next, "heartbeat", json!({ "extend": "1h" })).await.unwrap();
    assert_eq!((kept.status, &kept.body["cancelled"]), (200, &json!(false)));
    let output = json!({ "output": { "n": 42 } });
    let taken = tell(daemon.address, &next, "complete", output.clone()).await.expect("an answer");
    assert_eq!(taken.status, 204, "{taken:?}");
    let twice = tell(daemon.address, &next, "complete", output).await.expect("an answer");
    assert_eq!(twice.status, 409);

    // Several answers at once, of which each is told what became of it.
    let print = poll_one(&daemon, "next", "print", json!({})).await;
    assert_eq!(print["input"], 42);
    let answers = json!({ "tasks": [
        { "id": print["id"], "lease": print["lease"] },
        { "id": dead["id"], "lease": dead["lease"], "output": 1 },
        { "id": "nothing", "lease": "nothing" },
    ] });
    let told = daemon.post("/v1/tasks:complete", "", &answers.to_string()).await.expect("told");
    let taken: Vec<&Json> =
        told.body["tasks"].as_array().unwrap().iter().map(|one| &one["taken"]).collect();
    assert_eq!(taken, [&json!(true), &json!(false), &json!(false)], "{told:?}");
    assert_eq!(ended(&daemon, &id).await["output"], 42);
    assert_eq!(daemon.get("/v1/tasks").await.body, json!({ "items": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_gone_gets_no_task_and_who_waits_gets_it() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    // It goes away while it waits, without a word.
    let mut gone = TcpStream::connect(daemon.address).await.expect("it listens");
    let request = post(POLL, "", &asking("gone", "double", json!({})));
    gone.write_all(request.as_bytes()).await.expect("it takes bytes");
    assert_eq!(daemon.get("/readyz").await.status, 200);
    drop(gone);
    let address = daemon.address;
    let waiting = |worker: &'static str| {
        let request = post(POLL, "", &asking(worker, "double", json!({})));
        tokio::spawn(async move { send(address, &request).await.expect("an answer").body })
    };
    let first = waiting("first");
    start(&daemon, "double", json!({ "n": 1 })).await;
    let task = soon("the first task", first).await.expect("no panic");
    assert_eq!(task["tasks"][0]["input"], json!({ "n": 1 }), "nobody else has it: {task}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_works_for_an_instance_that_was_cancelled_learns_it() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let id = start(&daemon, "double", json!({ "n": 1 })).await;
    let task = poll_one(&daemon, "w", "double", json!({})).await;
    let cancel = daemon.post(&format!("/v1/instances/{id}:cancel"), "", "").await.expect("told");
    assert_eq!(cancel.status, 200, "{cancel:?}");
    let beat = tell(daemon.address, &task, "heartbeat", json!({})).await.expect("an answer");
    assert_eq!((beat.status, &beat.body["cancelled"]), (200, &json!(true)), "{beat:?}");
    let late = tell(daemon.address, &task, "complete", json!({ "output": 1 })).await.unwrap();
    assert_eq!((late.status, &late.body["code"]), (409, &json!("task.lease_lost")));
    assert_eq!(daemon.get("/v1/tasks").await.body, json!({ "items": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_tried_again_unless_the_worker_says_that_it_is_for_good() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let id = start(&daemon, "double", json!({ "n": 1 })).await;
    let first = poll_one(&daemon, "w", "double", json!({})).await;
    let error = json!({ "code": "printer.jam", "message": "paper" });
    let told = tell(daemon.address, &first, "fail", error).await.expect("an answer");
    assert_eq!(told.status, 204, "{told:?}");
    let second = poll_one(&daemon, "w", "double", json!({})).await;
    assert_eq!((&second["attempt"], &first["attempt"]), (&json!(2), &json!(1)));
    assert_eq!(second["idempotency_key"], first["idempotency_key"]);
    let error = json!({
        "code": "printer.gone", "message": "stolen", "details": { "by": "m" }, "retryable": false,
    });
    tell(daemon.address, &second, "fail", error).await.expect("an answer");
    let end = ended(&daemon, &id).await;
    assert_eq!(end["error"]["code"], "printer.gone", "{end}");
    assert_eq!(end["error"]["details"], json!({ "by": "m" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_nobody_takes_ends_with_the_timeout_of_its_step() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let path = "/v1/workflows/impatient/instances?wait=60s";
    let told = daemon.post(path, "", "").await.expect("an answer");
    assert_eq!((told.status, &told.body["code"]), (422, &json!("task.timeout")));
    assert_eq!(told.body["detail"], "no worker has done the task `nobody` within 50ms");
    assert_eq!(daemon.get("/v1/tasks").await.body, json!({ "items": [] }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_a_task_or_could_is_explained() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let id = start(&daemon, "double", json!({ "n": 1 })).await;
    let path = format!("/v1/instances/{id}/explain");
    let explained = async || {
        let told = daemon.get(&path).await.body;
        let doing = told["doing"][0].clone();
        assert_eq!((&doing["awaits"], &doing["kind"]), (&json!("task"), &json!("double")));
        assert!(doing["since"].is_string() && doing["until"].is_string(), "{doing}");
        (doing, told["sentence"].as_str().expect("a sentence").to_owned())
    };
    let has_come = async || !daemon.get("/v1/tasks").await.body["items"][0].is_null();
    until("the task is there", has_come).await;
    let (doing, sentence) = explained().await;
    assert_eq!((&doing["asking"], &doing["last_asked"]), (&json!(0), &json!(null)), "{doing}");
    assert!(sentence.contains("No worker has asked for tasks of this kind since"), "{sentence}");
    assert!(sentence.contains("with the error `task.timeout`"), "{sentence}");

    let other = asking("w0", "print", json!({ "wait": "0s" }));
    daemon.post(POLL, "", &other).await.expect("an answer");
    assert_eq!(explained().await.0["last_asked"], json!(null), "that was another kind");
    let task = poll_one(&daemon, "w1", "double", json!({ "lease": "1s" })).await;
    let (doing, sentence) = explained().await;
    assert_eq!((&doing["worker"], &doing["attempt"]), (&json!("w1"), &json!(1)), "{doing}");
    assert_eq!(doing["lease_until"], task["lease_until"]);
    assert!(sentence.contains("waits for worker `w1` to do the task `double`"), "{sentence}");

    let is_free = async || daemon.get("/v1/tasks").await.body["items"][0]["worker"].is_null();
    until("the lease is over", is_free).await;
    let (doing, sentence) = explained().await;
    assert!(doing["last_asked"].is_string() && doing["worker"].is_null(), "{doing}");
    assert!(sentence.contains("No worker asks for tasks of this kind; the last one"), "{sentence}");

    let address = format!("http://{}", daemon.address);
    let told = binary::run(&["explain", &id, "--daemon", &address]).await;
    assert!(told.stdout.contains("No worker asks for tasks of this kind; the"), "{told:?}");
    let store = format!("sqlite://{}", shelf.path("a.db").display());
    let told = binary::run(&["explain", &id, "--store", &store]).await;
    for part in ["to do the task `double`, attempt 1, since", "ask the daemon", "`task.timeout`"] {
        assert!(told.stdout.contains(part), "{part}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_asks_for_is_bounded() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    start(&daemon, "double", json!({ "n": 1 })).await;
    let task = poll_one(&daemon, "w", "double", json!({})).await;
    let name = "k".repeat(1000);
    let many: Vec<&str> = vec!["k"; 101];
    let one = format!("/v1/tasks/{}", task["id"].as_str().unwrap());
    let lease = &task["lease"];
    let cases = [
        (POLL.into(), json!({}), 400),
        (POLL.into(), json!({ "kinds": [], "worker": "w" }), 422),
        (POLL.into(), json!({ "kinds": [name], "worker": "w" }), 422),
        (POLL.into(), json!({ "kinds": many, "worker": "w" }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "" }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "max": 0 }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "max": 101 }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "wait": "61s" }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "lease": "0s" }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "lease": "2h" }), 422),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w", "what": 1 }), 400),
        (POLL.into(), json!({ "kinds": ["k"], "worker": "w" }), 200),
        (format!("{one}:complete"), json!({}), 400),
        (format!("{one}:complete"), json!({ "lease": "x" }), 409),
        (format!("{one}:heartbeat"), json!({ "lease": lease, "extend": "1ms" }), 422),
        (format!("{one}:fail"), json!({ "lease": lease, "code": "a b", "message": "" }), 422),
        (format!("{one}:fail"), json!({ "lease": lease, "code": "lock.lost", "message": "" }), 422),
        (format!("{one}:fail"), json!({ "lease": lease, "code": "cancelled", "message": "" }), 422),
        ("/v1/tasks/x:complete".into(), json!({ "lease": lease }), 409),
        ("/v1/tasks:complete".into(), json!([]), 400),
        ("/v1/tasks:complete".into(), json!({ "tasks": [] }), 200),
    ];
    for (path, body, status) in cases {
        let reply = daemon.post(&path, "", &body.to_string()).await.expect("an answer");
        assert_eq!(reply.status, status, "{path} {body}: {reply:?}");
    }
    for query in ["limit=0", "limit=201", "cursor=x"] {
        assert_eq!(daemon.get(&format!("/v1/tasks?{query}")).await.status, 422, "{query}");
    }
    assert_eq!(daemon.get("/v1/tasks?what=1").await.status, 400);
    start(&daemon, "double", json!({ "n": 2 })).await;
    until("both are there", async || {
        daemon.get("/v1/tasks").await.body["items"].as_array().is_some_and(|all| all.len() == 2)
    })
    .await;
    let first = daemon.get("/v1/tasks?limit=1").await.body;
    let second = format!("/v1/tasks?limit=1&cursor={}", first["next"].as_str().expect("a next"));
    let second = daemon.get(&second).await.body;
    assert_eq!((&first["items"][0]["id"], second.get("next")), (&task["id"], None));
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
}

/// Does tasks until the daemon is gone or there are none for a while; notes what was taken, by key.
async fn work(address: SocketAddr, stop_after: usize) -> BTreeMap<String, usize> {
    let mut taken = BTreeMap::new();
    let mut workers = JoinSet::new();
    for worker in 0..4 {
        workers.spawn(async move {
            let mut taken = Vec::new();
            let asked = json!({
                "kinds": ["double", "print"], "worker": format!("w{worker}"), "max": 7,
                "wait": "500ms", "lease": "60s",
            });
            while taken.len() < stop_after {
                let request = post(POLL, "", &asked.to_string());
                let Ok(told) = send(address, &request).await else { break };
                let Some(tasks) = told.body["tasks"].as_array().filter(|all| !all.is_empty())
                else {
                    break;
                };
                for task in tasks {
                    let output = json!({ "output": { "n": task["input"]["n"] } });
                    let Ok(told) = tell(address, task, "complete", output).await else { break };
                    if told.status == 204 {
                        taken.push(task["idempotency_key"].as_str().unwrap().to_owned());
                    }
                }
            }
            taken
        });
    }
    for key in soon("the workers", workers.join_all()).await.into_iter().flatten() {
        *taken.entry(key).or_default() += 1;
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_taken_survives_kill_9_and_each_instance_ends_once() {
    const INSTANCES: u64 = 120;
    let shelf = Shelf::new();
    let mut first = daemon(&shelf).await;
    let mut ids = BTreeSet::new();
    for n in 0..INSTANCES {
        ids.insert(start(&first, "double", json!({ "n": n })).await);
    }
    // It is killed while workers have tasks, and answers are on their way.
    let before = work(first.address, 20).await;
    assert!(before.len() >= 20, "some were taken: {}", before.len());
    let left = poll(&first, "left", "double", json!({ "max": 10 })).await;
    let address = first.address;
    let late = left.clone();
    let answering = tokio::spawn(async move {
        let mut taken = Vec::new();
        for task in late {
            let output = json!({ "output": { "n": task["input"]["n"] } });
            let Ok(told) = tell(address, &task, "complete", output).await else { break };
            taken.extend(
                (told.status == 204).then(|| task["idempotency_key"].as_str().unwrap().to_owned()),
            );
        }
        taken
    });
    first.process.kill().await.expect("it is killed");
    let mut taken: BTreeSet<String> = before.into_keys().collect();
    taken.extend(soon("the last answers", answering).await.expect("no panic"));

    let second = daemon(&shelf).await;
    for task in &left {
        let told = tell(second.address, task, "complete", json!({ "output": 0 })).await;
        assert_eq!(told.expect("an answer").status, 409, "the board of another life: {task}");
    }
    let after = work(second.address, usize::MAX).await;
    for (key, count) in &after {
        assert!(!taken.contains(key), "{key} was taken before the kill, and asked for again");
        assert_eq!(*count, 1, "{key} is taken once");
    }
    let mut outputs = BTreeSet::new();
    for id in &ids {
        let end = ended(&second, id).await;
        assert_eq!(end["state"], "done", "{end}");
        outputs.insert(end["output"].as_u64().expect("a number"));
    }
    assert_eq!(outputs, (0..INSTANCES).collect(), "each has its own");
    // Of an answer that was on its way to the worker nobody knows but the store.
    let all = u64::try_from(taken.len() + after.len()).expect("few");
    assert!(all <= 2 * INSTANCES, "no task was taken twice");
}
