//! `lockstep lock renew`, `release` and `break`.

use std::time::Duration;

use lockstep_api::words::moment;
use lockstep_api::words::shown::line;
use lockstep_core::{FencingToken, InstanceId};
use lockstep_runner::{Runner, StartError};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::ownership::{look, own, refused};
use super::wanted::{length, who};
use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::console;
use crate::status::Status;
use crate::store::StoreArgs;

/// A lock that is held.
#[derive(Debug, clap::Args)]
struct Lock {
    /// The id of the lock, as `acquire` has told it
    #[arg(value_name = "ID")]
    id: Uuid,
    /// The token under which it is held
    #[arg(value_name = "TOKEN")]
    token: FencingToken,
}

/// Where, and how it is told.
#[derive(Debug, clap::Args)]
struct Way {
    #[command(flatten)]
    store: StoreArgs,
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
    /// How long it lives from now, at most 720h
    #[arg(long, value_name = "DURATION", default_value = "5m", value_parser = length)]
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
    /// Who breaks it, for the journal [default: user and host]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only if it is held under this token
    #[arg(long, value_name = "TOKEN")]
    token: Option<FencingToken>,
    #[command(flatten)]
    way: Way,
}

/// Lets a lock live on.
pub(super) async fn renew(args: &RenewArgs) -> Result<Status, CommandError> {
    let (id, token, ttl) = (InstanceId(args.lock.id), args.lock.token, args.ttl);
    let told = format!("renewed, for {} from now\n", moment::length(ttl));
    let json = json!({ "lock": id.to_string(), "token": token, "renewed": true });
    change(&args.way, &told, json, async |runner| runner.renew_lock(id, token, ttl).await).await
}

/// Gives a lock back.
pub(super) async fn release(args: &ReleaseArgs) -> Result<Status, CommandError> {
    let (id, token) = (InstanceId(args.lock.id), args.lock.token);
    let json = json!({ "lock": id.to_string(), "token": token, "released": true });
    change(&args.way, "released\n", json, async |runner| runner.release_lock(id, token).await).await
}

/// Takes a lock away.
pub(super) async fn break_lock(args: &BreakArgs) -> Result<Status, CommandError> {
    let rows = look(&args.way.store.url()?).await?.locks().await?;
    // A shell takes the quotes of a text away.
    let text = format!("{:?}", args.key);
    let is_text =
        rows.iter().all(|row| *row.key != *args.key) && rows.iter().any(|row| *row.key == *text);
    let key = if is_text { text } else { args.key.clone() };
    let by = args.by.clone().unwrap_or_else(who);
    let told = format!("the lock {} is broken; the holder's journal tells why\n", line(&key));
    let json = json!({ "key": key, "by": by, "reason": args.reason, "broken": true });
    let reason = args.reason.as_str();
    change(&args.way, &told, json, async |runner| {
        runner.break_lock(key.into(), args.token, by.into(), reason.into()).await
    })
    .await
}

async fn change(
    way: &Way,
    told: &str,
    json: Json,
    work: impl AsyncFnOnce(&Runner) -> Result<(), StartError>,
) -> Result<Status, CommandError> {
    let url = way.store.url()?;
    // None is created for a change of what is not there.
    drop(look(&url).await?);
    own(&url, work).await?.map_err(refused)?;
    match way.format {
        Format::Human => console::tell(told),
        Format::Json => console::print(&format!("{json}\n"))?,
    }
    Ok(Status::Done)
}
