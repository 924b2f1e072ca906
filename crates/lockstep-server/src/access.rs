//! Who may do what: the table of all routes, and the layer in front of them.
//!
//! Invariants:
//!
//! * The router is made of the table, so that a route that is not in it does not exist; so is the
//!   [`document`](crate::document) that describes it.
//! * Each route has one role that it takes; who has it not is refused before anything is read.
//! * Whoever is not known has no role, and is not told which routes there are.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::metrics::requests;
use crate::problem::Problem;
use crate::token::Refused;
use crate::verb::{self, Verbs};
use crate::{
    App, batch, caller, definitions, document, events, health, history, instances, locks, metrics,
    objects, overview, tasks, triggers, web_page,
};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everybody, also who is not known.
    Anyone,
    /// Who looks.
    Viewer,
    /// Who starts instances, and is told how they end.
    Starter,
    /// Who does tasks for instances.
    Worker,
    /// Who ends what others have started.
    Operator,
    /// Who does everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Anyone, Self::Viewer, Self::Starter, Self::Worker, Self::Operator, Self::Admin];

    /// Returns the name of the role.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Viewer => "viewer",
            Self::Starter => "starter",
            Self::Worker => "worker",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Returns the role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Returns whether who has this role may do what takes `needed`.
    pub(crate) fn grants(self, needed: Self) -> bool {
        match self {
            Self::Anyone => needed == Self::Anyone,
            Self::Viewer | Self::Starter | Self::Worker | Self::Operator => {
                matches!(needed, Self::Anyone | Self::Viewer) || needed == self
            }
            Self::Admin => true,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// For people, and in front of the keys that it chooses.
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
    /// Why it is nobody.
    pub(crate) refused: Option<Refused>,
}

impl Caller {
    /// Returns whether it may do what only somebody of this name may: who may do everything may.
    pub(crate) fn is(&self, name: &str) -> bool {
        *self.name == *name || self.role == Role::Admin
    }

    /// Refuses who may not do what takes a role.
    fn check(&self, needed: Role) -> Result<(), Problem> {
        if self.role.grants(needed) {
            return Ok(());
        }
        if let Some(refused) = self.refused {
            return Err(refused.into());
        }
        let (needed, name, role) = (needed.name(), &self.name, self.role.name());
        let told = format!("this takes the role {needed}; {name} has the role {role}");
        Err(Problem::new(403, "access.forbidden", told))
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Expired => Self::new(401, "access.expired", "the time of this token is over"),
            Refused::Unknown => {
                let told = "this takes a token: `Authorization: Bearer TOKEN`";
                Self::new(401, "access.unauthenticated", told)
            }
        }
    }
}

/// A row of the table: a path with a method, the role that it takes, and what answers there.
pub(crate) struct Route {
    pub(crate) needs: Role,
    /// As it is written for people: `/v1/instances/{id}:cancel`.
    pub(crate) path: String,
    pub(crate) described: PathItem,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
    room: MethodRouter<App>,
}

impl Route {
    /// Returns the row of one function; path and method stand in its annotation.
    pub(crate) fn new(needs: Role, (schemas, paths, room): UtoipaMethodRouter<App>) -> Self {
        let mut paths = paths.paths.into_iter();
        let (path, described) = paths.next().expect("a function that answers has a path");
        Self { needs, path, described, schemas, room }
    }
}

/// Returns all routes.
pub(crate) fn routes() -> Vec<Route> {
    let rooms = [
        health::routes(),
        metrics::routes(),
        document::routes(),
        overview::routes(),
        caller::routes(),
        events::routes(),
        batch::routes(),
        definitions::routes(),
        instances::routes(),
        history::routes(),
        locks::routes(),
        objects::routes(),
        tasks::routes(),
        triggers::routes(),
        web_page::routes(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Makes the router of the table.
pub(crate) fn router(app: App) -> Router {
    let (mut router, mut verbs) = (Router::new(), Verbs::default());
    for Route { needs, path, room, .. } in routes() {
        let guarded = room.layer(middleware::from_fn_with_state(needs, admit));
        let counted = (Arc::clone(&app.monitor.requests), path.as_str().into());
        let guarded = guarded.layer(middleware::from_fn_with_state(counted, requests::count));
        router = router.route(&verbs.inside(&path), guarded);
    }
    let router = router.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(app);
    // A layer around the router, so that it sees a request before the router does.
    let split = middleware::from_fn_with_state(verbs, verb::split);
    Router::new().fallback_service(router).layer(split)
}

/// Lets a request through to its room, if who asks has the role that it takes.
async fn admit(
    State(needs): State<Role>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    caller.check(needs)?;
    Ok(next.run(request).await)
}

async fn unknown(Extension(caller): Extension<Caller>, request: Request) -> Problem {
    let known = caller.check(Role::Viewer);
    let told = || format!("there is no {}", verb::outside(request.uri().path()));
    known.err().unwrap_or_else(|| Problem::new(404, "route.not_found", told()))
}

async fn wrong_method(Extension(caller): Extension<Caller>, request: Request) -> Problem {
    let known = caller.check(Role::Viewer);
    let (method, path) = (request.method(), verb::outside(request.uri().path()));
    let told = || format!("{method} cannot be done with {path}");
    known.err().unwrap_or_else(|| Problem::new(405, "route.method", told()))
}

#[cfg(test)]
mod tests;
