//! The web page: the files that the daemon serves. What they do is seen by `tests/browser`.

use crate::daemon_process::Daemon;
use crate::shelf::Shelf;

#[tokio::test]
async fn the_page_is_served_and_may_run_only_what_is_its_own() {
    let shelf = Shelf::new();
    let workflows = concat!(env!("CARGO_MANIFEST_DIR"), "/../workflows/last-place.yaml");
    let daemon = Daemon::with(&shelf.path("a.db"), workflows, &[]).await;
    let page = daemon.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").expect("there is one");
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for (path, kind) in [
        ("/assets/main.js", "text/javascript; charset=utf-8"),
        ("/assets/style.css", "text/css; charset=utf-8"),
        ("/assets/view/lock.js", "text/javascript; charset=utf-8"),
        ("/assets/vendor/preact.js", "text/javascript; charset=utf-8"),
    ] {
        let file = daemon.get(path).await;
        assert_eq!((file.status, file.header("content-type")), (200, Some(kind)), "{path}");
        // A browser asks each time whether its copy is still that of this daemon.
        assert_eq!(file.header("cache-control"), Some("no-cache"), "{path}");
    }
    for path in ["/assets/", "/assets/none.js", "/assets/..%2fpage.rs", "/assets/view/..%2fmain.js"]
    {
        assert_eq!(daemon.get(path).await.status, 404, "{path}");
    }
}
