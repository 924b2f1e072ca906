//! The step `exec`: JSON in, JSON out, and nothing that outlives its call.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use lockstep_store::Memory;
use serde_json::{Value as Json, json};

use crate::engine::{Ended, Engine, Written, ended, error_code, json};
use crate::patience::until;
use crate::shelf::Shelf;

/// A workflow of one step that runs a program, whose result is its output.
async fn engine(step: &str) -> Engine {
    let written = Written::text(&format!(
        r#"
project: p
allowed_programs: [cat, sh]
---
workflow: run
input: {{ value: {{ type: any, optional: true }} }}
activities:
  - activity: run
    steps:
      - {step}
        as: result
output: "${{result}}"
"#
    ));
    Engine::start(Arc::new(Memory::new()), &written).await
}

async fn run(step: &str, value: Json) -> Ended {
    engine(step).await.run("run", json!({"value": value})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_goes_in_and_comes_out() {
    let value = json!({"who": "ann", "seats": [1, 2.5, null, true], "text": "ü\n\"\\"});
    let result = run(r#"exec: { program: cat, input: "${input.value}" }"#, value.clone()).await;
    let result = result.expect("cat succeeds");
    assert_eq!(result, json!({"exit_code": 0, "output": value}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn output_that_is_not_json_is_a_text() {
    let result = run(r#"exec: { program: sh, args: ["-c", "echo hello $0", "ann"] }"#, json!(null));
    assert_eq!(result.await.expect("sh succeeds")["output"], json!("hello ann"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_are_never_read_by_a_shell() {
    let step = r#"exec: { program: sh, args: ["-c", "printf %s \"$1\"", "sh", "${input.value}"] }"#;
    let hostile = json!("$(touch /tmp/lockstep-was-here); `id` \"'");
    let result = run(step, hostile.clone()).await.expect("sh succeeds");
    assert_eq!(result["output"], hostile);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environment_holds_what_the_step_gives_and_whose_call_it_is() {
    let step =
        r#"exec: { program: sh, args: ["-c", "env | cut -d= -f1 | sort"], env: { MINE: "1" } }"#;
    let result = run(step, json!(null)).await.expect("sh succeeds");
    let names: Vec<&str> = result["output"].as_str().expect("it is a text").lines().collect();
    // The shell itself adds these three.
    let of_the_shell = ["PWD", "SHLVL", "_"];
    let names: Vec<&str> = names.into_iter().filter(|name| !of_the_shell.contains(name)).collect();
    let expected =
        ["LOCKSTEP_ATTEMPT", "LOCKSTEP_IDEMPOTENCY_KEY", "LOCKSTEP_INSTANCE", "MINE", "PATH"];
    assert_eq!(names, expected, "nothing of this process leaks");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_that_fails_is_an_error_with_what_it_said() {
    let step = r#"exec: { program: sh, args: ["-c", "echo no place >&2; exit 3"] }"#;
    let failure = run(step, json!(null)).await.expect_err("it exits with 3");
    assert_eq!(&*failure.code, "exec.exit", "{}", failure.message);
    assert_eq!(json(&failure.details), json!({"exit_code": 3, "stderr": "no place"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_that_is_not_listed_is_refused() {
    for program in ["id", "/bin/cat", "./cat"] {
        let ended = run(&format!("exec: {{ program: {program} }}"), json!(null)).await;
        assert_eq!(error_code(&ended), "exec.refused", "only what is listed: {program}");
    }
}

/// A program that starts a child, writes the child's id into a file, and waits for it.
fn with_a_child(file: &Path) -> String {
    let file = file.display();
    let script = format!("sleep 600 & echo $! > {file}.new; mv {file}.new {file}; wait");
    format!(r#"exec: {{ program: sh, args: ["-c", "{script}"] }}"#)
}

/// Waits until the process whose id is in a file has ended; its parent may not have noticed yet.
async fn is_gone(file: &Path) {
    let id = fs::read_to_string(file).expect("the program has written its child's id");
    let stat = Path::new("/proc").join(id.trim()).join("stat");
    until("the end of the program's child", async || {
        fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_that_takes_too_long_is_killed_with_all_that_it_started() {
    let shelf = Shelf::new();
    let file = shelf.path("child");
    let step = format!("{}\n        timeout: 1s", with_a_child(&file));
    let ended = run(&step, json!(null)).await;
    assert_eq!(error_code(&ended), "exec.timeout", "bounded");
    is_gone(&file).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_of_a_cancelled_instance_is_killed_with_all_that_it_started() {
    let shelf = Shelf::new();
    let file = shelf.path("child");
    let engine = engine(&with_a_child(&file)).await;
    let started = engine.begin("run", json!({})).await;
    until("the program has started", async || file.exists()).await;
    engine.cancel(started.id).await;
    assert_eq!(error_code(&ended(started).await), "cancelled");
    is_gone(&file).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn program_of_an_engine_that_stops_is_killed_and_runs_again() {
    let shelf = Shelf::new();
    let file = shelf.path("child");
    let memory = Arc::new(Memory::new());
    let script = format!(
        "if test $LOCKSTEP_ATTEMPT = 2; then echo again; else {}; fi",
        format_args!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display())
    );
    let written = Written::text(&format!(
        r#"
project: p
allowed_programs: [sh]
---
workflow: run
activities:
  - activity: run
    steps:
      - exec: {{ program: sh, args: ["-c", "{script}"] }}
        as: result
output: "${{result.output}}"
"#
    ));
    let store: Arc<dyn lockstep_store::Store> = Arc::<Memory>::clone(&memory);
    let engine = Engine::start(Arc::clone(&store), &written).await;
    let started = engine.begin("run", json!({})).await;
    until("the program has started", async || file.exists()).await;
    engine.stop().await.expect("the engine stops");
    started.ending().await.expect_err("nobody follows it any more");
    is_gone(&file).await;
    memory.reopen();
    let (engine, mut taken_up) = Engine::recover(store, &written).await;
    let again = taken_up.pop().expect("it is unfinished");
    assert_eq!(ended(again).await.expect("it runs again"), json!("again"), "at least once");
    engine.stop().await.expect("the engine stops");
}
