//! The dry run: one instance from its start to its end, and all that it would do.
//!
//! Instances that it runs or starts are simulated with it, until it ends itself.

use std::sync::Arc;

use lockstep_core::{Config, Engine, Event, Failure, InstanceId, ObjectKey, Start, Time};
use lockstep_definition::{Definitions, Workflow};
use lockstep_expr::{Map, Value};
use lockstep_store::{Memory, Store as _};
use uuid::Uuid;

use crate::background::Background;
use crate::course::{Course, Diverged, Turn};
use crate::mock::Mocks;
use crate::ready::ready;
use crate::recorder::Recorder;
use crate::report::Report;

/// Most turns of a simulation; an instance that has not ended by then is told to be endless, as is
/// one that has made 100,000 moves without waiting, or of which 10,000 events were recorded.
pub const MAX_TURNS: u32 = 10_000;

/// What is simulated.
pub struct Simulation<'a> {
    /// The definitions, with the configuration that is to hold.
    pub definitions: Arc<Definitions>,
    /// Name of the workflow.
    pub workflow: Arc<str>,
    /// Input of the instance, a map.
    pub input: Value,
    /// Who starts it.
    pub by: Arc<str>,
    /// Objects that are there at the beginning, unless the background has them.
    pub seeds: Vec<(ObjectKey, Map)>,
    /// What outside calls are answered with.
    pub mocks: Mocks,
    /// Where objects come from that are no seeds. Unique constraints do not see what is there.
    pub background: &'a mut dyn Background,
    /// When it begins, on the virtual clock.
    pub began: Time,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// The workflow, its input or a seed is not right.
    #[error("{}", .0.message)]
    Rejected(Failure),
    /// A bug: the store refused what the core had decided.
    #[error("the store and the core disagree: {0}")]
    Diverged(String),
}

impl From<Diverged> for SimulationError {
    fn from(Diverged(why): Diverged) -> Self {
        Self::Diverged(why)
    }
}

/// Simulates one instance.
///
/// # Errors
///
/// [`SimulationError`] if it cannot begin. How the instance ends, well or not, is in the report; one
/// that does not end within [`MAX_TURNS`] ends with the error `simulation.endless`, and one that
/// waits for what cannot come any more with `simulation.waits`.
pub fn dry_run(simulation: Simulation<'_>) -> Result<Report, SimulationError> {
    let Simulation { definitions, workflow, input, by, seeds, mocks, background, began } =
        simulation;
    let declared = definitions.workflows.get(&workflow).map(Arc::clone).ok_or_else(|| {
        let message = format!("there is no workflow `{workflow}`");
        SimulationError::Rejected(Failure::new("data.not_found", message))
    })?;
    let store = Memory::new();
    if !seeds.is_empty() {
        let engine = engine(&store);
        let recorder = Recorder::new(Arc::clone(&definitions), Arc::clone(&declared));
        let mut course = Course::new(engine, began, &store, background, Mocks::default(), recorder);
        import(&mut course, &definitions, &by, seeds)?;
    }
    // A fresh engine knows no object, so that every read shows.
    let engine = engine(&store);
    let recorder = Recorder::new(Arc::clone(&definitions), Arc::clone(&declared));
    let mut course = Course::new(engine, began, &store, background, mocks, recorder);
    publish(&mut course, &definitions);
    let ending = instance(&mut course, &declared, input, by)?;
    let elapsed = course.now.since(began);
    let events = course.into_recorder().into_events();
    Ok(Report { workflow, began, events, ending, elapsed })
}

fn engine(store: &Memory) -> Engine {
    let epoch = ready(store.raise_epoch()).expect("the store in memory is open");
    Engine::new(Config { follows_changes: false, ..Config::new(epoch) })
}

fn publish(course: &mut Course<'_>, definitions: &Arc<Definitions>) {
    let definitions = Arc::clone(definitions);
    course.schedule(Event::Publish { id: "simulation".into(), definitions });
}

fn import(
    course: &mut Course<'_>,
    definitions: &Arc<Definitions>,
    by: &Arc<str>,
    seeds: Vec<(ObjectKey, Map)>,
) -> Result<(), SimulationError> {
    for (key, _) in &seeds {
        course.fetch(key).map_err(SimulationError::Rejected)?;
    }
    publish(course, definitions);
    course.schedule(Event::Import { by: Arc::clone(by), objects: seeds });
    loop {
        let turn = course.turn()?;
        match (course.take_import(), turn) {
            (Some(Ok(_)), _) => return Ok(()),
            (Some(Err(failure)), _) => return Err(SimulationError::Rejected(failure)),
            (None, Turn::Taken) => {}
            (None, Turn::Nothing) => {
                let failure = Failure::new("simulation.waits", "the seeds are not imported");
                return Err(SimulationError::Rejected(failure));
            }
        }
    }
}

fn instance(
    course: &mut Course<'_>,
    workflow: &Workflow,
    input: Value,
    by: Arc<str>,
) -> Result<Result<Value, Failure>, SimulationError> {
    let input =
        lockstep_core::conformity::input(workflow, &input).map_err(SimulationError::Rejected)?;
    // Always the same identity, so that the same simulation gives the same report.
    let id = InstanceId(Uuid::from_u128(1));
    let workflow = Arc::clone(&workflow.name);
    course.schedule(Event::Start(Start {
        instance: id,
        workflow,
        input,
        by,
        key: None,
        trace: None,
    }));
    for _ in 0..MAX_TURNS {
        if course.is_endless() {
            break;
        }
        if course.turn()? == Turn::Nothing {
            return Ok(Err(course.waits(id)));
        }
        let mut answers = course.take_answers().into_iter();
        if let Some((_, ending)) = answers.find(|(ended, _)| *ended == id) {
            return Ok(ending);
        }
    }
    let message = "the instance does not seem to end: is there a `goto` without a condition?";
    Ok(Err(Failure::new("simulation.endless", message)))
}

#[cfg(test)]
mod tests;
