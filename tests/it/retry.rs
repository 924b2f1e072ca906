//! Starting an instance that failed anew, over HTTP.

use serde_json::json;

use crate::daemon_process::Daemon;
use crate::patience::soon;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const DEFINITIONS: &str = "
project: shop
config: { bank: none }
---
workflow: pay
input: { amount: int }
activities:
  - activity: pay
    steps:
      - http: { method: POST, url: \"${config.bank}/pay\", body: \"${input.amount}\" }
        timeout: 10s
output: \"${input.amount}\"
---
workflow: ask
activities:
  - activity: ask
    steps:
      - wait: { signal: answer }
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_instance_is_started_anew_once_however_often_it_is_asked_for() {
    let shelf = Shelf::new();
    let bank =
        Server::start(|asked| if asked.number == 0 { Answer::status(400) } else { Answer::ok() });
    let bank = bank.await;
    let file = shelf.path("pay.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    let config = format!("bank={}", bank.url());
    let with = ["--config", &config, "--allow-host", "127.0.0.1"];
    let mut daemon = Daemon::with(&shelf.path("a.db"), &file, &with).await;
    let failed = daemon.post("/v1/workflows/pay/instances?wait=30s", "", "{\"amount\": 7}").await;
    let failed = failed.expect("an answer");
    assert!(failed.status >= 400, "{failed:?}");
    let place = failed.header("location").expect("a place").to_owned();
    let retry = format!("{place}:retry?wait=30s");

    // Two presses at once, and one after a crash.
    let both = soon("both answers", async {
        tokio::join!(daemon.post(&retry, "", ""), daemon.post(&retry, "", ""))
    });
    let (one, other) = both.await;
    let (one, other) = (one.expect("an answer"), other.expect("an answer"));
    assert_eq!((one.status, &one.body["output"]), (200, &json!(7)), "{one:?}");
    assert_eq!(one.body["id"], other.body["id"], "one instance");
    let known =
        |reply: &crate::daemon_process::Reply| reply.header("idempotency-replayed").is_some();
    assert!(known(&one) != known(&other), "one of them began it");
    daemon.process.kill().await.expect("it is killed");
    let daemon = Daemon::with(&shelf.path("a.db"), &file, &with).await;
    let again = daemon.post(&retry, "", "").await.expect("an answer");
    assert_eq!(again.body["id"], one.body["id"], "{again:?}");
    assert_eq!(bank.requests().len(), 2, "it paid once more, not more often");

    let shown = daemon.get(one.header("location").expect("a place")).await;
    let (_, failed_id) = place.rsplit_once('/').expect("a path");
    assert_eq!(shown.body["retry_of"], failed_id);
    assert_eq!(daemon.get(&place).await.body["state"], "failed", "it stays as it is");

    let done = format!("{}:retry", one.header("location").expect("a place"));
    let waiting = daemon.post("/v1/workflows/ask/instances", "", "").await.expect("an answer");
    let running = format!("{}:retry", waiting.header("location").expect("a place"));
    let nobody = "/v1/instances/00000000-0000-7000-8000-000000000000:retry".to_owned();
    for (path, status, code) in [
        (done, 409, "instance.done"),
        (running, 409, "instance.running"),
        (nobody, 404, "data.not_found"),
    ] {
        let reply = daemon.post(&path, "", "").await.expect("an answer");
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{path}");
    }
}
