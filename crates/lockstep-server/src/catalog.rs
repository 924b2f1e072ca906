//! What is published, and where it comes from: a folder that is watched, or the API.
//!
//! Invariants:
//!
//! * One publication at a time; what is published is what the engine starts instances on.
//! * A publication is durable before the engine takes it: after a crash the store tells what was
//!   published last.
//! * What is wrong is not published, and what was published stays.
//!
//! Absent by design: reading files. Whoever watches a folder hands in what it holds.

use std::sync::{Arc, Mutex, PoisonError};

use lockstep_core::Time;
use lockstep_definition::{Definitions, Diagnostic};
use lockstep_runner::{Clock, DefinitionText, Runner, RunnerError};
use lockstep_store::Published;

/// Where definitions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Files that are watched.
    Folder,
    /// The API; what it has published stands in the store.
    Api,
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The text is wrong. What was published stays.
    #[error("the definitions have errors")]
    Invalid(Vec<Diagnostic>),
    /// The store or the engine has failed.
    #[error(transparent)]
    Runner(#[from] RunnerError),
}

/// What is published.
#[derive(Debug)]
pub struct Catalog {
    origin: Origin,
    current: Mutex<Arc<Current>>,
    turn: tokio::sync::Mutex<()>,
}

/// What is published at a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Current {
    /// None if nothing is.
    pub(crate) published: Option<Published>,
    pub(crate) text: DefinitionText,
    pub(crate) definitions: Arc<Definitions>,
    /// What is wrong with the last text that came, if that is not published.
    pub(crate) pending: Vec<Diagnostic>,
}

impl Catalog {
    /// Returns a catalogue in which nothing is published yet.
    pub fn new(origin: Origin) -> Self {
        Self { origin, current: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Publishes what the store tells was published last, with another configuration if one is
    /// given. If it is wrong by now, for this version of the checker, that is pending.
    ///
    /// # Errors
    ///
    /// [`RunnerError`] if the store or the engine has failed.
    pub async fn take_up(
        &self,
        runner: &Runner,
        config: Vec<(Arc<str>, lockstep_expr::Value)>,
    ) -> Result<(), RunnerError> {
        let Some(published) = runner.store().published().await? else { return Ok(()) };
        let text = runner.store().definitions(published.id).await?;
        let Some(mut text) = text.as_deref().and_then(DefinitionText::decode) else {
            return Ok(());
        };
        if !config.is_empty() {
            text.config = config;
        }
        match self.publish(runner, text).await {
            Ok(_) | Err(PublishError::Invalid(_)) => Ok(()),
            Err(PublishError::Runner(error)) => Err(error),
        }
    }

    /// Checks a text and publishes it. Returns what the checker warns of.
    ///
    /// # Errors
    ///
    /// [`PublishError`]; what was published stays. A text that is wrong is pending from there on.
    pub async fn publish(
        &self,
        runner: &Runner,
        text: DefinitionText,
    ) -> Result<Vec<Diagnostic>, PublishError> {
        let _turn = self.turn.lock().await;
        let result = self.publish_in_turn(runner, text).await;
        if let Err(PublishError::Invalid(findings)) = &result {
            self.change(|current| current.pending.clone_from(findings));
        }
        result
    }

    /// Makes a text of the published one and publishes it, alone among all who do. A text that is
    /// wrong leaves no trace.
    pub(crate) async fn amend(
        &self,
        runner: &Runner,
        change: impl FnOnce(&mut DefinitionText),
    ) -> Result<Vec<Diagnostic>, PublishError> {
        let _turn = self.turn.lock().await;
        let mut text = self.current().text.clone();
        change(&mut text);
        self.publish_in_turn(runner, text).await
    }

    async fn publish_in_turn(
        &self,
        runner: &Runner,
        text: DefinitionText,
    ) -> Result<Vec<Diagnostic>, PublishError> {
        // It may take long, and others are to be served meanwhile.
        let checking = tokio::task::spawn_blocking(move || (text.check(), text));
        let (checked, text) = checking.await.map_err(|_| RunnerError::Stopped)?;
        let Some(definitions) = checked.definitions else {
            return Err(PublishError::Invalid(checked.diagnostics));
        };
        let (id, definitions) = (text.id(), Arc::new(definitions));
        let before = match &self.current().published {
            None => runner.store().published().await.map_err(RunnerError::from)?,
            published => published.clone(),
        };
        let since = match before {
            Some(Published { id: known, since }) if known == id => since,
            Some(_) | None => now(),
        };
        let published = Published { id, since };
        let sources = text.encode();
        runner.publish_lastingly(published.clone(), sources, Arc::clone(&definitions)).await?;
        self.change(|current| {
            let published = Some(published);
            *current = Current { published, text, definitions, pending: Vec::new() };
        });
        Ok(checked.diagnostics)
    }

    /// Returns the definitions that are published.
    pub fn definitions(&self) -> Arc<Definitions> {
        Arc::clone(&self.current().definitions)
    }

    /// Returns where definitions come from.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns what is published.
    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Current)) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut current));
    }
}

fn now() -> Time {
    Clock::start().now()
}
