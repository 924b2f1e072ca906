//! The builder: what an engine is made with.
//!
//! Invariants:
//!
//! * Definitions are read and checked before the store is opened: what is wrong changes nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_definition::{Definitions, Diagnostic, Source};
use lockstep_runner::{DefinitionText, Options, Runner};
use serde_json::Value as Json;

use crate::activity::Task;
use crate::engine::Engine;
use crate::error::{Error, Failure};
use crate::plain::value;

/// What an [`Engine`] is made with.
#[derive(Debug)]
#[must_use = "an engine runs when it was started"]
pub struct Builder {
    store: String,
    paths: Vec<PathBuf>,
    text: DefinitionText,
    options: Options,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            store: "sqlite::memory:".to_owned(),
            paths: Vec::new(),
            text: DefinitionText::default(),
            options: Options::default(),
        }
    }

    /// Where it keeps what it does: `sqlite://PATH`, a file that is made if it is not there, or
    /// `sqlite::memory:`, which ends with the process. Default: in memory.
    pub fn store(mut self, url: &str) -> Self {
        url.clone_into(&mut self.store);
        self
    }

    /// Adds the definitions of a file, or of the `*.yaml` and `*.yml` files of a folder.
    pub fn definitions(mut self, path: impl AsRef<Path>) -> Self {
        self.paths.push(path.as_ref().to_owned());
        self
    }

    /// Adds definitions as text; `name` stands in what is found about them.
    pub fn source(mut self, name: &str, text: &str) -> Self {
        self.text.sources.push(Source::new(name, text));
        self
    }

    /// Adds a function that does the `task` steps of a type.
    ///
    /// It is called at least once for a task: after a crash, or if it fails and the step has a
    /// `retry`, again, under the same idempotency key. It is dropped at its next point of rest when
    /// nobody waits for it any more, such as behind the `timeout` of the step.
    pub fn activity<F, W>(mut self, kind: &str, function: F) -> Self
    where
        F: Fn(Task) -> W + Send + Sync + 'static,
        W: Future<Output = Result<Json, Failure>> + Send + 'static,
    {
        self.options = self.options.task(kind, move |task| {
            let working = function(task.into());
            async move {
                let result = working.await.map_err(Failure::into_core)?;
                let wrong = |error: Error| {
                    lockstep_core::Failure::new("task.failed", error.to_string()).for_good()
                };
                value(result).map_err(wrong)
            }
        });
        self
    }

    /// Lets `http` steps call a host, with or without port, that is not public.
    pub fn allow_host(mut self, host: &str) -> Self {
        self.options.allowed_hosts.push(host.to_owned());
        self
    }

    /// Lets `exec` steps start a program.
    pub fn allow_program(mut self, program: &str) -> Self {
        self.options.allowed_programs.push(program.to_owned());
        self
    }

    /// Starts the engine: unfinished instances of the store go on. Must be called within a tokio
    /// runtime, which must be there as long as the engine is.
    ///
    /// # Errors
    ///
    /// [`Error::Definitions`] and [`Error::File`] before anything is touched, [`Error::Store`] if the
    /// store is not there, or belongs to another process.
    pub async fn start(mut self) -> Result<Engine, Error> {
        for path in &self.paths {
            for file in files(path)? {
                let bytes = fs::read(&file).map_err(|error| unreadable(&file, error))?;
                self.text.sources.push(Source::from_bytes(file.display().to_string(), &bytes));
            }
        }
        let definitions = self.check()?;
        let store = lockstep_store::open(&self.store).await?;
        let (runner, recovered) = Runner::start(store, self.options).await?;
        for (instance, why) in &recovered.refused {
            tracing::warn!(%instance, why, "an unfinished instance cannot go on");
        }
        runner.publish(self.text.id(), self.text.encode(), Arc::new(definitions)).await?;
        Ok(Engine::new(runner))
    }

    fn check(&self) -> Result<Definitions, Error> {
        let checked = self.text.check();
        let found = |found: &Diagnostic| {
            let Diagnostic { source, line, column, message, code, help, .. } = found;
            let help = help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{source}:{line}:{column}: {message}{help} [{}]", code.as_str())
        };
        let lines = || checked.diagnostics.iter().map(found).collect::<Vec<_>>().join("\n");
        checked.definitions.ok_or_else(|| Error::Definitions(lines()))
    }
}

/// Returns the files with definitions at a path, in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| unreadable(path, error))? {
        let file = entry.map_err(|error| unreadable(path, error))?.path();
        let is_yaml = file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if is_yaml && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::File(path.display().to_string(), error)
}
