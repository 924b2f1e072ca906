//! Triggers: the real binary, killed in between, and what its store holds afterwards.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_core::transition::{InstanceRow, Status};
use lockstep_expr::Value;
use lockstep_runner::Clock;
use lockstep_store::InstanceFilter;
use ring::hmac;
use serde_json::{Value as Json, json};

use crate::daemon_process::{Daemon, Reply};
use crate::patience::until;
use crate::shelf::Shelf;

const TICKS: &str = r#"
workflow: once
input: { time: timestamp }
on:
  - schedule: { cron: "* * * * * *", missed: once }
    input: { time: "${schedule.time}" }
activities: [{ activity: log, steps: [{ log: "${string(input.time)}" }] }]
---
workflow: skip
input: { time: timestamp }
on:
  - schedule: { cron: "* * * * * *", missed: skip }
    input: { time: "${schedule.time}" }
activities: [{ activity: log, steps: [{ log: "${string(input.time)}" }] }]
---
workflow: all
input: { time: timestamp }
on:
  - schedule: { cron: "* * * * * *", missed: all }
    input: { time: "${schedule.time}" }
activities: [{ activity: log, steps: [{ log: "${string(input.time)}" }] }]
"#;

fn now() -> i64 {
    Clock::start().now().timestamp().as_seconds()
}

/// Writes definitions into the folder of a store; returns their path.
fn written(shelf: &Shelf, yaml: &str) -> String {
    let path = shelf.path("triggers.yaml");
    std::fs::write(&path, yaml).expect("the file can be written");
    path.display().to_string()
}

/// Returns all instances of a store that no daemon has open.
async fn instances(shelf: &Shelf) -> Vec<InstanceRow> {
    let store = lockstep_store::open(&shelf.path("a.db").display().to_string()).await;
    let store = store.expect("the store can be opened");
    let (mut rows, mut filter) = (Vec::new(), InstanceFilter::default());
    loop {
        let page = store.instances(filter.clone(), 1000).await.expect("instances are read");
        rows.extend(page.instances.into_iter().map(|stored| stored.row.expect("it is readable")));
        filter.before = page.next;
        if filter.before.is_none() {
            break;
        }
    }
    store.close().await.expect("the store can be closed");
    rows
}

/// Returns the seconds for which instances of each workflow were started, sorted.
async fn seconds(shelf: &Shelf) -> BTreeMap<String, Vec<i64>> {
    let mut seconds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in instances(shelf).await {
        let Value::Map(input) = &row.input else { panic!("the input is a map") };
        let Some(Value::Timestamp(time)) = input.get("time") else { panic!("it has a time") };
        seconds.entry(row.workflow.to_string()).or_default().push(time.as_seconds());
    }
    for times in seconds.values_mut() {
        times.sort_unstable();
    }
    seconds
}

/// Waits until every schedule has started an instance for a time behind this one.
async fn all_have_fired_behind(daemon: &Daemon, second: i64) {
    until("all schedules fire", async || {
        let triggers = daemon.get("/v1/triggers").await.body;
        let items = triggers["items"].as_array().expect("a list").clone();
        let fired = |trigger: &Json| {
            let last = trigger["schedule"]["last"]["time"].as_str().unwrap_or_default();
            lockstep_expr::Timestamp::parse(last).is_ok_and(|last| last.as_seconds() > second)
        };
        items.len() == 3 && items.iter().all(fired)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_time_of_a_schedule_has_one_instance_over_kills_and_missed_ones_as_the_author_says() {
    let shelf = Shelf::new();
    let workflows = written(&shelf, TICKS);
    let path = shelf.path("a.db");
    let mut daemon = Daemon::with(&path, &workflows, &[]).await;
    all_have_fired_behind(&daemon, now()).await;
    daemon.process.kill().await.expect("it is killed");
    let before = seconds(&shelf).await;

    // Nothing runs for some seconds; the clock tells when they are over.
    let killed = now();
    until("the clock goes on", async || now() > killed + 4).await;
    let again = now();
    let mut daemon = Daemon::with(&path, &workflows, &[]).await;
    all_have_fired_behind(&daemon, now() + 1).await;
    daemon.process.kill().await.expect("it is killed");
    let mut daemon = Daemon::with(&path, &workflows, &[]).await;
    all_have_fired_behind(&daemon, now()).await;
    daemon.process.kill().await.expect("it is killed");

    let after = seconds(&shelf).await;
    for (workflow, times) in &after {
        let distinct: BTreeSet<i64> = times.iter().copied().collect();
        assert_eq!(distinct.len(), times.len(), "{workflow}: no time twice: {times:?}");
    }
    let gap = |workflow: &str| -> Vec<i64> {
        let last = *before[workflow].last().expect("it has fired");
        after[workflow].iter().copied().filter(|time| *time > last && *time < again).collect()
    };
    let missed = *before["all"].last().expect("it has fired") + 1..again;
    assert!(missed.clone().count() >= 3, "there is a gap: {missed:?}");
    assert_eq!(gap("all"), missed.collect::<Vec<_>>(), "all that was missed is made up for");
    assert_eq!(gap("skip"), [0; 0], "what was missed is left out");
    assert!(gap("once").len() <= 1, "one makes up for all: {:?}", gap("once"));
    let all = &after["all"];
    let contiguous = all.windows(2).all(|pair| pair[1] == pair[0] + 1);
    assert!(contiguous, "all has no hole: {all:?}");
}

const SHOP: &str = r#"
entity: Item
attributes: { left: int }
---
entity: Mark
attributes: { tag: string }
unique: [[tag]]
---
workflow: put
input: { id: string }
activities:
  - activity: put
    steps:
      - create: Item
        id: "${input.id}"
        set: { left: 1 }
---
workflow: mark
input: { tag: string }
activities:
  - activity: mark
    steps:
      - create: Mark
        set: { tag: "${input.tag}" }
---
workflow: follow-item
input: { id: string }
on:
  - change: { entity: Item, kinds: [create], when: change.object.left > 0 }
    input: { id: "${change.object.id}" }
activities:
  - activity: follow
    steps:
      - wait: { for: 20ms }
---
workflow: follow-mark
input: { id: string }
on:
  - change: { entity: Mark }
    input: { id: "${change.object.tag}" }
activities:
  - activity: follow
    steps:
      - wait: { for: 20ms }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_has_one_instance_that_follows_from_it_over_kills() {
    let shelf = Shelf::new();
    let workflows = written(&shelf, SHOP);
    let path = shelf.path("a.db");
    let mut number = 0;
    for round in 0..4 {
        let mut daemon = Daemon::with(&path, &workflows, &[]).await;
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..40 {
            number += 1;
            let address = daemon.address;
            // Every second mark comes twice, and is refused once.
            let (put, mark) =
                (json!({"id": format!("i{number}")}), json!({"tag": format!("t{}", number / 2)}));
            for (workflow, input) in [("put", put), ("mark", mark)] {
                let request = crate::daemon_process::post(
                    &format!("/v1/workflows/{workflow}/instances"),
                    "",
                    &input.to_string(),
                );
                asked.spawn(async move {
                    crate::daemon_process::send(address, &request).await.map(drop)
                });
            }
        }
        // Some are told, the others are cut off.
        for _ in 0..(10 * (round + 1)) {
            let told = asked.join_next().await.expect("there are more");
            told.expect("it does not panic").expect("it is told before the kill");
        }
        daemon.process.kill().await.expect("it is killed");
        while asked.join_next().await.is_some() {}
    }
    let unfinished: Vec<String> = instances(&shelf)
        .await
        .iter()
        .filter(|row| matches!(row.status, Status::Running(_)))
        .map(|row| row.id.to_string())
        .collect();
    let mut daemon = Daemon::with(&path, &workflows, &[]).await;
    for id in unfinished {
        let reply = daemon.get(&format!("/v1/instances/{id}?wait=30s")).await;
        assert_eq!(reply.body["state"], "done", "{reply:?}");
    }
    daemon.process.kill().await.expect("it is killed");

    let store = lockstep_store::open(&path.display().to_string()).await.expect("it opens");
    let mut changed = Vec::new();
    for item in store.query("Item".into(), None, 10_000).await.expect("objects are read") {
        changed.push(format!("follow-item {}", item.key.id));
    }
    for mark in store.query("Mark".into(), None, 10_000).await.expect("objects are read") {
        let Some(Value::String(tag)) = mark.attributes.get("tag") else { panic!("it has a tag") };
        changed.push(format!("follow-mark {tag}"));
    }
    store.close().await.expect("it closes");
    let mut followed = Vec::new();
    for row in instances(&shelf).await {
        if row.workflow.starts_with("follow-") {
            let Value::Map(input) = &row.input else { panic!("the input is a map") };
            let Some(Value::String(id)) = input.get("id") else { panic!("it has an id") };
            followed.push(format!("{} {id}", row.workflow));
        }
    }
    changed.sort();
    followed.sort();
    assert!(changed.len() > 40, "much was changed: {}", changed.len());
    assert_eq!(followed, changed, "one for each change, and none for another");
}

const PAYMENTS: &str = r#"
project: payments
secrets: [payment_key]
---
workflow: payment
input: { reference: string, event: { type: string, default: none } }
on:
  - webhook: { name: payments, secret: payment_key }
    input:
      reference: "${request.body.reference}"
      event: "${request.headers[?\"x-event\"].orValue(\"none\")}"
activities: [{ activity: log, steps: [{ log: "${input.reference}" }] }]
"#;

const SECRET: &str = "cGxhbnRlZC1zZWNyZXQ";

async fn payments(shelf: &Shelf) -> Daemon {
    paid_as(shelf, PAYMENTS).await
}

async fn paid_as(shelf: &Shelf, definitions: &str) -> Daemon {
    let workflows = written(shelf, definitions);
    let variables = [("LOCKSTEP_SECRET_PAYMENT_KEY", SECRET)];
    Daemon::with_variables(&shelf.path("a.db"), &["--workflows", &workflows], &variables).await
}

fn tag(text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text.as_bytes())
}

/// Headers in the form of Standard Webhooks.
fn standard(id: &str, seconds: i64, body: &str) -> String {
    let signature = BASE64.encode(tag(&format!("{id}.{seconds}.{body}")));
    format!(
        "webhook-id: {id}\r\nwebhook-timestamp: {seconds}\r\nwebhook-signature: v1,{signature}\r\n"
    )
}

/// A header in the form of GitHub.
fn hub(body: &str) -> String {
    let hex =
        tag(body).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("X-Hub-Signature-256: sha256={hex}\r\n")
}

async fn deliver(daemon: &Daemon, name: &str, headers: &str, body: &str) -> Reply {
    daemon.post(&format!("/v1/webhooks/{name}"), headers, body).await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signed_delivery_starts_one_instance_however_often_it_comes() {
    let shelf = Shelf::new();
    let mut daemon = payments(&shelf).await;
    let body = r#"{"reference": "r1"}"#;
    let headers = standard("msg_1", now(), body) + "X-Event: paid\r\n";
    let first = deliver(&daemon, "payments", &headers, body).await;
    assert_eq!(first.status, 202, "{first:?}");
    daemon.process.kill().await.expect("it is killed");

    let mut daemon = payments(&shelf).await;
    let again = deliver(&daemon, "payments", &headers, body).await;
    assert_eq!((again.status, &again.body["id"]), (202, &first.body["id"]));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let other_body = r#"{"reference": "r2"}"#;
    let mixed_up = standard("msg_1", now(), other_body);
    let mixed_up = deliver(&daemon, "payments", &mixed_up, other_body).await;
    assert_eq!((mixed_up.status, &mixed_up.body["code"]), (422, &json!("start.key_used")));
    for body in [r#"{"reference": "h1"}"#, r#"{"reference": "h2"}"#] {
        let first = deliver(&daemon, "payments", &hub(body), body).await;
        let again = deliver(&daemon, "payments", &hub(body), body).await;
        assert_eq!((first.status, again.status), (202, 202));
        assert_eq!(first.body["id"], again.body["id"], "a body without an identity is one");
    }
    let named = hub(body) + "X-GitHub-Delivery: 72d3162e\r\n";
    let named = deliver(&daemon, "payments", &named, body).await;
    assert_eq!(named.status, 202, "an identity of its own is another delivery");
    assert_ne!(named.body["id"], first.body["id"]);
    daemon.process.kill().await.expect("it is killed");
    let inputs: Vec<String> =
        instances(&shelf).await.iter().map(|row| row.input.to_string()).collect();
    assert_eq!(inputs.len(), 4, "{inputs:?}");
    let paid = inputs.iter().filter(|input| input.contains("paid")).count();
    assert_eq!(paid, 1, "headers are handed on: {inputs:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_comes_again_has_its_instance_without_its_input_being_made_anew() {
    let shelf = Shelf::new();
    let mut daemon = payments(&shelf).await;
    let body = r#"{"reference": "r1"}"#;
    let headers = standard("msg_1", now(), body);
    let first = deliver(&daemon, "payments", &headers, body).await;
    assert_eq!(first.status, 202, "{first:?}");
    daemon.process.kill().await.expect("it is killed");

    let other = PAYMENTS.replace("request.body.reference", "request.body.number");
    let daemon = paid_as(&shelf, &other).await;
    let new = deliver(&daemon, "payments", &hub(body), body).await;
    assert!(new.status >= 400, "a new one has no input: {new:?}");
    let again = deliver(&daemon, "payments", &headers, body).await;
    assert_eq!((again.status, &again.body["id"]), (202, &first.body["id"]), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_secret_does_not_fill_the_log() {
    let shelf = Shelf::new();
    let file = written(&shelf, PAYMENTS);
    let daemon = Daemon::with(&shelf.path("a.db"), &file, &["--log", "warn"]).await;
    for number in 0..30 {
        let reply = deliver(&daemon, "payments", "", &number.to_string()).await;
        assert_eq!(reply.status, 401, "{reply:?}");
    }
    let lines = |part: &str| daemon.told().lines().filter(|line| line.contains(part)).count();
    until("the log tells it", async || lines("webhook.unsigned") > 0).await;
    assert_eq!(lines("webhook.unsigned"), 1, "{}", daemon.told());
    assert_eq!(lines("until the secret of a webhook is set"), 1, "{}", daemon.told());
    assert_eq!(lines("webhook"), 2, "{}", daemon.told());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_without_the_right_signature_is_told_nothing_and_starts_nothing() {
    let shelf = Shelf::new();
    let mut daemon = payments(&shelf).await;
    let body = r#"{"reference": "r1"}"#;
    let mut told = BTreeSet::new();
    let changed = standard("msg_1", now(), r#"{"reference": "r2"}"#);
    for (name, headers) in [
        ("payments", String::new()),
        ("payments", changed),
        ("payments", standard("msg_1", now() - 400, body)),
        ("payments", standard("msg_1", now() + 400, body)),
        ("payments", hub(r#"{"reference": "r2"}"#)),
        ("payments", "X-Hub-Signature-256: sha256=00\r\n".to_owned()),
        ("nothing", standard("msg_1", now(), body)),
        ("nothing", hub(body)),
    ] {
        let reply = deliver(&daemon, name, &headers, body).await;
        assert_eq!(reply.status, 401, "{name} {headers}: {reply:?}");
        told.insert(reply.body.to_string());
    }
    assert_eq!(told.len(), 1, "all are told the same: {told:?}");
    let unreadable = "reference=r1";
    let reply = deliver(&daemon, "payments", &hub(unreadable), unreadable).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let huge = "1".repeat(2 << 20);
    let reply = daemon.post("/v1/webhooks/payments", &hub(&huge), &huge).await;
    assert!(reply.is_err() || reply.is_ok_and(|reply| reply.status == 413));
    daemon.process.kill().await.expect("it is killed");
    assert_eq!(instances(&shelf).await.len(), 0);
}
