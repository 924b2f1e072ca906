//! Signals: messages to instances, from outside.
//!
//! Invariants:
//!
//! * Whoever sends a signal is told that it is kept only when that is durable.
//! * A signal that nobody waits for is kept for whoever will; the oldest is taken first. One of a name
//!   that no step of the workflow waits for is refused.
//! * While the store judges a commit of the instance a signal is only put aside: a row that tells of
//!   it would tell of a commit that may be refused.

use std::sync::Arc;

use lockstep_definition::{Operation, Wait, Workflow};
use lockstep_expr::{Value, nearest};

use crate::codec;
use crate::engine::Engine;
use crate::event::{Effect, RequestId};
use crate::failure::Failure;
use crate::id::InstanceId;
use crate::instance::inbox::{Letter, MAX_SIGNALS};
use crate::instance::names::map;
use crate::instance::{Instance, Phase, Strand};
use crate::journal::Happening;
use crate::planted::Bug;
use crate::step::wait::answers;

/// Longest name of a signal, in bytes.
const MAX_NAME: usize = 200;

/// Most names that are told of those which a workflow waits for.
const MAX_TOLD: usize = 20;

impl Engine {
    /// Takes a signal.
    pub(crate) fn signal(&mut self, request: RequestId, id: InstanceId, letter: Letter) {
        let Some(instance) = self.instances.get_mut(&id) else {
            let message = format!("there is no unfinished instance {id}");
            return self.refuse_signal(request, Failure::new("data.not_found", message));
        };
        let waits = !self.world.planted.is(Bug::SignalDuringJudgement);
        if waits && matches!(instance.strand.phase, Phase::Committing) {
            let arriving = &mut instance.seldom_mut().inbox.arriving;
            if arriving.len() < MAX_SIGNALS {
                return arriving.push((request, letter));
            }
            return self.refuse_signal(request, too_many());
        }
        match instance.keep(letter) {
            Err(failure) => self.refuse_signal(request, failure),
            Ok((name, by)) => {
                instance.note(self.world.now, Happening::Signalled { name: name.to_string(), by });
                instance.flush(&mut self.world);
                let effect = Effect::Signalled { request, result: Ok(()) };
                self.world.outbox.when_durable(effect);
                let listens = |strand: &&mut Strand| matches!(&strand.phase, Phase::Listening(to) if to.name == name);
                let listening = instance.strands_mut().filter(listens);
                if let Some(strand) = listening.min_by_key(|strand| strand.number) {
                    strand.wake(None, &mut self.world.timers);
                    self.world.runnable.push_back(id);
                }
            }
        }
    }

    /// Takes the signals that came while the store judged a commit.
    pub(crate) fn take_arriving(&mut self, id: InstanceId) {
        let inbox = self.instances.get_mut(&id).and_then(|instance| instance.seldom.as_mut());
        let arriving = inbox.map(|seldom| std::mem::take(&mut seldom.inbox.arriving));
        for (request, letter) in arriving.unwrap_or_default() {
            self.signal(request, id, letter);
        }
    }

    fn refuse_signal(&mut self, request: RequestId, failure: Failure) {
        self.world.outbox.effects.push(Effect::Signalled { request, result: Err(failure) });
    }
}

impl Instance {
    /// Puts a signal into the inbox; returns its name and who sent it.
    fn keep(&mut self, mut letter: Letter) -> Result<(Arc<str>, String), Failure> {
        if letter.name.is_empty() || letter.name.len() > MAX_NAME {
            let message = format!("the name of a signal has 1 to {MAX_NAME} bytes");
            return Err(Failure::new("data.invalid", message));
        }
        if !self.workflow.signals.contains(&letter.name) {
            return Err(unknown(&self.workflow, &letter.name));
        }
        codec::check_depth(&letter.payload)?;
        if let Some(answers) = self.answers(&letter) {
            letter.payload = answers?;
        }
        let (name, by) = (Arc::clone(&letter.name), letter.by.to_string());
        let inbox = &mut self.seldom_mut().inbox;
        if inbox.kept.len() >= MAX_SIGNALS {
            return Err(too_many());
        }
        inbox.kept.push_back(letter);
        Ok((name, by))
    }

    /// Returns the answers to a form that is waited for; `None` if none of this name is.
    fn answers(&self, letter: &Letter) -> Option<Result<Value, Failure>> {
        self.strands().find_map(|strand| {
            let Phase::Listening(to) = &strand.phase else { return None };
            let activity = Self::activity(&self.workflow, strand.position)?;
            let step = Self::step_of(activity, strand).filter(|_| to.name == letter.name)?;
            let Operation::Wait(Wait::Form(form)) = &step.operation else { return None };
            Some(answers(form, &letter.payload))
        })
    }
}

/// Returns the failure of a signal that no step waits for; it names those that are waited for, that
/// which was probably meant first.
fn unknown(workflow: &Workflow, name: &Arc<str>) -> Failure {
    let names = || workflow.signals.iter().map(|known| &**known);
    let near = nearest(name, names());
    let others = names().filter(|known| Some(*known) != near);
    let known: Vec<&str> = near.into_iter().chain(others).take(MAX_TOLD).collect();
    let (signal, workflow) = (&**name, &workflow.name);
    let message = if known.is_empty() {
        format!("workflow `{workflow}` waits for no signal and no form")
    } else {
        let told = known.join("`, `");
        let more = names().count().saturating_sub(MAX_TOLD);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("workflow `{workflow}` waits for no signal `{signal}`; it waits for `{told}`{more}")
    };
    let known = known.into_iter().map(Value::from).collect();
    let details = [("signal", Value::from(signal)), ("known", Value::List(Arc::new(known)))];
    Failure::new("signal.unknown", message).with_details(map(details))
}

fn too_many() -> Failure {
    let message = format!("{MAX_SIGNALS} signals wait already for the instance to take them");
    Failure::new("signal.limit", message)
}
