//! Alarms: the timers of instances that wait, and what happens when they fire.
//!
//! Invariants:
//!
//! * An instance that waits has a timer for everything that ends by itself.
//! * A timer that fires late, for something that has come meanwhile, changes nothing.

use super::Engine;
use super::breaking::overdue;
use crate::id::InstanceId;
use crate::instance::{Arrived, Instance, Phase};
use crate::planted::Bug;
use crate::run::locking::{Cause, waited_too_long};
use crate::timer::{Alarm, TimerKey};
use crate::world::World;

impl Engine {
    pub(crate) fn fire_timers(&mut self) {
        while let Some((timer, id, alarm)) = self.world.timers.take_due(self.world.now) {
            let Some(instance) = self.instances.get_mut(&id) else {
                self.world.client_alarm(id, &alarm);
                continue;
            };
            let failure = match alarm {
                Alarm::Phase => {
                    self.phase_ended(id, timer);
                    continue;
                }
                Alarm::WaitingTimeout(ticket) => {
                    instance.strand.phase_timer = None;
                    let locks = &self.world.locks;
                    // One that was granted its lock in the same event does not wait any more.
                    let Some(wish) = locks.wish_of(id) else { continue };
                    if locks.ticket_of(id) != Some(ticket) {
                        continue;
                    }
                    let waited = self.world.now.since(instance.waiting_since());
                    waited_too_long(wish, waited, &self.world)
                }
                Alarm::HoldTimeout(token) => {
                    // A commit that the store is judging came before the expiry, and wins.
                    let committing = matches!(instance.strand.phase, Phase::Committing);
                    let held = instance.held.iter_mut().find(|held| held.token == token);
                    let Some(held) = held else { continue };
                    held.timer = None;
                    if committing {
                        instance.lose_later(None, token, Cause::HoldTimeout);
                    } else {
                        instance.lose(token, &Cause::HoldTimeout, &mut self.world);
                        self.world.runnable.push_back(id);
                    }
                    continue;
                }
                Alarm::ActivityTimeout => {
                    instance.activity_timer = None;
                    if matches!(instance.strand.phase, Phase::Committing) {
                        continue;
                    }
                    instance.activity_until = None;
                    overdue()
                }
            };
            self.interrupt(id, failure);
        }
    }

    /// Lets a strand go on whose time has come.
    fn phase_ended(&mut self, id: InstanceId, timer: TimerKey) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        let strand = instance.strands_mut().find(|strand| strand.phase_timer == Some(timer));
        let Some(strand) = strand else { return };
        strand.phase_timer = None;
        let phase = std::mem::replace(&mut strand.phase, Phase::Ready);
        let arrived = match phase {
            Phase::Sleeping { overdue, .. } => Some(Arrived::Woken { overdue }),
            Phase::Listening(_) => Some(Arrived::Woken { overdue: true }),
            Phase::Child(child) => {
                self.world.cancel_child(id, child.id);
                Some(Arrived::Woken { overdue: true })
            }
            Phase::Ready
            | Phase::Waiting(_)
            | Phase::Loading(_)
            | Phase::Querying(_)
            | Phase::Calling(_)
            | Phase::BackingOff(_)
            | Phase::Queuing
            | Phase::Committing
            | Phase::Joining(_) => None,
        };
        // One that only gave way keeps what has arrived for it.
        if let Some(arrived) = arrived {
            strand.arrived = Some(Box::new(arrived));
        }
        self.world.runnable.push_back(id);
    }

    /// Sets the timers of an instance that waits.
    pub(crate) fn arm(&mut self, instance: &mut Instance) {
        let World { timers, outbox, planted, .. } = &mut self.world;
        let id = instance.id;
        for held in instance.held.iter_mut().filter(|held| held.timer.is_none()) {
            let alarm = Alarm::HoldTimeout(held.token);
            held.timer = Some(timers.set(held.until, id, alarm));
        }
        if instance.activity_timer.map(TimerKey::at) != instance.activity_until {
            if let Some(outdated) = instance.activity_timer.take() {
                timers.cancel(outdated);
            }
            let until = instance.activity_until;
            instance.activity_timer =
                until.map(|until| timers.set(until, id, Alarm::ActivityTimeout));
        }
        if let Phase::Waiting(ticket) = instance.strand.phase {
            let mut until = instance.waiting_deadline();
            if planted.is(Bug::WaitCountsFromStart) {
                until.0 -= instance.waiting_since().0 - instance.started_at.0;
            }
            instance.strand.phase_timer =
                Some(timers.set(until, id, Alarm::WaitingTimeout(ticket)));
        }
        // What strands have done is saved whenever all of them wait: one may do so for days.
        let ticket = instance.strand.phase.ticket();
        let mut lasts = instance.is_forked();
        for strand in instance.strands_mut() {
            lasts |= strand.phase.may_last();
            if strand.phase_timer.is_none() {
                let until = strand.phase.deadline();
                strand.phase_timer = until.map(|until| timers.set(until, id, Alarm::Phase));
            }
        }
        if lasts {
            outbox.unsaved.insert(id, ticket);
        }
    }

    /// Cancels the timers of what an instance was waiting for.
    pub(super) fn disarm(&mut self, instance: &mut Instance) {
        if instance.strand.phase.is_ready() || instance.failed.is_some() {
            instance.strand.disarm(&mut self.world.timers);
        }
        self.world.outbox.unsaved.remove(instance.id);
    }
}
