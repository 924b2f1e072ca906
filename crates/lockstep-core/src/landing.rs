//! Landing: the store has answered; what waited for it goes on.
//!
//! Invariants:
//!
//! * Effects that waited for a batch are released when all of it is durable, in the order in which
//!   they were asked for.
//! * Whoever waited for an object finds it: memory is given back behind them.
//! * A refusal of what the core had judged stops the engine: nothing that waited for the batch is
//!   released.

use crate::engine::Engine;
use crate::event::Effect;
use crate::outbox::Owner;
use crate::transition::Outcome;

impl Engine {
    pub(crate) fn landed(&mut self, outcomes: Vec<Outcome>) {
        let Some(landed) = self.world.outbox.land() else { return };
        let judged: Vec<_> = landed.owners.into_iter().zip(outcomes).collect();
        let diverged = judged.iter().find_map(|((number, owner), outcome)| match outcome {
            Outcome::Refused(refusal) if *owner == Owner::Nobody => Some((*number, refusal)),
            Outcome::Refused(_) | Outcome::Committed => None,
        });
        if let Some((number, refusal)) = diverged {
            let effect = Effect::Diverged { number, refusal: refusal.clone() };
            self.world.outbox.effects.push(effect);
            self.world.outbox.halt();
            return;
        }
        for ((number, owner), outcome) in judged {
            match owner {
                Owner::Nobody => {}
                Owner::Outside if self.writes.is_judged(number) => {
                    self.write_judged(number, outcome);
                }
                Owner::Outside => self.imported(number, &outcome),
                Owner::Instance(id) => {
                    if let Some(instance) = self.instances.get_mut(&id) {
                        instance.judged(number, outcome, &mut self.world);
                        self.world.runnable.push_back(id);
                        self.take_arriving(id);
                    }
                }
            }
        }
        for effect in landed.effects {
            // A call that was cancelled while it waited is not made.
            let unwanted = matches!(&effect, Effect::Call { call, .. } if !self.world.calls.contains_key(call));
            if !unwanted {
                self.world.outbox.effects.push(effect);
            }
        }
    }
}
