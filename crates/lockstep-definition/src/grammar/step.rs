//! Steps: what each operation takes.

use super::activity::RETRY_KEY;
use super::wait::WAIT;
use super::{ALLOW, Choosing, DESCRIPTION, Key, Mapping, Names, Referent, Shape};

pub(crate) static STEP: Mapping = Mapping {
    name: "step",
    doc: "A step: one operation of an activity.",
    keys: &[
        Key::new(
            "load",
            Shape::Mapping(&LOAD),
            "Reads one object; error `data.not_found` if there is none.",
        ),
        Key::new("find", Shape::Mapping(&FIND), "Reads the objects of an entity, as a list."),
        Key::new(
            "create",
            Shape::Refer(Referent::Entity),
            "Makes an object of this entity, with the attributes in `set`.",
        ),
        Key::new(
            "update",
            Shape::Refer(Referent::Bound),
            "Changes attributes of the object that is bound to this name, as `set` says.",
        ),
        Key::new(
            "delete",
            Shape::Refer(Referent::Bound),
            "Deletes the object that is bound to this name.",
        ),
        Key::new(
            "set",
            Shape::Map(Names::Attributes, &Shape::Payload),
            "Alone: binds names to values. Beside `create` and `update`: values of attributes.",
        ),
        Key::new(
            "require",
            Shape::Expression,
            "Fails unless this is true, with the error in `else`.",
        ),
        Key::new(
            "raise",
            Shape::Either(&[Shape::ErrorCode, Shape::Mapping(&RAISE)]),
            "Fails with an error.",
        ),
        Key::new(
            "commit",
            Shape::Either(&[Shape::Nothing, Shape::Bool, Shape::Mapping(&EMPTY)]),
            "Commits what was changed so far.",
        ),
        Key::new("log", Shape::Payload, "Writes a message to the journal."),
        Key::new(
            "http",
            Shape::Mapping(&HTTP),
            "Calls an HTTP server; the result is `{ status, headers, body }`. It may be called \
             more than once, under one idempotency key.",
        ),
        Key::new(
            "exec",
            Shape::Mapping(&EXEC),
            "Runs a program, with JSON on its standard input and output; the result is \
             `{ exit_code, output }`.",
        ),
        Key::new(
            "task",
            Shape::Mapping(&TASK),
            "Gives work to a worker outside; the result is what it answers.",
        ),
        Key::new(
            "wait",
            Shape::Mapping(&WAIT),
            "Waits for a signal, a time or a person; survives restarts.",
        ),
        Key::new(
            "workflow",
            Shape::Mapping(&CALL),
            "Runs another workflow: `call` waits for it, `start` goes on at once.",
        ),
        Key::new(
            "for_each",
            Shape::Either(&[Shape::Template, Shape::List(0, &Shape::Payload)]),
            "Runs steps for each item of a list. The result is the list of what `collect` gave.",
        ),
        Key::new(
            "parallel",
            Shape::Map(Names::Labels, &Shape::Steps),
            "Runs branches side by side until all are done: `NAME: [steps]`.",
        ),
        Key::new(
            "stop",
            Shape::Payload,
            "Commits, releases all locks and ends the instance well, with this output.",
        ),
        Key::new(
            "as",
            Shape::Identifier,
            "The name that the result is bound to; expressions see it from here on.",
        ),
        Key::new("when", Shape::Expression, "The step is left out unless this is true."),
        Key::new(
            "timeout",
            Shape::Duration,
            "Longest duration of one attempt of an outside call, of a wait, or of a called \
             workflow.",
        ),
        RETRY_KEY,
        Key::new("id", ID, "The id of the object that is created; a UUID if absent."),
        Key::new(
            "expect",
            Shape::Mapping(&EXPECT),
            "The version that the object must have; else error `data.conflict`.",
        ),
        Key::new(
            "else",
            Shape::Either(&[Shape::ErrorCode, Shape::Mapping(&RAISE)]),
            "The error of a `require` that is not fulfilled.",
        )
        .default("\"require.failed\""),
        Key::new("item", Shape::Identifier, "The name that an item is bound to.")
            .default("\"item\""),
        Key::new(
            "index",
            Shape::Identifier,
            "The name that the place of the item in the list, from 0, is bound to.",
        ),
        Key::new("max_parallel", Shape::Integer(1, 100), "How many items at once.").default("1"),
        Key::new("steps", Shape::Steps, "What is done for each item, in this order."),
        Key::new("collect", Shape::Payload, "Evaluated behind the steps of each item."),
        DESCRIPTION,
        ALLOW,
    ],
    one_of: &[
        Choosing { key: "load", beside: &["as"], needs: &[] },
        Choosing { key: "find", beside: &["as"], needs: &[] },
        Choosing { key: "create", beside: &["as", "id", "set"], needs: &[] },
        Choosing { key: "update", beside: &["as", "set", "expect"], needs: &["set"] },
        Choosing { key: "delete", beside: &["expect"], needs: &[] },
        Choosing { key: "set", beside: &[], needs: &[] },
        Choosing { key: "require", beside: &["else"], needs: &[] },
        Choosing { key: "raise", beside: &[], needs: &[] },
        Choosing { key: "commit", beside: &[], needs: &[] },
        Choosing { key: "log", beside: &[], needs: &[] },
        Choosing { key: "http", beside: &["as", "timeout", "retry"], needs: &[] },
        Choosing { key: "exec", beside: &["as", "timeout", "retry"], needs: &[] },
        Choosing { key: "task", beside: &["as", "timeout", "retry"], needs: &[] },
        Choosing { key: "wait", beside: &["as", "timeout"], needs: &[] },
        Choosing { key: "workflow", beside: &["as", "timeout"], needs: &[] },
        Choosing {
            key: "for_each",
            beside: &["as", "item", "index", "max_parallel", "steps", "collect"],
            needs: &["steps"],
        },
        Choosing { key: "parallel", beside: &[], needs: &[] },
        Choosing { key: "stop", beside: &[], needs: &[] },
    ],
};

/// An id is a text, which may hold expressions.
const ID: Shape = Shape::Pattern("(?s).", "a text that is not empty");

static EMPTY: Mapping = Mapping { name: "empty", doc: "Nothing.", keys: &[], one_of: &[] };

pub(crate) static LOAD: Mapping = Mapping {
    name: "load",
    doc: "One object that is read.",
    keys: &[
        Key::new("entity", Shape::Refer(Referent::Entity), "Which kind of object.").required(),
        Key::new("id", ID, "Its id.").required(),
        Key::new(
            "for",
            Shape::Choice(&[("update", "A commit checks its version although it is not written.")]),
            "What it is read for.",
        ),
        Key::new("optional", Shape::Bool, "Whether a missing object is null instead of an error.")
            .default("false"),
    ],
    one_of: &[],
};

pub(crate) static FIND: Mapping = Mapping {
    name: "find",
    doc: "Objects that are read.",
    keys: &[
        Key::new("entity", Shape::Refer(Referent::Entity), "Which kind of object.").required(),
        Key::new(
            "where",
            Shape::Expression,
            "Only objects for which this is true; `object` is the candidate.",
        ),
        Key::new(
            "order_by",
            Shape::Refer(Referent::Attribute),
            "The attribute to sort by; by id if absent.",
        ),
        Key::new("descending", Shape::Bool, "Whether the order is reversed.").default("false"),
        Key::new("limit", Shape::Integer(1, 10_000), "How many objects at most.").default("1000"),
    ],
    one_of: &[],
};

pub(crate) static EXPECT: Mapping = Mapping {
    name: "expect",
    doc: "What the object must be like.",
    keys: &[Key::new(
        "version",
        Shape::Either(&[Shape::Integer(1, u32::MAX), Shape::Template]),
        "The version that somebody has seen earlier.",
    )
    .required()],
    one_of: &[],
};

pub(crate) static RAISE: Mapping = Mapping {
    name: "raise",
    doc: "An error.",
    keys: &[
        Key::new("error", Shape::ErrorCode, "Its code: words with dots, such as `timeslot.full`."),
        Key::new("message", Shape::Payload, "What people read."),
    ],
    one_of: &[],
};

pub(crate) static HTTP: Mapping = Mapping {
    name: "http",
    doc: "A call of an HTTP server.",
    keys: &[
        Key::new(
            "method",
            Shape::Either(&[
                Shape::Choice(&[
                    ("GET", "Reads."),
                    ("POST", "Creates, or anything else."),
                    ("PUT", "Replaces."),
                    ("PATCH", "Changes."),
                    ("DELETE", "Deletes."),
                    ("HEAD", "Reads the headers alone."),
                    ("OPTIONS", "Asks what is possible."),
                ]),
                Shape::Pattern(METHOD, "a method in any case"),
            ]),
            "The method.",
        )
        .default("\"GET\""),
        Key::new(
            "url",
            Shape::Pattern("^https?://|\\$\\{", "a URL"),
            "The whole address: `https://...`, or with expressions.",
        )
        .required(),
        Key::new(
            "headers",
            Shape::Map(Names::Texts, &Shape::Payload),
            "Headers and their values; `${secret.NAME}` is possible here.",
        ),
        Key::new("body", Shape::Payload, "What is sent, as JSON."),
    ],
    one_of: &[],
};

/// The methods in any case.
const METHOD: &str = "^([Gg][Ee][Tt]|[Pp][Oo][Ss][Tt]|[Pp][Uu][Tt]|[Pp][Aa][Tt][Cc][Hh]|\
                      [Dd][Ee][Ll][Ee][Tt][Ee]|[Hh][Ee][Aa][Dd]|[Oo][Pp][Tt][Ii][Oo][Nn][Ss])$";

pub(crate) static EXEC: Mapping = Mapping {
    name: "exec",
    doc: "A program that is run.",
    keys: &[
        Key::new("program", Shape::Text, "Its name or path; the project must allow it.").required(),
        Key::new("args", Shape::List(0, &Shape::Payload), "Its arguments."),
        Key::new("input", Shape::Payload, "What its standard input gets, as JSON."),
        Key::new(
            "env",
            Shape::Map(Names::Texts, &Shape::Payload),
            "Environment variables; `${secret.NAME}` is possible here.",
        ),
    ],
    one_of: &[],
};

pub(crate) static TASK: Mapping = Mapping {
    name: "task",
    doc: "Work for a worker outside.",
    keys: &[
        Key::new("type", Shape::Label, "Which kind of work: workers ask for it by this name.")
            .required(),
        Key::new("input", Shape::Payload, "What the worker is given.").default("null"),
    ],
    one_of: &[],
};

pub(crate) static CALL: Mapping = Mapping {
    name: "call",
    doc: "Another workflow that is run.",
    keys: &[
        Key::new(
            "call",
            Shape::Refer(Referent::Workflow),
            "The workflow that is run and waited for; the result is its output, its failure the \
             error `workflow.failed`.",
        ),
        Key::new(
            "start",
            Shape::Refer(Referent::Workflow),
            "The workflow that is started; the result is `{ instance_id }`.",
        ),
        Key::new("input", Shape::Map(Names::Inputs, &Shape::Payload), "Its input."),
    ],
    one_of: &[
        Choosing { key: "call", beside: &["input"], needs: &[] },
        Choosing { key: "start", beside: &["input"], needs: &[] },
    ],
};
