//! `lockstep data get` and `list`.

use std::sync::Arc;

use lockstep_api::Object;
use lockstep_core::ObjectKey;

use super::{path_of, print};
use crate::command_error::CommandError;
use crate::look::{self, Look};
use crate::meant::Kind;
use crate::request::{Request, path};
use crate::session::{NO_OBJECT, Session, block_on};
use crate::status::Status;
use crate::target::{Target, TargetArgs};

/// Objects that are read from a store at a time.
const AT_A_TIME: u32 = 200;

/// Arguments of `lockstep data get`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep data get Contact c1 --daemon http://localhost:7070\n\n\
    Exit status 1 if there is no such object.")]
pub(super) struct GetArgs {
    /// The entity
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// The id of the object
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    target: TargetArgs,
}

/// Arguments of `lockstep data list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep data list Contact --limit 10 --store sqlite://shop.db")]
pub(super) struct ListArgs {
    /// The entity
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    #[command(flatten)]
    target: TargetArgs,
}

/// Shows an object.
pub(super) fn get(args: &GetArgs) -> Result<Status, CommandError> {
    let GetArgs { entity, id, target } = args;
    let object = match target.target()? {
        Target::Daemon(client) => {
            block_on(Session::Daemon(client).form(Request::get(path_of(entity, id))))?
        }
        Target::File(url) => look::look(url, async |look| stored(look, entity, id).await)?,
    };
    print(&object)?;
    Ok(Status::Done)
}

async fn stored(mut look: Look, entity: &str, id: &str) -> Result<Object, CommandError> {
    let key = ObjectKey { entity: entity.into(), id: id.into() };
    let loaded = look.snapshot.load(&[key]).await?.pop();
    match loaded {
        Some(Ok(Some(object))) => Ok(Object::from(&*object)),
        Some(Err(corrupt)) => Err(CommandError::Refused(corrupt.to_string())),
        Some(Ok(None)) | None => {
            let told = format!("data.not_found: there is no {entity} with id {id:?}");
            let help = look.meant(Kind::Entity, entity).await?;
            Err(CommandError::failed_with(told, help.unwrap_or_else(|| NO_OBJECT.to_owned())))
        }
    }
}

/// Lists objects.
pub(super) fn list(args: &ListArgs) -> Result<Status, CommandError> {
    all(&args.target, &args.entity, usize::try_from(args.limit).unwrap_or(usize::MAX))?;
    Ok(Status::Done)
}

/// Writes objects of an entity by their ids; returns how many.
pub(super) fn all(target: &TargetArgs, entity: &str, most: usize) -> Result<usize, CommandError> {
    let mut count: usize = 0;
    let mut tell = |object: Object| {
        count = count.saturating_add(1);
        print(&object)
    };
    match target.target()? {
        Target::Daemon(client) => {
            let place = path(&["entities", entity, "objects"]);
            block_on(Session::Daemon(client).each(&place, &[], most, tell))?;
        }
        Target::File(url) => {
            look::look(url, async |look| each(look, entity, most, &mut tell).await)?;
        }
    }
    Ok(count)
}

async fn each(
    mut look: Look,
    entity: &str,
    most: usize,
    tell: &mut impl FnMut(Object) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let (mut left, entity) = (most, Arc::<str>::from(entity));
    let mut after: Option<Arc<str>> = None;
    while left > 0 {
        let limit = u32::try_from(left).unwrap_or(u32::MAX).min(AT_A_TIME);
        let found = look.snapshot.query(&entity, after.as_deref(), limit).await?;
        for object in &found {
            tell(Object::from(&**object))?;
        }
        if after.is_none()
            && found.is_empty()
            && let Some(help) = look.meant(Kind::Entity, &entity).await?
        {
            let told = format!("data.not_found: there is no entity `{entity}`");
            return Err(CommandError::failed_with(told, help));
        }
        left = left.saturating_sub(found.len());
        match found.last() {
            Some(last) if found.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => {
                after = Some(Arc::clone(&last.key.id));
            }
            Some(_) | None => break,
        }
    }
    Ok(())
}
