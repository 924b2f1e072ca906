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

use lockstep_definition::{Definitions, Diagnostic, Severity, Source};
use lockstep_expr::Value;
use lockstep_runner::{DefinitionText, Runner};
use lockstep_server::{Catalog, PublishError};

use crate::arguments::Format;
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
                let told = "the definitions cannot be read; the published ones stay";
                if is_logged() {
                    tracing::error!(%error, "{told}");
                } else {
                    console::tell(&format!("{told}: {error}\n"));
                }
                return;
            }
            Err(_) => return,
        };
        let text = DefinitionText { sources: sources.clone(), config: self.config() };
        match catalog.publish(runner, text).await {
            Ok(warnings) => {
                tell("changed definitions are published", &warnings, &sources);
            }
            Err(PublishError::Invalid(findings)) => {
                let told = "changed definitions are wrong; the published ones stay";
                tell(told, &findings, &sources);
            }
            Err(error) => tracing::error!(%error, "changed definitions could not be published"),
        }
    }
}

/// Returns whether errors stand in a log.
fn is_logged() -> bool {
    tracing::enabled!(tracing::Level::ERROR)
}

/// Tells what became of a change, and what a checker has found: in the log, or to whoever looks.
fn tell(told: &str, findings: &[Diagnostic], sources: &[Source]) {
    if !is_logged() {
        let findings = sources::findings(findings, sources, Format::Human);
        console::tell(&format!("{told}\n{findings}\n"));
        return;
    }
    tracing::info!("{told}");
    for finding in findings.iter().take(MAX_TOLD) {
        let Diagnostic { code, severity, message, source, line, column, help, .. } = finding;
        let (code, help) = (code.as_str(), help.as_deref().unwrap_or_default());
        match severity {
            Severity::Error => {
                tracing::error!(code, help, "{source}:{line}:{column}: {message}");
            }
            Severity::Warning => {
                tracing::warn!(code, help, "{source}:{line}:{column}: {message}");
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
