//! Locks: who holds one, who waits for it, and what a client asks for and gets.

use std::sync::Arc;

use lockstep_core::explain::{ClientView, LockHolder, LockView, LockWaiter};
use lockstep_core::transition::Origin;
use lockstep_core::{ClientLock, FencingToken, InstanceId, Ticket, Time};
use lockstep_definition::LockMode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::moment::Moment;

/// Whether others may hold a lock at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nobody else holds it.
    #[default]
    Exclusive,
    /// Others may hold it, too, if they take it so.
    Shared,
}

impl Mode {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Shared => "shared",
        }
    }
}

impl From<LockMode> for Mode {
    fn from(mode: LockMode) -> Self {
        match mode {
            LockMode::Exclusive => Self::Exclusive,
            LockMode::Shared => Self::Shared,
        }
    }
}

impl From<Mode> for LockMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Exclusive => Self::Exclusive,
            Mode::Shared => Self::Shared,
        }
    }
}

/// A lock as one of its holders has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldLock {
    /// The keys that are held together, sorted.
    pub keys: Vec<String>,
    /// The expression that made them; null for a lock without context, and for a client's.
    pub context: Option<String>,
    /// Whether others may hold them at the same time.
    pub mode: Mode,
    /// The fencing token: greater than that of every grant before it.
    pub token: FencingToken,
    /// Since when it is held.
    pub since: Moment,
    /// When it ends at the latest.
    pub ends_at: Moment,
    /// Who says to be behind it, if a client holds it.
    pub client: Option<String>,
    /// What for, if a client holds it.
    pub note: Option<String>,
    /// Under which name the client has taken it, if it was asked who it is: nobody else may renew it
    /// or give it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
}

impl From<&lockstep_core::explain::HeldLock> for HeldLock {
    fn from(held: &lockstep_core::explain::HeldLock) -> Self {
        let (client, note, taken_by) = match &held.origin {
            Origin::Client { owner, note, taker } => {
                (Some(owner.to_string()), Some(note.to_string()), owned(taker.as_ref()))
            }
            Origin::Workflow | Origin::Activity(_) => (None, None, None),
        };
        Self {
            keys: texts(&held.keys),
            context: held.context.as_deref().map(str::to_owned),
            mode: held.mode.into(),
            token: held.token,
            since: held.since.into(),
            ends_at: held.until.into(),
            client,
            note,
            taken_by,
        }
    }
}

/// Who holds a lock: an instance, or a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holder {
    /// The instance, if one holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The identity of the client's lock, if a client holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// The workflow of the instance.
    pub workflow: Option<String>,
    /// The lock as it is held.
    #[serde(flatten)]
    pub held: HeldLock,
}

impl From<&LockHolder> for Holder {
    fn from(holder: &LockHolder) -> Self {
        let held = HeldLock::from(&holder.lock);
        let (instance, lock) = either(holder.who, held.client.is_some());
        Self { instance, lock, workflow: owned(holder.workflow.as_ref()), held }
    }
}

/// Who waits for a lock: an instance, or a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waiter {
    /// Its place in the queue, from 1.
    pub place: usize,
    /// The instance, if one waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The identity of the client's lock, if a client waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// The workflow of the instance.
    pub workflow: Option<String>,
    /// Who says to be behind it, if a client waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The expression that made the key; null for a lock without context, and for a client's.
    pub context: Option<String>,
    /// Whether others may hold it at the same time.
    pub mode: Mode,
    /// Its priority.
    pub priority: i64,
    /// Its place in the order in which locks were asked for.
    pub ticket: Ticket,
    /// Since when it waits.
    pub since: Moment,
}

impl Waiter {
    fn of(place: usize, waiter: &LockWaiter) -> Self {
        let (instance, lock) = either(waiter.who, waiter.client.is_some());
        Self {
            place,
            instance,
            lock,
            workflow: owned(waiter.workflow.as_ref()),
            client: owned(waiter.client.as_ref()),
            context: owned(waiter.context.as_ref()),
            mode: waiter.mode.into(),
            priority: waiter.priority,
            ticket: waiter.ticket,
            since: waiter.since.into(),
        }
    }
}

/// A lock: who holds it, and who waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lock {
    /// Its key: `Contact/c1` for an object, `"text"` with its quotes, `*` for the whole system.
    pub key: String,
    /// The expression that made the key, if one did.
    pub context: Option<String>,
    /// How many hold it.
    pub holding: usize,
    /// Who holds it, in the order in which they got it: the first ones.
    pub holders: Vec<Holder>,
    /// How many wait for it.
    pub waiting: usize,
    /// Who waits for it, in the order in which they will be served: some, one behind another.
    pub waiters: Vec<Waiter>,
    /// Whether the lock of the whole system is held, which keeps this one, too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub system_is_held: bool,
    /// Of when this is.
    pub as_of: Moment,
    /// Where the next page of waiters begins, for `cursor`; not there on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Lock {
    /// Returns the form of a lock with all that is told of it.
    pub fn of(view: &LockView, now: Time) -> Self {
        let places = view.before.saturating_add(1)..;
        let waiters: Vec<Waiter> =
            places.zip(&view.waiters).map(|(place, waiter)| Waiter::of(place, waiter)).collect();
        let holders: Vec<Holder> = view.holders.iter().map(Holder::from).collect();
        let of_holders = holders.iter().find_map(|holder| holder.held.context.clone());
        let context =
            of_holders.or_else(|| waiters.iter().find_map(|waiter| waiter.context.clone()));
        Self {
            key: view.key.to_string(),
            context,
            holding: view.holding,
            holders,
            waiting: view.waiting,
            waiters,
            system_is_held: view.system_is_held,
            as_of: now.into(),
            next: None,
        }
    }
}

/// What a client asks for when it wants a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acquire {
    /// Whether others may hold it at the same time; default: exclusive.
    #[serde(default)]
    pub mode: Mode,
    /// Further keys, which are taken together with that of the path or not at all; at most 99.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 99)]
    pub keys: Vec<String>,
    /// Who wants it, for people: 1 to 200 bytes; default: the name of who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub owner: Option<String>,
    /// What for, for people: at most 1,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub note: Option<String>,
    /// How long to wait if it is not free, such as `10s`, at most `10m`; default: not at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("10s"))]
    pub waiting_timeout: Option<String>,
    /// How long it lives unless it is renewed, such as `5m`, at most `720h`; default: `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("5m"))]
    pub time_to_live: Option<String>,
}

/// A lock that a client holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientHold {
    /// Its identity: a UUID, under which it has a journal.
    pub lock: String,
    /// The fencing token, which renewal and release name.
    pub token: FencingToken,
    /// The keys, sorted.
    pub keys: Vec<String>,
    /// When it ends unless it is renewed.
    pub ends_at: Moment,
}

impl From<&ClientLock> for ClientHold {
    fn from(lock: &ClientLock) -> Self {
        Self {
            lock: lock.lock.to_string(),
            token: lock.token,
            keys: texts(&lock.keys),
            ends_at: lock.until.into(),
        }
    }
}

impl ClientHold {
    /// Returns the form of a client's lock, if it is held.
    pub fn of(view: &ClientView) -> Option<Self> {
        let lockstep_core::explain::ClientStage::Held(held) = &view.stage else { return None };
        Some(Self {
            lock: view.lock.to_string(),
            token: held.token,
            keys: texts(&held.keys),
            ends_at: held.until.into(),
        })
    }
}

/// What a client says when its lock is to live on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// Its identity, as `:acquire` has told it.
    pub lock: String,
    /// The token under which it is held.
    pub token: FencingToken,
    /// How long it lives from now, such as `5m`, at most `720h`; default: `5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples("5m"))]
    pub time_to_live: Option<String>,
}

/// What a client says when it gives its lock back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its identity, as `:acquire` has told it.
    pub lock: String,
    /// The token under which it is held.
    pub token: FencingToken,
}

/// What somebody says who takes a lock away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// Why, for the journal of the holder: 1 to 1,000 bytes.
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
    /// Only if it is held under this token; default: whoever holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<FencingToken>,
}

pub(crate) fn texts(all: &[Arc<str>]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

pub(crate) fn owned(text: Option<&Arc<str>>) -> Option<String> {
    text.map(ToString::to_string)
}

/// Returns an identity as that of an instance, or as that of a client's lock.
pub(crate) fn either(who: InstanceId, is_client: bool) -> (Option<String>, Option<String>) {
    let id = Some(who.to_string());
    if is_client { (None, id) } else { (id, None) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
