//! The outbox: transitions that are ordered and not yet durable, and effects that wait for them.
//!
//! Invariants:
//!
//! * At most one batch is in the hands of the store; what is ordered meanwhile is the next one.
//! * A batch takes all that is ordered, so that the state of an instance at that moment is the state
//!   after all its transitions in the batch.
//! * What waits for durability is released with the batch in which the last transition is that was
//!   ordered before it began to wait.

mod unsaved;

use crate::event::Effect;
use crate::id::{IdMap, InstanceId, Serial, TransitionNumber};
use crate::planted::{Bug, Planted};
use crate::transition::{Judge, Transition};
use unsaved::Unsaved;

/// What a transition that the store judges was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The core judged it.
    Nobody,
    /// An instance waits for the outcome.
    Instance(InstanceId),
    /// An import or a write.
    Outside,
}

/// A batch that the store is working on.
#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) owners: Vec<(TransitionNumber, Owner)>,
    pub(crate) effects: Vec<Effect>,
}

/// Ordered transitions and held-back effects of one engine.
#[derive(Debug)]
pub(crate) struct Outbox {
    numbers: Serial,
    pub(crate) pending: Vec<Transition>,
    /// Index into `pending` of each instance's last transition.
    last_of: IdMap<usize>,
    held_back: Vec<Effect>,
    pub(crate) in_flight: Option<InFlight>,
    /// Effects for the driver.
    pub(crate) effects: Vec<Effect>,
    pub(crate) unsaved: Unsaved,
    durable: TransitionNumber,
    planted: Planted,
}

impl Outbox {
    pub(crate) fn new(epoch: u32, planted: Planted) -> Self {
        let numbers = Serial::new(epoch);
        let durable = numbers.last();
        Self {
            numbers,
            pending: Vec::new(),
            last_of: IdMap::default(),
            held_back: Vec::new(),
            in_flight: None,
            effects: Vec::new(),
            unsaved: Unsaved::default(),
            durable,
            planted,
        }
    }

    /// Returns the number of the last transition that is durable.
    pub(crate) fn durable(&self) -> TransitionNumber {
        self.durable
    }

    /// Orders a new transition and returns it, for its content to be filled in.
    pub(crate) fn order(&mut self, instance: Option<InstanceId>, judge: Judge) -> &mut Transition {
        let number = self.numbers.issue();
        if let Some(instance) = instance {
            self.last_of.insert(instance, self.pending.len());
        }
        self.pending.push(Transition {
            number,
            instance,
            row: None,
            journal: Vec::new(),
            objects: Vec::new(),
            fences: Vec::new(),
            locks: Vec::new(),
            parts: Vec::new(),
            starts: Vec::new(),
            judge,
        });
        self.pending.last_mut().expect("a transition was pushed")
    }

    /// Returns the instance's last transition that is ordered and not taken yet.
    pub(crate) fn last_of(&mut self, instance: InstanceId) -> Option<&mut Transition> {
        let index = *self.last_of.get(&instance)?;
        self.pending.get_mut(index)
    }

    /// Returns whether the instance's last transition is the last one of all.
    pub(crate) fn is_last(&self, instance: InstanceId) -> bool {
        self.pending.last().is_some_and(|last| last.instance == Some(instance))
    }

    /// Returns a transition of the instance at the end of the order, to which something can be
    /// added that changes no object.
    ///
    /// Never one that others have come behind: what is added must not take effect before them (a
    /// lock row would void the token under which they commit).
    pub(crate) fn append(&mut self, instance: InstanceId) -> &mut Transition {
        let is_open = self.is_last(instance)
            && self.pending.last().is_some_and(|last| last.judge == Judge::Core);
        if !is_open {
            return self.order(Some(instance), Judge::Core);
        }
        self.pending.last_mut().expect("it was just looked at")
    }

    /// Returns whether `index` is the last pending transition of its instance and lacks its row.
    pub(crate) fn wants_row(&self, index: usize) -> Option<InstanceId> {
        let transition = self.pending.get(index)?;
        let instance = transition.instance?;
        (transition.row.is_none() && self.last_of.get(&instance) == Some(&index))
            .then_some(instance)
    }

    /// Returns whether `index` is a pending transition that changes objects.
    pub(crate) fn is_commit(&self, index: usize) -> bool {
        self.pending.get(index).is_some_and(|transition| !transition.objects.is_empty())
    }

    /// Returns the effect to the driver as soon as all that is ordered so far is durable.
    pub(crate) fn when_durable(&mut self, effect: Effect) {
        if self.is_premature(&effect) {
            self.effects.push(effect);
        } else if !self.pending.is_empty() {
            self.held_back.push(effect);
        } else if let Some(in_flight) = &mut self.in_flight {
            in_flight.effects.push(effect);
        } else {
            self.effects.push(effect);
        }
    }

    /// Returns whether an effect is not held back, by a planted bug.
    fn is_premature(&self, effect: &Effect) -> bool {
        let is = |bug: Bug| self.planted.is(bug);
        (is(Bug::AnswerBeforeFlush) && matches!(effect, Effect::Answer { .. }))
            || (is(Bug::AcceptedBeforeFlush) && matches!(effect, Effect::Accepted { .. }))
            || (is(Bug::SignalBeforeFlush) && matches!(effect, Effect::Signalled { .. }))
            || (is(Bug::ReportedBeforeFlush) && matches!(effect, Effect::Reported { .. }))
            || (is(Bug::CallBeforeFlush) && matches!(effect, Effect::Call { .. }))
            || (is(Bug::ClientBeforeFlush) && matches!(effect, Effect::Locked { .. }))
            || (is(Bug::WrittenBeforeFlush) && matches!(effect, Effect::Written { .. }))
            || (is(Bug::QueryBeforeFlush) && matches!(effect, Effect::Query { .. }))
    }

    /// Takes all that is ordered, for the store.
    pub(crate) fn take(&mut self) -> Vec<Transition> {
        let batch = std::mem::take(&mut self.pending);
        self.last_of.clear();
        let owners = batch.iter().map(|transition| (transition.number, owner(transition)));
        self.in_flight = Some(InFlight {
            owners: owners.collect(),
            effects: std::mem::take(&mut self.held_back),
        });
        batch
    }

    /// Makes the batch that has landed count as in flight for ever, so that nothing is taken again.
    pub(crate) fn halt(&mut self) {
        self.in_flight = Some(InFlight { owners: Vec::new(), effects: Vec::new() });
    }

    /// Notes that the batch in flight is durable.
    pub(crate) fn land(&mut self) -> Option<InFlight> {
        let landed = self.in_flight.take()?;
        if let Some((number, _)) = landed.owners.last() {
            self.durable = *number;
        }
        Some(landed)
    }
}

fn owner(transition: &Transition) -> Owner {
    match (transition.judge, transition.instance) {
        (Judge::Core, _) => Owner::Nobody,
        (Judge::Store, Some(instance)) => Owner::Instance(instance),
        (Judge::Store, None) => Owner::Outside,
    }
}
