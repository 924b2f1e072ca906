//! The documents: `workflow:`, `entity:`, `project:`.

use super::activity::{ACTIVITY, ON_CONFLICT};
use super::lock::WORKFLOW_LOCK;
use super::trigger::TRIGGER;
use super::{ALLOW, DESCRIPTION, Key, Mapping, Names, Referent, Shape};

/// The kinds of documents; the first key of each tells it.
pub(crate) static DOCUMENTS: [&Mapping; 3] = [&WORKFLOW, &ENTITY, &PROJECT];

/// A document.
pub(crate) static DOCUMENT: Shape =
    Shape::Either(&[Shape::Mapping(&WORKFLOW), Shape::Mapping(&ENTITY), Shape::Mapping(&PROJECT)]);

static WORKFLOW: Mapping = Mapping {
    name: "workflow",
    doc: "A workflow: activities that are run in order.",
    keys: &[
        Key::new("workflow", Shape::Label, "The name of the workflow.").required(),
        DESCRIPTION,
        Key::new(
            "input",
            Shape::Either(&[Shape::Map(Names::Identifiers, &INPUT_SHAPE), Shape::Nothing]),
            "What an instance is given, by name; expressions see it as `input.NAME`.",
        ),
        Key::new(
            "on",
            Shape::List(0, &Shape::Mapping(&TRIGGER)),
            "What starts the workflow besides a request: times, changes of objects, webhooks.",
        ),
        Key::new(
            "exclusive_lock",
            Shape::Either(&[Shape::Mapping(&WORKFLOW_LOCK), Shape::Bool, Shape::Nothing]),
            "The lock of the whole workflow: taken before the first activity, kept to the end.",
        ),
        Key::new(
            "activities",
            Shape::List(1, &Shape::Mapping(&ACTIVITY)),
            "What is done, in this order.",
        )
        .required(),
        Key::new("output", Shape::Payload, "What an instance answers at its end.").default("null"),
        ALLOW,
    ],
    one_of: &[],
};

static ENTITY: Mapping = Mapping {
    name: "entity",
    doc: "An entity: a kind of object that is kept in the store. Every object also has `id` and \
          `metadata`.",
    keys: &[
        Key::new("entity", Shape::Identifier, "The name of the entity.").required(),
        DESCRIPTION,
        Key::new(
            "attributes",
            Shape::Either(&[Shape::Map(Names::Identifiers, &ATTRIBUTE_SHAPE), Shape::Nothing]),
            "What an object holds: `NAME: TYPE`, or `NAME: { type, optional, default, min, max }`.",
        )
        .required(),
        Key::new(
            "unique",
            Shape::List(0, &Shape::List(1, &Shape::Refer(Referent::Attribute))),
            "Lists of attributes; no two objects may agree in all attributes of one list.",
        ),
        Key::new(
            "invariants",
            Shape::Either(&[Shape::List(0, &INVARIANT_SHAPE), Shape::Expression]),
            "Conditions that every committed object fulfils; a commit that would break one fails \
             with `data.invalid`.",
        ),
        ALLOW,
    ],
    one_of: &[],
};

static PROJECT: Mapping = Mapping {
    name: "project",
    doc: "The project: configuration that all definitions share.",
    keys: &[
        Key::new("project", Shape::Label, "The name of the project.").required(),
        DESCRIPTION,
        Key::new(
            "config",
            Shape::Map(Names::Identifiers, &Shape::Literal),
            "Values that expressions see as `config.NAME`; the command line may give others.",
        ),
        Key::new(
            "defaults",
            Shape::Mapping(&DEFAULTS),
            "What holds for all activities that say nothing else.",
        ),
        Key::new(
            "allowed_hosts",
            Shape::List(0, &Shape::Text),
            "Hosts, with or without port, that `http` steps may call although they are local or \
             private.",
        ),
        Key::new(
            "allowed_programs",
            Shape::List(0, &Shape::Text),
            "Programs that `exec` steps may start.",
        ),
        Key::new(
            "secrets",
            Shape::List(0, &Shape::Identifier),
            "Names of secrets; headers of `http` and the environment of `exec` may hold \
             `${secret.NAME}`. Their values are no part of any definition.",
        ),
        ALLOW,
    ],
    one_of: &[],
};

pub(crate) static DEFAULTS: Mapping = Mapping {
    name: "defaults",
    doc: "What holds for all activities that say nothing else.",
    keys: &[
        Key::new(
            "waiting_timeout",
            Shape::Duration,
            "How long an activity waits for its lock; then error `lock.waiting_timeout`.",
        )
        .default("\"60s\""),
        Key::new(
            "hold_timeout",
            Shape::Duration,
            "How long an activity may hold its lock; then error `lock.lost`.",
        )
        .default("\"5m\""),
        Key::new("timeout", Shape::Duration, "Longest duration of one attempt of an outside call.")
            .default("\"30s\""),
        Key::new(
            "on_conflict",
            Shape::Choice(ON_CONFLICT),
            "What happens if an object that was read for update has changed since.",
        )
        .default("\"retry\""),
    ],
    one_of: &[],
};

static INPUT_SHAPE: Shape = Shape::Either(&[Shape::Type, Shape::Mapping(&INPUT)]);
static ATTRIBUTE_SHAPE: Shape = Shape::Either(&[Shape::Type, Shape::Mapping(&ATTRIBUTE)]);
static INVARIANT_SHAPE: Shape = Shape::Either(&[Shape::Expression, Shape::Mapping(&INVARIANT)]);

const TYPE: Key = Key::new(
    "type",
    Shape::Type,
    "Its type: bool, int, double, string, bytes, timestamp, duration, `list<T>`, \
     `map<string, T>`, `ref<Entity>` or any.",
);

pub(crate) static INPUT: Mapping = Mapping {
    name: "input",
    doc: "An input of a workflow, or a field of a form.",
    keys: &[
        TYPE.required(),
        Key::new("optional", Shape::Bool, "Whether it may be left out; it is null then.")
            .default("false"),
        Key::new("default", Shape::Literal, "Its value when it is left out."),
        DESCRIPTION,
    ],
    one_of: &[],
};

pub(crate) static ATTRIBUTE: Mapping = Mapping {
    name: "attribute",
    doc: "An attribute of an entity.",
    keys: &[
        TYPE.required(),
        Key::new("optional", Shape::Bool, "Whether it may be null.").default("false"),
        Key::new("default", Shape::Literal, "Its value when an object is created without it."),
        Key::new("min", Shape::Literal, "Least value, of an int or a double."),
        Key::new("max", Shape::Literal, "Greatest value, of an int or a double."),
        DESCRIPTION,
    ],
    one_of: &[],
};

pub(crate) static INVARIANT: Mapping = Mapping {
    name: "invariant",
    doc: "A condition that every committed object fulfils.",
    keys: &[
        Key::new(
            "check",
            Shape::Expression,
            "The condition; attributes and `id` are seen by their names.",
        )
        .required(),
        Key::new("message", Shape::Text, "What people read when it is broken."),
    ],
    one_of: &[],
};
