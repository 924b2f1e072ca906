//! What the core orders is carried out: reads, outside calls, answers.
//!
//! Invariants:
//!
//! * Nothing here is waited for: a read or a call is a task of its own, and comes back as an event.
//! * Whoever asked may have gone: what is done is done all the same, but for a lock that nobody would
//!   give back, which is released.

use std::sync::Arc;

use lockstep_core::{
    CallId, CallRequest, CallTarget, ClientLock, Effect, Event, Failure, InstanceId, Object,
    ObjectKey, ReadId, RequestId,
};

use super::Driver;
use super::request::{EndingSender, Reply};
use super::room;
use crate::call;
use crate::error::{RunnerError, StartError};
use crate::read;
use crate::runner::Ending;

impl Driver {
    /// Carries out what the core has ordered since the last time.
    pub(super) fn carry_out(&mut self) -> Result<(), RunnerError> {
        let mut loads = Vec::new();
        for effect in self.engine.take_effects() {
            match effect {
                Effect::Load { read, key, .. } => loads.push((read, key)),
                Effect::Query { read, entity, .. } => self.query(read, entity),
                Effect::Call { call, request } => self.call(call, request),
                Effect::CancelCall { call } => self.end_call(call),
                Effect::Accepted { instance } => self.accepted(instance, Ok(())),
                Effect::Answer { instance, result } => self.answer(instance, Ok(result)),
                Effect::Rejected { instance, failure } => {
                    self.answer(instance, Err(StartError::Rejected(failure)));
                }
                Effect::Reported { request, result }
                | Effect::Signalled { request, result }
                | Effect::LockChanged { request, result } => {
                    self.changed(request, result);
                }
                Effect::Locked { request, result } => self.locked(request, result),
                Effect::Written { request, result } => self.written(request, result),
                Effect::Imported { result } => {
                    if !self.imports.is_empty() {
                        drop(self.imports.remove(0).send(result));
                    }
                }
                Effect::Diverged { number, refusal } => {
                    return Err(RunnerError::Diverged(number, refusal.to_string()));
                }
            }
        }
        self.load(loads);
        Ok(())
    }

    /// Makes an outside call; a task that no function does waits for a worker.
    fn call(&mut self, call: CallId, request: Box<CallRequest>) {
        let permissions = Arc::clone(&self.permissions);
        let (events, recorder) = (self.events.clone(), Arc::clone(&self.recorder));
        let desk = match &request.target {
            CallTarget::Task { kind, input } if !permissions.has_function(kind) => {
                let posted = self
                    .desk
                    .as_ref()
                    .map(|desk| desk.post(call, &request, kind, input).map(|()| Arc::clone(desk)));
                posted.transpose()
            }
            CallTarget::Task { .. } | CallTarget::Http { .. } | CallTarget::Exec { .. } => Ok(None),
        };
        let task = tokio::spawn(async move {
            let result = match desk {
                Err(failure) => Err(failure),
                Ok(None) => recorder.call(&request, call::make(&permissions, &request)).await,
                Ok(Some(desk)) => {
                    tokio::time::sleep(request.timeout).await;
                    Err(desk.overdue(call, &request))
                }
            };
            drop(events.send(Ok(Event::Returned { call, result })));
        });
        self.calls.insert(call, task.abort_handle());
    }

    /// Ends what is under way for a call, if anything is.
    pub(super) fn end_call(&mut self, call: CallId) {
        if let Some(task) = self.calls.remove(&call) {
            task.abort();
        }
        if let Some(desk) = &self.desk {
            desk.withdraw(call);
        }
    }

    pub(super) fn accepted(&mut self, instance: InstanceId, result: Result<(), StartError>) {
        if let Some(acceptance) = self.acceptances.remove(&instance) {
            drop(acceptance.send(result));
        }
    }

    pub(super) fn answer(&mut self, instance: InstanceId, result: Result<Ending, StartError>) {
        // One that has ended was accepted.
        let refused = result.as_ref().err().cloned();
        self.accepted(instance, refused.map_or(Ok(()), Err));
        // Nobody may be waiting any more: the end is in the store all the same.
        for watcher in self.watchers.remove(&instance).into_iter().flatten() {
            drop(watcher.send(Box::new(result.clone())));
        }
        if let Some(ending) = self.endings.remove(&instance) {
            drop(ending.send(Box::new(result)));
        }
    }

    pub(super) fn watch(&mut self, instance: InstanceId, ending: EndingSender) {
        let waits = |watcher: &EndingSender| !watcher.is_closed();
        room::in_map(&mut self.watchers, |watchers| watchers.iter().any(waits));
        let watchers = self.watchers.entry(instance).or_default();
        room::in_list(watchers, waits);
        watchers.push(ending);
    }

    pub(super) fn changed(&mut self, request: RequestId, result: Result<(), Failure>) {
        // Nobody may be waiting any more: what is done is done all the same.
        if let Some(Reply::Change(done)) = self.replies.remove(&request) {
            drop(done.send(result));
        }
    }

    pub(super) fn written(
        &mut self,
        request: RequestId,
        result: Result<Option<Arc<Object>>, Failure>,
    ) {
        // Nobody may be waiting any more: what is written is written all the same.
        if let Some(Reply::Write(done)) = self.replies.remove(&request) {
            drop(done.send(result));
        }
    }

    pub(super) fn locked(&mut self, request: RequestId, result: Result<ClientLock, Failure>) {
        let Some(Reply::Lock(done)) = self.replies.remove(&request) else { return };
        if let Err(Ok(unwanted)) = done.send(result) {
            // Whoever asked has gone: nobody would give it back.
            let ClientLock { lock, token, .. } = unwanted;
            self.handle([Event::ReleaseLock { request, lock, token }]);
        }
    }

    fn load(&self, wanted: Vec<(ReadId, ObjectKey)>) {
        if wanted.is_empty() {
            return;
        }
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        tokio::spawn(async move {
            match read::load(store, wanted).await {
                Ok(loaded) => loaded.into_iter().for_each(|event| drop(events.send(Ok(event)))),
                Err(error) => drop(events.send(Err(error))),
            }
        });
    }

    fn query(&self, read: ReadId, entity: Arc<str>) {
        let (store, events) = (Arc::clone(&self.store), self.events.clone());
        tokio::spawn(async move { drop(events.send(read::query(store, read, entity).await)) });
    }
}
