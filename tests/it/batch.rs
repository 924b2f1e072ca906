//! Batches of starts over HTTP: lines in, lines out.

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::daemon_process::Daemon;
use crate::patience::soon;
use crate::shelf::Shelf;

const DEFINITIONS: &str = "
entity: Counter
attributes: { n: int }
---
workflow: count
input: { n: int }
activities:
  - activity: count
    exclusive_lock: { context: 'ref(\"Counter\", \"c\")' }
    steps:
      - require: input.n != 13
        else: { error: no.luck }
      - load: { entity: Counter, id: c }
        as: counter
      - update: counter
        set: { n: \"${counter.n + 1}\" }
output: \"${input.n}\"
---
workflow: ask
activities:
  - activity: ask
    steps:
      - wait: { signal: answer }
";

const COUNT: &str = "/v1/workflows/count/instances:batch?wait=30s";

async fn daemon(shelf: &Shelf) -> Daemon {
    let (file, seed) = (shelf.path("count.yaml"), shelf.path("seed.jsonl"));
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    std::fs::write(&seed, "{\"entity\": \"Counter\", \"id\": \"c\", \"n\": 0}").expect("written");
    let (file, seed) = (file.display().to_string(), seed.display().to_string());
    Daemon::with(&shelf.path("a.db"), &file, &["--seed", &seed]).await
}

/// Begins a batch; in HTTP/1.0, so that the answer is not cut into chunks.
async fn begin(daemon: &Daemon, path: &str, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(daemon.address).await.expect("it listens");
    let head =
        format!("POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it takes bytes");
    stream
}

/// Sends a batch and returns the lines of its answer.
async fn batch(daemon: &Daemon, path: &str, lines: &str) -> Vec<Json> {
    let mut stream = begin(daemon, path, lines.len()).await;
    stream.write_all(lines.as_bytes()).await.expect("it takes bytes");
    let mut text = String::new();
    soon("the answers", stream.read_to_string(&mut text)).await.expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: application/x-ndjson"), "{head}");
    body.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_line_is_a_start_with_its_answer_in_its_place() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let large = format!("{{\"input\": \"{}\"}}", "x".repeat(1 << 20));
    let lines = [
        r#"{"input": {"n": 1}}"#,
        "",
        r#"{"input": {"n": 13}}"#,
        "nonsense",
        r#"{"input": {}}"#,
        &large,
        r#"{"input": {"n": 2}, "key": "two"}"#,
        r#"{"input": {"n": 2}, "what": 1}"#,
        r#"{"input": {"n": 3}}"#,
    ];
    let told = batch(&daemon, COUNT, &lines.join("\n")).await;
    let expected = [
        (200, json!(1), json!(null)),
        (422, json!(null), json!("no.luck")),
        (400, json!(null), json!("request.invalid")),
        (422, json!(null), json!("data.invalid")),
        (413, json!(null), json!("request.too_large")),
        (200, json!(2), json!(null)),
        (400, json!(null), json!("request.invalid")),
        (200, json!(3), json!(null)),
    ];
    let part = |line: &Json| (line["status"].clone(), line["output"].clone(), line["code"].clone());
    let expected = expected.map(|(status, output, code)| (json!(status), output, code));
    assert_eq!(told.iter().map(part).collect::<Vec<_>>(), expected);
    let failed = told[1]["instance"].as_str().expect("its path");
    assert_eq!(daemon.get(failed).await.body["state"], "failed");

    let unknown = batch(&daemon, "/v1/workflows/none/instances:batch", "{}\n{}\n").await;
    assert!(unknown.iter().all(|line| line["status"] == 404), "{unknown:?}");
    let waiting = batch(&daemon, "/v1/workflows/ask/instances:batch", "{}").await;
    assert_eq!((&waiting[0]["status"], &waiting[0]["state"]), (&json!(202), &json!("running")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_come_while_lines_are_still_sent() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let line = "{\"input\": {\"n\": 1}}\n";
    let stream = begin(&daemon, COUNT, 2 * line.len()).await;
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    for _ in 0..2 {
        writer.write_all(line.as_bytes()).await.expect("it takes bytes");
        let told = soon("an answer", async {
            loop {
                let told = lines.next_line().await.expect("text").expect("an answer");
                if told.starts_with('{') {
                    break told;
                }
            }
        });
        assert!(told.await.contains("\"status\":200"), "before the next line is sent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_sent_again_after_a_kill_starts_nothing_twice() {
    const LINES: usize = 5000;
    let shelf = Shelf::new();
    let mut first = daemon(&shelf).await;
    let line = |n| format!("{{\"input\":{{\"n\":100}},\"key\":\"k{n}\"}}\n");
    let lines = (0..LINES).map(line).collect::<Vec<_>>().concat();
    let stream = begin(&first, COUNT, lines.len()).await;
    let (reader, mut writer) = stream.into_split();
    let sent = lines.clone();
    let sending = tokio::spawn(async move { writer.write_all(sent.as_bytes()).await.ok() });
    let mut answers = BufReader::new(reader).lines();
    let mut told = Vec::new();
    while told.len() < LINES / 5 {
        let line = soon("an answer", answers.next_line()).await.expect("text").expect("an answer");
        if line.starts_with('{') {
            told.push(serde_json::from_str::<Json>(&line).expect("JSON"));
        }
    }
    first.process.kill().await.expect("it is killed");
    sending.abort();

    let mut daemon = daemon(&shelf).await;
    let again = batch(&daemon, COUNT, &lines).await;
    assert_eq!(again.len(), LINES);
    assert!(again.iter().all(|line| line["status"] == 200), "{again:?}");
    for (before, after) in told.iter().zip(&again) {
        assert_eq!(before["id"], after["id"], "what was answered was durable");
        assert_eq!(after["replayed"], true);
    }
    daemon.process.kill().await.expect("it is killed");
    let path = |name: &str| shelf.path(name).display().to_string();
    let (file, store) = (path("count.yaml"), path("a.db"));
    let run = ["run", &file, "--workflow", "count", "--input", "n=1", "--store", &store];
    let shown = crate::binary::run(&[&run[..], &["--show", "Counter/c"]].concat()).await;
    assert_eq!(shown.status, Some(0), "{shown:?}");
    // One more has counted just now.
    assert!(shown.stdout.contains(&(LINES + 1).to_string()), "{shown:?}");
}
