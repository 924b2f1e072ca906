//! What a driver tells the core, and what the core asks of its driver.
//!
//! Invariants:
//!
//! * An effect that leaves the engine (an answer, an outside call) is returned only after every
//!   transition that it depends on is durable.
//! * Events that come late (of a call that was cancelled, of a load that was answered otherwise)
//!   change nothing.

use std::sync::Arc;
use std::time::Duration;

use lockstep_definition::{Definitions, LockMode};
use lockstep_expr::{Map, Value};

use crate::failure::Failure;
use crate::id::{FencingToken, InstanceId, TransitionNumber};
use crate::object::{Object, ObjectKey};
use crate::outside::CallRequest;
use crate::time::Time;
use crate::transition::{Outcome, Refusal, StartKey, Transition};
use crate::write::Write;

/// Names a read that the core asked for.
pub type ReadId = u64;

/// Names an outside call that the core asked for; never used twice within a process.
pub type CallId = u64;

/// Names a request of the driver; it draws them.
pub type RequestId = u64;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// Definitions are published: instances that start from here on run on them.
    Publish {
        /// Their identity, under which the store keeps their text.
        id: Arc<str>,
        /// The definitions.
        definitions: Arc<Definitions>,
    },
    /// An instance is to start.
    Start(Start),
    /// Objects are to be created unless they are there.
    Import {
        /// Who does it.
        by: Arc<str>,
        /// What they are: entity, id, attributes.
        objects: Vec<(ObjectKey, Map)>,
    },
    /// Somebody outside changes an object. It is answered with [`Effect::Written`].
    Write(Write),
    /// A load is answered.
    Loaded {
        /// The load.
        read: ReadId,
        /// The object that was asked for.
        key: ObjectKey,
        /// The object, if there is one, or why it cannot be read.
        result: Result<Option<Arc<Object>>, Failure>,
    },
    /// A query is answered: all objects of its entity.
    Queried {
        /// The query.
        read: ReadId,
        /// The objects, or why there is no answer.
        result: Result<Vec<Arc<Object>>, Failure>,
    },
    /// An outside call came back.
    Returned {
        /// The call.
        call: CallId,
        /// Its result.
        result: Result<Value, Failure>,
    },
    /// A worker reports the result of a task. It is answered with [`Effect::Reported`].
    Reported {
        /// Names the answer.
        request: RequestId,
        /// The call of the task.
        call: CallId,
        /// Its result.
        result: Result<Value, Failure>,
    },
    /// A signal, or a person's answers to a form.
    Signal {
        /// Names the answer, [`Effect::Signalled`].
        request: RequestId,
        /// The instance that it is for.
        instance: InstanceId,
        /// Its name; that of the form for answers.
        name: Arc<str>,
        /// What it says.
        payload: Value,
        /// Who sends it.
        by: Arc<str>,
    },
    /// A client asks for a lock. It is answered with [`Effect::Locked`].
    Lock(LockRequest),
    /// A client wants its lock to live on. It is answered with [`Effect::LockChanged`].
    RenewLock {
        /// Names the answer.
        request: RequestId,
        /// The lock.
        lock: InstanceId,
        /// The token under which the client holds it.
        token: FencingToken,
        /// How long, from now.
        time_to_live: Duration,
    },
    /// A client gives its lock back. It is answered with [`Effect::LockChanged`].
    ReleaseLock {
        /// Names the answer.
        request: RequestId,
        /// The lock.
        lock: InstanceId,
        /// The token under which the client holds it.
        token: FencingToken,
    },
    /// A lock is to be taken away from its holder.
    BreakLock(BreakLock),
    /// The store has made a batch durable: what became of each of its transitions, in order.
    Judged(Vec<Outcome>),
    /// Time went on, nothing else happened.
    Tick,
    /// An instance is to end, or a client to wait no longer for its lock, with error `cancelled`.
    Cancel {
        /// The instance, or the client's lock.
        instance: InstanceId,
        /// Why, for people.
        reason: String,
    },
}

/// A start that is asked for.
#[derive(Clone, Debug)]
pub struct Start {
    /// Identity of the new instance, drawn by the driver.
    pub instance: InstanceId,
    /// Name of the workflow.
    pub workflow: Arc<str>,
    /// Its input, a map; it is checked against the declared inputs.
    pub input: Value,
    /// Who starts it.
    pub by: Arc<str>,
    /// What its row can be found by. Whether there is another instance under it is the driver's to
    /// know, before it starts one.
    pub key: Option<Arc<StartKey>>,
    /// The trace of whoever starts it, and the span in it, which the journal tells.
    pub trace: Option<Arc<str>>,
}

/// A lock that a client asks for.
#[derive(Clone, Debug)]
pub struct LockRequest {
    /// Names the answer.
    pub request: RequestId,
    /// Identity of the new lock, drawn by the driver.
    pub lock: InstanceId,
    /// What to lock, as a lock context comes to it: a list for several keys at once.
    pub context: Value,
    /// Whether others may hold the keys at the same time.
    pub mode: LockMode,
    /// Who the client says it is, for people: 1 to 200 bytes.
    pub owner: Arc<str>,
    /// What for, for people: at most 1,000 bytes.
    pub note: Arc<str>,
    /// Under which name it asks, if it was asked who it is.
    pub taker: Option<Arc<str>>,
    /// How long to wait; zero: not at all.
    pub waiting_timeout: Duration,
    /// How long the lock lives unless it is renewed: more than 0, at most 30 days.
    pub time_to_live: Duration,
}

/// A lock that is to be taken away. It is answered with [`Effect::LockChanged`].
#[derive(Clone, Debug)]
pub struct BreakLock {
    /// Names the answer.
    pub request: RequestId,
    /// The lock key.
    pub key: Arc<str>,
    /// Only if it is held under this token; `None`: whoever holds it.
    pub token: Option<FencingToken>,
    /// Who breaks it.
    pub by: Arc<str>,
    /// Why, for people.
    pub reason: Arc<str>,
}

/// A lock that a client holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLock {
    /// Its identity.
    pub lock: InstanceId,
    /// The lock keys, sorted.
    pub keys: Arc<[Arc<str>]>,
    /// The fencing token, which renewal and release name.
    pub token: FencingToken,
    /// When it ends unless it is renewed.
    pub until: Time,
}

/// Who asked for what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The instance.
    pub instance: InstanceId,
    /// Index of its activity, from 0; that after the last one is the end of the workflow.
    pub activity: usize,
}

/// Something that the driver must do.
#[derive(Debug)]
pub enum Effect {
    /// Read an object, and answer with [`Event::Loaded`].
    Load {
        /// Names the answer.
        read: ReadId,
        /// The object.
        key: ObjectKey,
        /// Who asked first; others may wait for the same answer.
        by: Reader,
    },
    /// Read all objects of an entity, at most `limit`, and answer with [`Event::Queried`].
    Query {
        /// Names the answer.
        read: ReadId,
        /// The entity.
        entity: Arc<str>,
        /// Who asked.
        by: Reader,
    },
    /// Make an outside call, and answer with [`Event::Returned`].
    Call {
        /// Names the answer.
        call: CallId,
        /// What to call.
        request: Box<CallRequest>,
    },
    /// End an outside call; its answer is not wanted any more.
    CancelCall {
        /// The call.
        call: CallId,
    },
    /// Tell whoever started it that an instance is accepted: it is durable, and goes on. One that
    /// ends before its first row is told of by its answer alone.
    Accepted {
        /// The instance.
        instance: InstanceId,
    },
    /// Tell whoever waits for it how an instance ended. It is durable.
    Answer {
        /// The instance.
        instance: InstanceId,
        /// Its output, or its error.
        result: Result<Value, Failure>,
    },
    /// Tell a worker what became of the result that it reported.
    Reported {
        /// The report.
        request: RequestId,
        /// The instance has it, durably, and never asks for it again; or `task.lease_lost`: nobody
        /// waits for it.
        result: Result<(), Failure>,
    },
    /// Tell whoever sent a signal what became of it.
    Signalled {
        /// The signal.
        request: RequestId,
        /// It is kept, durably, until the instance takes it; or why it is not.
        result: Result<(), Failure>,
    },
    /// Tell a client what became of its request for a lock: it holds it, durably, or why not.
    Locked {
        /// The request.
        request: RequestId,
        /// The lock.
        result: Result<ClientLock, Failure>,
    },
    /// Tell whoever renewed, released or broke a lock what became of that. It is durable.
    LockChanged {
        /// The request.
        request: RequestId,
        /// `lock.lost` if it was not held under the token; `data.not_found` if there was nothing to
        /// break.
        result: Result<(), Failure>,
    },
    /// Tell whoever asked that a start was refused; nothing of it is kept.
    Rejected {
        /// The instance that will not be.
        instance: InstanceId,
        /// Why.
        failure: Failure,
    },
    /// Tell how an import ended. It is durable.
    Imported {
        /// How many objects were created, and how many were there already and were left as they
        /// are; or why none was created.
        result: Result<(usize, usize), Failure>,
    },
    /// Tell whoever wrote an object what became of that: the object as it is, none if it was
    /// deleted. What is told is durable.
    Written {
        /// The request.
        request: RequestId,
        /// The object; or `data.not_found`, `data.conflict`, `data.unique`, `data.invalid`.
        result: Result<Option<Arc<Object>>, Failure>,
    },
    /// The store refused what the core had decided: its memory is not what the store holds. The
    /// driver must stop; a new start reads the store again.
    Diverged {
        /// The transition.
        number: TransitionNumber,
        /// What the store said.
        refusal: Refusal,
    },
}

/// Transitions to be made durable together, in order.
pub type Batch = Vec<Transition>;
