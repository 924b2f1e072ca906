//! `lockstep list`: lists instances, the youngest first.

use std::cell::Cell;

use clap::ValueEnum;
use lockstep_api::Instance;
use lockstep_store::InstanceFilter;

use super::{form, words};
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::look::{self, Look};
use crate::meant::Kind;
use crate::request::path;
use crate::session::{Session, block_on};
use crate::status::Status;
use crate::target::{Target, TargetArgs};

/// Instances that are read from a store at a time.
const AT_A_TIME: u32 = 200;

/// Arguments of `lockstep list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep list --state failed --daemon http://localhost:7070\n  \
    lockstep list --workflow last-place --limit 1000 --format json --store sqlite://shop.db\n\n\
    A store is read as it was flushed last, also while an engine is at work on it.")]
pub(crate) struct Args {
    /// Only those that are so far
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those of a workflow
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Only those that somebody started
    #[arg(long, value_name = "WHO")]
    started_by: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    #[command(flatten)]
    target: TargetArgs,
    /// How they are written; json: one instance in each line
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Running,
    Done,
    Failed,
}

/// Writes the instances: as a table when all are there, as lines while they come.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let (mut told, is_empty) = (Vec::new(), Cell::new(true));
    let tell = |instance: Instance| {
        is_empty.set(false);
        match args.format {
            Format::Json => console::print(&console::json_line(&instance))?,
            Format::Human => told.push(instance),
        }
        Ok(())
    };
    let meant = match args.target.target()? {
        Target::Daemon(client) => {
            let most = usize::try_from(args.limit).unwrap_or(usize::MAX);
            let (filter, session) = (args.filter(), Session::Daemon(client));
            block_on(async {
                session.each(&path(&["instances"]), &filter, most, tell).await?;
                let asked = args.workflow.as_deref().filter(|_| is_empty.get());
                let Some(name) = asked else { return Ok(None) };
                Ok(session.meant("GET", &path(&["workflows", name])).await)
            })?
        }
        Target::File(url) => look::look(url, async |mut look| {
            args.read(&mut look, tell).await?;
            let asked = args.workflow.as_deref().filter(|_| is_empty.get());
            let Some(name) = asked else { return Ok(None) };
            look.meant(Kind::Workflow, name).await
        })?,
    };
    if let (Some(help), Some(name)) = (meant, &args.workflow) {
        console::tell(&format!("no workflow `{name}` is published; {help}\n"));
    }
    if args.format == Format::Human {
        console::print(&words::table(&told))?;
    }
    Ok(Status::Done)
}

impl Args {
    fn filter(&self) -> [(&'static str, Option<String>); 3] {
        let state = self.state.map(|state| match state {
            State::Running => "running".to_owned(),
            State::Done => "done".to_owned(),
            State::Failed => "failed".to_owned(),
        });
        let (workflow, by) = (self.workflow.clone(), self.started_by.clone());
        [("state", state), ("workflow", workflow), ("started_by", by)]
    }

    async fn read(
        &self,
        look: &mut Look,
        mut tell: impl FnMut(Instance) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let mut filter = InstanceFilter {
            state: self.state.map(|state| match state {
                State::Running => lockstep_store::State::Running,
                State::Done => lockstep_store::State::Done,
                State::Failed => lockstep_store::State::Failed,
            }),
            workflow: self.workflow.as_deref().map(Into::into),
            started_by: self.started_by.as_deref().map(Into::into),
            ..InstanceFilter::default()
        };
        let mut left = self.limit;
        while left > 0 {
            let page = look.snapshot.instances(&filter, left.min(AT_A_TIME)).await?;
            for stored in page.instances {
                left = left.saturating_sub(1);
                match form(stored) {
                    Ok(instance) => tell(instance)?,
                    Err(error) => console::tell(&format!("warning: {error}\n")),
                }
            }
            let Some(next) = page.next else { break };
            filter.before = Some(next);
        }
        Ok(())
    }
}
