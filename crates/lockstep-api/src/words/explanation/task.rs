//! A wait for a worker, in sentences.

use super::Words;
use crate::explanation::TaskWait;
use crate::words::moment::both;
use crate::words::shown::quoted;

impl Words {
    /// What is waited for, behind "it".
    pub(super) fn task(&self, task: &TaskWait) -> String {
        let who = match &task.worker {
            Some(worker) => format!("worker {}", quoted(worker)),
            None => "a worker".to_owned(),
        };
        let (kind, attempt) = (quoted(&task.kind), task.attempt);
        let since = task.since.map(|since| format!(", since {}", both(self.now, since.0)));
        let since = since.unwrap_or_default();
        format!("waits for {who} to do the task {kind}, attempt {attempt}{since}")
    }

    /// Who does it, or could, and what ends the wait.
    pub(super) fn task_ends(&mut self, task: &TaskWait) -> Vec<String> {
        let mut told = Vec::new();
        match (task.lease_until, task.asking) {
            (Some(until), _) => {
                let until = self.time(until);
                told.push(format!(
                    "The worker has it until {until}, and longer if it tells that it is at work; \
                     then another one gets it."
                ));
            }
            (None, Some(0)) => told.push(match task.last_asked {
                Some(at) => {
                    let at = both(self.now, at.0);
                    format!("No worker asks for tasks of this kind; the last one did at {at}.")
                }
                None => "No worker has asked for tasks of this kind since the engine was started."
                    .to_owned(),
            }),
            (None, Some(1)) => told.push("One worker asks for tasks of this kind.".to_owned()),
            (None, Some(several)) => {
                told.push(format!("{several} workers ask for tasks of this kind."));
            }
            (None, None) => told.push(
                "Whether a worker has it, or asks for tasks of this kind, is known to the engine \
                 alone: ask the daemon."
                    .to_owned(),
            ),
        }
        if let Some(until) = task.until {
            let until = self.time(until);
            told.push(format!(
                "This attempt ends at {until} at the latest, with the error `task.timeout`."
            ));
        }
        told
    }
}
