//! Lists of instances over HTTP: filters and pages.

use serde_json::{Value as Json, json};

use crate::daemon_process::Daemon;
use crate::shelf::Shelf;

const DEFINITIONS: &str = "
workflow: add
input: { n: int }
activities:
  - activity: add
    steps:
      - require: input.n < 100
        else: { error: too.much }
output: \"${input.n + 1}\"
---
workflow: ask
activities:
  - activity: ask
    steps:
      - wait: { signal: answer }
";

async fn daemon(shelf: &Shelf) -> Daemon {
    let file = shelf.path("list.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    Daemon::with(&shelf.path("a.db"), &file, &[]).await
}

async fn start(daemon: &Daemon, workflow: &str, input: &Json) -> String {
    let wait = if workflow == "ask" { "" } else { "?wait=30s" };
    let path = format!("/v1/workflows/{workflow}/instances{wait}");
    let reply = daemon.post(&path, "", &input.to_string()).await.expect("an answer");
    let place = reply.header("location").expect("a place");
    place.rsplit_once('/').expect("a path").1.to_owned()
}

/// Reads all pages of a filter.
async fn listed(daemon: &Daemon, filter: &str) -> Vec<Json> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = daemon.get(&format!("/v1/instances?{filter}{cursor}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        items.extend(page.body["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page.body["next"].as_str() else { return items };
        cursor = format!("&cursor={next}");
    }
}

fn ids(items: &[Json]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_found_by_state_workflow_starter_and_time() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let mut started = Vec::new();
    for n in [1, 200, 2] {
        started.push(start(&daemon, "add", &json!({ "n": n })).await);
    }
    started.push(start(&daemon, "ask", &json!({})).await);
    let [one, failed, two, waiting] = started.as_slice() else { panic!("four were started") };
    let all = [waiting, two, failed, one];
    for limit in [1, 2, 200] {
        assert_eq!(ids(&listed(&daemon, &format!("limit={limit}&")).await), all);
    }
    for (filter, expected) in [
        ("state=running", vec![waiting]),
        ("state=done", vec![two, one]),
        ("state=failed", vec![failed]),
        ("workflow=add", vec![two, failed, one]),
        ("workflow=add&state=done", vec![two, one]),
        ("workflow=none", vec![]),
        ("started_by=local&workflow=ask", vec![waiting]),
        ("started_by=loc", vec![]),
        ("after=2020-01-01T00:00:00Z", all.to_vec()),
        ("after=2900-01-01T00:00:00Z", vec![]),
        ("before=2020-01-01T00:00:00Z", vec![]),
        ("before=2900-01-01T00:00:00Z", all.to_vec()),
    ] {
        assert_eq!(ids(&listed(&daemon, &format!("{filter}&limit=1")).await), expected, "{filter}");
    }
    let shown = listed(&daemon, "state=failed").await.remove(0);
    assert_eq!(shown["error"]["code"], "too.much");
    let at = shown["started_at"].as_str().expect("a moment");
    let since = listed(&daemon, &format!("after={at}")).await;
    assert!(ids(&since).ends_with(&[two.as_str()]) || ids(&since).contains(&failed.as_str()));
    for (wrong, status, code) in [
        ("limit=0", 422, "request.unusable"),
        ("limit=201", 422, "request.unusable"),
        ("cursor=x", 422, "request.unusable"),
        ("after=today", 422, "request.unusable"),
        ("state=lost", 400, "request.invalid"),
        ("what=1", 400, "request.invalid"),
        ("limit=-1", 400, "request.invalid"),
    ] {
        let reply = daemon.get(&format!("/v1/instances?{wrong}")).await;
        assert_eq!((reply.status, &reply.body["code"]), (status, &json!(code)), "{wrong}");
    }
}
