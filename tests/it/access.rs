//! Who may do what, over the real daemon: every route for every kind of credential.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::binary;
use crate::daemon_process::{Daemon, Reply, send};
use crate::patience::{soon, until};
use crate::shelf::Shelf;

const WORKFLOWS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.yaml");

const ROLES: [&str; 5] = ["viewer", "starter", "worker", "operator", "admin"];

/// The addresses from which requests come: each its own, so that no wrong one counts for another.
static NEXT: AtomicU32 = AtomicU32::new(0x7f01_0001);

/// Makes a token; returns its text.
async fn token(shelf: &Shelf, name: &str, role: &str, more: &[&str]) -> String {
    let file = shelf.path("tokens").display().to_string();
    let args = ["token", "new", "--name", name, "--role", role, "--file", &file];
    let told = binary::run(&[&args, more].concat()).await;
    assert_eq!(told.status, Some(0), "{told:?}");
    told.stdout.trim().to_owned()
}

/// Starts a daemon with the tokens of the shelf.
async fn daemon(shelf: &Shelf) -> Daemon {
    let file = shelf.path("tokens").display().to_string();
    Daemon::with(&shelf.path("b.db"), WORKFLOWS, &["--tokens", &file, "--log", "warn"]).await
}

/// Sends a request with whatever headers, from an address of its own; returns status and head.
async fn ask(daemon: &Daemon, method: &str, path: &str, headers: &str) -> Reply {
    let from = Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("all of 127/8 is this machine");
    let stream = socket.connect(daemon.address).await.expect("it listens");
    let mut stream = BufReader::new(stream);
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\
         Content-Length: 0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = soon("a line of the head", stream.read_line(&mut head)).await.expect("text");
        assert!(read > 0, "{method} {path}: it is cut off behind {head:?}");
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let mut body = String::new();
    if status >= 400 {
        stream.read_to_string(&mut body).await.expect("text");
    }
    let body = serde_json::from_str(&body).unwrap_or_default();
    Reply { status, head, body }
}

/// Returns all routes that the daemon tells: method, path, the role that it takes.
async fn routes(daemon: &Daemon) -> Vec<(String, String, String)> {
    let document = daemon.get("/v1/openapi.json").await.body;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            let Some(role) = operation["x-role"].as_str() else { continue };
            let mut path = path.clone();
            while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
                path.replace_range(from..=to, "x");
            }
            routes.push((method.to_uppercase(), path, role.to_owned()));
        }
    }
    routes
}

/// Who asks is told their name, their role, and by name what the document lets that role do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_told_what_they_may_do() {
    let shelf = Shelf::new();
    let mut tokens = Vec::new();
    for role in ROLES {
        tokens.push((role, token(&shelf, "ann", role, &[]).await));
    }
    let daemon = daemon(&shelf).await;
    let document = daemon.get("/v1/openapi.json").await.body;
    let items = document["paths"].as_object().expect("paths").values();
    let operations = items.flat_map(|item| item.as_object().expect("methods").values());
    let known = operations.filter_map(|operation| {
        Some((operation["operationId"].as_str()?, operation["x-role"].as_str()?))
    });
    let mut known: Vec<(&str, &str)> = known.collect();
    known.sort_unstable();
    for (role, token) in &tokens {
        let request = format!(
            "GET /v1/caller HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        let told = daemon.send(&request).await.expect("it answers").body;
        let is_granted = |needed: &str| {
            matches!(needed, "anyone" | "viewer") || needed == *role || *role == "admin"
        };
        let may = known.iter().filter(|(_, needed)| is_granted(needed));
        let may: Vec<&str> = may.map(|(name, _)| *name).collect();
        assert_eq!(told, json!({ "name": "ann", "role": role, "may": may }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_lets_in_who_has_its_role_and_nobody_else() {
    let shelf = Shelf::new();
    let mut roles = Vec::new();
    for role in ROLES {
        roles.push((role, token(&shelf, role, role, &[]).await));
    }
    let expired = token(&shelf, "late", "admin", &["--expires", "0s"]).await;
    let daemon = daemon(&shelf).await;
    let routes = routes(&daemon).await;
    assert!(routes.len() >= 7, "the document names them: {routes:?}");

    let admin = &roles[4].1;
    let (id, secret) = admin.rsplit_once('_').expect("its parts");
    let strangers = [
        ("none", String::new(), "access.unauthenticated"),
        ("malformed", "Bearer what".to_owned(), "access.unauthenticated"),
        ("another scheme", format!("Basic {admin}"), "access.unauthenticated"),
        ("cut off", format!("Bearer {id}"), "access.unauthenticated"),
        ("unknown", format!("Bearer lks_0123456789abcdef_{secret}"), "access.unauthenticated"),
        ("wrong", format!("Bearer {id}_{}", "0".repeat(64)), "access.unauthenticated"),
        ("expired", format!("Bearer {expired}"), "access.expired"),
    ];
    let header = |credential: &str| match credential {
        "" => String::new(),
        credential => format!("Authorization: {credential}\r\n"),
    };
    for (method, path, needed) in &routes {
        for (kind, credential, code) in &strangers {
            let reply = ask(&daemon, method, path, &header(credential)).await;
            let about = format!("{method} {path} with a token that is {kind}: {reply:?}");
            if needed == "anyone" {
                // A webhook tells that its signature is not right.
                let code = reply.body["code"].as_str().unwrap_or_default();
                assert!(!code.starts_with("access."), "{about}");
            } else {
                assert_eq!((reply.status, &reply.body["code"]), (401, &json!(code)), "{about}");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{about}");
            }
        }
        for (role, text) in &roles {
            let reply = ask(&daemon, method, path, &header(&format!("Bearer {text}"))).await;
            let about = format!("{method} {path} as {role}: {reply:?}");
            let is_granted = matches!(needed.as_str(), "anyone" | "viewer")
                || needed == role
                || *role == "admin";
            if is_granted {
                let code = reply.body["code"].as_str().unwrap_or_default();
                assert!(!code.starts_with("access."), "{about}");
            } else {
                let told = (reply.status, &reply.body["code"]);
                assert_eq!(told, (403, &json!("access.forbidden")), "{about}");
            }
        }
    }
    // Who is not known is not told which routes there are.
    for (method, path) in [("GET", "/v1/nothing"), ("DELETE", "/healthz")] {
        assert_eq!(ask(&daemon, method, path, "").await.status, 401, "{method} {path}");
        let viewer = header(&format!("Bearer {}", roles[0].1));
        let known = ask(&daemon, method, path, &viewer).await.status;
        assert!(matches!(known, 404 | 405), "{method} {path}: {known}");
    }
    let log = daemon.told();
    for text in roles.iter().map(|(_, text)| text).chain([&expired]) {
        let secret = text.rsplit_once('_').expect("its parts").1;
        assert!(!log.contains(secret), "no token stands in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_counts_from_its_making_to_its_end_without_a_restart() {
    let shelf = Shelf::new();
    let first = token(&shelf, "first", "admin", &[]).await;
    let daemon = daemon(&shelf).await;
    let status = async |token: &str| {
        let header = format!("Authorization: Bearer {token}\r\n");
        ask(&daemon, "GET", "/v1/instances/x", &header).await.status
    };
    assert_eq!(status(&first).await, 404, "it is let in");
    let shop = token(&shelf, "shop", "starter", &["--expires", "90d"]).await;
    until("the new token counts", async || status(&shop).await == 404).await;

    // Who starts an instance is who has the token.
    let book = "/v1/workflows/last-place/instances";
    let header = format!("Authorization: Bearer {shop}\r\n");
    let input = "{\"timeslot\": \"t\", \"customer\": \"c\"}";
    let started = daemon.post(book, &header, input).await.expect("an answer");
    let place = started.header("location").expect("a place").to_owned();
    let request = format!(
        "GET {place}?wait=30s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n"
    );
    let shown = daemon.send(&request).await.expect("an answer");
    assert_eq!(shown.body["started_by"], "shop", "{shown:?}");

    let file = shelf.path("tokens").display().to_string();
    let listed = binary::run(&["token", "list", "--file", &file, "--format", "json"]).await.lines();
    let told: Vec<_> = listed.iter().map(|line| (&line["name"], &line["role"])).collect();
    assert_eq!(told, [(&json!("first"), &json!("admin")), (&json!("shop"), &json!("starter"))]);
    let id = listed[1]["id"].as_str().expect("an id");
    let secret = shop.rsplit_once('_').expect("its parts").1;
    assert!(!listed[1].to_string().contains(secret));
    assert_eq!(binary::run(&["token", "revoke", id, "--file", &file]).await.status, Some(0));
    until("the revoked one does not count", async || status(&shop).await == 401).await;
    assert_eq!(binary::run(&["token", "revoke", id, "--file", &file]).await.status, Some(1));

    // A file that cannot be read changes nothing, and the log tells it.
    std::fs::write(shelf.path("tokens"), "what").expect("written");
    until("the log tells it", async || daemon.told().contains("the tokens stay as they were"))
        .await;
    assert_eq!(status(&first).await, 404, "it goes on to count");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_of_a_start_belongs_to_who_has_chosen_it() {
    let shelf = Shelf::new();
    let one = token(&shelf, "one", "starter", &[]).await;
    let two = token(&shelf, "two", "starter", &[]).await;
    let daemon = daemon(&shelf).await;
    let start = async |token: &str| {
        let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: order-1\r\n");
        let input = r#"{"timeslot": "t", "customer": "c"}"#;
        let path = "/v1/workflows/last-place/instances";
        let started = daemon.post(path, &headers, input).await.expect("an answer");
        started.header("location").expect("its place").to_owned()
    };
    let first = start(&one).await;
    assert_ne!(start(&two).await, first, "another's key is another key");
    assert_eq!(start(&one).await, first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_are_served_with_tokens_only() {
    let shelf = Shelf::new();
    let store = shelf.url();
    let serve = ["serve", "--listen", "0.0.0.0:0", "--workflows", WORKFLOWS, "--store", &store];
    let told = binary::run(&serve).await;
    assert_eq!(told.status, Some(2), "{told:?}");
    assert!(told.stderr.contains("lockstep token new"), "it tells what to do: {told:?}");
    assert!(!shelf.path("lockstep.db").exists(), "nothing was opened");

    let admin = token(&shelf, "me", "admin", &[]).await;
    let file = shelf.path("tokens").display().to_string();
    let more = ["--tokens", &file, "--host", "shop.example"];
    let mut daemon = Daemon::of(binary::lockstep(&[&serve[..], &more].concat())).await;
    daemon.address.set_ip(Ipv4Addr::LOCALHOST.into());
    for (host, status) in [("shop.example", 404), ("127.0.0.2", 404), ("evil.example", 421)] {
        let request = format!(
            "GET /v1/instances/x HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {admin}\r\n\
             Connection: close\r\n\r\n"
        );
        assert_eq!(daemon.send(&request).await.expect("an answer").status, status, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let shelf = Shelf::new();
    let (one, two) =
        (token(&shelf, "one", "viewer", &[]).await, token(&shelf, "two", "viewer", &[]).await);
    let file = shelf.path("tokens").display().to_string();
    let with = ["--tokens", &file, "--rate", "1", "--log", "warn"];
    let daemon = Daemon::with(&shelf.path("a.db"), WORKFLOWS, &with).await;
    let get = async |token: &str| {
        let request = format!(
            "GET /v1/instances/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        daemon.send(&request).await.expect("an answer")
    };
    until("the rate is reached", async || {
        let reply = get(&one).await;
        let is_refused = reply.status == 429;
        if is_refused {
            assert_eq!(reply.body["code"], "access.rate");
            assert_eq!(reply.header("retry-after"), Some("1"));
        }
        is_refused
    })
    .await;
    assert_eq!(get(&two).await.status, 404, "another caller is not meant");

    // Wrong tokens are counted by their address, and a right one from there is let in all the same.
    let wrong = format!("lks_0123456789abcdef_{}", "0".repeat(64));
    let wrong_daemon = self::daemon(&shelf).await;
    let request = |token: &str| {
        format!(
            "GET /v1/instances/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        )
    };
    until("wrong tokens come too often", async || {
        let mut asking = JoinSet::new();
        for _ in 0..30 {
            let (address, request) = (wrong_daemon.address, request(&wrong));
            asking.spawn(async move { send(address, &request).await.expect("an answer").status });
        }
        asking.join_all().await.contains(&429)
    })
    .await;
    let right = send(wrong_daemon.address, &request(&two)).await.expect("an answer");
    assert_eq!(right.status, 404, "who has a right one is let in");
    let log = wrong_daemon.told();
    assert_eq!(log.matches("access.unauthenticated").count(), 1, "told once a minute: {log}");
    assert!(!log.contains(&wrong), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_browsers_what_they_may_not_do() {
    let shelf = Shelf::new();
    let daemon = Daemon::with(&shelf.path("a.db"), WORKFLOWS, &[]).await;
    for path in ["/healthz", "/v1/instances/x", "/nothing", "/v1/openapi.json"] {
        let reply = daemon.get(path).await;
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
    }
    let preflight = "OPTIONS /v1/workflows/last-place/instances HTTP/1.1\r\nHost: localhost\r\n\
                     Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\
                     Connection: close\r\n\r\n";
    let reply = daemon.send(preflight).await.expect("an answer");
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, None));
}
