//! Outside calls: HTTP requests and programs.
//!
//! Invariants:
//!
//! * Nothing is called that is not permitted: programs only if they are listed, hosts that are not
//!   public only if they are listed.
//! * A call that is dropped ends: its request is given up, its process group is killed.
//! * What comes back is bounded in size.

mod exec;
mod http;

use std::sync::{Arc, RwLock};

use lockstep_core::{CallRequest, CallTarget, Failure};
use lockstep_definition::Definitions;
use lockstep_expr::Value;
use tokio::sync::Semaphore;

use crate::runner::Options;

/// What may be called, and how much at once.
#[derive(Debug)]
pub(crate) struct Permissions {
    programs: RwLock<Vec<String>>,
    http: http::Client,
    http_calls: Semaphore,
    processes: Semaphore,
}

impl Permissions {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            programs: RwLock::new(options.allowed_programs.clone()),
            http: http::Client::new(options.allowed_hosts.clone()),
            http_calls: Semaphore::new(options.limits.http_calls),
            processes: Semaphore::new(options.limits.processes),
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
            let _permit = permissions.http_calls.acquire().await;
            let http = http::Request { method, url, headers, body: body.as_ref() };
            permissions.http.call(request, &http).await
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
            let _permit = permissions.processes.acquire().await;
            let exec = exec::Program { name: program, args, input: input.as_ref(), env };
            exec::run(request, &exec).await
        }
    }
}
