//! The task board: tasks that wait for a worker, and who works on what.
//!
//! ```text
//! post -> open --(poll)--> leased --(answer)--> answered --(withdraw)--> gone
//!           ^                 |
//!           +--(lease over, or given back)
//! ```
//!
//! Invariants:
//!
//! * A task is leased to one worker at a time, under a token that is never drawn again. What comes
//!   under another one, or behind the end of the lease, is refused.
//! * Of the tasks of one kind the oldest goes first, and of those who ask for a kind who came first.
//!   Nobody waits for a kind of which a task is open.
//! * What the engine does not wait for any more is gone; who still works on it can learn that until
//!   its lease is over.
//!
//! Absent by design: a store. The engine makes an unfinished call again after a restart, under the
//! same idempotency key and with a higher attempt, so a board begins empty. And clocks and chance:
//! times and tokens are handed in.

mod asked;
mod poller;
mod posted;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{CallId, Time};
use uuid::Uuid;

use asked::Asked;
pub(crate) use poller::{Handed, PollerId, Pollers, Wanted};
use posted::{Lease, Posted, State};
pub use posted::{LeasedTask, PostedTask, TaskDetails};

/// Tasks on the board; a further one fails at once.
pub(crate) const MAX_POSTED: usize = 100_000;

/// Input that is handed over at once, in bytes of JSON; more only if one task alone has more.
const MAX_HANDED_BYTES: usize = 4 << 20;

/// Leases of tasks that are gone, of which is remembered that they were wanted once.
const MAX_GONE: usize = 10_000;

/// There are [`MAX_POSTED`] tasks already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// The task is not leased under this token any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// How a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it ends, unless there is another heartbeat.
    pub lease_until: Time,
    /// Nobody waits for the result any more: the worker should stop.
    pub cancelled: bool,
}

/// A task, and who asks for tasks of its kind.
#[derive(Clone, Debug)]
pub struct TaskLook {
    /// The task; `None` if it is not on the board.
    pub posted: Option<PostedTask>,
    /// How many workers wait for tasks of its kind.
    pub asking: usize,
    /// When a worker asked for tasks of its kind last; `None` if none has since the start, or not
    /// for so long that it is not known any more.
    pub last_asked: Option<Time>,
}

/// Tasks and those who ask for them.
#[derive(Debug)]
pub(crate) struct TaskBoard {
    draw: fn() -> Uuid,
    /// In the order in which they came: what is drawn for them grows.
    posted: BTreeMap<Uuid, Posted>,
    of_call: HashMap<CallId, Uuid>,
    open: HashMap<Arc<str>, BTreeSet<Uuid>>,
    pollers: Pollers,
    asked: Asked,
    lease_ends: BTreeSet<(Time, Uuid)>,
    /// Leases of tasks that are not wanted any more.
    gone: HashMap<Uuid, Lease>,
    gone_ends: BTreeSet<(Time, Uuid)>,
}

impl TaskBoard {
    /// Returns an empty board. What `draw` returns grows, and is never drawn again.
    pub(crate) fn new(draw: fn() -> Uuid) -> Self {
        Self {
            draw,
            posted: BTreeMap::new(),
            of_call: HashMap::new(),
            open: HashMap::new(),
            pollers: Pollers::default(),
            asked: Asked::default(),
            lease_ends: BTreeSet::new(),
            gone: HashMap::new(),
            gone_ends: BTreeSet::new(),
        }
    }

    /// Puts a task on the board, until `deadline`.
    pub(crate) fn post(
        &mut self,
        now: Time,
        call: CallId,
        details: TaskDetails,
        deadline: Time,
    ) -> Result<Vec<Handed>, Full> {
        if self.posted.len() >= MAX_POSTED {
            return Err(Full);
        }
        let id = (self.draw)();
        let kind = Arc::clone(&details.kind);
        let details = Arc::new(details);
        let posted = Posted { call, details, since: now, deadline, state: State::Open };
        self.posted.insert(id, posted);
        self.of_call.insert(call, id);
        self.open.entry(Arc::clone(&kind)).or_default().insert(id);
        Ok(self.serve(now, [kind]))
    }

    /// Takes a task off the board, if it is there; returns who works on it.
    pub(crate) fn withdraw(&mut self, now: Time, call: CallId) -> Option<Arc<str>> {
        let id = self.of_call.remove(&call)?;
        let posted = self.posted.remove(&id)?;
        match posted.state {
            State::Open => {
                self.close(&posted.details.kind, id);
                None
            }
            State::Leased(lease) => {
                self.lease_ends.remove(&(lease.until, id));
                let worker = Arc::clone(&lease.worker);
                self.remember(now, id, lease);
                Some(worker)
            }
            State::Answered => None,
        }
    }

    /// Hands over open tasks, or takes note that somebody waits for some.
    pub(crate) fn poll(
        &mut self,
        now: Time,
        poller: PollerId,
        wanted: Wanted,
    ) -> Option<Vec<LeasedTask>> {
        self.asked.note(now, &wanted.kinds);
        let tasks = self.lease(now, &wanted);
        if !tasks.is_empty() {
            return Some(tasks);
        }
        self.pollers.enter(poller, wanted);
        None
    }

    /// Takes note that somebody does not wait any more.
    pub(crate) fn leave(&mut self, now: Time, poller: PollerId) {
        if let Some(wanted) = self.pollers.leave(poller) {
            self.asked.note(now, &wanted.kinds);
        }
    }

    /// Returns the task of a call, if it is there, and who asks for tasks of its kind.
    pub(crate) fn look(&self, call: CallId, kind: &Arc<str>) -> TaskLook {
        let id = self.of_call.get(&call);
        let posted = id.and_then(|id| Some(self.posted.get(id)?.view(*id)));
        TaskLook { posted, asking: self.pollers.asking(kind), last_asked: self.asked.last(kind) }
    }

    /// Returns how many wait for tasks.
    pub(crate) fn waiting(&self) -> usize {
        self.pollers.len()
    }

    /// Lets everybody go who waits.
    pub(crate) fn dismiss(&mut self) {
        self.pollers = Pollers::default();
    }

    /// Takes note that a worker is there: its lease lasts `extend` from now on, or as long again.
    pub(crate) fn heartbeat(
        &mut self,
        now: Time,
        id: Uuid,
        token: Uuid,
        extend: Option<Duration>,
    ) -> Result<Heartbeat, Lost> {
        if let Some(lease) = self.gone.get(&id).filter(|lease| lease.is(token, now)) {
            return Ok(Heartbeat { lease_until: lease.until, cancelled: true });
        }
        let posted = self.posted.get_mut(&id).ok_or(Lost)?;
        let deadline = posted.deadline;
        let lease = posted.leased(token, now).ok_or(Lost)?;
        self.lease_ends.remove(&(lease.until, id));
        lease.length = extend.unwrap_or(lease.length);
        lease.until = now.after(lease.length).min(deadline);
        self.lease_ends.insert((lease.until, id));
        Ok(Heartbeat { lease_until: lease.until, cancelled: false })
    }

    /// Takes note that a worker has an answer; returns the call that it is for.
    pub(crate) fn answer(&mut self, now: Time, id: Uuid, token: Uuid) -> Result<CallId, Lost> {
        let posted = self.posted.get_mut(&id).ok_or(Lost)?;
        let until = posted.leased(token, now).ok_or(Lost)?.until;
        posted.state = State::Answered;
        self.lease_ends.remove(&(until, id));
        Ok(posted.call)
    }

    /// Takes back what was handed over and has not reached its worker.
    pub(crate) fn take_back(&mut self, now: Time, tasks: &[LeasedTask]) -> Vec<Handed> {
        let mut kinds = Vec::new();
        for task in tasks {
            let Some(posted) = self.posted.get_mut(&task.id) else { continue };
            let Some(lease) = posted.leased(task.lease, now) else { continue };
            let until = lease.until;
            kinds.extend(self.reopen(task.id, until));
        }
        self.serve(now, kinds)
    }

    /// Ends the leases whose time is over.
    pub(crate) fn expire(&mut self, now: Time) -> Vec<Handed> {
        let mut kinds = Vec::new();
        while let Some((until, id)) = self.lease_ends.first().copied() {
            if until > now {
                break;
            }
            kinds.extend(self.reopen(id, until));
        }
        self.serve(now, kinds)
    }

    /// Returns when the next lease ends.
    pub(crate) fn next_lease_end(&self) -> Option<Time> {
        self.lease_ends.first().map(|(until, _)| *until)
    }

    /// Returns the tasks behind that of the given id, oldest first.
    pub(crate) fn list(&self, after: Option<Uuid>, limit: usize) -> Vec<PostedTask> {
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let behind = self.posted.range((from, std::ops::Bound::Unbounded));
        behind.take(limit).map(|(id, posted)| posted.view(*id)).collect()
    }

    /// Opens a task whose lease is over; returns its kind. One whose time is over, too, is not handed
    /// on: whoever posted it takes it off the board, and tells who had it.
    fn reopen(&mut self, id: Uuid, until: Time) -> Option<Arc<str>> {
        self.lease_ends.remove(&(until, id));
        let posted = self.posted.get_mut(&id).filter(|posted| until < posted.deadline)?;
        posted.state = State::Open;
        let kind = Arc::clone(&posted.details.kind);
        self.open.entry(Arc::clone(&kind)).or_default().insert(id);
        Some(kind)
    }

    /// Hands open tasks of the given kinds to those who wait for them.
    fn serve(&mut self, now: Time, kinds: impl IntoIterator<Item = Arc<str>>) -> Vec<Handed> {
        let mut handed = Vec::new();
        for kind in kinds {
            while self.open.contains_key(&kind)
                && let Some((poller, wanted)) = self.pollers.next(&kind)
            {
                self.asked.note(now, &wanted.kinds);
                handed.push(Handed { poller, tasks: self.lease(now, &wanted) });
            }
        }
        handed
    }

    /// Leases open tasks, oldest first.
    fn lease(&mut self, now: Time, wanted: &Wanted) -> Vec<LeasedTask> {
        let mut tasks = Vec::new();
        let mut bytes = 0;
        while tasks.len() < wanted.max
            && let Some(id) = self.oldest(&wanted.kinds)
            && let Some(posted) = self.posted.get_mut(&id)
        {
            bytes += posted.details.input.len();
            if bytes > MAX_HANDED_BYTES && !tasks.is_empty() {
                break;
            }
            let token = (self.draw)();
            let until = now.after(wanted.lease).min(posted.deadline);
            let worker = Arc::clone(&wanted.worker);
            let lease = Lease { token, worker, until, length: wanted.lease };
            tasks.push(posted.lease(id, lease));
            let kind = Arc::clone(&posted.details.kind);
            self.close(&kind, id);
            self.lease_ends.insert((until, id));
        }
        tasks
    }

    fn oldest(&self, kinds: &[Arc<str>]) -> Option<Uuid> {
        kinds.iter().filter_map(|kind| self.open.get(kind)?.first().copied()).min()
    }

    /// Takes a task out of those that are open.
    fn close(&mut self, kind: &Arc<str>, id: Uuid) {
        if let Some(open) = self.open.get_mut(kind) {
            open.remove(&id);
            if open.is_empty() {
                self.open.remove(kind);
            }
        }
    }

    fn remember(&mut self, now: Time, id: Uuid, lease: Lease) {
        self.gone_ends.insert((lease.until, id));
        self.gone.insert(id, lease);
        while let Some((until, id)) = self.gone_ends.first().copied() {
            if until > now && self.gone.len() <= MAX_GONE {
                break;
            }
            self.gone_ends.pop_first();
            self.gone.remove(&id);
        }
    }
}
