//! Tasks: work that functions of the embedding program do.
//!
//! Invariants:
//!
//! * A function is called at least once for a task, and may be called again after a crash: under the
//!   same idempotency key, with a higher attempt.
//! * One that is not awaited any more is dropped at its next point of rest.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use lockstep_core::{CallRequest, Failure, FencingToken, InstanceId};
use lockstep_expr::Value;

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Task {
    /// What it is given.
    pub input: Value,
    /// On whose behalf.
    pub instance: InstanceId,
    /// The same for every attempt of this task, different from every other's.
    pub idempotency_key: String,
    /// From 1.
    pub attempt: u32,
    /// Token of the lock under which it is done.
    pub fencing_token: Option<FencingToken>,
}

type Working = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;
type Function = dyn Fn(Task) -> Working + Send + Sync;

/// Functions by the kind of task that they do.
#[derive(Clone, Default)]
pub struct Tasks(HashMap<Arc<str>, Arc<Function>>);

impl Tasks {
    /// Adds a function, in place of one for the same kind.
    pub fn add<F, W>(&mut self, kind: &str, function: F)
    where
        F: Fn(Task) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Value, Failure>> + Send + 'static,
    {
        let function = move |task| -> Working { Box::pin(function(task)) };
        self.0.insert(kind.into(), Arc::new(function));
    }

    /// Returns whether there is a function for a kind.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.0.contains_key(kind)
    }

    /// Does a task; returns what its function answers.
    pub(crate) async fn work(
        &self,
        request: &CallRequest,
        kind: &str,
        input: &Value,
    ) -> Result<Value, Failure> {
        let Some(function) = self.0.get(kind) else {
            let message = format!(
                "no worker takes tasks of the kind `{kind}`: give the runner a function for it"
            );
            return Err(Failure::new("task.failed", message));
        };
        let working = function(Task {
            input: input.clone(),
            instance: request.instance,
            idempotency_key: request.idempotency_key.clone(),
            attempt: request.attempt,
            fencing_token: request.fencing_token,
        });
        tokio::time::timeout(request.timeout, working).await.unwrap_or_else(|_| {
            let limit = request.timeout;
            let message = format!("the task `{kind}` has not been done within {limit:?}");
            Err(Failure::new("task.timeout", message))
        })
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lockstep_core::CallTarget;
    use uuid::Uuid;

    use super::*;

    fn request(timeout: Duration) -> CallRequest {
        CallRequest {
            instance: InstanceId(Uuid::from_u128(7)),
            workflow: "w".into(),
            activity: "a".into(),
            idempotency_key: "7:1".to_owned(),
            attempt: 2,
            fencing_token: Some(5),
            timeout,
            target: CallTarget::Task { kind: "k".into(), input: Value::Null },
        }
    }

    #[tokio::test]
    async fn a_function_is_told_what_it_works_on_and_under_which_key() {
        let mut tasks = Tasks::default();
        tasks.add("k", |task: Task| async move {
            let told = (task.input, task.idempotency_key, task.attempt, task.fencing_token);
            Ok(Value::from(format!("{told:?}")))
        });
        let done = tasks.work(&request(Duration::from_secs(9)), "k", &Value::Int(3)).await;
        let done = done.expect("it is done");
        assert_eq!(done, Value::from("(Int(3), \"7:1\", 2, Some(5))"));
    }

    #[tokio::test]
    async fn a_kind_without_function_and_a_function_without_end_are_errors() {
        let mut tasks = Tasks::default();
        tasks.add("slow", |_| std::future::pending());
        let request = request(Duration::ZERO);
        let none = tasks.work(&request, "none", &Value::Null).await.expect_err("nobody does it");
        assert_eq!(&*none.code, "task.failed");
        assert!(none.message.contains("no worker takes tasks of the kind `none`"), "{none:?}");
        let slow = tasks.work(&request, "slow", &Value::Null).await.expect_err("it never ends");
        assert_eq!(&*slow.code, "task.timeout");
    }
}
