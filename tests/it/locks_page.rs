//! Facts about `docs/locks.md`: its commands do what it says.

use std::path::Path;

use tokio::process::Command;

use crate::binary::{self, finish};
use crate::shelf::Shelf;

/// Returns the commands of the page, in order.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1);
    blocks.filter_map(|block| Some(block.split_once("```")?.0.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_the_page_do_what_it_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/locks.md");
    let page = std::fs::read_to_string(page).expect("the page can be read");
    let commands = commands(&page);
    assert!(commands.len() > 5, "the commands were found");
    let shelf = Shelf::new();
    let folder = binary::path().parent().expect("it lies in a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = format!("{}:{}", folder.display(), path.display());
    let mut sh = Command::new("sh");
    sh.args(["-eu", "-c", &commands.concat()]).current_dir(shelf.path("")).env("PATH", path);
    let told = finish(sh).await;
    assert_eq!(told.status, Some(0), "{}\n{}", told.stdout, told.stderr);
    for part in [
        "nobody else reports now",
        "both, beside others who only read",
        "held by client `ann`",
        "note: edits the address",
        "\"key\":\"\\\"deploy\\\"\"",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    for part in ["renewed, for 20 min from now", "released", "the lock \"deploy\" is broken"] {
        assert!(told.stderr.contains(part), "{part}: {}", told.stderr);
    }
}
