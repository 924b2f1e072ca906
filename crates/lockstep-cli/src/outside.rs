//! What instances may reach outside: nothing but public hosts, unless it is named.

use lockstep_runner::Options;

/// What instances may reach.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct OutsideArgs {
    /// A host, with or without port, that http steps may call although it is not public
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,
    /// A program that exec steps may start
    #[arg(long, value_name = "PROGRAM")]
    allow_program: Vec<String>,
}

impl OutsideArgs {
    /// Returns the options of a runner whose instances may reach this.
    pub(crate) fn options(&self) -> Options {
        Options {
            allowed_hosts: self.allow_host.clone(),
            allowed_programs: self.allow_program.clone(),
            ..Options::default()
        }
    }
}
