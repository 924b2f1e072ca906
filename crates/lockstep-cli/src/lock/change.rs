//! `lockstep lock renew`, `release` and `break`.

use std::time::Duration;

use lockstep_api::words::moment;
use lockstep_api::words::shown::line;
use lockstep_core::lock::key;
use lockstep_core::{FencingToken, InstanceId};
use lockstep_definition::LockScope;
use lockstep_runner::StartError;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::keeper::Keeper;
use crate::arguments::Format;
use crate::caller::who;
use crate::command_error::CommandError;
use crate::console;
use crate::length::time_to_live;
use crate::ownership::{look, refused};
use crate::status::Status;
use crate::target::TargetArgs;

/// A lock that is held.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Lock {
    /// The id of the lock, as `acquire` has told it
    #[arg(value_name = "ID", value_parser = id)]
    id: Uuid,
    /// The token under which it is held
    #[arg(value_name = "TOKEN", value_parser = token)]
    token: FencingToken,
}

fn id(text: &str) -> Result<Uuid, String> {
    Uuid::parse_str(text.trim())
        .map_err(|_| "`lock acquire` and `lockstep locks` tell the id of a lock, a UUID".to_owned())
}

fn token(text: &str) -> Result<FencingToken, String> {
    let told = "`lock acquire` and `lockstep locks KEY` tell the token of a lock, a whole number";
    text.trim().parse().map_err(|_| told.to_owned())
}

/// Where, and how it is told.
#[derive(Debug, clap::Args)]
struct Way {
    #[command(flatten)]
    target: TargetArgs,
    /// How it is written
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Arguments of `lockstep lock renew`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep lock renew 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 1099511627777 --ttl 10m\n\n\
    Exit status 1 if it is not held under the token any more; then nothing is changed.")]
pub(super) struct RenewArgs {
    #[command(flatten)]
    lock: Lock,
    /// How long it lives from now, such as 90s or 2h; at most 720h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = time_to_live)]
    ttl: Duration,
    #[command(flatten)]
    way: Way,
}

/// Arguments of `lockstep lock release`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep lock release 0198c6f2-8d31-7a04-9c3e-5b7d2f1e6a90 1099511627777\n\n\
    Exit status 1 if it is not held under the token any more; then nothing is changed.")]
pub(super) struct ReleaseArgs {
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    way: Way,
}

/// Arguments of `lockstep lock break`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    lockstep lock break Timeslot/t1 --reason 'the calendar does not answer'\n\n\
    All who hold it lose it, unless a token names one. An instance drops what it has changed and not \
    committed, and fails with `lock.lost` when it goes on; it can never commit under the lock again. \
    Who, when and why stand in its journal: `lockstep journal`.\n\n\
    Exit status 1 if nobody holds it.")]
pub(super) struct BreakArgs {
    /// The key, as `lockstep locks` shows it
    #[arg(value_name = "KEY")]
    key: String,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Who breaks it, for the journal of a store [default: user and host]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only if it is held under this token
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    token: Option<FencingToken>,
    #[command(flatten)]
    way: Way,
}

/// Lets a lock live on.
pub(super) async fn renew(args: &RenewArgs) -> Result<Status, CommandError> {
    let keeper = there(&args.way).await?;
    let Lock { id, token } = args.lock;
    let renewed = keeper.renew((InstanceId(id), token), None, args.ttl).await?;
    let told = format!("renewed, for {} from now\n", moment::length(args.ttl));
    let json = json!({ "lock": id.to_string(), "token": token, "renewed": true });
    conclude(&args.way, renewed, &told, &json)
}

/// Gives a lock back.
pub(super) async fn release(args: &ReleaseArgs) -> Result<Status, CommandError> {
    let keeper = there(&args.way).await?;
    let Lock { id, token } = args.lock;
    let released = keeper.release((InstanceId(id), token), None).await?;
    let json = json!({ "lock": id.to_string(), "token": token, "released": true });
    conclude(&args.way, released, "released\n", &json)
}

/// Takes a lock away.
pub(super) async fn break_lock(args: &BreakArgs) -> Result<Status, CommandError> {
    let keeper = there(&args.way).await?;
    let key = match &keeper {
        Keeper::File(url) => held(url, &args.key).await?,
        Keeper::Daemon(_) if args.by.is_some() => {
            let help = "leave --by away: a daemon goes by the name of the token";
            return Err(CommandError::usage_with("a daemon knows who asks", help));
        }
        Keeper::Daemon(_) => named(&args.key).unwrap_or_else(|| args.key.clone()),
    };
    let by = args.by.clone().unwrap_or_else(who);
    let broken = keeper.break_lock(&key, args.token, &by, &args.reason).await?;
    let told = format!("the lock {} is broken; the holder's journal tells why\n", line(&key));
    let json = json!({ "key": key, "reason": args.reason, "broken": true });
    conclude(&args.way, broken, &told, &json)
}

/// Returns who keeps the lock; no store is created for a change of what is not there.
async fn there(way: &Way) -> Result<Keeper, CommandError> {
    let keeper = Keeper::of(&way.target)?;
    if let Keeper::File(url) = &keeper {
        drop(look(url).await?);
    }
    Ok(keeper)
}

/// Returns the key that is meant of those which a store has.
async fn held(url: &str, written: &str) -> Result<String, CommandError> {
    let rows = look(url).await?.locks().await?;
    // A shell takes the quotes of a text away.
    let text = format!("{written:?}");
    let is_text =
        rows.iter().all(|row| *row.key != *written) && rows.iter().any(|row| *row.key == *text);
    Ok(if is_text { text } else { written.to_owned() })
}

/// Returns the key that a daemon reads out of what is written.
fn named(written: &str) -> Option<String> {
    let context = key::context(written).ok()?;
    let keys = key::of(&context, LockScope::System, "", "").ok()?;
    keys.first().map(ToString::to_string)
}

fn conclude(
    way: &Way,
    done: Result<(), StartError>,
    told: &str,
    json: &Json,
) -> Result<Status, CommandError> {
    done.map_err(refused)?;
    match way.format {
        Format::Human => console::tell(told),
        Format::Json => console::print(&format!("{json}\n"))?,
    }
    Ok(Status::Done)
}
