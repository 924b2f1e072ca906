//! Clients' locks, as their journals and rows tell of them, and what clients are told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::transition::{LockRow, LockWrite, Origin, Transition};
use lockstep_core::{ClientLock, Entry, FencingToken, Happening, InstanceId, Time};
use lockstep_definition::LockMode;
use lockstep_store::{Memory, Store as _};

use super::grants::Grant;
use super::{Laws, Scene, Violation};
use crate::fault::coverage::Coverage;
use crate::ready::ready;

/// What is known of a client's lock.
#[derive(Debug, Default)]
pub(super) struct Client {
    token: FencingToken,
    /// When it ends unless it is renewed, as its rows tell.
    until: i64,
    /// Until when it lives, as its journal tells. A renewal may bring that forward, if the clock
    /// went back.
    lives_until: i64,
    /// Until when it was let live on at some moment.
    renewed: BTreeSet<i64>,
    ended: bool,
    /// It was lost before its time was over: somebody must have broken it.
    lost_early: bool,
}

impl Client {
    /// Returns whether a row is one of this lock.
    fn has(&self, row: &LockRow) -> bool {
        !self.ended && row.token == self.token && row.until.0 == self.until
    }
}

/// All locks of clients.
#[derive(Debug, Default)]
pub(super) struct Clients(BTreeMap<InstanceId, Client>);

impl Laws {
    /// Returns whether a transition is one of a client's lock.
    pub(super) fn is_of_client(&self, transition: &Transition) -> bool {
        let asks = |entry: &Entry| matches!(entry.event, Happening::ClientAsked { .. });
        let is_known = transition.instance.is_some_and(|id| self.clients.0.contains_key(&id));
        is_known || transition.journal.first().is_some_and(asks)
    }

    /// Follows a transition of a client's lock.
    pub(super) fn client_changed(
        &mut self,
        id: InstanceId,
        transition: &Transition,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        if transition.row.is_some() || !transition.objects.is_empty() {
            return Violation::of("client-lock", format!("{id} writes more than locks"));
        }
        let client = self.clients.0.entry(id).or_default();
        for write in &transition.locks {
            if let LockWrite::Put(row) = write {
                client.until = row.until.0;
                if client.lives_until == 0 {
                    client.lives_until = row.until.0;
                }
            }
        }
        for entry in &transition.journal {
            self.client_tells(id, entry, scene)?;
        }
        let client = self.clients.0.entry(id).or_default();
        if client.lost_early {
            return Violation::of("client-lock", format!("{id} was lost before its time"));
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else is told is wrong")]
    fn client_tells(
        &mut self,
        id: InstanceId,
        entry: &Entry,
        scene: &mut Scene<'_>,
    ) -> Result<(), Violation> {
        let client = self.clients.0.entry(id).or_default();
        if client.ended && !matches!(entry.event, Happening::LockBroken { .. }) {
            return Violation::of("journal", format!("{id} goes on after its end: {entry:?}"));
        }
        match &entry.event {
            Happening::ClientAsked { .. } => Ok(()),
            Happening::LockGranted { key, token, waited } => {
                if *waited > 0 {
                    scene.coverage.count("client waited and got its lock");
                }
                client.token = *token;
                let mode = self.table.mode(*token).unwrap_or(LockMode::Shared);
                let grant = Grant { token: *token, waited: *waited, mode, lock: None };
                self.grants.granted(id, entry, key, &grant)?;
                self.is_free(*token, scene)
            }
            Happening::LockRenewed { until } => {
                scene.coverage.count("client's lock renewed");
                client.renewed.insert(*until);
                client.lives_until = *until;
                let token = client.token;
                self.held_at(token, entry.at, scene)
            }
            Happening::LockReleased { .. } => {
                scene.coverage.count("client's lock released");
                client.ended = true;
                let token = client.token;
                self.held_at(token, entry.at, scene)?;
                self.grants.end(token);
                Ok(())
            }
            Happening::LockLost { token, .. } => {
                client.ended = true;
                client.lost_early = entry.at < client.lives_until;
                if !client.lost_early {
                    scene.coverage.count("client's lock ended with its time to live");
                }
                self.held_at(*token, entry.at, scene)?;
                self.grants.end(*token);
                Ok(())
            }
            Happening::LockBroken { reason, .. } => {
                scene.coverage.count("lock of a client broken");
                client.lost_early = false;
                self.reasons.insert(reason.clone());
                Ok(())
            }
            _ => Violation::of("journal", format!("{id} is a client's lock: {entry:?}")),
        }
    }

    /// Returns when the time of a client's lock is over, as its journal tells.
    pub(crate) fn lives_until(&self, id: InstanceId) -> Option<Time> {
        self.clients.0.get(&id).map(|client| Time(client.lives_until))
    }

    /// Looks at the row of a client's lock.
    pub(super) fn client_row(&self, row: &LockRow) -> Result<(), Violation> {
        if self.clients.0.get(&row.instance).is_some_and(|client| client.has(row)) {
            return Ok(());
        }
        let text = format!("the row {row:?} is not one of {:?}", self.clients.0.get(&row.instance));
        Violation::of("orphan-lock", text)
    }

    /// A client is told that it holds a lock: that is durable, or it has ended by now.
    pub(crate) fn client_has(
        &self,
        id: InstanceId,
        told: &ClientLock,
        memory: &Memory,
    ) -> Result<(), Violation> {
        let Some(client) = self.clients.0.get(&id).filter(|client| client.token == told.token)
        else {
            return Violation::of("client-lock-is-durable", format!("{id} is not in the store"));
        };
        let rows = ready(memory.locks()).expect("the store in memory is open");
        let is_there = |key: &Arc<str>| {
            rows.iter().any(|row| row.key == *key && row.instance == id && row.token == told.token)
        };
        if client.ended || told.keys.iter().all(is_there) {
            return Ok(());
        }
        Violation::of("client-lock-is-durable", format!("not all rows of {id} are in the store"))
    }

    /// A client is told that its lock lives on.
    pub(crate) fn client_renewed(&self, id: InstanceId, until: Time) -> Result<(), Violation> {
        if self.clients.0.get(&id).is_some_and(|client| client.renewed.contains(&until.0)) {
            return Ok(());
        }
        Violation::of("client-lock-is-durable", format!("{id} was not renewed until {until:?}"))
    }

    /// A client is told that it has given its lock back.
    pub(crate) fn client_released(&self, id: InstanceId, memory: &Memory) -> Result<(), Violation> {
        let rows = ready(memory.locks()).expect("the store in memory is open");
        let ended = self.clients.0.get(&id).is_some_and(|client| client.ended);
        if ended && rows.iter().all(|row| row.instance != id) {
            return Ok(());
        }
        Violation::of("client-lock-is-durable", format!("{id} was not given back"))
    }

    /// Clients that held a lock whose time was not over hold it after a restart.
    pub(crate) fn clients_are_back(
        &self,
        rows: &[LockRow],
        coverage: &mut Coverage,
    ) -> Result<(), Violation> {
        for row in rows.iter().filter(|row| matches!(row.origin, Origin::Client { .. })) {
            coverage.count("client's lock taken up at a restart");
            if self.table.until(&row.key, row.token) != Some(row.until) {
                let text = format!("{row:?} is not what the engine took up");
                return Violation::of("client-lock-is-durable", text);
            }
        }
        Ok(())
    }
}
