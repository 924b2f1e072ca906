//! Objects over HTTP: versions, patches, and what is left after a kill, with the real binary.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::daemon_process::{Daemon, Reply, post, send};
use crate::patience::soon;
use crate::shelf::Shelf;

const DEFINITIONS: &str = r#"
entity: Contact
attributes:
  name: string
  phone: { type: string, optional: true }
  calls: { type: int, default: 0, min: 0 }
---
workflow: call
input: { contact: string }
activities:
  - activity: call
    on_conflict: retry
    exclusive_lock: { context: 'ref("Contact", input.contact)', waiting_timeout: 60s }
    steps:
      - load: { entity: Contact, id: "${input.contact}" }
        as: contact
      - update: contact
        set: { calls: "${contact.calls + 1}" }
output: "${contact.calls}"
"#;

const ALL: &str = "/v1/entities/Contact/objects";
const CAROL: &str = "/v1/entities/Contact/objects/carol";

/// Writers at once.
const WRITERS: usize = 200;

fn definitions(shelf: &Shelf) -> String {
    let file = shelf.path("contacts.yaml");
    std::fs::write(&file, DEFINITIONS).expect("the file is written");
    file.display().to_string()
}

/// Starts a daemon that knows Carol.
async fn daemon(shelf: &Shelf) -> Daemon {
    let seed: PathBuf = shelf.path("seed.jsonl");
    std::fs::write(&seed, r#"{"entity": "Contact", "id": "carol", "name": "Carol"}"#)
        .expect("the file is written");
    let seed = seed.display().to_string();
    Daemon::with(&shelf.path("a.db"), &definitions(shelf), &["--seed", &seed]).await
}

/// Returns a request; each of `headers` ends its line.
fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    post(path, headers, body).replacen("POST", method, 1)
}

async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> Reply {
    let request = request(method, path, headers, body);
    soon("an answer", send(address, &request)).await.expect("an answer")
}

fn told(reply: &Reply) -> (u16, &Json) {
    (reply.status, &reply.body["code"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_takes_the_version_that_was_seen_and_a_patch_is_free() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let at = daemon.address;
    let seen = daemon.get(CAROL).await;
    assert_eq!((seen.status, seen.header("etag")), (200, Some("\"1\"")));
    assert_eq!(seen.body["metadata"]["created_by"], "seed");

    // What was received is sent back: by its metadata it names its version.
    let mut mine = seen.body.clone();
    mine["phone"] = json!("1");
    let done = ask(at, "PUT", CAROL, "", &mine.to_string()).await;
    assert_eq!((done.status, done.header("etag")), (200, Some("\"2\"")), "{done:?}");
    assert_eq!(done.body["metadata"]["modified_by"], "local");

    let late = ask(at, "PUT", CAROL, "", &mine.to_string()).await;
    assert_eq!(told(&late), (409, &json!("data.conflict")));
    let details = &late.body["details"];
    assert_eq!(details["actual_version"], 2, "{late:?}");
    assert_eq!(details["modified_by"], "local");
    assert_eq!(details["modified_at"], done.body["metadata"]["modified_at"]);

    let name = json!({ "name": "Cora" }).to_string();
    let blind = ask(at, "PUT", CAROL, "", &name).await;
    assert_eq!(told(&blind), (428, &json!("data.version_required")));
    let late = ask(at, "PUT", CAROL, "If-Match: \"1\"\r\n", &name).await;
    assert_eq!(told(&late), (409, &json!("data.conflict")));
    let unclear = ask(at, "PUT", CAROL, "If-Match: 2\r\n", &name).await;
    assert_eq!(told(&unclear), (422, &json!("request.unusable")));
    let forced = ask(at, "PUT", CAROL, "If-Match: *\r\n", &name).await;
    assert_eq!((forced.status, &forced.body["phone"]), (200, &Json::Null), "a PUT replaces");

    let patch = ask(at, "PATCH", CAROL, "", r#"{"phone": "2"}"#).await;
    assert_eq!((patch.status, patch.header("etag")), (200, Some("\"4\"")), "{patch:?}");
    assert_eq!(patch.body["name"], "Cora", "what a patch does not name stays");
    let late = ask(at, "PATCH", CAROL, "If-Match: \"3\"\r\n", r#"{"phone": "3"}"#).await;
    assert_eq!(told(&late), (409, &json!("data.conflict")));
    for wrong in [r#"{"calls": -1}"#, r#"{"name": null}"#, r#"{"nmae": "x"}"#] {
        let wrong = ask(at, "PATCH", CAROL, "", wrong).await;
        assert_eq!(told(&wrong), (422, &json!("data.invalid")));
    }
    assert_eq!(daemon.get(CAROL).await.body, patch.body, "what is refused changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_a_version_is_told_that_it_is_as_known() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let at = daemon.address;
    let known = ask(at, "GET", CAROL, "If-None-Match: \"1\"\r\n", "").await;
    assert_eq!((known.status, known.header("etag")), (304, Some("\"1\"")));
    assert_eq!(ask(at, "PATCH", CAROL, "", r#"{"calls": 1}"#).await.status, 200);
    let changed = ask(at, "GET", CAROL, "If-None-Match: \"1\"\r\n", "").await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));
    let nobody = daemon.get("/v1/entities/Contact/objects/nobody").await;
    assert_eq!(told(&nobody), (404, &json!("data.not_found")));
    assert_eq!(told(&daemon.get("/v1/entities/Nothing/objects").await).0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_is_created_once_and_deleted_under_its_version() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let at = daemon.address;
    let dave = json!({ "id": "dave :cancel", "name": "Dave" }).to_string();
    let created = ask(at, "POST", ALL, "", &dave).await;
    assert_eq!((created.status, created.header("etag")), (201, Some("\"1\"")), "{created:?}");
    let place = created.header("location").expect("a place").to_owned();
    assert_eq!(daemon.get(&place).await.body, created.body);
    assert_eq!(told(&ask(at, "POST", ALL, "", &dave).await), (409, &json!("data.unique")));
    let again = ask(at, "PUT", &place, "If-None-Match: *\r\n", r#"{"name": "D"}"#).await;
    assert_eq!(told(&again), (409, &json!("data.unique")));

    let drawn = ask(at, "POST", ALL, "", r#"{"name": "Erin"}"#).await;
    assert_eq!((drawn.status, drawn.body["id"].as_str().map(str::len)), (201, Some(36)));
    let put = format!("{ALL}/frank");
    let put = ask(at, "PUT", &put, "If-None-Match: *\r\n", r#"{"name": "Frank"}"#).await;
    assert_eq!(put.status, 201);

    let blind = ask(at, "DELETE", &place, "", "").await;
    assert_eq!(told(&blind), (428, &json!("data.version_required")));
    let late = ask(at, "DELETE", &place, "If-Match: \"2\"\r\n", "").await;
    assert_eq!(told(&late), (409, &json!("data.conflict")));
    assert_eq!(ask(at, "DELETE", &place, "If-Match: \"1\"\r\n", "").await.status, 204);
    assert_eq!(ask(at, "DELETE", &place, "If-Match: *\r\n", "").await.status, 404);
    assert_eq!(ask(at, "PATCH", &place, "", "{}").await.status, 404);
    assert_eq!(daemon.get(&place).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_tell_every_object_once() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    for number in 0..6 {
        let body = json!({ "id": format!("c {number}"), "name": "x" }).to_string();
        assert_eq!(ask(daemon.address, "POST", ALL, "", &body).await.status, 201);
    }
    let (mut ids, mut path) = (Vec::new(), format!("{ALL}?limit=3"));
    loop {
        let page = daemon.get(&path).await;
        let items = page.body["items"].as_array().expect("items").clone();
        ids.extend(items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        assert_eq!(items.len(), 3, "a page is full unless it is the last one");
        path = format!("{ALL}?limit=3&cursor={next}");
    }
    assert_eq!(ids, ["c 0", "c 1", "c 2", "c 3", "c 4", "c 5", "carol"]);
    for wrong in ["limit=0", "limit=201", "cursor=x"] {
        assert_eq!(daemon.get(&format!("{ALL}?{wrong}")).await.status, 422, "{wrong}");
    }
    assert_eq!(daemon.get(&format!("{ALL}?colour=red")).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_who_name_one_version_one_wins() {
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (at, body) = (daemon.address, json!({ "name": format!("w{writer}") }).to_string());
        writers.spawn(async move { ask(at, "PUT", CAROL, "If-Match: \"1\"\r\n", &body).await });
    }
    let replies = soon("all answers", writers.join_all()).await;
    let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(won.len(), 1, "one wins");
    let lost = replies.iter().filter(|reply| told(reply) == (409, &json!("data.conflict")));
    assert_eq!(lost.count(), WRITERS - 1, "all others are told");
    assert_eq!(daemon.get(CAROL).await.body, won[0].body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patches_beside_a_workflow_that_counts_lose_nothing_of_either() {
    const CALLS: usize = 60;
    let shelf = Shelf::new();
    let daemon = daemon(&shelf).await;
    let mut all = JoinSet::new();
    for number in 0..CALLS {
        let at = daemon.address;
        let start = "/v1/workflows/call/instances?wait=60s";
        all.spawn(async move { ask(at, "POST", start, "", r#"{"contact": "carol"}"#).await });
        let phone = json!({ "phone": number.to_string() }).to_string();
        all.spawn(async move { ask(at, "PATCH", CAROL, "", &phone).await });
    }
    for reply in soon("all answers", all.join_all()).await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let carol = daemon.get(CAROL).await.body;
    assert_eq!(carol["calls"], CALLS);
    assert_eq!(carol["metadata"]["version"], 1 + 2 * CALLS, "each change is a version");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let shelf = Shelf::new();
    let mut daemon = daemon(&shelf).await;
    let at = daemon.address;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        writers.spawn(async move {
            let mut last = 0;
            for number in 1.. {
                let body = json!({ "id": format!("{writer}-{number}"), "name": "x" }).to_string();
                let Ok(reply) = send(at, &request("POST", ALL, "", &body)).await else { break };
                assert_eq!(reply.status, 201, "{reply:?}");
                last = number;
            }
            (writer, last)
        });
    }
    // Some have been acknowledged by then, others are on their way.
    soon("some are written", async {
        while daemon.get(&format!("{ALL}?limit=30")).await.body["next"].is_null() {}
    })
    .await;
    daemon.process.kill().await.expect("it is killed");
    let acknowledged = soon("all writers", writers.join_all()).await;
    let daemon = Daemon::with(&shelf.path("a.db"), &definitions(&shelf), &[]).await;
    for (writer, last) in acknowledged {
        for number in 1..=last {
            let path = format!("{ALL}/{writer}-{number}");
            assert_eq!(daemon.get(&path).await.status, 200, "{path} was acknowledged");
        }
        let next = daemon.get(&format!("{ALL}/{writer}-{}", last + 2)).await;
        assert_eq!(next.status, 404, "nobody has sent that");
    }
}
