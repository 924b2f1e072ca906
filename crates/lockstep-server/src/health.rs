//! Health: whether the process is there, and whether it can do its work.

use axum::extract::State;

use crate::App;
use crate::problem::Problem;

/// Answers as long as the process takes requests.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// Answers that it can do its work if the store can be read.
pub(crate) async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    match app.runner.store().counts().await {
        Ok(_) => Ok("ok\n"),
        Err(error) => {
            tracing::error!(%error, "the store cannot be read");
            Err(Problem::new(503, "engine.stopped", "the store cannot be read"))
        }
    }
}
