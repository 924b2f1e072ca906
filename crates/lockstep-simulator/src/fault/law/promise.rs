//! Promises: whatever the engine tells others is durable.

use lockstep_core::transition::Status;
use lockstep_core::{CallRequest, Failure, InstanceId};
use lockstep_expr::Value;
use lockstep_store::{Memory, Store as _};

use super::{Laws, Violation};
use crate::ready::ready;

impl Laws {
    /// Takes the acknowledgement of a start.
    pub(crate) fn accepted(&mut self, id: InstanceId, memory: &Memory) -> Result<(), Violation> {
        if ready(memory.instance(id)).expect("the store in memory is open").is_none() {
            let text = format!("{id} is accepted, the store does not have it");
            return Violation::of("accepted-is-durable", text);
        }
        if self.answered.contains(&id) || !self.accepted.insert(id) {
            let text = format!("{id} is accepted twice, or behind its answer");
            return Violation::of("accepted-is-durable", text);
        }
        Ok(())
    }

    /// Takes the answer of an instance.
    pub(crate) fn answered(
        &mut self,
        id: InstanceId,
        result: &Result<Value, Failure>,
        memory: &Memory,
    ) -> Result<(), Violation> {
        let stored = ready(memory.instance(id)).expect("the store in memory is open");
        let status = stored.and_then(|stored| stored.row.ok()).map(|row| row.status);
        let same = match (&status, result) {
            (Some(Status::Done { output, .. }), Ok(answer)) => {
                output.to_string() == answer.to_string()
            }
            (Some(Status::Failed { failure, .. }), Err(answer)) => failure.code == answer.code,
            (_, Ok(_) | Err(_)) => false,
        };
        if !same {
            let text = format!("{id} answers {result:?}, the store has {status:?}");
            return Violation::of("answered-is-durable", text);
        }
        if !self.answered.insert(id) {
            return Violation::of("answered-is-durable", format!("{id} answers twice"));
        }
        Ok(())
    }

    /// Takes the acknowledgement of a signal that was sent under the name `by`.
    pub(crate) fn signalled(&self, id: InstanceId, by: &str) -> Result<(), Violation> {
        if self.courses.get(&id).is_some_and(|course| course.signals.contains(by)) {
            return Ok(());
        }
        Violation::of("signalled-is-durable", format!("{id} keeps {by}, the store does not"))
    }

    fn parent_of(&self, id: InstanceId) -> Option<InstanceId> {
        self.courses.get(&id)?.parent
    }

    /// Takes that a worker was told that its result was taken.
    pub(crate) fn reported(&mut self, key: String) {
        self.reported.insert(key);
    }

    /// Takes an outside call.
    pub(crate) fn called(&self, request: &CallRequest, memory: &Memory) -> Result<(), Violation> {
        let (key, attempt) = (&request.idempotency_key, request.attempt);
        if self.reported.contains(key) {
            let text = format!("{key} attempt {attempt} is made although its result was taken");
            return Violation::of("reported-is-durable", text);
        }
        let course = self.courses.get(&request.instance);
        let stored = course.and_then(|course| course.calls.get(key)).copied();
        if stored.is_none_or(|(stored, _)| stored < attempt) {
            let text = format!("{key} attempt {attempt} is made, the store has {stored:?}");
            return Violation::of("called-is-durable", text);
        }
        let Some(token) = request.fencing_token else { return Ok(()) };
        let locks = ready(memory.locks()).expect("the store in memory is open");
        let mut line = std::iter::successors(Some(request.instance), |id| self.parent_of(*id));
        // A later token may be that of a lock which has been given back since.
        if line.any(|id| locks.iter().any(|row| row.token <= token && row.instance == id)) {
            return Ok(());
        }
        let text = format!("{key} is made under {token}, of which the store does not know");
        Violation::of("called-is-durable", text)
    }
}

/// Takes the answer to an import.
pub(crate) fn imported(
    result: &Result<(usize, usize), Failure>,
    asked: usize,
) -> Result<(), Violation> {
    match result {
        Ok((created, existing)) if created + existing == asked => Ok(()),
        Ok(_) | Err(_) => Violation::of("import", format!("{result:?} of {asked} objects")),
    }
}
