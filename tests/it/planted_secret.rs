//! A secret that is planted is found nowhere: not in the store, the journal, the log at its most
//! talkative, the answers, the metrics.

use std::path::Path;

use serde_json::json;

use crate::binary;
use crate::daemon_process::Daemon;
use crate::server::{Answer, Server};
use crate::shelf::Shelf;

const FROM_FILE: &str = "pl4nted-in-a-file-0123456789";
const FROM_ENVIRONMENT: &str = "pl4nted-in-the-environment-0123456789";

/// Calls that succeed and that fail, each with both secrets, which whoever is called repeats.
const DEFINITIONS: &str = r#"
project: p
secrets: [of_file, of_environment]
config: { url: "" }
allowed_programs: [sh]
---
workflow: call
input: { path: string }
activities:
  - activity: call
    steps:
      - http:
          method: POST
          url: "${config.url}${input.path}"
          headers:
            authorization: "Bearer ${secret.of_file}"
            x-key: "${secret.of_environment}"
          body: { a: 1 }
        as: answer
output: "${answer}"
---
workflow: program
activities:
  - activity: program
    steps:
      - exec:
          program: sh
          args: ["-c", "echo $ONE; echo $TWO >&2; exit 3"]
          env: { ONE: "${secret.of_file}", TWO: "${secret.of_environment}" }
"#;

/// Asserts that a text holds no secret.
fn is_clean(what: &str, text: &[u8]) {
    for secret in [FROM_FILE, FROM_ENVIRONMENT] {
        let is_there = text.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!is_there, "{what} holds a secret: {}", String::from_utf8_lossy(text));
    }
}

fn each_file(folder: &Path, look: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        look(&entry.expect("an entry").path());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_secret_is_found_nowhere() {
    // Whoever is called repeats all that it was told.
    let called = Server::start(|request| {
        let told = json!([request.header("authorization"), request.header("x-key")]);
        let status = if request.path == "/fails" { 418 } else { 200 };
        Answer { body: told, ..Answer::status(status) }
    })
    .await;
    let shelf = Shelf::new();
    let (store, secrets) = (shelf.path("store"), shelf.path("secrets"));
    std::fs::create_dir(&store).expect("made");
    std::fs::create_dir(&secrets).expect("made");
    std::fs::write(secrets.join("of_file"), format!("{FROM_FILE}\n")).expect("written");
    let file = shelf.path("call.yaml").display().to_string();
    std::fs::write(&file, DEFINITIONS).expect("written");

    let (url, secrets) = (format!("url={}", called.url()), secrets.display().to_string());
    let at = store.join("a.db").display().to_string();
    let mut command = binary::lockstep(
        &[
            &["serve", "--listen", "127.0.0.1:0", "--workflows", &file, "--store", &at][..],
            &["--secrets", &secrets, "--config", &url, "--allow-host", "127.0.0.1"],
            &["--log", "trace"],
        ]
        .concat(),
    );
    command.env("LOCKSTEP_SECRET_OF_ENVIRONMENT", FROM_ENVIRONMENT);
    let daemon = Daemon::of(command).await;

    let cases = [
        ("call", "{\"path\": \"/answers\"}", 200),
        ("call", "{\"path\": \"/fails\"}", 422),
        ("program", "{}", 422),
    ];
    for (workflow, input, status) in cases {
        let path = format!("/v1/workflows/{workflow}/instances?wait=30s");
        let reply = daemon.post(&path, "", input).await.expect("an answer");
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(reply.body.to_string().contains("[secret]"), "it was repeated: {reply:?}");
        is_clean("an answer", format!("{reply:?}").as_bytes());
        let place = reply.header("location").expect("a place").to_owned();
        for path in [place.clone(), format!("{place}/journal"), format!("{place}/explain")] {
            is_clean(&path, format!("{:?}", daemon.get(&path).await).as_bytes());
        }
        let id = place.rsplit('/').next().expect("an id");
        let journal = binary::run(&["journal", id, "--store", &at]).await;
        is_clean("the journal", journal.stdout.as_bytes());
    }
    let seen = called.requests();
    assert_eq!(seen.len(), 2);
    let sent = [seen[0].header("authorization"), seen[0].header("x-key")];
    assert_eq!(sent, [&format!("Bearer {FROM_FILE}"), FROM_ENVIRONMENT], "they were sent");

    for path in ["/metrics", "/", "/v1/instances", "/v1/openapi.json", "/v1/definitions"] {
        is_clean(path, format!("{:?}", daemon.get(path).await).as_bytes());
    }
    let log = daemon.told();
    assert!(log.contains("TRACE"), "the log tells all that there is: {log}");
    is_clean("the log", log.as_bytes());
    let mut files = 0;
    each_file(&store, &mut |path| {
        is_clean("the store", &std::fs::read(path).expect("it can be read"));
        files += 1;
    });
    assert!(files >= 2, "the store and its log of writes");
}
