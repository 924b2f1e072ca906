//! The step `wait`.

use super::document::INPUT;
use super::{Choosing, Key, Mapping, Names, Shape};

pub(crate) static WAIT: Mapping = Mapping {
    name: "wait",
    doc: "What a step waits for: a signal, a length of time, a moment, or a person's answers.",
    keys: &[
        Key::new(
            "signal",
            Shape::Label,
            "A signal of this name; one that came before is taken. The result is what it carries.",
        ),
        Key::new(
            "for",
            Shape::Either(&[Shape::Duration, Shape::Template]),
            "A length of time: `5m`, or an expression for one.",
        ),
        Key::new(
            "until",
            Shape::Expression,
            "A moment, such as `slot.starts_at - duration(\"1h\")`; goes on at once if it has \
             passed.",
        ),
        Key::new("form", Shape::Label, "A form of this name; the result is the answers."),
        Key::new("title", Shape::Payload, "What people read above the form."),
        Key::new(
            "fields",
            Shape::Map(Names::Identifiers, &Shape::Either(&[Shape::Type, Shape::Mapping(&INPUT)])),
            "What is asked: `NAME: TYPE`, or `NAME: { type, optional, default }`.",
        ),
    ],
    one_of: &[
        Choosing { key: "signal", beside: &[], needs: &[] },
        Choosing { key: "for", beside: &[], needs: &[] },
        Choosing { key: "until", beside: &[], needs: &[] },
        Choosing { key: "form", beside: &["title", "fields"], needs: &[] },
    ],
};
