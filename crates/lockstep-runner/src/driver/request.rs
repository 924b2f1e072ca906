//! What a runner asks of its driver, and who is told.

use std::sync::Arc;

use lockstep_core::explain::{Chain, ClientView, Explanation, LockPage, LockView, WaiterMark};
use lockstep_core::{ClientLock, Event, Failure, InstanceId, Object, ObjectKey, RequestId, Start};
use lockstep_definition::Definitions;
use lockstep_expr::Map;
use tokio::sync::oneshot;

use crate::error::StartError;
use crate::load::Load;
use crate::runner::{Ending, Import};

/// Boxed, because thousands of instances may wait, and an ending is large.
pub(super) type EndingSender = oneshot::Sender<Box<Result<Ending, StartError>>>;

pub(super) type AcceptanceSender = oneshot::Sender<Result<(), StartError>>;

/// What a runner asks of its driver.
#[derive(Debug)]
pub(crate) enum Command {
    Publish {
        id: Arc<str>,
        definitions: Arc<Definitions>,
    },
    Start {
        start: Start,
        /// Told as soon as the start is durable, or refused.
        acceptance: Option<AcceptanceSender>,
        ending: EndingSender,
    },
    Import {
        by: Arc<str>,
        objects: Vec<(ObjectKey, Map)>,
        done: oneshot::Sender<Result<Import, Failure>>,
    },
    Cancel {
        instance: InstanceId,
        reason: String,
    },
    /// An event that is answered under the name of its request.
    Ask {
        request: RequestId,
        event: Event,
        reply: Reply,
    },
    /// Tell how an instance ends; `registered` as soon as nothing is missed any more.
    Watch {
        instance: InstanceId,
        ending: EndingSender,
        registered: oneshot::Sender<()>,
    },
    Look(Question),
}

/// Who is to be told what became of a request.
#[derive(Debug)]
pub(crate) enum Reply {
    Change(oneshot::Sender<Result<(), Failure>>),
    Lock(oneshot::Sender<Result<ClientLock, Failure>>),
    Write(oneshot::Sender<Result<Option<Arc<Object>>, Failure>>),
}

/// A look at the engine; each is bounded in what it costs.
#[derive(Debug)]
pub(crate) enum Question {
    Explain(InstanceId, oneshot::Sender<Option<(Explanation, Chain)>>),
    Client(InstanceId, oneshot::Sender<Option<ClientView>>),
    Locks(LockPage, oneshot::Sender<Vec<LockView>>),
    Lock {
        key: Arc<str>,
        after: Option<WaiterMark>,
        first: usize,
        done: oneshot::Sender<LockView>,
    },
    /// With at most so many of the hottest locks.
    Load(usize, oneshot::Sender<Load>),
    /// Whether the published definitions have an entity.
    Entity(Arc<str>, oneshot::Sender<bool>),
}
