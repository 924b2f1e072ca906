//! What starts a workflow besides a request.

use super::{Choosing, DESCRIPTION, Key, Mapping, Names, Referent, Shape};

pub(crate) static TRIGGER: Mapping = Mapping {
    name: "trigger",
    doc: "Something that starts a workflow.",
    keys: &[
        Key::new(
            "schedule",
            Shape::Mapping(&SCHEDULE),
            "Starts the workflow at times; `schedule.time` is the time.",
        ),
        Key::new(
            "change",
            Shape::Mapping(&CHANGE),
            "Starts the workflow when an object has changed; `change` has kind, object and before.",
        ),
        Key::new(
            "webhook",
            Shape::Mapping(&WEBHOOK),
            "Starts the workflow at an HTTP request with a signature; `request` has headers and \
             body.",
        ),
        Key::new(
            "input",
            Shape::Map(Names::Inputs, &Shape::Payload),
            "The input of the instance. Inputs without default must be given.",
        ),
        DESCRIPTION,
    ],
    one_of: &[
        Choosing { key: "schedule", beside: &["input"], needs: &[] },
        Choosing { key: "change", beside: &["input"], needs: &[] },
        Choosing { key: "webhook", beside: &["input"], needs: &[] },
    ],
};

pub(crate) static SCHEDULE: Mapping = Mapping {
    name: "schedule",
    doc: "Times at which a workflow starts.",
    keys: &[
        Key::new(
            "cron",
            Shape::Text,
            "Minute, hour, day of month, month and day of week, such as `0 3 * * *`; six fields \
             begin with seconds.",
        )
        .required(),
        Key::new("time_zone", Shape::Text, "A time zone by its name, such as `Europe/Berlin`.")
            .default("\"UTC\""),
        Key::new(
            "missed",
            Shape::Choice(&[
                ("once", "One instance for all of them."),
                ("skip", "Nothing."),
                ("all", "One instance for each."),
            ]),
            "What happens to times that passed while nothing ran.",
        )
        .default("\"once\""),
    ],
    one_of: &[],
};

pub(crate) static CHANGE: Mapping = Mapping {
    name: "change",
    doc: "Committed changes of objects at which a workflow starts.",
    keys: &[
        Key::new("entity", Shape::Refer(Referent::Entity), "Which kind of object.").required(),
        Key::new(
            "kinds",
            Shape::Either(&[Shape::List(1, &Shape::Choice(CHANGES)), Shape::Choice(CHANGES)]),
            "Which changes; all if absent.",
        ),
        Key::new(
            "when",
            Shape::Expression,
            "Only changes for which this is true: `change.object.total > 10`.",
        ),
    ],
    one_of: &[],
};

const CHANGES: &[(&str, &str)] = &[
    ("create", "An object was created."),
    ("update", "An object was updated."),
    ("delete", "An object was deleted."),
];

pub(crate) static WEBHOOK: Mapping = Mapping {
    name: "webhook",
    doc: "HTTP requests at which a workflow starts.",
    keys: &[
        Key::new("name", Shape::Label, "Last part of the path.").required(),
        Key::new(
            "secret",
            Shape::Refer(Referent::Secret),
            "The secret of the project with which requests are signed.",
        )
        .required(),
    ],
    one_of: &[],
};
