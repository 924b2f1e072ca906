//! Crashes: the engine is gone, and a new one takes up what the store holds.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_core::transition::{InstanceRow, LockRow};
use lockstep_core::{DefinitionsById, Engine, InstanceId, codec};
use lockstep_expr::Value;
use lockstep_store::Store as _;

use super::{Fault, Trial};
use crate::fault::law::{Scene, Violation};
use crate::ready::ready;

/// Most instances that are read at a restart; no history has so many.
const MAX_INSTANCES: u32 = 10_000;

impl Trial<'_> {
    /// Ends the process, and starts another one.
    pub(super) fn crash(&mut self) -> Result<(), Violation> {
        self.say(|| "the process ends".to_owned());
        self.end_flight()?;
        self.laws.restarted();
        if self.calls.values().any(|(_, cancelled)| !cancelled) {
            self.coverage.count("crash while somebody calls outside");
        }
        self.life += 1;
        self.offered = false;
        self.calls.clear();
        self.signals.clear();
        self.reports.clear();
        self.clients.forget_requests();
        self.imports.clear();
        self.writes.clear();
        self.reads.clear();
        self.agenda.retain(|_, (life, _)| life.is_none());
        self.time += self.streams.crash.pick(&[0, 1, 5_000, 1_500_000]);
        if self.has(Fault::ClockAtRestart) {
            let by = self.streams.clock.between(-20_000_000, 20_000_000);
            self.offset += by;
            self.exposure.clock_changed = true;
            if by < 0 {
                self.coverage.count("clock went back at a restart");
            }
        }
        self.told = i64::MIN;
        self.told = self.now().0;
        self.recover()?;
        self.publish();
        if self.streams.crash.one_in(4) {
            self.import();
        }
        self.look_at_locks()?;
        self.settle()
    }

    /// What becomes of the batch in the hands of the store.
    fn end_flight(&mut self) -> Result<(), Violation> {
        let Some(flying) = &self.flying else {
            let fresh = self.landings == 0 && self.life > 0;
            self.coverage.count(if fresh {
                "crash of a recovered engine before its first batch"
            } else {
                "crash with nothing in flight"
            });
            return Ok(());
        };
        let applied = flying.outcomes.is_some() || self.streams.crash.one_in(2);
        self.coverage.count(if applied {
            "crash with a batch in flight that was applied"
        } else {
            "crash with a batch in flight that was lost"
        });
        self.say(|| format!("the batch in flight is written: {applied}"));
        if applied {
            self.apply()?;
        }
        self.flying = None;
        Ok(())
    }

    fn recover(&mut self) -> Result<(), Violation> {
        self.landings = 0;
        self.epoch = ready(self.memory.raise_epoch()).expect("the store in memory is open");
        self.engine = Engine::new(self.plan.config(self.epoch));
        let stored = ready(self.memory.unfinished(None, MAX_INSTANCES));
        let stored = stored.expect("the store in memory is open");
        let rows: Vec<InstanceRow> =
            stored.into_iter().filter_map(|stored| stored.row.ok()).map(as_read).collect();
        let locks = ready(self.memory.locks()).expect("the store in memory is open");
        if !locks.is_empty() {
            self.coverage.count("lock row taken up at a restart");
        }
        if rows.iter().any(|row| row.ticket != 0) {
            self.coverage.count("waiter with a ticket taken up at a restart");
        }
        let definitions = self.definitions();
        let now = self.now();
        let held = locks.clone();
        let waited: Vec<InstanceId> =
            rows.iter().filter(|row| row.ticket != 0).map(|row| row.id).collect();
        let refused = self.engine.recover(now, rows, locks, &definitions);
        self.say(|| format!("a new engine takes up what is there, but for {refused:?}"));
        if !refused.is_empty() {
            self.coverage.count("definitions gone at a restart");
            self.exposure.gone = true;
        } else if !self.refused.is_empty() {
            self.coverage.count("definitions back at a restart");
        }
        self.refused = refused.into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>();
        let is_here = |id: &InstanceId| !self.refused.contains(id);
        let waited: Vec<InstanceId> = waited.into_iter().filter(is_here).collect();
        let mut scene = Scene {
            workload: self.workload,
            outside: &self.outside,
            exposure: &self.exposure,
            coverage: self.coverage,
        };
        self.laws.taken_up(&waited, &held, now, &mut scene);
        self.look_at_locks()?;
        let lived: Vec<LockRow> = held.into_iter().filter(|row| row.until > now).collect();
        self.laws.clients_are_back(&lived, self.coverage)
    }

    fn definitions(&mut self) -> DefinitionsById {
        let gone = self.has(Fault::Gone) && self.streams.crash.one_in(2);
        let gone = gone.then(|| self.streams.crash.index(self.workload.versions.len()));
        let versions = self.workload.versions.iter().enumerate();
        let versions = versions.filter(|(number, _)| Some(*number) != gone);
        versions
            .map(|(_, version)| (Arc::clone(&version.id), Arc::clone(&version.definitions)))
            .collect()
    }
}

/// Returns a row as a store of files gives it back: through text.
fn as_read(row: InstanceRow) -> InstanceRow {
    let input = if row.input_part.is_some() {
        Value::Null
    } else {
        codec::decode(&codec::encode(&row.input)).unwrap_or(Value::Null)
    };
    InstanceRow { input, ..row }
}
