//! The step `wait`: for a moment, a signal, or a person's answers.
//!
//! Invariants:
//!
//! * The moment and the timeout are counted from the first time that the step is run, also across
//!   restarts.
//! * A signal that has come goes before a timeout that has passed.
//! * What a form gives conforms to its fields.
//! * Under `while_waiting: release` the lock is given back when the wait begins, and taken again
//!   before the step goes on with what has come.

use std::sync::Arc;

use lockstep_definition::{Activity, Form, Payload, Step, Wait, duration};
use lockstep_expr::{Expression, Value};

use super::Done;
use crate::conformity;
use crate::failure::Failure;
use crate::instance::names::map;
use crate::instance::strand::Listening;
use crate::instance::{Arrived, Instance, Phase};
use crate::journal::Happening;
use crate::payload;
use crate::planted::Bug;
use crate::time::Time;
use crate::world::World;

/// What is listened for.
struct Listen<'a> {
    name: &'a Arc<str>,
    form: Option<&'a Form>,
    deadline: Option<Time>,
}

impl Instance {
    pub(super) fn wait(
        &mut self,
        activity: &Activity,
        step: &Step,
        wait: &Wait,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let began = self.strand.now.unwrap_or(world.now);
        let deadline = step.timeout.map(|timeout| began.after(timeout));
        match wait {
            Wait::For(length) => {
                self.sleep(activity, deadline, world, |this| this.end_of(length, began))
            }
            Wait::Until(moment) => {
                self.sleep(activity, deadline, world, |this| this.moment(moment))
            }
            Wait::Signal(name) => {
                self.listen(activity, &Listen { name, form: None, deadline }, world)
            }
            Wait::Form(form) => {
                let listen = Listen { name: &form.name, form: Some(form), deadline };
                self.listen(activity, &listen, world)
            }
        }
    }

    fn sleep(
        &mut self,
        activity: &Activity,
        deadline: Option<Time>,
        world: &mut World,
        until: impl FnOnce(&Self) -> Result<Time, Failure>,
    ) -> Result<Done, Failure> {
        if let Some(Arrived::Woken { overdue }) = self.strand.arrived.as_deref() {
            // Whoever fails needs no lock for it.
            if *overdue {
                self.strand.arrived = None;
                return Err(too_long(None));
            }
            if !self.take_again(activity, world)? {
                return Ok(Done::Wait);
            }
            self.strand.arrived = None;
            return Ok(Done::With(Value::Null));
        }
        let until = until(self)?;
        if until <= world.now {
            return Ok(Done::With(Value::Null));
        }
        self.give_back_while_waiting(activity, world)?;
        let overdue = deadline.is_some_and(|deadline| deadline < until);
        let until = deadline.map_or(until, |deadline| deadline.min(until));
        self.note(world.now, Happening::Waited { signal: None, title: None, until: Some(until.0) });
        self.strand.phase = Phase::Sleeping { until, overdue };
        Ok(Done::Wait)
    }

    fn end_of(&self, length: &Payload, began: Time) -> Result<Time, Failure> {
        let value = payload::evaluate(length, &self.scope(began))?;
        let micros = if let Value::Duration(length) = &value {
            Some(length.as_micros())
        } else {
            let length = value.as_str().and_then(|text| duration(text).ok());
            length.map(|length| i64::try_from(length.as_micros()).unwrap_or(i64::MAX))
        };
        let micros = micros.ok_or_else(|| {
            let message = format!("`for` takes a duration such as \"5m\", this is {value}");
            Failure::new("expr.type", message)
        })?;
        Ok(Time(began.0.saturating_add(micros)))
    }

    fn moment(&self, moment: &Expression) -> Result<Time, Failure> {
        let value = moment.evaluate(&self.scope(Time::default()))?;
        if let Value::Timestamp(moment) = value {
            return Ok(Time(moment.as_micros()));
        }
        let found = value.type_name();
        let message = format!("`{}` must be a timestamp, it is of type {found}", moment.text());
        Err(Failure::new("expr.type", message))
    }

    fn listen(
        &mut self,
        activity: &Activity,
        listen: &Listen<'_>,
        world: &mut World,
    ) -> Result<Done, Failure> {
        let Listen { name, form, deadline } = *listen;
        let has_come = self.seldom.as_ref().is_some_and(|seldom| seldom.inbox.has(name));
        if has_come && !self.take_again(activity, world)? {
            return Ok(Done::Wait);
        }
        let woken = self.strand.arrived.take().is_some();
        while let Some(letter) = self.seldom.as_mut().and_then(|seldom| seldom.inbox.take(name)) {
            let by = letter.by.to_string();
            let answers =
                form.map_or(Ok(letter.payload.clone()), |form| answers(form, &letter.payload));
            match answers {
                Ok(payload) => {
                    if world.planted.is(Bug::SignalTwice) {
                        self.seldom_mut().inbox.kept.push_front(letter);
                    }
                    self.note(world.now, Happening::SignalTaken { name: name.to_string(), by });
                    return Ok(Done::With(payload));
                }
                Err(failure) => {
                    let (name, error) = (name.to_string(), failure.message);
                    self.note(world.now, Happening::SignalDropped { name, by, error });
                }
            }
        }
        if woken {
            return Err(too_long(Some(name)));
        }
        self.give_back_while_waiting(activity, world)?;
        let title = form.and_then(|form| form.title.as_ref());
        let title = title.map(|title| payload::text(title, "the title", &self.scope(world.now)));
        let title = title.transpose()?.map(|title| title.to_string());
        let (signal, until) = (Some(name.to_string()), deadline.map(|deadline| deadline.0));
        self.note(world.now, Happening::Waited { signal, title, until });
        let listening = Listening { name: Arc::clone(name), until: deadline };
        self.strand.phase = Phase::Listening(Box::new(listening));
        Ok(Done::Wait)
    }
}

/// Returns the answers to a form, as its fields are declared.
///
/// # Errors
///
/// `data.invalid` if they do not conform.
pub(crate) fn answers(form: &Form, given: &Value) -> Result<Value, Failure> {
    conformity::fields(&format!("form `{}`", form.name), "field", &form.fields, given)
}

fn too_long(signal: Option<&Arc<str>>) -> Failure {
    let message = match signal {
        Some(name) => format!("`{name}` has not come in time"),
        None => "the time to wait for has not come in time".to_owned(),
    };
    let signal = signal.map_or(Value::Null, |name| Value::String(Arc::clone(name)));
    Failure::new("wait.timeout", message).with_details(map([("signal", signal)]))
}
