//! Whom a daemon serves, and how much.

use std::path::PathBuf;

use clap::value_parser;
use lockstep_server::{ServerOptions, TokenFile};

/// Whom a daemon serves.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoorArgs {
    /// The file of tokens (`lockstep token new`): who asks needs one; without it, whoever is on this
    /// machine may do everything
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// A name that requests may use for this machine besides localhost and its address
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Requests of one caller in a second
    #[arg(long, value_name = "N", default_value = "20000", value_parser = value_parser!(u32).range(1..))]
    rate: u32,
    /// Connections at once; further ones wait
    #[arg(long, value_name = "N", default_value = "4096", value_parser = value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// Connections of one address at once; further ones are closed
    #[arg(long, value_name = "N", default_value = "1024", value_parser = value_parser!(u32).range(1..=1_000_000))]
    connections_per_address: u32,
    /// Requests with a wrong token, or none, of one address in a second; further ones are answered
    /// with 429. With a right token whoever is there is served all the same
    #[arg(long, value_name = "N", default_value = "10", value_parser = value_parser!(u32).range(1..))]
    failures_per_address: u32,
}

impl DoorArgs {
    /// Returns the options of a server that serves these.
    pub(crate) fn options(&self) -> ServerOptions {
        let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        ServerOptions {
            tokens: self.tokens.as_ref().map(TokenFile::new),
            hosts: self.host.clone(),
            rate: self.rate,
            connections: count(self.connections),
            connections_per_address: count(self.connections_per_address),
            failures_per_address: self.failures_per_address,
        }
    }
}
