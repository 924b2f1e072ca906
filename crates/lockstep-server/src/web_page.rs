//! The web page: files that are part of the binary.
//!
//! Invariants:
//!
//! * Every file of `web/` is in the table, and nothing else is served: a request names a row of the
//!   table, never a path.
//! * A browser asks each time whether its copy is the present one; the tag is a hash of the text, so
//!   that the files of one binary always fit each other.
//!
//! Absent by design: what a browser may do with the page, which [`origin`](crate::origin) tells it with
//! every answer; data. The page is a client of the API, and is told only what its caller may know.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::access::{Role, Route};
use crate::extract::Path;
use crate::problem::Problem;

/// The routes of this room: what the page is made of is no secret, unlike what it shows.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Anyone, routes!(index)),
        Route::new(Role::Anyone, routes!(asset)),
        Route::new(Role::Anyone, routes!(part)),
    ]
}

/// A file of the page.
struct Asset {
    /// Below `/assets/`.
    name: &'static str,
    text: &'static [u8],
}

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        [$(Asset { name: $name, text: include_bytes!(concat!("../web/", $name)) }),*]
    };
}

/// All files of the page but those that tell of the files of others, and what tells Node of them.
static ASSETS: [Asset; 42] = assets![
    "index.html",
    "api.js",
    "caller.js",
    "format.js",
    "graph.css",
    "icon.svg",
    "live.js",
    "main.js",
    "resource.js",
    "route.js",
    "session.js",
    "style.css",
    "ui.js",
    "part/announce.js",
    "part/dialog.js",
    "part/graph.js",
    "part/input_form.js",
    "part/journal.js",
    "part/notice.js",
    "part/plot.js",
    "part/segments.js",
    "part/source.js",
    "part/state.js",
    "part/timeline.js",
    "part/told.js",
    "part/value.js",
    "vendor/htm.js",
    "vendor/preact-hooks.js",
    "vendor/preact.js",
    "vendor/uplot.css",
    "vendor/uplot.js",
    "view/answer.js",
    "view/definition.js",
    "view/definitions.js",
    "view/instance.js",
    "view/instances.js",
    "view/lock.js",
    "view/locks.js",
    "view/objects.js",
    "view/overview.js",
    "view/sign_in.js",
    "view/start.js",
];

/// The tag of each file, in the order of [`ASSETS`].
static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |asset: &Asset| format!("\"{}\"", Uuid::new_v5(&Uuid::NAMESPACE_URL, asset.text));
    ASSETS.iter().map(tag).collect()
});

/// Shows the page.
#[utoipa::path(
    get,
    operation_id = "show_page",
    path = "/",
    tag = "page",
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 304, description = "The copy with this tag is the present one")
    )
)]
async fn index(headers: HeaderMap) -> Result<Response, Problem> {
    answer("index.html", &headers)
}

/// Gives a file that the page needs.
#[utoipa::path(
    get,
    operation_id = "show_asset",
    path = "/assets/{name}",
    tag = "page",
    params(("name" = String, Path, description = "A file of the page")),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/plain"),
        (status = 304, description = "The copy with this tag is the present one")
    )
)]
async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&name, &headers)
}

/// Gives a file that the page needs, out of one of its folders.
#[utoipa::path(
    get,
    operation_id = "show_part",
    path = "/assets/{folder}/{name}",
    tag = "page",
    params(
        ("folder" = String, Path, description = "A folder of the page"),
        ("name" = String, Path, description = "A file in it")
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/plain"),
        (status = 304, description = "The copy with this tag is the present one")
    )
)]
async fn part(
    Path((folder, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&format!("{folder}/{name}"), &headers)
}

fn answer(name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let mut files = ASSETS.iter().zip(TAGS.iter());
    let Some((asset, tag)) = files.find(|(asset, _)| asset.name == name) else {
        return Err(Problem::new(404, "route.not_found", "the page has no such file"));
    };
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        asset.text.into_response()
    };
    let told = response.headers_mut();
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind(name)));
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        told.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// What a file is, by the end of its name.
fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests;
