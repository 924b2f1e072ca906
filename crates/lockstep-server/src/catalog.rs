//! What is published, and where it comes from: a folder that is watched, or the API.
//!
//! Invariants:
//!
//! * One publication at a time; what is published is what the engine starts instances on.
//! * A publication is durable before the engine takes it: after a crash the store tells what was
//!   published last.
//! * What is wrong is not published, and what was published stays.
//! * Files do not take away what came over the API: a text that was published there, and is not
//!   among them as it is, keeps them from being published.
//!
//! Absent by design: reading files. Whoever watches a folder hands in what it holds.

use std::sync::{Arc, Mutex, PoisonError};

use lockstep_core::Time;
use lockstep_definition::{Definitions, Diagnostic, Source};
use lockstep_runner::{Clock, DefinitionText, Runner, RunnerError};
use lockstep_store::Published;

/// Most names of texts that an error tells.
const MAX_SHOWN: usize = 5;

/// Most texts that are published over the API, and bytes of all of them.
const MAX_SOURCES: usize = 1000;
const MAX_BYTES: usize = 16 << 20;

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
    /// Files would take away what was published over the API: these texts, by name. They stay.
    #[error(
        "the files would take away what was published over the API and is not among them: {}",
        shown(.0)
    )]
    FromApi(Vec<Arc<str>>),
    /// There would be too many texts, or too large ones. What was published stays.
    #[error("there may be {MAX_SOURCES} texts, of {MAX_BYTES} bytes together: take one out first")]
    Limit,
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
            tracing::error!("what was published last cannot be read: nothing is published");
            return Ok(());
        };
        if !config.is_empty() {
            text.config = config;
        }
        // Also if it is wrong by now it is this that is amended: none of its texts is lost.
        self.change(|current| current.text.clone_from(&text));
        match self.publish(runner, text).await {
            Ok(_)
            | Err(PublishError::Invalid(_) | PublishError::FromApi(_) | PublishError::Limit) => {
                Ok(())
            }
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
        // In the turn, so that two that come at once are not each let through alone.
        let bytes: usize = text.sources.iter().map(|source| source.text.len()).sum();
        if text.sources.len() > MAX_SOURCES || bytes > MAX_BYTES {
            return Err(PublishError::Limit);
        }
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
        let (before, sources) = self.before(runner).await?;
        let names = before.as_ref().map_or(&[][..], |before| &before.from_api);
        let from_api = self.put_over_api(names, &sources, &text)?;
        let since = match before {
            Some(Published { id: known, since, .. }) if known == id => since,
            Some(_) | None => now(),
        };
        let published = Published { id, since, from_api };
        let sources = text.encode();
        runner.publish_lastingly(published.clone(), sources, Arc::clone(&definitions)).await?;
        self.change(|current| {
            let published = Some(published);
            *current = Current { published, text, definitions, pending: Vec::new() };
        });
        Ok(checked.diagnostics)
    }

    /// Returns which texts come from the API, if this one is published in place of another.
    fn put_over_api(
        &self,
        names: &[Arc<str>],
        sources: &[Source],
        text: &DefinitionText,
    ) -> Result<Vec<Arc<str>>, PublishError> {
        let was = |one: &&Source| names.contains(&one.path);
        if self.origin == Origin::Api {
            let is_new = |one: &Source| {
                sources.iter().all(|known| (&known.path, &known.text) != (&one.path, &one.text))
            };
            let came = text.sources.iter().filter(|one| was(one) || is_new(one));
            return Ok(came.map(|one| Arc::clone(&one.path)).collect());
        }
        let is_kept = |one: &&Source| text.sources.iter().any(|file| file.text == one.text);
        let lost = sources.iter().filter(|one| was(one) && !is_kept(one));
        let lost: Vec<Arc<str>> = lost.map(|one| Arc::clone(&one.path)).collect();
        if lost.is_empty() { Ok(Vec::new()) } else { Err(PublishError::FromApi(lost)) }
    }

    /// Returns what is published, or was by an engine before this one, with its texts.
    async fn before(
        &self,
        runner: &Runner,
    ) -> Result<(Option<Published>, Vec<Source>), RunnerError> {
        let current = self.current();
        if current.published.is_some() {
            return Ok((current.published.clone(), current.text.sources.clone()));
        }
        let Some(published) = runner.store().published().await? else {
            return Ok((None, Vec::new()));
        };
        let text = runner.store().definitions(Arc::clone(&published.id)).await?;
        let text = text.as_deref().and_then(DefinitionText::decode).unwrap_or_default();
        Ok((Some(published), text.sources))
    }

    /// Returns how many of the published texts came from files, and how many over the API.
    pub fn origins(&self) -> (usize, usize) {
        let current = self.current();
        let from_api = current.published.as_ref().map_or(0, |published| published.from_api.len());
        (current.text.sources.len().saturating_sub(from_api), from_api)
    }

    /// Returns what is wrong with the last texts that came, if they are not published; with them.
    pub fn pending(&self) -> Option<(Vec<Diagnostic>, Vec<Source>)> {
        let current = self.current();
        let is_wrong = !current.pending.is_empty();
        is_wrong.then(|| (current.pending.clone(), current.text.sources.clone()))
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

/// Returns names as a sentence holds them.
fn shown(names: &[Arc<str>]) -> String {
    let shown: Vec<String> = names.iter().take(MAX_SHOWN).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MAX_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

fn now() -> Time {
    Clock::start().now()
}

#[cfg(test)]
mod tests {
    use lockstep_runner::Options;
    use lockstep_store::Memory;

    use super::*;

    #[tokio::test]
    async fn two_texts_that_come_at_once_do_not_pass_the_limit_together() {
        let started = Runner::start(Arc::new(Memory::default()), Options::default()).await;
        let (runner, _) = started.expect("it starts");
        let catalog = Catalog::new(Origin::Api);
        let text = |number: usize| {
            let text = format!("entity: E{number}\nattributes: {{ n: int }}\n");
            Source::new(format!("t{number}"), text)
        };
        let sources = (0..MAX_SOURCES - 1).map(text).collect();
        let most = DefinitionText { sources, ..DefinitionText::default() };
        assert!(catalog.publish(&runner, most).await.is_ok(), "they are right");
        let put = |number| {
            catalog.amend(&runner, move |all: &mut DefinitionText| all.sources.push(text(number)))
        };
        let (one, other) = tokio::join!(put(MAX_SOURCES), put(MAX_SOURCES + 1));
        assert!(one.is_ok(), "{one:?}");
        assert!(matches!(other, Err(PublishError::Limit)), "{other:?}");
        assert_eq!(catalog.current().text.sources.len(), MAX_SOURCES);
        let instead = catalog.amend(&runner, |all| drop(all.sources.pop())).await;
        assert!(instead.is_ok(), "{instead:?}");
        runner.stop().await.expect("it stops");
    }
}
