//! Whose lock it is: a client's lock is renewed and given back by who has taken it, and by nobody else
//! who knows its token.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};

use crate::binary;
use crate::daemon_process::{Daemon, Reply, post, send};
use crate::shelf::Shelf;

const DEFINITIONS: &str = "
workflow: idle
activities:
  - activity: idle
    steps:
      - wait: { signal: never }
";

const LOCK: &str = "/v1/locks/deploy";

async fn token(shelf: &Shelf, name: &str, role: &str) -> String {
    let file = shelf.path("tokens").display().to_string();
    let told =
        binary::run(&["token", "new", "--name", name, "--role", role, "--file", &file]).await;
    assert_eq!(told.status, Some(0), "{told:?}");
    format!("Authorization: Bearer {}\r\n", told.stdout.trim())
}

async fn ask(address: SocketAddr, who: &str, verb: &str, body: &Json) -> Reply {
    let request = post(&format!("{LOCK}:{verb}"), who, &body.to_string());
    send(address, &request).await.expect("an answer")
}

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_has_taken_a_lock_renews_it_and_gives_it_back_also_after_a_restart() {
    let shelf = Shelf::new();
    let ann = token(&shelf, "ann", "starter").await;
    let ann_again = token(&shelf, "ann", "starter").await;
    let bob = token(&shelf, "bob", "starter").await;
    let (operator, admin) =
        (token(&shelf, "op", "operator").await, token(&shelf, "root", "admin").await);
    let definitions = shelf.path("idle.yaml");
    std::fs::write(&definitions, DEFINITIONS).expect("it can be written");
    let definitions = definitions.display().to_string();
    let tokens = shelf.path("tokens").display().to_string();
    let start =
        async || Daemon::with(&shelf.path("a.db"), &definitions, &["--tokens", &tokens]).await;
    let mut daemon = start().await;
    for is_restarted in [false, true] {
        // Whoever it says to be, its name is that of its token.
        let taken = ask(daemon.address, &ann, "acquire", &json!({ "owner": "bob" })).await;
        assert_eq!(taken.status, 200, "{taken:?}");
        if is_restarted {
            daemon.process.kill().await.expect("it is killed");
            daemon = start().await;
        }
        let address = daemon.address;
        let request =
            format!("GET {LOCK} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{bob}\r\n");
        let seen = send(address, &request).await.expect("an answer").body["holders"][0].clone();
        assert_eq!((&seen["client"], &seen["taken_by"]), (&json!("bob"), &json!("ann")));
        let own = json!({ "lock": seen["lock"], "token": seen["token"] });
        for verb in ["renew", "release"] {
            let refused = ask(address, &bob, verb, &own).await;
            assert_eq!(code(&refused), (403, "lock.of_other"), "{verb}: {refused:?}");
            let refused = ask(address, &operator, verb, &own).await;
            assert_eq!(code(&refused), (403, "access.forbidden"), "{verb}: {refused:?}");
        }
        assert_eq!(ask(address, &ann_again, "renew", &own).await.status, 200);
        assert_eq!(ask(address, &admin, "renew", &own).await.status, 200);
        assert_eq!(ask(address, &ann, "release", &own).await.status, 204);
        assert_eq!(code(&ask(address, &bob, "release", &own).await), (409, "lock.lost"));
    }
}
