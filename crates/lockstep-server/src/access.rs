//! Who may do what: the table of all routes, and the layer in front of them.
//!
//! Invariants:
//!
//! * The router is made of the table, so that a route that is not in it does not exist.
//! * Each route has one role that it takes; who has it not is refused before anything is read.
//! * Whoever is not known has no role.
//!
//! Absent for now: tokens. As long as there are none, whoever reaches the server is on this machine,
//! and is its administrator.

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Router};

use crate::problem::Problem;
use crate::{App, health, instances};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everybody, also who is not known.
    Anyone,
    /// Who looks.
    Viewer,
    /// Who starts instances, and is told how they end.
    Starter,
    /// Who ends what others have started.
    Operator,
    /// Who does everything.
    Admin,
}

impl Role {
    /// Returns whether who has this role may do what takes `needed`.
    fn grants(self, needed: Self) -> bool {
        match self {
            Self::Anyone => needed == Self::Anyone,
            Self::Viewer => matches!(needed, Self::Anyone | Self::Viewer),
            Self::Starter => matches!(needed, Self::Anyone | Self::Viewer | Self::Starter),
            Self::Operator => matches!(needed, Self::Anyone | Self::Viewer | Self::Operator),
            Self::Admin => true,
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// For people, and in front of the keys that it chooses.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
}

/// A route.
struct Route {
    method: MethodFilter,
    path: &'static str,
    needs: Role,
    room: fn(MethodFilter) -> MethodRouter<App>,
}

/// All routes.
fn routes() -> [Route; 6] {
    type Room = fn(MethodFilter) -> MethodRouter<App>;
    let read = |path, needs, room: Room| Route { method: MethodFilter::GET, path, needs, room };
    let post = |path, needs, room: Room| Route { method: MethodFilter::POST, path, needs, room };
    [
        read("/healthz", Role::Anyone, |method| on(method, health::alive)),
        read("/readyz", Role::Anyone, |method| on(method, health::ready)),
        read("/v1/instances/{id}", Role::Viewer, |method| on(method, instances::show)),
        post("/v1/instances/{id}", Role::Operator, |method| on(method, instances::act)),
        post("/v1/instances/{id}/signals/{name}", Role::Starter, |method| {
            on(method, instances::signal)
        }),
        post("/v1/workflows/{workflow}/instances", Role::Starter, |method| {
            on(method, instances::start)
        }),
    ]
}

/// Makes the router of the table.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for Route { method, path, needs, room } in routes() {
        let guarded = room(method).layer(middleware::from_fn_with_state(needs, admit));
        router = router.route(path, guarded);
    }
    router.fallback(unknown).method_not_allowed_fallback(wrong_method).with_state(app)
}

/// Lets a request through to its room, if who asks has the role that it takes.
async fn admit(
    State(needs): State<Role>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !caller.role.grants(needs) {
        let told = format!("this takes the role {needs:?}, and {} has another one", caller.name);
        return Err(Problem::new(403, "access.forbidden", told));
    }
    Ok(next.run(request).await)
}

/// Returns who has sent a request.
pub(crate) fn caller() -> Caller {
    Caller { name: "local", role: Role::Admin }
}

async fn unknown(request: Request) -> Problem {
    let told = format!("there is no {}", request.uri().path());
    Problem::new(404, "route.not_found", told)
}

async fn wrong_method(request: Request) -> Problem {
    let told = format!("{} cannot be done with {}", request.method(), request.uri().path());
    Problem::new(405, "route.method", told)
}

#[cfg(test)]
mod tests;
