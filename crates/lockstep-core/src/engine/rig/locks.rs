//! Locks of clients, and looks at all locks, as commands of scripts.

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::LockMode;
use lockstep_expr::{Value, json};

use super::{Rig, long, short};
use crate::event::{BreakLock, ClientLock, Event, LockRequest, RequestId};
use crate::explain::{Awaits, LockView};
use crate::{Failure, FencingToken, InstanceId};

/// Locks of clients, as the clients know them.
#[derive(Default)]
pub(super) struct Clients {
    requests: RequestId,
    /// Who asked, by request.
    asked: Vec<(RequestId, String)>,
    tokens: Vec<(String, FencingToken)>,
}

impl Rig {
    pub(super) fn client(&mut self, words: &[&str]) {
        let event = match words {
            ["client", name, context, options @ ..] => {
                let option = |wanted: &str| {
                    let of = |option: &&str| option.strip_prefix(wanted)?.parse::<u64>().ok();
                    options.iter().find_map(of).map(Duration::from_millis)
                };
                let context = json::from_json(context).unwrap_or_else(|_| Value::from(*context));
                let shared = options.contains(&"shared");
                let text = |wanted: &str| {
                    let of = |option: &&str| option.strip_prefix(wanted)?.parse().ok();
                    options.iter().find_map(of).map(|bytes| "x".repeat(bytes))
                };
                let owner = text("owner=").unwrap_or_else(|| format!("owner of {name}"));
                Event::Lock(LockRequest {
                    request: self.request(name),
                    lock: self.id(name),
                    context,
                    mode: if shared { LockMode::Shared } else { LockMode::Exclusive },
                    owner: owner.into(),
                    note: text("note=").unwrap_or_default().into(),
                    taker: None,
                    waiting_timeout: option("wait=").unwrap_or_default(),
                    time_to_live: option("ttl=").unwrap_or(Duration::from_mins(1)),
                })
            }
            ["renew", name, millis] => {
                let (request, lock, token) = self.known(name);
                let time_to_live = Duration::from_millis(millis.parse().expect("milliseconds"));
                Event::RenewLock { request, lock, token, time_to_live }
            }
            ["unlock", name] => {
                let (request, lock, token) = self.known(name);
                Event::ReleaseLock { request, lock, token }
            }
            ["break", key, reason @ ..] => {
                let (token, reason) = match reason {
                    [token, reason @ ..] if token.starts_with('#') => (Some(long(token)), reason),
                    _ => (None, reason),
                };
                let (key, by, reason) = ((*key).into(), "operator".into(), reason.join(" ").into());
                let request = self.request("breaker");
                Event::BreakLock(BreakLock { request, key, token, by, reason })
            }
            _ => panic!("unknown command: {words:?}"),
        };
        self.engine.handle(self.now, event);
    }

    fn request(&mut self, name: &str) -> RequestId {
        self.clients.requests += 1;
        self.clients.asked.push((self.clients.requests, name.to_owned()));
        self.clients.requests
    }

    fn known(&mut self, name: &str) -> (RequestId, InstanceId, FencingToken) {
        let token = self.clients.tokens.iter().rev().find(|(of, _)| of == name);
        let token = token.expect("it held a lock").1;
        (self.request(name), self.id(name), token)
    }

    fn who_asked(&self, request: RequestId) -> String {
        let asked = self.clients.asked.iter().find(|(asked, _)| *asked == request);
        asked.map_or_else(String::new, |(_, name)| name.clone())
    }

    pub(super) fn locked(&mut self, request: RequestId, result: Result<ClientLock, Failure>) {
        let name = self.who_asked(request);
        match result {
            Ok(lock) => {
                let told = format!("{name} holds {:?} under {}", lock.keys, short(lock.token));
                self.clients.tokens.push((name, lock.token));
                self.say(&told);
            }
            Err(failure) => {
                let why = self.named(&failure.message);
                self.say(&format!("{name} does not hold it: {}: {why}", failure.code));
            }
        }
    }

    pub(super) fn lock_changed(&mut self, request: RequestId, result: Result<(), Failure>) {
        let name = self.who_asked(request);
        match result {
            Ok(()) => self.say(&format!("{name}: done")),
            Err(failure) => {
                let why = self.named(&failure.message);
                self.say(&format!("{name}: {}: {why}", failure.code));
            }
        }
    }

    /// Says who holds and who waits for each lock.
    pub(super) fn say_queues(&mut self) {
        for LockView { key, holders, waiters, .. } in self.engine.locks() {
            let holders = holders.iter().map(|holder| {
                let context = holder.lock.context.as_deref().unwrap_or("-");
                format!("{} {:?} ({context})", self.name(holder.who), holder.lock.mode)
            });
            let holders: Vec<String> = holders.collect();
            let waiters = waiters.iter().map(|waiter| self.name(waiter.who));
            let waiters: Vec<String> = waiters.collect();
            self.say(&format!("{key}: {}; then {}", holders.join(", "), waiters.join(", ")));
        }
    }

    /// Says what an instance waits for.
    pub(super) fn explain(&mut self, name: &str) {
        let explained = self.engine.explain(self.id(name)).expect("it is unfinished");
        let keys = |keys: &Arc<[Arc<str>]>| keys.join(", ");
        for held in &explained.held {
            let context = held.context.as_deref().unwrap_or("-");
            let lasts = held.until.since(self.now);
            let told = format!("{name} holds {} ({context}) for {lasts:?}", keys(&held.keys));
            self.say(&told);
        }
        for doing in &explained.doing {
            let Awaits::Lock(wait) = &doing.what else {
                let told = self.named(&format!("{name} waits: {:?}", doing.what));
                self.say(&told);
                continue;
            };
            let context = wait.context.as_deref().unwrap_or("-");
            let (ahead, lasts) = (wait.ahead, wait.until.since(self.now));
            let told = format!(
                "{name} waits for {} ({context}) for {lasts:?}, {ahead} ahead",
                keys(&wait.keys)
            );
            self.say(&told);
            for obstacle in &wait.obstacles {
                let who = self.name(obstacle.who);
                let held = obstacle.held.map(|(_, until)| until.map(|at| at.since(self.now)));
                let how = match held {
                    Some(Some(lasts)) => format!("is held by {who} for {lasts:?}"),
                    Some(None) => format!("is held by {who}"),
                    None => format!("goes to {who} first"),
                };
                self.say(&format!("  {} {how}", obstacle.key));
            }
        }
    }
}
