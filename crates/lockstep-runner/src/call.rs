//! Outside calls: HTTP requests, programs, and functions of the embedding program.
//!
//! Invariants:
//!
//! * Nothing is called that is not permitted: programs only if they are listed, hosts that are not
//!   public only if they are listed.
//! * A call that is dropped ends: its request is given up, its process group is killed.
//! * What comes back is bounded in size.

mod exec;
mod http;
mod secret;

use std::sync::{Arc, RwLock};

use lockstep_core::{CallRequest, CallTarget, Failure};
use lockstep_definition::Definitions;
use lockstep_expr::Value;
use tokio::sync::Semaphore;

use crate::runner::Options;
use crate::task::Tasks;
use secret::Redacted;
pub use secret::Secrets;

pub(crate) use http::plain_client;

/// What may be called, and how much at once.
#[derive(Debug)]
pub(crate) struct Permissions {
    programs: RwLock<Vec<String>>,
    http: http::Client,
    http_calls: Semaphore,
    processes: Semaphore,
    tasks: Tasks,
    secrets: Secrets,
}

impl Permissions {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            programs: RwLock::new(options.allowed_programs.clone()),
            http: http::Client::new(options.allowed_hosts.clone()),
            http_calls: Semaphore::new(options.limits.http_calls),
            processes: Semaphore::new(options.limits.processes),
            tasks: options.tasks.clone(),
            secrets: options.secrets.clone(),
        }
    }

    /// Permits what the project of the definitions permits.
    pub(crate) fn publish(&self, definitions: &Arc<Definitions>) {
        let project = &definitions.project;
        let mut programs = self.programs.write().expect("nothing panics under this lock");
        programs.extend(project.allowed_programs.iter().cloned());
        programs.sort_unstable();
        programs.dedup();
        self.http.allow(&project.allowed_hosts);
    }

    /// Returns whether a function does the tasks of a kind.
    pub(crate) fn has_function(&self, kind: &str) -> bool {
        self.tasks.has(kind)
    }

    fn permits_program(&self, program: &str) -> bool {
        let programs = self.programs.read().expect("nothing panics under this lock");
        programs.iter().any(|permitted| permitted == program)
    }
}

/// Makes a call; returns its result, or why there is none.
pub(crate) async fn make(
    permissions: &Permissions,
    request: &CallRequest,
) -> Result<Value, Failure> {
    match &request.target {
        CallTarget::Http { method, url, headers, body } => {
            let headers = Redacted::new(headers, &permissions.secrets)?;
            let _permit = permissions.http_calls.acquire().await;
            let http = http::Request { method, url, headers: &headers, body: body.as_ref() };
            headers.hide(permissions.http.call(request, &http).await)
        }
        CallTarget::Exec { program, args, input, env } => {
            if !permissions.permits_program(program) {
                return Err(Failure::new(
                    "exec.refused",
                    format!(
                        "the program `{program}` is not permitted; list it under \
                         `allowed_programs` in the project, or pass --allow-program {program}"
                    ),
                ));
            }
            let env = Redacted::new(env, &permissions.secrets)?;
            let _permit = permissions.processes.acquire().await;
            let input = input.as_ref();
            let exec = exec::Program { name: program, args, input, env: &env.texts };
            env.hide(exec::run(request, &exec).await)
        }
        CallTarget::Task { kind, input } => permissions.tasks.work(request, kind, input).await,
    }
}
