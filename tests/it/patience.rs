//! Waiting for something that must come, and failing when it does not.

use std::time::Duration;

/// Longest time that a test waits for anything: far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Pause between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(2);

/// Waits for a future.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("this has not come within {PATIENCE:?}: {what}"))
}

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(PAUSE).await;
        }
    };
    soon(what, wait).await;
}

/// Starts to measure; the result tells how long it has been since.
pub(crate) fn stopwatch() -> impl Fn() -> Duration {
    let started = tokio::time::Instant::now();
    move || started.elapsed()
}
