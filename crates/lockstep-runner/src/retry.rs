//! Retries: an instance that failed is started anew, as another instance.
//!
//! The new one has the workflow and the input of the failed one, and runs on the definitions that are
//! published. It is started under a key which is made of the failed one's id: so who asks twice gets
//! the same instance, and the key tells in the row what it is a retry of.
//!
//! Invariants:
//!
//! * An instance has one retry at most. If that fails, too, it can be retried in its turn.
//! * The failed instance stays as it is.

use std::sync::Arc;

use lockstep_core::transition::{StartKey, Status};
use lockstep_core::{Failure, InstanceId};
use lockstep_store::StoreError;

use crate::error::{RunnerError, StartError};
use crate::runner::Runner;
use crate::start::Once;

impl Runner {
    /// Starts an instance that failed anew, unless that was done before. When it returns, the start
    /// is durable.
    ///
    /// # Errors
    ///
    /// [`StartError::Rejected`] if there is no such instance (`data.not_found`), or it has not failed
    /// (`instance.running`, `instance.done`), or the published definitions do not take its input;
    /// nothing is kept then. [`StartError::Runner`] as for
    /// [`start_durably`](Runner::start_durably).
    pub async fn retry(&self, instance: InstanceId, by: Arc<str>) -> Result<Once, StartError> {
        let rejected =
            |code: &str, told: String| Err(StartError::Rejected(Failure::new(code, told)));
        let stored = self.store.instance(instance).await.map_err(RunnerError::from)?;
        let Some(stored) = stored else {
            return rejected("data.not_found", format!("there is no instance {instance}"));
        };
        let row = stored.row.map_err(|corrupt| RunnerError::from(StoreError::from(corrupt)))?;
        match row.status {
            Status::Failed { .. } => {}
            Status::Running(_) => {
                let told = format!("instance {instance} has not ended: there is nothing to retry");
                return rejected("instance.running", told);
            }
            Status::Done { .. } => {
                let told = format!("instance {instance} has ended well: there is nothing to retry");
                return rejected("instance.done", told);
            }
        }
        self.start_once(StartKey::of_retry(instance), row.workflow, row.input, by).await
    }
}
