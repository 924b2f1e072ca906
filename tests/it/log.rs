//! The log of the daemon, for programs.

use serde_json::{Value as Json, json};
use tokio::io::AsyncReadExt as _;

use crate::patience::soon;
use crate::shelf::Shelf;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_json_is_json_to_the_last_line_and_names_instance_and_lock() {
    const SLOW: &str = r#"
workflow: slow
activities:
  - activity: sleep
    exclusive_lock: { context: "'k'", hold_timeout: 100ms, while_waiting: hold }
    steps:
      - wait: { for: 60s }
"#;
    let shelf = Shelf::new();
    let file = shelf.path("slow.yaml").display().to_string();
    std::fs::write(&file, SLOW).expect("the file is written");
    let store = shelf.url();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--workflows", &file, "--store", &store];
    let with = ["--log-format", "json"];
    let mut process =
        crate::binary::lockstep(&[&serve[..], &with].concat()).spawn().expect("it starts");
    let mut told = process.stderr.take().expect("it is piped");
    let mut text = String::new();
    let mut asked = false;
    let mut part = [0; 1024];
    while !text.contains("a lock was taken away") {
        let read = soon("the log", told.read(&mut part)).await.expect("bytes");
        assert!(read > 0, "it ends: {text}");
        text.push_str(std::str::from_utf8(&part[..read]).expect("text"));
        if let Some((_, rest)) = text.split_once("listening on http://")
            && let Some((address, _)) = rest.split_once(';')
            && !std::mem::replace(&mut asked, true)
        {
            let path = "/v1/workflows/slow/instances";
            let request = crate::daemon_process::post(path, "", "{}");
            let address = address.parse().expect("an address");
            let started = crate::daemon_process::send(address, &request).await;
            assert_eq!(started.expect("an answer").status, 202);
        }
    }
    let lines = text.lines().filter(|line| line.ends_with('}'));
    let lines: Vec<Json> = lines.map(|line| serde_json::from_str(line).expect(line)).collect();
    let lost = lines.iter().find(|line| line["level"] == "WARN").expect("a warning");
    assert_eq!((&lost["workflow"], &lost["lock"]), (&json!("slow"), &json!("\"k\"")), "{lost}");
    assert!(lost["instance"].is_string(), "{lost}");
}
