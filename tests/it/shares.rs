//! What there is for all is shared: nobody keeps others out by taking everything.

use crate::daemon_process::send;
use crate::patience::until;
use crate::revoked::{Stream, batch, daemon, events, token};
use crate::shelf::Shelf;

/// Batches, and listeners, of one name.
const BATCHES: usize = 16;
const LISTENERS: usize = 64;

/// Makes a request with a token.
type Request = fn(&str) -> String;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_his_share_is_refused_and_others_are_served() {
    let shelf = Shelf::new();
    let file = shelf.path("tokens");
    // Two tokens of one name have one share.
    let ann = [token(&file, "ann", &[]).await, token(&file, "ann", &[]).await];
    let bob = token(&file, "bob", &[]).await;
    let daemon = daemon(&shelf).await;
    let kinds: [(Request, usize, &str, &str); 2] = [
        (batch, BATCHES, "\"status\":202", "batch.share"),
        (events, LISTENERS, ": listening", "events.share"),
    ];
    for (request, share, first, code) in kinds {
        let mut open = Vec::new();
        for (_, ann) in (0..share).zip(ann.iter().cycle()) {
            open.push(Stream::begin(&daemon, &request(ann), first).await);
        }
        for ann in &ann {
            let request = request(ann).replace("Host:", "Connection: close\r\nHost:");
            let refused = send(daemon.address, &request).await.expect("an answer");
            assert_eq!((refused.status, refused.body["code"].as_str()), (429, Some(code)));
        }
        Stream::begin(&daemon, &request(&bob), first).await;
        open.pop();
        let one = request(&ann[0]);
        until("a place is free again", async || Stream::ask(&daemon, &one, first).await.is_ok())
            .await;
    }
}
