//! `lockstep serve`: runs instances for others, who ask over HTTP.
//!
//! Invariants:
//!
//! * What is unfinished in the store is taken up before anything else is started.
//! * Definitions are checked before the store is opened: what is wrong changes nothing.
//! * On ctrl-C and SIGTERM nobody new is served, who is being served is, and the engine stops in an
//!   orderly way; unfinished instances stay in the store.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_runner::{Recovered, Runner};
use lockstep_server::Server;

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::outside::OutsideArgs;
use crate::signals::{self, Signals};
use crate::status::Status;
use crate::store::{self, StoreArgs};
use crate::telemetry::TelemetryArgs;
use crate::{seed, sources, work};

/// Arguments of `lockstep serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep serve --workflows workflows --store sqlite://shop.db\n  \
    curl -d '{\"message\": \"m1\"}' 'http://localhost:7070/v1/workflows/read-message/instances?wait=10s'\n\n\
    It listens to this machine alone. Ctrl-C and SIGTERM end it: requests that have begun are \
    served to their end, for ten seconds at most, and unfinished instances go on with the next \
    start. A second ctrl-C ends it at once.")]
pub(crate) struct Args {
    /// Where to listen: an address of this machine alone, and a port; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Files with definitions, and folders whose *.yaml and *.yml files are read
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    workflows: Vec<PathBuf>,
    /// Objects to create unless they are there, as `lockstep run` takes them
    #[arg(long, value_name = "FILE")]
    seed: Vec<PathBuf>,
    /// Replaces a value of the project's `config`; JSON or a text
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    outside: OutsideArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

/// Serves until it is told to end.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let (text, definitions) =
        work::definitions(&args.workflows, &args.config, Format::Human, false)?;
    let seeds = seed::read(&args.seed, &definitions)?;
    let url = args.store.url()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let server = Server::bind(args.listen).await?;
        let store = store::open(&url).await?;
        let (runner, recovered) = Runner::start(store, args.outside.options()).await?;
        tell_recovered(&recovered);
        let export = args.telemetry.export(&runner)?;
        runner.publish(text.id(), text.encode(), Arc::new(definitions)).await?;
        if !seeds.is_empty() {
            let (created, existing) = runner.import("seed".into(), seeds).await?;
            console::announce(&format!(
                "{created} objects created, {existing} were there already\n"
            ));
        }
        console::announce(&format!(
            "the store is {url}\nlistening on http://{}; ctrl-C ends it\n",
            server.address()
        ));
        let runner = Arc::new(runner);
        let stop = async {
            tokio::select! {
                caught = signals.next() => {
                    console::announce(&format!("{caught}: serving what has begun\n"));
                    signals::end_at_once_at_the_next(false);
                }
                () = runner.has_stopped() => {}
            }
        };
        server.serve(Arc::clone(&runner), stop).await;
        if let Some(export) = export {
            export.finish().await;
        }
        if let Some(runner) = Arc::into_inner(runner) {
            runner.stop().await?;
        }
        Ok(Status::Done)
    })
}

fn tell_recovered(recovered: &Recovered) {
    let count = recovered.instances.len();
    if count > 0 {
        console::announce(&format!(
            "taking up {}\n",
            sources::number(count, "unfinished instance")
        ));
    }
    for (id, why) in &recovered.refused {
        console::announce(&format!(
            "warning: instance {id} cannot go on and stays as it is: {why}\n"
        ));
    }
}
