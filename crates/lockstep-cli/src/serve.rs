//! `lockstep serve`: runs instances for others, who ask over HTTP.
//!
//! Invariants:
//!
//! * What is unfinished in the store is taken up before anything else is started.
//! * Definitions that are given are checked before the store is opened: what is wrong changes nothing.
//! * On ctrl-C and SIGTERM nobody new is served, who is being served is, and the engine stops in an
//!   orderly way; unfinished instances stay in the store.

mod folder;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_runner::{Options, Recovered, Runner, Secrets};
use lockstep_server::{Catalog, Origin, Server};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::doors::DoorArgs;
use crate::outside::OutsideArgs;
use crate::settings::SettingsArgs;
use crate::signals::{self, Signals};
use crate::status::Status;
use crate::store::{self, StoreArgs};
use crate::telemetry::TelemetryArgs;
use crate::{seed, sources};
use folder::Folder;

/// Arguments of `lockstep serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep serve --workflows workflows --seed workflows/message-reader.seed.jsonl\n  \
    curl -d '{\"message\": \"m1\"}' 'http://localhost:7070/v1/workflows/message-reader/instances?wait=10s'\n\n\
    Without --tokens it listens to this machine alone. Every flag can be set by a variable, \
    LOCKSTEP_LISTEN for --listen, and in a file of settings, too. Ctrl-C and SIGTERM end it: \
    requests that have begun are served to their end, for ten seconds at most, and unfinished \
    instances go on with the next start. A second ctrl-C ends it at once.")]
pub(crate) struct Args {
    /// Where to listen: an address, of this machine alone unless there are --tokens, and a port; or a
    /// port of this machine alone. Port 0 takes any that is free
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:7070",
        value_parser = address
    )]
    listen: SocketAddr,
    /// Files with definitions, and folders whose *.yaml and *.yml files are read; all are watched.
    /// Without any, what was published last
    #[arg(long, value_name = "PATH", num_args = 1..)]
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
    /// A folder with a file for each secret of the workflows; those without are looked for in the
    /// environment, `LOCKSTEP_SECRET_NAME`
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
    #[command(flatten)]
    doors: DoorArgs,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

/// Reads where to listen.
fn address(text: &str) -> Result<SocketAddr, String> {
    let of_this_machine = || {
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok());
        port.flatten().map(|port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    };
    text.parse().ok().or_else(of_this_machine).ok_or_else(|| {
        "it is written as 127.0.0.1:7070 or [::1]:7070, and for this machine alone as \
         localhost:7070 or 7070"
            .to_owned()
    })
}

/// Serves until it is told to end.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    if let Some(settings) = args.settings.to_show() {
        console::print(settings)?;
        return Ok(Status::Done);
    }
    let folder = Folder::new(&args.workflows, &args.config)?;
    let given = if args.workflows.is_empty() { None } else { Some(folder.check()?) };
    let seeds = given.as_ref().map(|(_, definitions)| seed::read(&args.seed, definitions));
    let seeds = seeds.transpose()?;
    let url = args.store.url()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start threads", source })?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let server = Server::bind(args.listen, &args.doors.options()).await?;
        let (store, is_new) = store::open(&url).await?;
        let mut options = Options { workers: true, triggers: true, ..args.outside.options() };
        if let Some(folder) = &args.secrets {
            options.secrets = Secrets::of_folder(folder.clone());
        }
        let (runner, recovered) = Runner::start(store, options).await?;
        tell_recovered(&recovered);
        let export = args.telemetry.export(&runner)?;
        let catalog = match given {
            Some((text, _)) => {
                let catalog = Catalog::new(Origin::Folder);
                catalog.publish(&runner, text).await?;
                catalog
            }
            None => from_store(&runner, &folder).await?,
        };
        let seeds = match seeds {
            Some(seeds) => seeds,
            None => seed::read(&args.seed, &catalog.definitions())?,
        };
        if !seeds.is_empty() {
            let (created, existing) = runner.import("seed".into(), seeds).await?;
            console::announce(&format!(
                "{created} objects created, {existing} were there already\n"
            ));
        }
        console::announce(&format!(
            "the store is {url}{}\nlistening on http://{}; ctrl-C ends it\n",
            if is_new { ", a new one" } else { "" },
            server.address()
        ));
        let (runner, catalog) = (Arc::new(runner), Arc::new(catalog));
        let stop = async {
            tokio::select! {
                caught = signals.next() => {
                    console::announce(&format!("{caught}: serving what has begun\n"));
                    signals::end_at_once_at_the_next(false);
                }
                () = runner.has_stopped() => {}
            }
        };
        tokio::select! {
            () = server.serve(Arc::clone(&runner), Arc::clone(&catalog), stop) => {}
            () = folder.watch(&runner, &catalog) => {}
        }
        if let Some(export) = export {
            export.finish().await;
        }
        if let Some(runner) = Arc::into_inner(runner) {
            runner.stop().await?;
        }
        Ok(Status::Done)
    })
}

/// Takes up what the store tells was published last.
async fn from_store(runner: &Runner, folder: &Folder) -> Result<Catalog, CommandError> {
    let catalog = Catalog::new(Origin::Api);
    catalog.take_up(runner, folder.config()).await?;
    let count = catalog.definitions().workflows.len();
    let told = if let Some((found, texts)) = catalog.pending() {
        let findings = sources::findings(&found, &texts, Format::Human);
        format!(
            "{findings}\nwhat was published before is wrong for this version, and nothing is \
             published until PUT /v1/definitions/{{name}} mends it\n"
        )
    } else if count == 0 {
        "nothing is published: PUT /v1/definitions/{name} does, or start with --workflows\n".into()
    } else {
        let told = match catalog.origins() {
            (0, _) => "over the API".to_owned(),
            (_, 0) => "from files, which are not watched without --workflows".to_owned(),
            (files, texts) => format!(
                "from {}, not watched without --workflows, and {} over the API",
                sources::number(files, "file"),
                sources::number(texts, "text"),
            ),
        };
        format!("{} published before {told}\n", sources::number(count, "workflow"))
    };
    console::announce(&told);
    Ok(catalog)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine_alone() {
        for (text, expected) in [
            ("7070", Some("127.0.0.1:7070")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("0.0.0.0:7070", Some("0.0.0.0:7070")),
            ("[::1]:7070", Some("[::1]:7070")),
            ("", None),
            (":7070", None),
            ("+70", None),
            ("65536", None),
            ("127.0.0.1", None),
            ("shop.example:7070", None),
            ("localhost", None),
        ] {
            let read = address(text).ok().map(|address| address.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
