//! A session: somebody who can be asked what the API offers, a daemon or an engine of this process
//! that works on the file of a store.
//!
//! Invariants:
//!
//! * Both are asked by the same requests, and answer with the same forms.
//! * The engine of this process has stopped, and the store is free again, when the session is over,
//!   also if a signal ends it.
//! * A store is created only by a command that brings definitions along.
//! * What is said to an engine of this process is not passed over in silence at a daemon.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lockstep_api::{Definitions, Instance, Page, State};
use lockstep_runner::{Clock, DefinitionText, Options, Runner, RunnerError};
use lockstep_server::{Catalog, Local, Origin};
use serde::de::DeserializeOwned;

use crate::arguments::Format;
use crate::caller::who;
use crate::client::Client;
use crate::command_error::CommandError;
use crate::length::query;
use crate::meant::{self, Kind};
use crate::outside::OutsideArgs;
use crate::request::{Answer, Request, path, with_query};
use crate::signals::Signals;
use crate::status::Status;
use crate::target::{Target, TargetArgs};
use crate::{console, ownership, sources, store, work};

/// What to do if there is no such object.
pub(crate) const NO_OBJECT: &str = "`lockstep data list ENTITY` tells which there are";

/// Longest wait of one request.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Items that are asked for at a time.
const PAGE: usize = 200;

/// An engine of this process, if no daemon is asked.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct EngineArgs {
    #[command(flatten)]
    definitions: DefinitionArgs,
    #[command(flatten)]
    outside: OutsideArgs,
}

/// Definitions for an engine of this process.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DefinitionArgs {
    /// With --store: definitions to publish there, files and folders; without, those that were
    /// published last
    #[arg(long, value_name = "PATH", num_args = 1..)]
    workflows: Vec<PathBuf>,
}

/// What an engine of this process does.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    workflows: Vec<PathBuf>,
    options: Options,
}

impl Engine {
    /// Refuses what a daemon is not told by a command.
    fn check_for_a_daemon(&self, client: &Client) -> Result<(), CommandError> {
        let Options { allowed_hosts, allowed_programs, .. } = &self.options;
        let said = [
            ("--workflows", self.workflows.is_empty()),
            ("--allow-host", allowed_hosts.is_empty()),
            ("--allow-program", allowed_programs.is_empty()),
        ];
        let Some((flag, _)) = said.iter().find(|(_, is_empty)| !is_empty) else { return Ok(()) };
        Err(CommandError::usage_with(
            format!(
                "`{flag}` is for an engine of this process, and the daemon at {} is asked",
                client.address()
            ),
            format!(
                "start the daemon with it: `lockstep serve {flag}`; or work on the file of a store: \
                 --store"
            ),
        ))
    }
}

impl From<&EngineArgs> for Engine {
    /// One that goes on with what is unfinished.
    fn from(args: &EngineArgs) -> Self {
        Self { workflows: args.definitions.workflows.clone(), options: args.outside.options() }
    }
}

impl From<&DefinitionArgs> for Engine {
    /// One that stands still.
    fn from(args: &DefinitionArgs) -> Self {
        let options = Options { stands_still: true, ..Options::default() };
        Self { workflows: args.workflows.clone(), options }
    }
}

/// Somebody who can be asked.
#[derive(Debug)]
pub(crate) enum Session {
    /// A daemon.
    Daemon(Client),
    /// An engine of this process.
    Own(Local),
}

impl Session {
    /// Asks. An answer that there is no such workflow or object comes with the name that is probably
    /// meant.
    pub(crate) async fn ask(&self, request: Request) -> Result<Answer, CommandError> {
        let (method, target) = (request.method, request.target.clone());
        let mut answer = self.ask_once(request).await?;
        if answer.problem().is_some_and(|problem| problem.code == "data.not_found") {
            answer.help = self.meant(method, &target).await;
        }
        Ok(answer)
    }

    async fn ask_once(&self, request: Request) -> Result<Answer, CommandError> {
        match self {
            Self::Daemon(client) => client.ask(request).await,
            Self::Own(local) => {
                let Request { method, target, headers, body, .. } = request;
                let (status, body) = local.ask(method, &target, &headers, body).await;
                Ok(Answer { status, body, help: None })
            }
        }
    }

    /// Returns what to do about a path that leads nowhere.
    pub(crate) async fn meant(&self, method: &str, target: &str) -> Option<String> {
        let mut segments = target.strip_prefix("/v1/")?.split('/');
        let kind = match segments.next()? {
            "workflows" => Kind::Workflow,
            "entities" => Kind::Entity,
            "instances" => return Some("`lockstep list` tells which there are".to_owned()),
            _ => return None,
        };
        let name = segments.next()?;
        let published = self.ask_once(Request::get(path(&["definitions"]))).await.ok()?;
        let published: Definitions = published.form().ok()?;
        let help = match kind {
            Kind::Workflow => {
                meant::help(kind, name, published.workflows.iter().map(|one| &*one.name))
            }
            Kind::Entity => {
                meant::help(kind, name, published.entities.iter().map(|one| &*one.name))
            }
        };
        help.or_else(|| match (kind, method) {
            (Kind::Entity, "PUT") => Some("--create makes a new one".to_owned()),
            (Kind::Entity, _) => Some(NO_OBJECT.to_owned()),
            (Kind::Workflow, _) => None,
        })
    }

    /// Asks for a form.
    pub(crate) async fn form<T: DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<T, CommandError> {
        self.ask(request).await?.form()
    }

    /// Asks for an instance as soon as it has ended, or after some time.
    pub(crate) async fn instance(
        &self,
        id: &str,
        wait: Duration,
    ) -> Result<Instance, CommandError> {
        let clock = Clock::start();
        loop {
            let part = wait.saturating_sub(clock.elapsed()).min(MAX_WAIT);
            let wanted = (!part.is_zero()).then(|| query(part));
            let target = with_query(path(&["instances", id]), &[("wait", wanted)]);
            let instance: Instance = self.form(Request::get(target).waiting(part)).await?;
            if instance.state != State::Running || clock.elapsed() >= wait {
                return Ok(instance);
            }
        }
    }

    /// Asks for a list, page by page, until there is no more or something has been done with `most`
    /// of it.
    pub(crate) async fn each<T: DeserializeOwned>(
        &self,
        path: &str,
        filter: &[(&str, Option<String>)],
        most: usize,
        mut work: impl FnMut(T) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let (mut left, mut cursor) = (most, None);
        loop {
            let limit = Some(left.min(PAGE).to_string());
            let place = [("limit", limit), ("cursor", cursor)];
            let target = with_query(path.to_owned(), &[filter, &place].concat());
            let page: Page<T> = self.form(Request::get(target)).await?;
            for item in page.items {
                work(item)?;
                left = left.saturating_sub(1);
            }
            cursor = page.next;
            if cursor.is_none() || left == 0 {
                return Ok(());
            }
        }
    }
}

/// Does the work of a command at a daemon, or with an engine of its own.
pub(crate) fn run(
    target: &TargetArgs,
    engine: impl Into<Engine>,
    work: impl AsyncFnOnce(&Session) -> Result<Status, CommandError>,
) -> Result<Status, CommandError> {
    let (target, engine) = (target.target()?, engine.into());
    if let Target::Daemon(client) = &target {
        engine.check_for_a_daemon(client)?;
    }
    block_on(async {
        let mut signals = Signals::listen()?;
        match target {
            Target::Daemon(client) => {
                let session = Session::Daemon(client);
                tokio::select! {
                    biased;
                    caught = signals.next() => Ok(caught.status()),
                    done = work(&session) => done,
                }
            }
            Target::File(url) => with_own(&url, engine, &mut signals, work).await,
        }
    })
}

/// Does something asynchronous to its end.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    runtime.block_on(work)
}

async fn with_own(
    url: &str,
    engine: Engine,
    signals: &mut Signals,
    work: impl AsyncFnOnce(&Session) -> Result<Status, CommandError>,
) -> Result<Status, CommandError> {
    let text = definitions(&engine.workflows)?;
    if text.is_none() {
        drop(lockstep_store::open_snapshot(url).await?);
    } else if store::is_absent(url).await {
        console::tell(&format!("the store is {url}, a new one\n"));
    }
    let store = ownership::open(url).await?;
    let (runner, recovered) = Runner::start(store, engine.options).await?;
    let count = recovered.instances.len();
    if count > 0 {
        console::tell(&format!("taking up {}\n", sources::number(count, "unfinished instance")));
    }
    let runner = Arc::new(runner);
    let worked = async {
        let catalog = match text {
            None => {
                let catalog = Catalog::new(Origin::Api);
                catalog.take_up(&runner, Vec::new()).await?;
                catalog
            }
            Some(text) => {
                let catalog = Catalog::new(Origin::Folder);
                catalog.publish(&runner, text).await?;
                catalog
            }
        };
        let local = Local::new(Arc::clone(&runner), Arc::new(catalog), &who());
        let session = Session::Own(local);
        tokio::select! {
            biased;
            caught = signals.next() => Ok(caught.status()),
            done = work(&session) => done,
        }
    };
    let worked = worked.await;
    let stopped = match Arc::into_inner(runner) {
        Some(runner) => runner.stop().await,
        None => Ok(()),
    };
    match (worked, stopped) {
        (Err(CommandError::Runner(RunnerError::Stopped)) | Ok(_), Err(error)) => Err(error.into()),
        (worked, _) => worked,
    }
}

fn definitions(paths: &[PathBuf]) -> Result<Option<DefinitionText>, CommandError> {
    if paths.is_empty() {
        return Ok(None);
    }
    Ok(Some(work::definitions(paths, &[], Format::Human, true)?.0))
}
