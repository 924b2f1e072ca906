//! An unfinished instance, and its locks, for programs.

use lockstep_core::explain::{Awaits, Doing, Explanation, HeldLock, LockWait, Obstacle};
use lockstep_core::transition::Origin;
use lockstep_core::{InstanceId, Time};
use lockstep_definition::{LockMode, Place};
use serde_json::{Value as Json, json};

use super::facts::Facts;
use crate::moment::exact;
use crate::survey::Survey;

/// Returns what an unfinished instance does.
pub(super) fn running(facts: &Facts) -> Json {
    let links = facts.chain.links.iter().map(|link| instance(link, facts));
    let mut told = instance(&facts.explanation, facts);
    if let Json::Object(fields) = &mut told {
        fields.insert("lock_place".to_owned(), place(facts.lock_place.as_ref()));
        fields.insert("chain".to_owned(), links.collect());
        fields.insert("chain_is_cut".to_owned(), facts.chain.is_cut.into());
        fields.insert("as_of".to_owned(), exact(facts.survey.taken_at()).into());
    }
    told
}

fn instance(it: &Explanation, facts: &Facts) -> Json {
    let doing: Vec<Json> =
        it.doing.iter().map(|doing| doing_json(doing, it.instance, facts)).collect();
    let uncommitted: Vec<Json> = it
        .uncommitted
        .iter()
        .map(|key| json!({ "entity": &*key.entity, "id": &*key.id }))
        .collect();
    json!({
        "instance": it.instance.to_string(),
        "workflow": &*it.workflow,
        "status": "running",
        "started_at": exact(it.started_at),
        "started_by": &*it.started_by,
        "activity": it.activity.as_deref(),
        "doing": doing,
        "holds": it.held.iter().map(held).collect::<Vec<Json>>(),
        "uncommitted": uncommitted,
        "failing": it.failing.as_deref(),
    })
}

fn doing_json(doing: &Doing, instance: InstanceId, facts: &Facts) -> Json {
    let mut told = match (&doing.what, facts.call(instance)) {
        (Awaits::Nothing, Some(call)) => {
            json!({ "awaits": "call", "attempt": call.attempt, "since": exact(call.since) })
        }
        (what, _) => awaits(what, &facts.survey),
    };
    if let Json::Object(fields) = &mut told {
        fields.shift_insert(0, "step".to_owned(), place(doing.step.as_ref()));
    }
    told
}

/// Returns where something was written; null if that is not known.
fn place(place: Option<&Place>) -> Json {
    place.map_or(
        Json::Null,
        |place| json!({ "file": &*place.file, "line": place.line, "column": place.column }),
    )
}

fn awaits(awaits: &Awaits, survey: &Survey) -> Json {
    let until = |until: &Option<Time>| until.map(exact);
    match awaits {
        Awaits::Nothing => json!({ "awaits": "nothing" }),
        Awaits::Lock(wait) => lock_wait(wait, survey),
        Awaits::Objects(keys) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            json!({ "awaits": "objects", "objects": keys })
        }
        Awaits::Query => json!({ "awaits": "query" }),
        Awaits::Call { attempt } => json!({ "awaits": "call", "attempt": attempt }),
        Awaits::Retry(at) => json!({ "awaits": "retry", "until": exact(*at) }),
        Awaits::Commit => json!({ "awaits": "commit" }),
        Awaits::Moment(at) => json!({ "awaits": "moment", "until": exact(*at) }),
        Awaits::Signal { name, until: at } => {
            json!({ "awaits": "signal", "name": &**name, "until": until(at) })
        }
        Awaits::Instance { instance, until: at } => {
            let instance = instance.to_string();
            json!({ "awaits": "instance", "instance": instance, "until": until(at) })
        }
        Awaits::Steps => json!({ "awaits": "steps" }),
    }
}

fn lock_wait(wait: &LockWait, survey: &Survey) -> Json {
    let obstacles: Vec<Json> = wait.obstacles.iter().map(|it| obstacle(it, survey)).collect();
    json!({
        "awaits": "lock",
        "keys": keys(&wait.keys),
        "context": wait.context.as_deref(),
        "mode": mode(wait.mode),
        "since": exact(wait.since),
        "waiting_timeout_at": exact(wait.until),
        "ticket": wait.ticket,
        "priority": wait.priority,
        "ahead": wait.ahead,
        "obstacles": obstacles,
    })
}

fn obstacle(obstacle: &Obstacle, survey: &Survey) -> Json {
    let workflow = survey.explain(obstacle.who).map(|it| it.workflow.to_string());
    let (since, until) = obstacle.held.map_or((None, None), |(since, until)| (Some(since), until));
    json!({
        "key": &*obstacle.key,
        "instance": obstacle.client.is_none().then(|| obstacle.who.to_string()),
        "workflow": workflow,
        "lock": obstacle.client.is_some().then(|| obstacle.who.to_string()),
        "client": obstacle.client.as_deref(),
        "holds": obstacle.held.is_some(),
        "since": since.map(exact),
        "ends_at": until.map(exact),
    })
}

/// Returns a lock that is held.
pub(crate) fn held(held: &HeldLock) -> Json {
    let (owner, note) = match &held.origin {
        Origin::Client { owner, note } => (Some(&**owner), Some(&**note)),
        Origin::Workflow | Origin::Activity(_) => (None, None),
    };
    json!({
        "keys": keys(&held.keys),
        "context": held.context.as_deref(),
        "mode": mode(held.mode),
        "token": held.token,
        "since": exact(held.since),
        "ends_at": exact(held.until),
        "client": owner,
        "note": note,
    })
}

fn keys(keys: &[std::sync::Arc<str>]) -> Vec<&str> {
    keys.iter().map(|key| &**key).collect()
}

/// Returns the word for a mode.
pub(crate) fn mode(mode: LockMode) -> &'static str {
    match mode {
        LockMode::Exclusive => "exclusive",
        LockMode::Shared => "shared",
    }
}
