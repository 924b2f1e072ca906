//! The outside world: what is called, and remembers.
//!
//! One resource for each lock key. It remembers idempotency keys, and refuses tokens older than one
//! that it has seen.

use std::collections::BTreeMap;

use lockstep_core::{CallRequest, CallTarget, Failure, FencingToken, InstanceId};
use lockstep_expr::{Map, Value};

use super::law::Violation;

/// A call that the outside world has seen.
#[derive(Debug)]
struct Seen {
    instance: InstanceId,
    attempt: u32,
    input: String,
    receipt: i64,
}

/// All resources.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    seen: BTreeMap<String, Seen>,
    /// The greatest token that each resource has seen, and whose it was.
    highest: BTreeMap<String, (FencingToken, InstanceId)>,
    /// The token of the last call of each instance.
    last: BTreeMap<InstanceId, FencingToken>,
    receipts: i64,
    owners: BTreeMap<i64, InstanceId>,
}

/// What a resource says to a call.
pub(crate) struct Said {
    pub(crate) result: Result<Value, Failure>,
    /// Whether it refused an outdated token.
    pub(crate) outdated: bool,
}

impl Outside {
    /// Takes note of a call that leaves the engine.
    ///
    /// # Errors
    ///
    /// [`Violation`] if the call breaks a promise that is made to the outside world.
    pub(crate) fn sent(&mut self, request: &CallRequest) -> Result<(), Violation> {
        let key = &request.idempotency_key;
        let CallTarget::Task { input, .. } = &request.target else {
            return Violation::of("call", "a call that no workload makes".to_owned());
        };
        let Some(token) = request.fencing_token else {
            return Violation::of("call", format!("{key} is called under a lock, without token"));
        };
        if let Some(last) = self.last.insert(request.instance, token)
            && token < last
        {
            let text = format!("{key} is called under {token}, the call before under {last}");
            return Violation::of("fencing", text);
        }
        let text = input.to_string();
        let Some(seen) = self.seen.get_mut(key) else {
            self.receipts += 1;
            self.owners.insert(self.receipts, request.instance);
            let (instance, attempt, receipt) = (request.instance, request.attempt, self.receipts);
            self.seen.insert(key.clone(), Seen { instance, attempt, input: text, receipt });
            return Ok(());
        };
        if seen.instance != request.instance || seen.input != text {
            let text = format!("{key} names the call {} and the call {text}", seen.input);
            return Violation::of("idempotency-key", text);
        }
        if request.attempt <= seen.attempt {
            let text = format!("{key}: attempt {} after {}", request.attempt, seen.attempt);
            return Violation::of("idempotency-key", text);
        }
        seen.attempt = request.attempt;
        Ok(())
    }

    /// Takes a call that arrives, perhaps long after it was sent.
    pub(crate) fn arrived(&mut self, request: &CallRequest) -> Said {
        let CallTarget::Task { input, .. } = &request.target else {
            return Said { result: Ok(Value::Null), outdated: false };
        };
        let resource = field(input, "key");
        let Some(token) = request.fencing_token else {
            return Said { result: Ok(Value::Null), outdated: false };
        };
        let highest = self.highest.entry(resource).or_insert((token, request.instance));
        if token < highest.0 {
            let result = Err(Failure::new("task.failed", "the token is outdated"));
            return Said { result, outdated: true };
        }
        *highest = (token, request.instance);
        let receipt = self.seen.get(&request.idempotency_key).map_or(0, |seen| seen.receipt);
        let mut answer = Map::new();
        answer.insert("receipt", Value::Int(receipt));
        Said { result: Ok(Value::Map(answer.into())), outdated: false }
    }

    /// Returns the greatest token that a resource has seen, and whose it was.
    pub(crate) fn highest(&self, resource: &str) -> Option<(FencingToken, InstanceId)> {
        self.highest.get(resource).copied()
    }

    /// Returns whose call a receipt is for.
    pub(crate) fn owner(&self, receipt: i64) -> Option<InstanceId> {
        self.owners.get(&receipt).copied()
    }
}

fn field(input: &Value, name: &str) -> String {
    let Value::Map(map) = input else { return String::new() };
    map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
