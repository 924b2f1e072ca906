//! An engine that runs, and the instances that were started in it.

use lockstep_core::InstanceId;
use lockstep_core::transition::{StartKey, Status};
use lockstep_runner::{Once, Runner, Started};
use lockstep_store::StoreError;
use serde::Serialize;
use serde_json::Value as Json;

use crate::builder::Builder;
use crate::error::{Error, Failure};
use crate::plain::{plain, value};

/// Who starts instances and sends signals, in metadata and journals.
const BY: &str = "program";

/// A running engine. When it is dropped it stops, as by [`Engine::stop`].
#[derive(Debug)]
pub struct Engine {
    runner: Runner,
}

/// An instance that was started.
#[derive(Debug)]
pub struct Instance(Started);

/// How an instance is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Unfinished.
    Running,
    /// Ended well, with this output.
    Done(Json),
    /// Ended with this error.
    Failed(Failure),
}

impl Engine {
    /// Returns what an engine is made with.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(runner: Runner) -> Self {
        Self { runner }
    }

    /// Starts an instance; `input` is a map. When it returns, the start is durable: the instance goes
    /// on after a crash.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the workflow or its input is not right; nothing is kept then.
    pub async fn start(&self, workflow: &str, input: impl Serialize) -> Result<Instance, Error> {
        let input = value(input)?;
        Ok(Instance(self.runner.start_durably(workflow.into(), input, BY.into()).await?))
    }

    /// Starts an instance unless one was started under this key: then it returns that one. So a start
    /// of which it is not known whether it was made can be made again.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); [`Error::Refused`] with the code `start.key_used` if another
    /// workflow or input was started under the key.
    pub async fn start_once(
        &self,
        key: &str,
        workflow: &str,
        input: impl Serialize,
    ) -> Result<Instance, Error> {
        let input = value(input)?;
        let request = format!("{workflow}\n{}", lockstep_expr::json::to_json(&input));
        let key = StartKey { key: format!("{BY}/{key}").into(), request: request.into() };
        match self.runner.start_once(key, workflow.into(), input, BY.into()).await? {
            Once::New(started) | Once::Known(started) => Ok(Instance(started)),
        }
    }

    /// Sends a signal, or a person's answers to a form. When it returns, it is kept durably until the
    /// instance takes it.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the instance has ended or never was, or the answers do not conform.
    pub async fn signal(
        &self,
        instance: InstanceId,
        name: &str,
        payload: impl Serialize,
    ) -> Result<(), Error> {
        let payload = value(payload)?;
        Ok(self.runner.signal(instance, name.into(), payload, BY.into()).await?)
    }

    /// Ends an instance with the error `cancelled`, unless it ends before by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if the engine has stopped.
    pub async fn cancel(&self, instance: InstanceId, reason: &str) -> Result<(), Error> {
        Ok(self.runner.cancel(instance, reason.to_owned()).await?)
    }

    /// Returns how an instance is; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if it cannot be read.
    pub async fn instance(&self, instance: InstanceId) -> Result<Option<State>, Error> {
        let Some(stored) = self.runner.store().instance(instance).await? else { return Ok(None) };
        let row = stored.row.map_err(StoreError::from)?;
        Ok(Some(match row.status {
            Status::Running(_) => State::Running,
            Status::Done { output, .. } => State::Done(plain(&output)),
            Status::Failed { failure, .. } => State::Failed((&failure).into()),
        }))
    }

    /// Returns an instance, to wait for its end; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] if the engine has stopped.
    pub async fn watch(&self, instance: InstanceId) -> Result<Option<Instance>, Error> {
        Ok(self.runner.watch(instance).await?.map(Instance))
    }

    /// Stops the engine: functions are dropped, what is ordered is made durable. Unfinished instances
    /// go on when an engine is started on the same store.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`] with why the engine had stopped before, if it had.
    pub async fn stop(self) -> Result<(), Error> {
        Ok(self.runner.stop().await?)
    }
}

impl Instance {
    /// Returns its identity.
    pub fn id(&self) -> InstanceId {
        self.0.id
    }

    /// Waits for its end, which is durable then, and returns its output.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] if it has ended with an error; [`Error::Stopped`] if the engine has stopped
    /// before its end.
    pub async fn output(self) -> Result<Json, Error> {
        match self.0.ending().await? {
            Ok(output) => Ok(plain(&output)),
            Err(failure) => Err(Error::Failed((&failure).into())),
        }
    }
}
