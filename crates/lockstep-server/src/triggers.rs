//! Triggers: what there is, and requests to webhooks.
//!
//! Invariants:
//!
//! * A delivery is acknowledged when its instance is durable.
//! * Who has not signed is told the same whether or not there is such a webhook.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use lockstep_api::{
    ChangeTrigger, Page, Plain, ScheduleTrigger, ScheduledStart, State as Progress, TriggerState,
    WebhookTrigger,
};
use lockstep_definition::{ChangeKind, TriggerSource};
use lockstep_runner::{Delivery, DeliveryError, Once, ScheduleView, TriggerView};
use utoipa_axum::routes;

use crate::access::{Role, Route};
use crate::extract::{Path, Query};
use crate::page::Which;
use crate::problem::Problem;
use crate::{App, answer, body, page};

/// The routes of this room.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Role::Viewer, routes!(list)),
        // Its signature shows that it may.
        Route::new(Role::Anyone, routes!(deliver)),
    ]
}

/// Tells what starts workflows besides requests, by workflow.
#[utoipa::path(
    get,
    operation_id = "list_triggers",
    path = "/v1/triggers",
    tag = "triggers",
    params(Which),
    responses((status = 200, description = "A page of triggers", body = Page<TriggerState>))
)]
async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Response, Problem> {
    let (limit, first) = which.read()?;
    let first: usize = first.unwrap_or(0);
    let all = app.runner.triggers();
    let items: Vec<TriggerState> = all.iter().skip(first).take(limit).filter_map(shown).collect();
    let end = first.saturating_add(limit);
    let next = (end < all.len()).then(|| page::cursor(&end));
    Ok(answer::json(StatusCode::OK, &Page { items, next }))
}

fn shown(view: &TriggerView) -> Option<TriggerState> {
    let workflow = view.workflow.name.to_string();
    let mut shown = TriggerState { workflow, schedule: None, change: None, webhook: None };
    match &view.trigger()?.source {
        TriggerSource::Schedule { cron, time_zone, missed } => {
            let schedule = ScheduleTrigger {
                cron: cron.to_string(),
                time_zone: time_zone.to_string(),
                missed: missed.word().to_owned(),
                next: None,
                handled: None,
                last: None,
                refused: None,
            };
            shown.schedule = Some(match &view.schedule {
                Some(view) => watched(schedule, view),
                None => schedule,
            });
        }
        TriggerSource::Change { entity, kinds, when } => {
            let kinds: Vec<ChangeKind> = if kinds.is_empty() {
                vec![ChangeKind::Create, ChangeKind::Update, ChangeKind::Delete]
            } else {
                kinds.clone()
            };
            shown.change = Some(ChangeTrigger {
                entity: entity.to_string(),
                kinds: kinds.into_iter().map(|kind| kind.word().to_owned()).collect(),
                when: when.as_ref().map(|when| when.text().to_owned()),
            });
        }
        TriggerSource::Webhook { name, .. } => {
            let path = format!("/v1/webhooks/{name}");
            shown.webhook = Some(WebhookTrigger { name: name.to_string(), path });
        }
    }
    Some(shown)
}

fn watched(schedule: ScheduleTrigger, view: &ScheduleView) -> ScheduleTrigger {
    let last = view.last.map(|(time, instance)| ScheduledStart {
        time: time.into(),
        instance: instance.to_string(),
    });
    ScheduleTrigger {
        next: view.next.map(Into::into),
        handled: Some(view.handled.into()),
        last,
        refused: view.refused.clone(),
        ..schedule
    }
}

/// Takes a signed request, and starts an instance of the workflow that listens to it.
///
/// It is signed with HMAC-SHA256 under the secret of the webhook: in the form of Standard Webhooks
/// (`webhook-id`, `webhook-timestamp`, `webhook-signature`), or in that of GitHub
/// (`x-hub-signature-256`). A delivery that comes again is answered with the instance that it has
/// started.
#[utoipa::path(
    post,
    operation_id = "deliver_webhook",
    path = "/v1/webhooks/{name}",
    tag = "triggers",
    params(("name" = String, Path, description = "Name of the webhook")),
    request_body(content = Plain, description = "What is reported"),
    responses(
        (status = 202, description = "An instance goes on, durably", body = lockstep_api::Started),
    )
)]
async fn deliver(
    State(app): State<App>,
    Path(webhook): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = body::bytes(body).await?;
    let headers = texts(&parts.headers);
    let delivery = Delivery { webhook: &webhook, headers: &headers, body: &body };
    let (started, is_known) = match app.runner.deliver(delivery).await {
        Ok(Once::New(started)) => (started, false),
        Ok(Once::Known(started)) => (started, true),
        Err(DeliveryError::Start(error)) => return Err(error.into()),
        Err(error @ DeliveryError::Unreadable(_)) => {
            return Err(Problem::invalid(error.to_string()));
        }
        Err(error @ DeliveryError::Unsigned) => {
            return Err(Problem::new(401, "webhook.unsigned", error.to_string()));
        }
    };
    let id = started.id.to_string();
    let place = HeaderValue::from_str(&format!("/v1/instances/{id}"));
    let form = lockstep_api::Started { id, state: Progress::Running, output: None };
    let mut response = answer::json(StatusCode::ACCEPTED, &form);
    let headers = response.headers_mut();
    headers.extend(place.map(|place| (header::LOCATION, place)));
    if is_known {
        headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Returns the headers that are texts.
fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    headers.iter().filter_map(|(name, value)| Some((name.to_string(), text(value)?))).collect()
}
