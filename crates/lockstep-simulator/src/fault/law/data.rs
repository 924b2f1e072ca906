//! The data: versions, what was added, tokens, sums; a model that follows every committed
//! transition.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::transition::{Change, Transition};
use lockstep_core::{FencingToken, InstanceId, Object, ObjectKey, TransitionNumber};
use lockstep_expr::Value;
use lockstep_store::{Memory, Store as _};

use super::{Laws, Scene, Violation};
use crate::ready::ready;

/// What each account begins with.
pub(super) const BALANCE: i64 = 100;

/// What is known of an object.
#[derive(Clone, Debug)]
struct Known {
    version: i64,
    stamp: TransitionNumber,
    object: Arc<Object>,
}

/// All objects.
#[derive(Debug, Default)]
pub(super) struct Data {
    objects: BTreeMap<ObjectKey, Known>,
    /// Under which token an object was last written under a lock, and by whom.
    tokens: BTreeMap<ObjectKey, (FencingToken, InstanceId)>,
    receipts: BTreeMap<i64, TransitionNumber>,
}

impl Data {
    /// Follows a transition; returns how many objects it wrote.
    pub(super) fn apply(
        &mut self,
        transition: &Transition,
        scene: &mut Scene<'_>,
        grants: &dyn Fn(FencingToken) -> Standing,
        is_line: &dyn Fn(InstanceId, InstanceId) -> bool,
    ) -> Result<i64, Violation> {
        let mut moved = 0;
        let mut writes = 0;
        for write in &transition.objects {
            let before = self.objects.get(&write.key).cloned();
            match &write.change {
                Change::Check => continue,
                Change::Delete => {
                    scene.coverage.count("object deleted");
                    self.objects.remove(&write.key);
                }
                Change::Put(object) => {
                    check_versions(&write.key, before.as_ref(), object, transition.number)?;
                    if before.is_none() && transition.instance.is_some() {
                        scene.coverage.count("object created anew");
                    }
                    moved += check_contents(&write.key, before.as_ref(), object)?;
                    if let Some(writer) = transition.instance {
                        self.locked(writer, object, scene, grants, is_line)?;
                        self.receipt(writer, object, transition.number, scene)?;
                    }
                    let (version, stamp) = (object.version, object.stamp);
                    let known = Known { version, stamp, object: Arc::clone(object) };
                    self.objects.insert(write.key.clone(), known);
                }
            }
            writes += 1;
        }
        if transition.instance.is_some() && moved != 0 {
            let text = format!("{} changes the sum by {moved}", transition.number);
            return Violation::of("accounts", text);
        }
        Ok(writes)
    }

    /// Returns the version of an object, if it is there.
    pub(super) fn version(&self, key: &ObjectKey) -> Option<i64> {
        self.objects.get(key).map(|known| known.version)
    }

    /// Returns an object as it was committed last, if it is there.
    pub(super) fn object(&self, key: &ObjectKey) -> Option<&Object> {
        self.objects.get(key).map(|known| &*known.object)
    }

    /// What was written under a lock was written under a token that is not void, and not older than
    /// any under which the object was written or the outside world was called.
    fn locked(
        &mut self,
        writer: InstanceId,
        object: &Object,
        scene: &Scene<'_>,
        grants: &dyn Fn(FencingToken) -> Standing,
        is_line: &dyn Fn(InstanceId, InstanceId) -> bool,
    ) -> Result<(), Violation> {
        if object.attributes.get("locked") != Some(&Value::Bool(true)) {
            return Ok(());
        }
        let key = &object.key;
        let token = int(object, "token");
        if let Some((last, by)) = self.tokens.get(key)
            && token <= *last
            && !is_line(*by, writer)
        {
            let text = format!("{writer} writes {key} under {token}, {by} did under {last}");
            return Violation::of("exclusion", text);
        }
        match grants(token) {
            Standing::Lost => {
                let text = format!("{writer} writes {key} under {token}, which it has lost");
                return Violation::of("fencing", text);
            }
            Standing::Of(owner) if owner != writer => {
                let text = format!("{writer} writes {key} under {token}, which is {owner}'s");
                return Violation::of("fencing", text);
            }
            Standing::Unknown => {
                let text = format!("{writer} writes {key} under {token}, which nobody was granted");
                return Violation::of("fencing", text);
            }
            Standing::Of(_) => {}
        }
        if let Some((highest, whose)) = scene.outside.highest(&key.id)
            && token < highest
            && !is_line(whose, writer)
        {
            let text = format!("{writer} writes {key} under {token}, outside there was {highest}");
            return Violation::of("fencing", text);
        }
        self.tokens.insert(key.clone(), (token, writer));
        Ok(())
    }

    /// The answer to a call is committed once, by the instance that called.
    fn receipt(
        &mut self,
        writer: InstanceId,
        object: &Object,
        number: TransitionNumber,
        scene: &Scene<'_>,
    ) -> Result<(), Violation> {
        let receipt = int(object, "receipt");
        if receipt == 0 {
            return Ok(());
        }
        if scene.outside.owner(receipt) != Some(writer) {
            let text = format!("{writer} commits the answer {receipt} to another");
            return Violation::of("exactly-once", text);
        }
        match self.receipts.insert(receipt, number) {
            None => Ok(()),
            Some(first) => {
                let text = format!("the answer {receipt} is committed by {first} and {number}");
                Violation::of("exactly-once", text)
            }
        }
    }

    /// The store holds what its transitions have made.
    pub(super) fn ended(&self, memory: &Memory, scene: &Scene<'_>) -> Result<(), Violation> {
        let keys: Vec<ObjectKey> = self.objects.keys().cloned().collect();
        let stored = ready(memory.load(keys)).expect("the store in memory is open");
        for ((key, known), stored) in self.objects.iter().zip(stored) {
            let stored = stored.ok().flatten();
            let same = stored.is_some_and(|stored| {
                stored.version == known.version && stored.stamp == known.stamp
            });
            if !same {
                return Violation::of("store", format!("{key} is not as it was written"));
            }
        }
        let accounts = self.objects.values().filter(|known| &*known.object.key.entity == "Account");
        let sum: i64 = accounts.map(|known| int(&known.object, "balance")).sum();
        let expected = i64::try_from(scene.workload.keys).unwrap_or(0) * BALANCE;
        if sum != expected {
            return Violation::of("accounts", format!("together they have {sum}, not {expected}"));
        }
        Ok(())
    }
}

/// What is known of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// No journal tells of it.
    Unknown,
    /// It is void.
    Lost,
    /// It was granted to this instance.
    Of(InstanceId),
}

impl Laws {
    pub(super) fn standing(&self, token: FencingToken) -> Standing {
        if self.grants.is_lost(token) || self.void.contains(&token) {
            return Standing::Lost;
        }
        self.grants.owner(token).map_or(Standing::Unknown, Standing::Of)
    }
}

/// Returns the tokens under which a transition writes objects.
pub(super) fn tokens(transition: &Transition) -> impl Iterator<Item = FencingToken> {
    let objects = transition.objects.iter().filter_map(|write| {
        if let Change::Put(object) = &write.change { Some(object) } else { None }
    });
    let locked =
        objects.filter(|object| object.attributes.get("locked") == Some(&Value::Bool(true)));
    locked.map(|object| int(object, "token"))
}

/// Compares what a journal tells with what was written.
pub(super) fn compare(told: &[(String, i64)], transition: &Transition) -> Result<(), Violation> {
    let writes = transition.objects.iter().filter_map(|write| match &write.change {
        Change::Check => None,
        Change::Delete => Some((write.key.to_string(), 0)),
        Change::Put(object) => Some((write.key.to_string(), object.version)),
    });
    let writes: Vec<(String, i64)> = writes.collect();
    if *told == *writes {
        return Ok(());
    }
    let text = format!("{} writes {writes:?} and tells {told:?}", transition.number);
    Violation::of("journal", text)
}

fn check_versions(
    key: &ObjectKey,
    before: Option<&Known>,
    object: &Object,
    number: TransitionNumber,
) -> Result<(), Violation> {
    let expected = before.map_or(1, |known| known.version + 1);
    if object.version == expected && object.stamp == number {
        return Ok(());
    }
    let (version, stamp) = (object.version, object.stamp);
    let text = format!("{key} becomes version {version} ({stamp}), not {expected} ({number})");
    Violation::of("versions", text)
}

/// Nothing that was added is lost; returns by how much an account has changed.
fn check_contents(
    key: &ObjectKey,
    before: Option<&Known>,
    object: &Object,
) -> Result<i64, Violation> {
    let of = |name: &str| before.map_or(0, |known| int(&known.object, name));
    match &*key.entity {
        "Counter" | "Free" => {
            let (n, step, was) = (int(object, "n"), int(object, "step"), of("n"));
            if n != was + step {
                let text = format!("{key} was {was}, and is {n} after {step} was added");
                return Violation::of("lost-update", text);
            }
            Ok(0)
        }
        "Account" => Ok(int(object, "balance") - of("balance")),
        _ => Ok(0),
    }
}

pub(super) fn int(object: &Object, name: &str) -> i64 {
    if let Some(Value::Int(value)) = object.attributes.get(name) { *value } else { 0 }
}
