//! Checks over the checked form of all files together: races, deadlocks, and what never happens.
//!
//! They run only when no error was found, so every name, `goto` and entity that they meet exists.
//! What they tell is a warning unless it can never work.
//!
//! Invariants:
//!
//! * No false alarm is better than one more finding: where a check cannot know, it is silent.
//! * The ways through a workflow are taken in the order of the text but for `goto`s, so the time is
//!   nearly in proportion to the text; what is not has a named limit.
//! * Nothing here calls itself over what authors have written.
//!
//! Absent by design: values. No expression is evaluated.

mod board;
mod call_graph;
mod catch;
mod child_wait;
mod expressions;
mod force;
mod goto_loop;
mod groups;
mod held;
mod hold_timeout;
mod input;
mod key;
mod lock_order;
mod names;
mod private_lock;
mod reads;
mod recursion;
mod released;
mod retry_after_call;
mod shared_write;
mod survey;
mod taken;
#[cfg(test)]
mod tests;
mod text;
mod uncommitted;
mod unreachable_step;
mod wait_under_lock;
pub(crate) mod walk;

use crate::report::Report;
use crate::workflow::Definitions;
use board::Board;
pub(crate) use input::check as check_inputs;
use survey::Survey;
pub(crate) use text::{items, plain};

/// Tells what is wrong with definitions that have no error.
pub(crate) fn analyse(definitions: &Definitions, reports: &mut [Report<'_>]) {
    let mut board = Board::new(reports);
    let surveys: Vec<Survey<'_>> = definitions.workflows.values().map(|w| Survey::new(w)).collect();
    for survey in &surveys {
        catch::check(survey, &mut board);
        goto_loop::check(survey, &mut board);
        unreachable_step::check(survey, &mut board);
        retry_after_call::check(survey, &mut board);
        hold_timeout::check(survey, &mut board);
        force::check(survey, &mut board);
        uncommitted::check(survey, &mut board);
        reads::check(survey, &mut board);
        released::check(survey, &mut board);
        shared_write::check(survey, &mut board);
    }
    let calls = call_graph::CallGraph::new(&surveys);
    let taken = taken::Taken::of_all(&surveys, &calls);
    wait_under_lock::check(&surveys, &calls, &mut board);
    child_wait::check(&surveys, &taken, &mut board);
    lock_order::check(&surveys, &taken, &mut board);
    private_lock::check(&surveys, &mut board);
    recursion::check(&surveys, &calls, &mut board);
}
