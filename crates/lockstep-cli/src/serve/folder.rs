//! The files and folders of definitions that a daemon was given: read at its start, and watched.
//!
//! They are looked at every [`PAUSE`] rather than through the system's own notices, which differ
//! between systems and do not come from network folders and containers' mounts.
//!
//! Invariants:
//!
//! * A change is taken when two looks found the same: what is being written is left alone.
//! * What is wrong is told once, until it changes again; what was published stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lockstep_definition::{Definitions, Diagnostic, Severity};
use lockstep_expr::Value;
use lockstep_runner::{DefinitionText, Runner};
use lockstep_server::{Catalog, PublishError};

use crate::command_error::CommandError;
use crate::{console, sources, work};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Findings of one text that are logged.
const MAX_TOLD: usize = 20;

/// Files and folders, and what replaces values of the project's configuration.
#[derive(Debug)]
pub(super) struct Folder {
    paths: Vec<PathBuf>,
    given: Vec<String>,
    config: Vec<(Arc<str>, Value)>,
    /// What was found when it was checked.
    first: Look,
}

/// What is seen of files without reading them: path, size, time of the last change.
type Look = Vec<(PathBuf, u64, Option<SystemTime>)>;

impl Folder {
    pub(super) fn new(paths: &[PathBuf], config: &[String]) -> Result<Self, CommandError> {
        let first = look(paths);
        let (paths, given) = (paths.to_vec(), config.to_vec());
        Ok(Self { config: work::config(config)?, paths, given, first })
    }

    /// Reads and checks the files; tells what is found.
    pub(super) fn check(&self) -> Result<(DefinitionText, Definitions), CommandError> {
        work::definitions(&self.paths, &self.given, console::format(), false)
    }

    /// Returns what replaces values of the project's configuration.
    pub(super) fn config(&self) -> Vec<(Arc<str>, Value)> {
        self.config.clone()
    }

    /// Publishes changes of the files, for ever.
    pub(super) async fn watch(&self, runner: &Runner, catalog: &Catalog) {
        if self.paths.is_empty() {
            return std::future::pending().await;
        }
        let (mut taken, mut before) = (self.first.clone(), self.first.clone());
        loop {
            tokio::time::sleep(PAUSE).await;
            let paths = self.paths.clone();
            // A disk may be slow.
            let looking = tokio::task::spawn_blocking(move || look(&paths));
            let Ok(seen) = looking.await else { continue };
            if seen == before && seen != taken {
                taken.clone_from(&seen);
                self.take(runner, catalog).await;
            }
            before = seen;
        }
    }

    async fn take(&self, runner: &Runner, catalog: &Catalog) {
        let paths = self.paths.clone();
        let reading = tokio::task::spawn_blocking(move || sources::read(&paths));
        let sources = match reading.await {
            Ok(Ok(sources)) => sources,
            Ok(Err(error)) => {
                tracing::error!(%error, "the definitions cannot be read; the published ones stay");
                return;
            }
            Err(_) => return,
        };
        let text = DefinitionText { sources, config: self.config() };
        match catalog.publish(runner, text).await {
            Ok(warnings) => {
                tracing::info!("changed definitions are published");
                tell(&warnings);
            }
            Err(PublishError::Invalid(findings)) => {
                let wrong = |one: &&Diagnostic| one.severity == Severity::Error;
                let errors = findings.iter().filter(wrong).count();
                tracing::error!(errors, "changed definitions are wrong; the published ones stay");
                tell(&findings);
            }
            Err(error) => tracing::error!(%error, "changed definitions could not be published"),
        }
    }
}

/// Logs what a checker has found.
fn tell(findings: &[Diagnostic]) {
    for finding in findings.iter().take(MAX_TOLD) {
        let Diagnostic { code, severity, message, source, line, column, help, .. } = finding;
        let help = help.as_deref().unwrap_or_default();
        match severity {
            Severity::Error => {
                tracing::error!(code = code.as_str(), help, "{source}:{line}:{column}: {message}");
            }
            Severity::Warning => {
                tracing::warn!(code = code.as_str(), help, "{source}:{line}:{column}: {message}");
            }
        }
    }
}

/// Looks at the files without reading them. What cannot be seen is not there.
fn look(paths: &[PathBuf]) -> Look {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            // What cannot be searched is told when it is read.
            sources::search(path, 0, &mut files).ok();
        } else {
            files.push(path.clone());
        }
    }
    files.into_iter().map(seen).collect()
}

fn seen(path: PathBuf) -> (PathBuf, u64, Option<SystemTime>) {
    let metadata = fs::metadata(Path::new(&path));
    let size = metadata.as_ref().map_or(0, fs::Metadata::len);
    let changed = metadata.and_then(|metadata| metadata.modified()).ok();
    (path, size, changed)
}
