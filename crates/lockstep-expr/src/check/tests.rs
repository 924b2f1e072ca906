//! What the check says of expressions: their types, what is wrong with them, what it knows of names.

mod mismatch;
mod null;
mod page;
mod types;
mod unknown;

use std::sync::Arc;

use expect_test::{Expect, expect};

use super::{TypeScope, Typing};
use crate::expression::Expression;
use crate::signature::Signature;
use crate::static_type::{Shape, ShapeField, StaticType};
use crate::template::Template;

/// `slot` is an object, `input` a map with named fields, `any` may be everything.
struct Names;

fn field(name: &str, ty: StaticType) -> ShapeField {
    ShapeField { name: name.into(), ty, doc: None }
}

fn shape(name: &str, fields: Vec<ShapeField>, keyed: bool) -> StaticType {
    StaticType::Record(Arc::new(Shape { name: name.into(), fields, open: false, keyed }))
}

fn owner() -> StaticType {
    let fields = vec![
        field("id", StaticType::String),
        field("name", StaticType::String.nullable()),
        field("age", StaticType::Int.nullable()),
    ];
    shape("Person", fields, false)
}

impl TypeScope for Names {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        Some(match name {
            "slot" => shape(
                "Timeslot",
                vec![
                    field("id", StaticType::String),
                    field("starts_at", StaticType::Timestamp),
                    field("places", StaticType::Int),
                    field("booked", StaticType::Int),
                    field("price", StaticType::Double),
                    field("owner", StaticType::String.nullable()),
                    field("limit", StaticType::Int.nullable()),
                    field("tags", StaticType::String.list()),
                    field("person", owner().nullable()),
                    field("room", StaticType::Reference(Some("Room".into()))),
                ],
                false,
            ),
            "input" => shape(
                "input",
                vec![
                    field("customer", StaticType::String),
                    field("note", StaticType::String.nullable()),
                    field("lines", StaticType::map(StaticType::String, StaticType::Int).list()),
                ],
                true,
            ),
            "any" => StaticType::Dyn,
            "counts" => StaticType::map(StaticType::String, StaticType::Int),
            "maybe" | "known" => StaticType::Int.nullable(),
            "remote" => StaticType::Record(Arc::new(Shape {
                name: "an http answer".into(),
                fields: vec![field("status", StaticType::Int), field("body", StaticType::Dyn)],
                open: true,
                keyed: true,
            })),
            _ => return None,
        })
    }

    fn names(&self) -> Vec<Arc<str>> {
        ["slot", "input", "any", "counts", "maybe", "remote", "known"].map(Into::into).into()
    }

    fn is_known_present(&self, path: &[&str]) -> bool {
        path == ["known"]
    }

    fn functions(&self, name: &str) -> Vec<Signature> {
        let pair = || StaticType::Opaque("pair".into(), [StaticType::Parameter(0)].into());
        match name {
            "pair" => vec![Signature {
                method: false,
                parameters: vec![StaticType::Parameter(0), StaticType::Parameter(0)],
                result: pair(),
            }],
            "left" => vec![Signature {
                method: true,
                parameters: vec![pair()],
                result: StaticType::Parameter(0),
            }],
            _ => Vec::new(),
        }
    }
}

fn typing(text: &str) -> Typing {
    Expression::parse(text).expect(text).check(&Names)
}

/// Writes one line for each finding: the token, the kind and the message.
fn shown(text: &str, typing: &Typing) -> String {
    let lines = typing.findings.iter().map(|finding| {
        let place = finding.span.start;
        let token = text.get(place..finding.span.end).expect("a finding has a place");
        let help = finding.help.iter().map(|help| format!("\n    help: {help}"));
        let help: String = help.collect();
        format!("  {place} `{token}` {:?}: {}{help}\n", finding.kind, finding.message)
    });
    lines.collect()
}

/// Writes type and findings of each expression.
#[track_caller]
fn check(texts: &[&str], expected: Expect) {
    let told = texts.iter().map(|text| {
        let typing = typing(text);
        format!("{text} : {}\n{}", typing.ty, shown(text, &typing))
    });
    expected.assert_eq(&told.collect::<Vec<_>>().concat());
}

/// Each expression has that type and no finding.
#[track_caller]
fn check_types(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let typing = typing(text);
        assert_eq!(shown(text, &typing), "", "{text}");
        assert_eq!(typing.ty.to_string(), *expected, "{text}");
    }
}

#[test]
fn condition_tells_that_a_value_is_not_null() {
    check_types(&[
        ("slot.limit != null && slot.limit > 3", "bool"),
        ("null != slot.limit && slot.limit > 3", "bool"),
        ("slot.limit == null || slot.limit > 3", "bool"),
        ("slot.limit == null ? 0 : slot.limit + 1", "int"),
        ("slot.limit != null ? slot.limit + 1 : 0", "int"),
        ("!(slot.limit == null) && slot.limit > 3", "bool"),
        ("!(slot.limit == null || slot.owner == null) && slot.owner.size() > slot.limit", "bool"),
        ("has(slot.limit) && slot.limit > 3", "bool"),
        ("has(slot.limit) ? slot.limit + 1 : 0", "int"),
        ("slot.person != null && has(slot.person.age) && slot.person.age > 3", "bool"),
        ("slot.limit == 3 && slot.limit + 1 == 4", "bool"),
        ("slot.limit == null ? false : slot.limit > 3", "bool"),
        ("(slot.limit == null ? false : slot.limit > 1) && slot.limit < 3", "bool"),
        ("slot.limit == null || slot.owner == null || slot.owner.size() > slot.limit", "bool"),
        ("[1, null].all(n, n == null || n > 0)", "bool"),
        ("[1, null].filter(n, n != null && n > 0)", "list<int>"),
        ("[1, null].map(n, n != null, n + 1)", "list<int>"),
        ("input['note'] != null && input.note.size() > 0", "bool"),
        ("slot.limit != null && slot.limit != null", "bool"),
        ("known + 1", "int"),
        ("slot.limit == slot.limit", "bool"),
        ("slot.limit == 3", "bool"),
        ("slot.limit in [1, 2]", "bool"),
        ("[slot.limit]", "list<int or null>"),
    ]);
}

#[test]
fn one_mistake_has_one_finding() {
    for text in [
        "(1 + 'a') * 2 < 3",
        "size(slot.boked) + 1",
        "[1 + 'a'].map(x, x + 'b')",
        "(nothing.x.y).z + 1",
        "any ? 1 + 'a' : 'b'",
        "cel.bind(x, nothing, x + 1 + 'a'.size())",
        "frobnicate(1).x + 1",
        "slot.limit > 1 && slot.limit > 2",
    ] {
        assert_eq!(typing(text).findings.len(), 1, "{text}: {:?}", typing(text).findings);
    }
}

#[test]
fn template_has_the_type_of_its_one_expression() {
    let check = |text: &str| {
        let typing = Template::parse(text).unwrap().check(&Names);
        format!("{}\n{}", typing.ty, shown(text, &typing))
    };
    assert_eq!(check("text"), "string\n");
    assert_eq!(check("${slot.booked}"), "int\n");
    assert_eq!(check("${slot.limit}"), "int or null\n");
    assert_eq!(check("${slot.booked} of ${slot.places}, ${any}"), "string\n");
    let expected = expect![[r#"
        string
          4 `slot.tags` WrongType: list<string> cannot be a part of a text
            help: write one of its values, or let the text be this expression alone
          22 `boked` UnknownField: `slot` (Timeslot) has no attribute `boked`
            help: did you mean `booked`?
          31 `slot` WrongType: Timeslot cannot be a part of a text
            help: write one of its values, or let the text be this expression alone
        string
          4 `slot.owner` MayBeNull: null cannot be a part of a text, and this may be null
            help: say what to write instead: `value == null ? "" : value`
        string
          4 `slot.?owner` WrongType: optional<string> cannot be a part of a text
            help: say what to write if there is none: `.orValue(...)`
        string
          4 `null` WrongType: null cannot be a part of a text
            help: write one of its values, or let the text be this expression alone
    "#]];
    let texts = [
        "a ${slot.tags} ${slot.boked} ${slot}",
        "a ${slot.owner}",
        "a ${slot.?owner}",
        "a ${null}",
    ];
    expected.assert_eq(&texts.map(check).concat());
}

#[test]
fn expression_tells_which_paths_are_not_null() {
    let when = |text: &str, truth: bool| {
        let paths = Expression::parse(text).unwrap().present_when(truth);
        paths.iter().map(|path| path.join(".")).collect::<Vec<_>>().join(" ")
    };
    for (text, truth, expected) in [
        ("a.b != null", true, "a.b"),
        ("a.b != null", false, ""),
        ("a.b == null", false, "a.b"),
        ("a.b != null && c != null", true, "a.b c"),
        ("a.b != null && c != null", false, ""),
        ("a.b == null || c == null", false, "a.b c"),
        ("a.b != null || c != null", true, ""),
        ("a.b != null || a.b.c != null", true, "a.b"),
        ("has(a.b)", true, "a.b"),
        ("has(a.b)", false, "a"),
        ("!has(a.b)", false, "a.b"),
        ("a.b > 3", true, "a.b"),
        ("a.b > 3", false, "a.b"),
        ("a.b == 3", true, "a.b"),
        ("a == null ? false : a > b", true, "a b"),
        ("a == null ? true : a > b", true, ""),
        ("[a].all(x, x != null)", true, ""),
        ("true", true, ""),
        ("a['b'] != null", true, "a.b"),
    ] {
        assert_eq!(when(text, truth), expected, "{text} is {truth}");
    }
}

#[test]
fn part_at_a_byte_has_its_type() {
    let typing = typing("slot.booked + size(slot.tags)");
    for (byte, expected) in
        [(1, "Timeslot"), (6, "int"), (12, "int"), (20, "Timeslot"), (25, "list<string>")]
    {
        assert_eq!(typing.at(byte).unwrap().1.to_string(), expected, "byte {byte}");
    }
}
