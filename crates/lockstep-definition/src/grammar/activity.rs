//! Activities, their locks, and where they go on.

use super::lock::LOCK;
use super::{ALLOW, DESCRIPTION, Key, Mapping, Referent, STEP, Shape};

pub(super) static ACTIVITY: Mapping = Mapping {
    name: "activity",
    doc: "An activity: steps that are run under one lock and as one unit of work. If a step fails, \
          none of its uncommitted changes survive.",
    keys: &[
        Key::new("activity", Shape::Label, "The name of the activity; `goto` names it.").required(),
        DESCRIPTION,
        Key::new("when", Shape::Expression, "The activity is left out unless this is true."),
        Key::new(
            "exclusive_lock",
            Shape::Either(&[Shape::Mapping(&LOCK), Shape::Bool, Shape::Nothing]),
            "The lock that is taken before the first step and released behind the commit.",
        ),
        Key::new(
            "auto_commit",
            Shape::Choice(&[
                ("true", "At the end of the activity, before its lock is released."),
                ("each_step", "After every step."),
                (
                    "false",
                    "At a later commit or at the end of the workflow; locks are kept until then.",
                ),
            ]),
            "When the changes are committed.",
        )
        .default("true"),
        Key::new(
            "on_conflict",
            Shape::Choice(ON_CONFLICT),
            "What happens if an object that was read for update has changed since.",
        )
        .default("\"retry\""),
        Key::new("steps", Shape::Steps, "What is done, in this order.").required(),
        Key::new(
            "next",
            Shape::Either(&[Shape::List(0, &Shape::Mapping(&NEXT)), Shape::Mapping(&NEXT)]),
            "Where to go on, the first that fits; the following activity if none does.",
        ),
        Key::new(
            "catch",
            Shape::Either(&[Shape::List(0, &Shape::Mapping(&CATCH)), Shape::Mapping(&CATCH)]),
            "What is done about errors, the first that fits.",
        ),
        RETRY_KEY,
        Key::new(
            "timeout",
            Shape::Duration,
            "Longest time from the first step to the end; then error `activity.timeout`.",
        ),
        ALLOW,
    ],
    one_of: &[],
};

/// A list of steps.
pub(crate) static STEPS: Shape =
    Shape::List(1, &Shape::Either(&[Shape::Mapping(&STEP), Shape::Choice(WORDS)]));

/// Steps that need nothing but their name.
const WORDS: &[(&str, &str)] = &[
    ("commit", "Commits what was changed so far."),
    ("stop", "Commits, releases all locks and ends the instance well."),
];

pub(super) const ON_CONFLICT: &[(&str, &str)] = &[
    ("retry", "Run the activity again on fresh data, as long as it has called nothing outside."),
    ("fail", "Error `data.conflict`, with who changed the object and when."),
    ("force", "Write anyway."),
];

pub(super) const RETRY_KEY: Key =
    Key::new("retry", Shape::Mapping(&RETRY), "Runs it again after an error.");

pub(crate) static NEXT: Mapping = Mapping {
    name: "next",
    doc: "Where to go on behind an activity.",
    keys: &[
        Key::new("when", Shape::Expression, "Taken only if this is true; always if absent."),
        GOTO.required(),
    ],
    one_of: &[],
};

const GOTO: Key = Key::new(
    "goto",
    Shape::Refer(Referent::Activity),
    "The activity to go on with, or `end`: the end of the workflow.",
);

pub(crate) static CATCH: Mapping = Mapping {
    name: "catch",
    doc: "What is done about errors of an activity; its uncommitted changes are gone and its lock \
          is released.",
    keys: &[
        Key::new(
            "error",
            Shape::Either(&[Shape::ErrorPattern, Shape::List(1, &Shape::ErrorPattern)]),
            "Which errors: a code (`timeslot.full`), a prefix (`timeslot.*`), `\"*\"` for all, or a \
             list of these.",
        )
        .required(),
        GOTO,
        Key::new(
            "steps",
            Shape::Steps,
            "Steps that are run as a unit of work of their own; they see `error` {code, message, \
             details, activity}. The workflow goes on behind the activity.",
        ),
    ],
    one_of: &[],
};

pub(crate) static RETRY: Mapping = Mapping {
    name: "retry",
    doc: "When and how often something that failed is tried again.",
    keys: &[
        Key::new(
            "max_attempts",
            Shape::Integer(1, 1_000_000),
            "Attempts in all, the first included.",
        )
        .required(),
        Key::new("backoff", Shape::Duration, "Pause before the second attempt.").default("\"1s\""),
        Key::new(
            "factor",
            Shape::Number(1, 1_000),
            "How many times longer each pause is than the one before.",
        )
        .default("2"),
        Key::new("max_backoff", Shape::Duration, "Longest pause.").default("\"60s\""),
        Key::new(
            "on",
            Shape::Either(&[Shape::ErrorPattern, Shape::List(1, &Shape::ErrorPattern)]),
            "Errors that are tried again; all if absent.",
        ),
    ],
    one_of: &[],
};
