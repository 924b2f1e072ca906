//! Writes: a program creates, changes and deletes objects without an instance.
//!
//! Invariants:
//!
//! * What is told is durable, a conflict too.

use std::sync::Arc;

use lockstep_core::{Edit, Event, Object, ObjectKey, Write};
use tokio::sync::oneshot;

use crate::driver::{Command, Question, Reply};
use crate::error::{RunnerError, StartError};
use crate::runner::Runner;

impl Runner {
    /// Writes an object. When it returns, that is durable; it returns the object as it is from there
    /// on, or `None` if it was deleted.
    ///
    /// With a `version` the object must have that one. Without, it may have any, and what others
    /// change meanwhile is kept: the edit is made to the object as it is.
    ///
    /// # Errors
    ///
    /// [`StartError::Rejected`] if nothing was written: `data.conflict` (the object has another
    /// version; the details tell which, since when, and by whom), `data.not_found`, `data.unique`
    /// (there is such an object, or one with the same values), `data.invalid`, `write.limit`.
    /// [`StartError::Runner`] if the runner has stopped; whether it was written is unknown.
    pub async fn write(
        &self,
        key: ObjectKey,
        edit: Edit,
        version: Option<i64>,
        by: Arc<str>,
    ) -> Result<Option<Arc<Object>>, StartError> {
        let (done, result) = oneshot::channel();
        let request = self.new_request();
        let event = Event::Write(Write { request, key, edit, version, by });
        self.send(Command::Ask { request, event, reply: Reply::Write(done) }).await?;
        match result.await {
            Ok(result) => result.map_err(StartError::Rejected),
            Err(_) => Err(RunnerError::Stopped.into()),
        }
    }

    /// Returns whether the published definitions have an entity of this name.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the runner has stopped.
    pub async fn declares(&self, entity: Arc<str>) -> Result<bool, RunnerError> {
        let (done, result) = oneshot::channel();
        self.send(Command::Look(Question::Entity(entity, done))).await?;
        result.await.map_err(|_| RunnerError::Stopped)
    }
}
