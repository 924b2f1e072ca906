//! `/v1/instances/{id}:cancel`: a colon and a verb behind a path say what is to be done there.
//!
//! A router knows whole segments only; so inside, the verb is a segment of its own, behind a mark.
//!
//! Invariants:
//!
//! * Only verbs of the table are verbs: whatever else stands behind a colon is part of a name. A
//!   name that ends like a verb is written with `%3A` for the colon.
//! * What is routed inside cannot be asked for from outside.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;

use crate::problem::Problem;

/// Stands before a verb inside.
const MARK: &str = "/!";

/// The verbs of the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verbs(Arc<BTreeSet<String>>);

impl Verbs {
    /// Returns a path of the table as it is inside, and keeps its verb.
    pub(crate) fn inside(&mut self, path: &str) -> String {
        let Some((place, verb)) = path.rsplit_once(':') else { return path.to_owned() };
        Arc::make_mut(&mut self.0).insert(verb.to_owned());
        format!("{place}{MARK}{verb}")
    }

    /// Returns a request's target as it is inside, if it has a verb.
    fn split(&self, target: &Uri) -> Option<Uri> {
        let (place, verb) = target.path().rsplit_once(':')?;
        if !self.0.contains(verb) {
            return None;
        }
        let query = target.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{place}{MARK}{verb}{query}").parse().ok()
    }
}

/// Lets a request through with its verb as a segment of its own.
pub(crate) async fn split(
    State(verbs): State<Verbs>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let path = request.uri().path();
    if path.contains(MARK) {
        return Err(Problem::new(404, "route.not_found", format!("there is no {path}")));
    }
    if let Some(target) = verbs.split(request.uri()) {
        *request.uri_mut() = target;
    }
    Ok(next.run(request).await)
}

/// Returns a path as whoever asked has written it.
pub(crate) fn outside(path: &str) -> String {
    path.replace(MARK, ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verbs_of_the_table_are_verbs() {
        let mut verbs = Verbs::default();
        assert_eq!(verbs.inside("/v1/locks/{key}:break"), "/v1/locks/{key}/!break");
        assert_eq!(verbs.inside("/v1/locks/{key}"), "/v1/locks/{key}");
        let split = |target: &str| {
            verbs.split(&target.parse().unwrap()).map_or("-".to_owned(), |uri| uri.to_string())
        };
        assert_eq!(split("/v1/locks/a:break?n=1:break"), "/v1/locks/a/!break?n=1:break");
        assert_eq!(split("/v1/locks/a:b:break"), "/v1/locks/a:b/!break");
        for target in ["/v1/locks/a:b", "/v1/locks/a%3Abreak", "/v1/a:break/b", "/v1/locks"] {
            assert_eq!(split(target), "-", "{target}");
        }
        assert_eq!(outside("/v1/locks/a/!break"), "/v1/locks/a:break");
    }
}
