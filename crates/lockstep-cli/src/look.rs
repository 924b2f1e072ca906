//! A look into a store, beside whoever owns it: `get`, `list`, `explain`, `locks`, `journal`; and the
//! ids that are looked for, there and at a daemon.
//!
//! Invariants:
//!
//! * Everything in a store is of one moment, and nothing is changed.
//! * An id may be cut short, as long as it is the only one that begins so.

use lockstep_api::Instance;
use lockstep_core::transition::Origin;
use lockstep_core::{InstanceId, Time};
use lockstep_expr::Timestamp;
use lockstep_runner::Clock;
use lockstep_store::{InstanceFilter, Snapshot, StoredInstance};
use uuid::Uuid;

use crate::command_error::CommandError;
use crate::meant::{self, Kind};
use crate::request::path;
use crate::session::Session;
use crate::survey::Survey;

/// Fewest digits of an id that is cut short.
const MIN_DIGITS: usize = 4;

/// Digits of a whole id.
const DIGITS: usize = 32;

/// Digits of the moment with which an id begins, in milliseconds.
const MOMENT_DIGITS: usize = 12;

/// Most instances of one millisecond that are looked at.
const MAX_OF_A_MOMENT: usize = 1000;

/// Most ids that are told if several begin alike.
const MAX_TOLD: u32 = 5;

/// What a store held at one moment.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) snapshot: Snapshot,
    pub(crate) now: Time,
    url: String,
}

impl Look {
    pub(crate) async fn at(url: String) -> Result<Self, CommandError> {
        let snapshot = lockstep_store::open_snapshot(&url).await?;
        Ok(Self { snapshot, now: Clock::start().now(), url })
    }

    /// Reads unfinished instances and locks.
    pub(crate) async fn survey(&mut self) -> Result<Survey, CommandError> {
        Ok(Survey::read(&mut self.snapshot, self.now).await?)
    }

    /// Finds the instance, or the client's lock, whose id is meant.
    pub(crate) async fn find(&mut self, prefix: &Prefix) -> Result<InstanceId, CommandError> {
        if let Some(id) = prefix.whole() {
            return Ok(id);
        }
        let (first, last) = prefix.bounds();
        let behind = last.0.as_u128().checked_add(1).map(|id| InstanceId(Uuid::from_u128(id)));
        let filter = InstanceFilter { before: behind, ..InstanceFilter::default() };
        let found = self.snapshot.instances(&filter, MAX_TOLD + 1).await?.instances;
        let instances = found.into_iter().filter(|stored| stored.id >= first);
        let mut ids: Vec<(InstanceId, String)> =
            instances.map(|stored| (stored.id, workflow_of(&stored))).collect();
        for row in self.snapshot.locks().await? {
            if let Origin::Client { owner, .. } = &row.origin
                && (first..=last).contains(&row.instance)
                && ids.iter().all(|(id, _)| *id != row.instance)
            {
                ids.push((row.instance, format!("lock of client `{owner}`")));
            }
        }
        match ids.as_slice() {
            [] => Err(self.absent(prefix)),
            [(id, _)] => Ok(*id),
            several => Err(ambiguous(prefix, several)),
        }
    }

    /// Returns what to do if nothing of this name is published in the store; `None` if something is,
    /// or if that is not known.
    pub(crate) async fn meant(
        &mut self,
        kind: Kind,
        name: &str,
    ) -> Result<Option<String>, CommandError> {
        let Some(published) = self.snapshot.published().await? else { return Ok(None) };
        let definitions = Survey::definitions(&mut self.snapshot, &published.id).await?;
        Ok(definitions.and_then(|definitions| match kind {
            Kind::Entity => meant::help(kind, name, definitions.entities.keys()),
            Kind::Workflow => meant::help(kind, name, definitions.workflows.keys()),
        }))
    }

    /// The error that there is no such instance.
    pub(crate) fn absent(&self, prefix: &Prefix) -> CommandError {
        let url = &self.url;
        CommandError::failed_with(
            format!("no instance and no lock has the id `{}`", prefix.written),
            format!(
                "this is the store {url}, --store names another one; an instance that has just \
                 been started is there as soon as it waits for something"
            ),
        )
    }
}

/// Looks into a store.
pub(crate) fn look<T>(
    url: String,
    work: impl AsyncFnOnce(Look) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|source| CommandError::Machine { what: "cannot start", source })?;
    runtime.block_on(async { work(Look::at(url).await?).await })
}

/// Returns whether a text could be an id, or the beginning of one.
pub(crate) fn may_be_an_id(written: &str) -> bool {
    let digits = written.trim().chars().filter(|c| *c != '-');
    digits.clone().count() >= MIN_DIGITS && digits.clone().all(|c| c.is_ascii_hexdigit())
}

/// The beginning of an id, or all of it.
#[derive(Clone, Debug)]
pub(crate) struct Prefix {
    written: String,
    digits: String,
}

impl Prefix {
    pub(crate) fn parse(written: &str) -> Result<Self, CommandError> {
        let written = written.trim();
        let digits: String = written.chars().filter(|c| *c != '-').collect();
        if digits.len() > DIGITS || !may_be_an_id(written) {
            return Err(CommandError::usage_with(
                format!("`{written}` is not the id of an instance"),
                format!(
                    "an id is a UUID, as `lockstep list` and `lockstep locks` tell it, or at least its \
                     first {MIN_DIGITS} digits"
                ),
            ));
        }
        Ok(Self { written: written.to_owned(), digits })
    }

    /// Asks for the id of the instance that is meant.
    pub(crate) async fn ask(&self, session: &Session) -> Result<String, CommandError> {
        if let Some(id) = self.whole() {
            return Ok(id.to_string());
        }
        let moment = |id: InstanceId, later: u128| {
            let millis = (id.0.as_u128() >> 80).checked_add(later)?;
            let nanos = i128::try_from(millis.checked_mul(1_000_000)?).ok()?;
            Timestamp::from_nanos(nanos).map(|moment| moment.to_string())
        };
        let (first, last) = self.bounds();
        let filter = [("after", moment(first, 0)), ("before", moment(last, 1))];
        let mut found: Vec<(InstanceId, String)> = Vec::new();
        let keep = |instance: Instance| {
            let id = InstanceId(Uuid::parse_str(&instance.id).unwrap_or_default());
            if (first..=last).contains(&id) {
                found.push((id, format!("workflow `{}`", instance.workflow)));
            }
            Ok(())
        };
        // All that are listed begin so, unless more digits are given than the moment has.
        let is_within_a_moment = self.digits.len() > MOMENT_DIGITS;
        let enough = usize::try_from(MAX_TOLD).unwrap_or(usize::MAX).saturating_add(1);
        let most = if is_within_a_moment { MAX_OF_A_MOMENT } else { enough };
        session.each(&path(&["instances"]), &filter, most, keep).await?;
        match found.as_slice() {
            [] => Err(CommandError::failed_with(
                format!(
                    "data.not_found: no instance has an id that begins with `{}`",
                    self.written
                ),
                "`lockstep list` tells them; the id of a client's lock has to be whole here",
            )),
            [(id, _)] => Ok(id.to_string()),
            several => Err(ambiguous(self, several)),
        }
    }

    fn whole(&self) -> Option<InstanceId> {
        (self.digits.len() == DIGITS).then(|| self.bounds().0)
    }

    /// The least and the greatest id that begin so.
    fn bounds(&self) -> (InstanceId, InstanceId) {
        let filled = |fill: &str| {
            let text =
                format!("{}{}", self.digits, fill.repeat(DIGITS.saturating_sub(self.digits.len())));
            InstanceId(Uuid::parse_str(&text).unwrap_or_default())
        };
        (filled("0"), filled("f"))
    }
}

fn workflow_of(stored: &StoredInstance) -> String {
    match &stored.row {
        Ok(row) => format!("workflow `{}`", row.workflow),
        Err(_) => "it cannot be read".to_owned(),
    }
}

fn ambiguous(prefix: &Prefix, ids: &[(InstanceId, String)]) -> CommandError {
    let most = usize::try_from(MAX_TOLD).unwrap_or(usize::MAX);
    let lines = ids.iter().take(most).map(|(id, what)| format!("\n  {id}  {what}"));
    let more = if ids.len() > most { "\n  and more" } else { "" };
    CommandError::failed_with(
        format!("several ids begin with `{}`:{}{more}", prefix.written, lines.collect::<String>()),
        "write more of it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginning_of_an_id_has_bounds() {
        let prefix = Prefix::parse(" 0198-AB ").unwrap();
        let (first, last) = prefix.bounds();
        assert_eq!(first.to_string(), "0198ab00-0000-0000-0000-000000000000");
        assert_eq!(last.to_string(), "0198abff-ffff-ffff-ffff-ffffffffffff");
        assert!(prefix.whole().is_none());
        let whole = "0198ab00-0000-7000-8000-000000000001";
        assert_eq!(Prefix::parse(whole).unwrap().whole().unwrap().to_string(), whole);
    }

    #[test]
    fn what_is_no_id_is_told() {
        let long = "0".repeat(DIGITS + 1);
        for written in ["", "019", "0198x", "a b c d", "----", &long, "0198é"] {
            assert!(Prefix::parse(written).is_err(), "{written}");
        }
    }
}
