//! The watch over schedules: what is due is started, and then counts as handled.
//!
//! Invariants:
//!
//! * Instances are durable before the mark moves behind their times. A crash between leaves times
//!   that are due again, and their start keys find the instances that are there.
//! * A schedule that is new begins at the moment at which the watch first sees it; one that is not
//!   published any more is forgotten, and begins anew when it comes back.
//! * The watch ends when its runner does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::transition::StartKey;
use lockstep_core::trigger::{Cause, input};
use lockstep_core::{InstanceId, Time};
use lockstep_definition::{Definitions, Missed, Schedule, TriggerSource, Workflow};
use lockstep_store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::due::{self, Due};
use super::{Board, Names, Published, SCHEDULES, ScheduleView};
use crate::clock::Clock;
use crate::error::{RunnerError, StartError};
use crate::start::{Once, Starter};

/// Longest time between two looks at the clock, which may be set meanwhile.
const LOOK: Duration = Duration::from_secs(5);

/// Schedules that are started at once.
const AT_ONCE: usize = 64;

/// The watch over the schedules of a runner.
pub(crate) struct Watch {
    published: watch::Receiver<Published>,
    board: Board,
    starter: Starter,
    store: Arc<dyn Store>,
    definitions: Arc<Definitions>,
    schedules: Vec<Watched>,
}

/// A schedule that is watched.
#[derive(Clone, Debug)]
struct Watched {
    name: Arc<str>,
    workflow: Arc<Workflow>,
    index: usize,
    schedule: Schedule,
    missed: Missed,
    mark: Time,
    /// When this process has looked at it last.
    looked: Option<Time>,
    last: Option<(Time, InstanceId)>,
    refused: Option<String>,
}

impl Watch {
    pub(crate) fn new(
        (published, board): (watch::Receiver<Published>, Board),
        starter: Starter,
        store: Arc<dyn Store>,
    ) -> Self {
        let definitions = Arc::default();
        Self { published, board, starter, store, definitions, schedules: Vec::new() }
    }

    /// Watches until the runner ends.
    pub(crate) async fn run(mut self) {
        // The engine tells its own end.
        if let Err(error) = self.watch().await {
            tracing::warn!(%error, "schedules are not watched any more");
        }
    }

    async fn watch(&mut self) -> Result<(), RunnerError> {
        loop {
            let Ok(is_new) = self.published.has_changed() else { return Ok(()) };
            if is_new {
                let published = self.published.borrow_and_update().clone();
                if let Some(definitions) = published {
                    self.take(definitions).await?;
                }
            }
            self.look(Clock::wall()).await?;
            let pause = self.pause();
            tokio::select! {
                changed = self.published.changed() => if changed.is_err() { return Ok(()) } else {
                    // It is seen at the head of the loop.
                    self.published.mark_changed();
                },
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Takes the schedules of new definitions.
    async fn take(&mut self, definitions: Arc<Definitions>) -> Result<(), RunnerError> {
        let now = Clock::wall();
        let marks: BTreeMap<Arc<str>, Time> = self.store.marks().await?.into_iter().collect();
        let mut names = Names::default();
        let (mut schedules, mut changes) = (Vec::new(), Vec::new());
        for workflow in definitions.workflows.values() {
            for (index, trigger) in workflow.triggers.iter().enumerate() {
                let TriggerSource::Schedule { cron, time_zone, missed } = &trigger.source else {
                    continue;
                };
                let name = names.of(workflow, &trigger.source);
                let Some((name, schedule)) = name.zip(Schedule::new(cron, time_zone)) else {
                    continue;
                };
                let mark = marks.get(&name).copied();
                let before = self.schedules.iter().find(|watched| watched.name == name);
                let looked = before.and_then(|watched| watched.looked);
                let last = match mark {
                    Some(mark) => self.started(&name, mark).await?,
                    None => None,
                };
                if mark.is_none() {
                    changes.push((Arc::clone(&name), Some(now)));
                }
                schedules.push(Watched {
                    name,
                    workflow: Arc::clone(workflow),
                    index,
                    schedule,
                    missed: *missed,
                    mark: mark.unwrap_or(now),
                    looked,
                    last,
                    refused: None,
                });
            }
        }
        let is_gone = |name: &&Arc<str>| {
            name.starts_with(SCHEDULES) && schedules.iter().all(|watched| watched.name != **name)
        };
        changes.extend(marks.keys().filter(is_gone).map(|name| (Arc::clone(name), None)));
        if !changes.is_empty() {
            self.store.put_marks(changes).await?;
        }
        (self.definitions, self.schedules) = (definitions, schedules);
        self.tell(now);
        Ok(())
    }

    /// Returns the instance of a time, if it has one.
    async fn started(
        &self,
        name: &str,
        time: Time,
    ) -> Result<Option<(Time, InstanceId)>, RunnerError> {
        let found = self.store.started(key(name, time)).await?;
        Ok(found.map(|stored| (time, stored.id)))
    }

    /// Starts what is due.
    async fn look(&mut self, now: Time) -> Result<(), RunnerError> {
        let mut dues: Vec<(usize, Due)> = Vec::new();
        for (place, watched) in self.schedules.iter_mut().enumerate() {
            let looked = watched.looked.replace(now);
            let Watched { schedule, missed, mark, .. } = watched;
            let due = due::due(schedule, *missed, *mark, looked, now);
            if due.has_more {
                let (name, most) = (&watched.name, due::MAX_TIMES);
                tracing::warn!(schedule = %name, "more than {most} times were missed: the last ones get an instance");
            }
            if due.handled.is_some() {
                dues.push((place, due));
            }
        }
        let is_due = !dues.is_empty();
        while !dues.is_empty() {
            if self.published.has_changed().is_err() {
                return Ok(());
            }
            let rest = dues.split_off(dues.len().min(AT_ONCE));
            self.start_all(std::mem::replace(&mut dues, rest)).await?;
        }
        if is_due {
            self.tell(now);
        }
        Ok(())
    }

    async fn start_all(&mut self, dues: Vec<(usize, Due)>) -> Result<(), RunnerError> {
        let mut starting = JoinSet::new();
        let mut marks = Vec::with_capacity(dues.len());
        for (place, due) in dues {
            let Some(watched) = self.schedules.get_mut(place) else { continue };
            if let Some(handled) = due.handled {
                watched.mark = handled;
                marks.push((Arc::clone(&watched.name), Some(handled)));
            }
            let (starter, definitions) = (self.starter.clone(), Arc::clone(&self.definitions));
            let watched = watched.clone();
            starting.spawn(async move {
                let mut watched = watched;
                for time in due.times {
                    watched.start(time, &starter, &definitions).await?;
                }
                Ok::<_, RunnerError>((place, watched))
            });
        }
        while let Some(started) = starting.join_next().await {
            let (place, watched) = started.map_err(|_| RunnerError::Stopped)??;
            if let Some(present) = self.schedules.get_mut(place) {
                *present = watched;
            }
        }
        Ok(self.store.put_marks(marks).await?)
    }

    /// Tells how far schedules are.
    fn tell(&self, now: Time) {
        let view = |watched: &Watched| {
            let next = due::next(&watched.schedule, watched.mark, now);
            let (last, refused) = (watched.last, watched.refused.clone());
            let view = ScheduleView { handled: watched.mark, next, last, refused };
            (Arc::clone(&watched.name), view)
        };
        *self.board.all() = self.schedules.iter().map(view).collect();
    }

    /// Returns how long it is until the next look.
    fn pause(&self) -> Duration {
        let now = Clock::wall();
        let next = |watched: &Watched| due::next(&watched.schedule, watched.mark, now);
        let next = self.schedules.iter().filter_map(next).min();
        next.map_or(LOOK, |next| next.since(now).min(LOOK))
    }
}

impl Watched {
    async fn start(
        &mut self,
        time: Time,
        starter: &Starter,
        definitions: &Definitions,
    ) -> Result<(), RunnerError> {
        let Some(trigger) = self.workflow.triggers.get(self.index) else { return Ok(()) };
        let started = match input(trigger, definitions, Cause::Schedule(time)) {
            Err(failure) => Err(StartError::Rejected(failure)),
            Ok(input) => {
                let key = key(&self.name, time);
                let start = StartKey { request: Arc::clone(&key), key };
                let by = self.name.trim_start_matches('/').into();
                starter
                    .begin_once(start, Arc::clone(&self.workflow.name), input, by)
                    .durably()
                    .await
            }
        };
        match started {
            Ok(Once::New(started) | Once::Known(started)) => {
                self.last = Some((time, started.id));
                self.refused = None;
            }
            Err(StartError::Rejected(failure)) => {
                let (schedule, code) = (&self.name, &failure.code);
                tracing::error!(%schedule, %code, "a schedule could not start: {}", failure.message);
                self.refused = Some(failure.message);
            }
            Err(StartError::Runner(error)) => return Err(error),
        }
        Ok(())
    }
}

/// Returns the start key of a time.
fn key(name: &str, time: Time) -> Arc<str> {
    format!("{name}/{}", time.timestamp()).into()
}
