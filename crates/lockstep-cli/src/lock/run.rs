//! `lockstep lock run`: a command under a lock.
//!
//! Invariants:
//!
//! * The command is killed as soon as it is known that the lock is lost, and when its time is over
//!   and it could not be renewed: this counts from before the last renewal, by this machine's
//!   monotonic clock.
//! * Whatever way the command ends, the lock is released, unless it is not its own any more.

use std::ffi::OsString;
use std::pin::Pin;
use std::time::Duration;

use lockstep_api::words::moment::plain;
use lockstep_api::words::shown::line;
use lockstep_core::{ClientLock, Happening, InstanceId};
use lockstep_runner::{Clock, StartError};

use super::command::Command;
use super::keeper::{Keeper, Outcome};
use super::wanted::WantedArgs;
use crate::command_error::CommandError;
use crate::console;
use crate::length::time_to_live;
use crate::ownership::refused;
use crate::signals::Signals;
use crate::status::Status;
use crate::target::TargetArgs;

/// Shortest time to live: each third of it costs a flush or two.
const MIN_TIME_TO_LIVE: Duration = Duration::from_secs(1);

/// The part of the time to live after which the lock is renewed.
const PARTS: u32 = 3;

/// The part of the time to live between two attempts to renew, if one has failed.
const PARTS_BETWEEN_ATTEMPTS: u32 = 20;

/// Arguments of `lockstep lock run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    lockstep lock run '\"nightly\"' --daemon http://localhost:7070 -- ./report.sh\n  \
    lockstep lock run 'ref(\"Contact\", \"c1\")' --wait 10s -- python3 export.py c1\n  \
    lockstep lock run '\"maintenance\"' --foreground -- bash\n\n\
    The command finds the lock's id and its token in LOCKSTEP_LOCK and LOCKSTEP_FENCING_TOKEN. The \
    lock is renewed at a third of its time to live, and released when the command ends. If it is \
    lost (broken, or not renewed in time because the daemon is gone, or an engine is at work on the \
    store), the command is killed with all that it has started.\n\n\
    Exit status: that of the command; 1 if the lock is not free (in time), or was lost; 126 and 127 \
    if the command cannot be started or is not there.")]
pub(super) struct Args {
    #[command(flatten)]
    wanted: WantedArgs,
    /// How long the lock lives on if this program is killed, such as 90s; at least 1s, at most 720h
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = time_to_live)]
    ttl: Duration,
    /// Let the command use the terminal; if the lock is lost, only it itself is killed then
    #[arg(long)]
    foreground: bool,
    #[command(flatten)]
    target: TargetArgs,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// A lock that is kept.
struct Kept<'a> {
    keeper: &'a Keeper,
    lock: ClientLock,
    time_to_live: Duration,
    clock: Clock,
    /// When, by the clock, the time of the lock is over at the earliest.
    ends: Duration,
    /// When, by the clock, it is to be renewed.
    renews: Duration,
}

/// How a command ended.
enum Ended {
    /// By itself, or by a signal.
    With(u8),
    /// The lock was lost; why.
    Lost(String),
}

type Renewed = (Duration, Outcome<()>);
type Renewal<'a> = Option<Pin<Box<dyn Future<Output = Renewed> + 'a>>>;

/// Runs the command under the lock.
pub(super) async fn run(args: &Args) -> Result<Status, CommandError> {
    if args.ttl < MIN_TIME_TO_LIVE {
        return Err(CommandError::usage("`--ttl` is at least 1s for `lock run`"));
    }
    let wanted = args.wanted.request(args.ttl, std::process::id())?;
    let keeper = Keeper::of(&args.target)?;
    let mut signals = Signals::listen()?;
    let clock = Clock::start();
    let lock = match keeper.take(&wanted, args.wanted.wait, &mut signals).await? {
        Ok(lock) => lock,
        Err(signal) => return Ok(signal.status()),
    };
    let started = Command::start(&args.command, &lock, args.foreground);
    let ends = clock.elapsed().saturating_add(clock.until(lock.until).min(args.ttl));
    // The clock of a daemon may be another one: the first renewal tells when it ends by this one.
    let third = if keeper.shares_its_clock() { args.ttl / PARTS } else { Duration::ZERO };
    let renews = clock.elapsed().saturating_add(third);
    let mut kept = Kept { keeper: &keeper, lock, time_to_live: args.ttl, clock, ends, renews };
    match started {
        Err((status, message)) => {
            kept.release(Ended::With(status)).await;
            console::tell(&format!("error: {message}\n"));
            Ok(Status::Command(status))
        }
        Ok(mut command) => {
            let ended = kept.follow(&mut command, &mut signals).await?;
            Ok(kept.release(ended).await)
        }
    }
}

impl Kept<'_> {
    /// Renews the lock until the command ends, or kills it when the lock is lost.
    async fn follow(
        &mut self,
        command: &mut Command,
        signals: &mut Signals,
    ) -> Result<Ended, CommandError> {
        let mut renewal: Renewal<'_> = None;
        let mut is_told = false;
        let ended = loop {
            let now = self.clock.elapsed();
            tokio::select! {
                biased;
                status = command.end() => break Ended::With(status.map_err(unknown)?),
                signal = signals.next() => {
                    if is_told { command.kill() } else { command.pass_on(signal) }
                    is_told = true;
                }
                renewed = finished(&mut renewal), if renewal.is_some() => {
                    renewal = None;
                    if let Some(why) = self.renewed(renewed) {
                        break Ended::Lost(why);
                    }
                }
                () = tokio::time::sleep(self.ends.saturating_sub(now)) => {
                    break Ended::Lost("it could not be renewed in time".to_owned());
                }
                () = tokio::time::sleep(self.renews.saturating_sub(now)), if renewal.is_none() => {
                    renewal = Some(Box::pin(renew(self.keeper, self.lock.clone(), self.time_to_live, self.clock)));
                }
            }
        };
        if let Ended::Lost(_) = ended {
            command.kill();
            command.end().await.map_err(unknown)?;
        }
        if renewal.is_some() {
            // It has the store in its hands; what comes of it does not matter any more.
            drop(finished(&mut renewal).await);
        }
        Ok(ended)
    }

    /// Takes note of what became of a renewal; returns why the lock is lost, if it is.
    fn renewed(&mut self, (began, result): Renewed) -> Option<String> {
        match result {
            Ok(Ok(())) => {
                self.ends = began.saturating_add(self.time_to_live);
                self.renews = began.saturating_add(self.time_to_live / PARTS);
                None
            }
            Ok(Err(StartError::Rejected(failure))) => Some(failure.message),
            Ok(Err(_)) | Err(_) => {
                let pause = self.time_to_live / PARTS_BETWEEN_ATTEMPTS;
                self.renews = self.clock.elapsed().saturating_add(pause);
                None
            }
        }
    }

    /// Gives the lock back, and returns the exit status.
    async fn release(&self, ended: Ended) -> Status {
        let status = match ended {
            Ended::With(status) => status,
            Ended::Lost(why) => {
                let why = broken(self.keeper, self.lock.lock).await.unwrap_or(why);
                console::tell(&format!("error: the lock is lost: {why}; the command was killed\n"));
                return Status::Failed;
            }
        };
        let ClientLock { lock, token, keys, .. } = &self.lock;
        match self.keeper.release((*lock, *token), keys.first().map(|key| &**key)).await {
            Ok(Ok(())) => Status::Command(status),
            Ok(Err(error @ StartError::Rejected(_))) => {
                console::tell("error: the lock was lost before the command had ended\n");
                console::tell(&refused(error).report());
                Status::Failed
            }
            Ok(Err(error)) => self.unreleased(&error.into(), status),
            Err(error) => self.unreleased(&error, status),
        }
    }

    fn unreleased(&self, error: &CommandError, status: u8) -> Status {
        let ends = self.clock.now().after(self.ends.saturating_sub(self.clock.elapsed()));
        let ends = plain(ends);
        console::tell(&format!("warning: the lock is not released; it ends by itself at {ends}\n"));
        console::tell(&error.report());
        Status::Command(status)
    }
}

/// Returns who has broken a lock, and why, if somebody has.
async fn broken(keeper: &Keeper, lock: InstanceId) -> Option<String> {
    keeper.journal(lock).await?.iter().rev().find_map(|event| {
        let Happening::LockBroken { by, reason, .. } = event else { return None };
        Some(line(&format!("{by} broke it: {reason}")))
    })
}

async fn finished(renewal: &mut Renewal<'_>) -> Renewed {
    match renewal {
        Some(renewal) => renewal.await,
        None => std::future::pending().await,
    }
}

async fn renew(keeper: &Keeper, lock: ClientLock, ttl: Duration, clock: Clock) -> Renewed {
    let began = clock.elapsed();
    let of = lock.keys.first().map(|key| &**key);
    (began, keeper.renew((lock.lock, lock.token), of, ttl).await)
}

fn unknown(source: std::io::Error) -> CommandError {
    CommandError::Machine { what: "cannot wait for the command", source }
}
