mod findings;
mod page;

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
fn literals_and_aggregates_have_their_types() {
    check_types(&[
        ("1", "int"),
        ("1u", "uint"),
        ("1.5", "double"),
        ("'a'", "string"),
        ("b'a'", "bytes"),
        ("true", "bool"),
        ("null", "null"),
        ("[]", "list<any>"),
        ("{}", "map<any, any>"),
        ("[1, 2]", "list<int>"),
        ("[1, 'a']", "list<any>"),
        ("[1, null]", "list<int or null>"),
        ("[null, null]", "list<null>"),
        ("[[], [1]]", "list<list<int>>"),
        ("[[1], []]", "list<list<int>>"),
        ("[[1], ['a']]", "list<any>"),
        ("[1, any]", "list<any>"),
        ("{'a': 1, 'b': 2}", "map<string, int>"),
        ("{'a': 1, 'b': 'c'}", "map<string, any>"),
        ("{'a': 1, 2: 3}", "map<any, int>"),
        ("{any: 1}", "map<any, int>"),
        ("[?optional.of(1), 2]", "list<int>"),
        ("{?'a': optional.of(1)}", "map<string, int>"),
        ("int", "type"),
        ("type(1)", "type"),
        ("google.protobuf.Timestamp", "type"),
    ]);
}

#[test]
fn operators_have_the_types_of_their_operands() {
    check_types(&[
        ("1 + 2 * 3", "int"),
        ("1u + 2u", "uint"),
        ("slot.price / 2.0", "double"),
        ("'a' + 'b'", "string"),
        ("[1] + [2]", "list<int>"),
        ("[] + [2]", "list<int>"),
        ("[1] + any", "list<any>"),
        ("slot.starts_at + duration('1h')", "timestamp"),
        ("slot.starts_at - slot.starts_at", "duration"),
        ("any + 1", "int"),
        ("any + any", "any"),
        ("-slot.price", "double"),
        ("1 < 2.5", "bool"),
        ("1 == 1.0", "bool"),
        ("slot.booked < slot.places && input.customer != ''", "bool"),
        ("any ? 1 : 2", "int"),
        ("any ? 1 : any", "any"),
        ("any ? 1 : null", "int or null"),
        ("any ? [] : [1]", "list<int>"),
        ("any ? 1 : any ? 2 : 3", "int"),
        ("'a' in slot.tags", "bool"),
        ("1 in [1.0]", "bool"),
        ("'a' in counts", "bool"),
        ("'customer' in input", "bool"),
        ("null in [1, null]", "bool"),
    ]);
}

#[test]
fn fields_and_elements_have_their_types() {
    check_types(&[
        ("slot.booked", "int"),
        ("slot.tags[0]", "string"),
        ("slot.room.id", "string"),
        ("counts.apples", "int"),
        ("counts['apples']", "int"),
        ("input['customer']", "string"),
        ("input[any]", "any"),
        ("input.lines[0].count", "int"),
        ("remote.status", "int"),
        ("remote.body.items[0].price", "any"),
        ("remote.other", "any"),
        ("any.thing[1]", "any"),
        ("has(slot.owner)", "bool"),
        ("has(any.b.c)", "bool"),
        ("slot.?owner", "optional<string>"),
        ("slot.?person.age", "optional<int>"),
        ("slot.?person.?age.orValue(18)", "int"),
        ("any.?b.c", "optional<any>"),
        ("counts[?'a'].orValue(0)", "int"),
        ("slot.tags[?0].value()", "string"),
        ("maybe == null ? 0 : maybe", "int"),
        ("[[1]][0][0]", "int"),
        ("{'a': {'b': true}}.a.b", "bool"),
    ]);
}

#[test]
fn calls_have_the_types_of_their_signatures() {
    check_types(&[
        ("size(slot.tags) + slot.tags.size()", "int"),
        ("size(any)", "int"),
        ("slot.tags.join(', ').split(',')", "list<string>"),
        ("ref('Room', slot.id)", "ref<Room>"),
        ("ref(slot.id, 1)", "ref"),
        ("string(slot.booked)", "string"),
        ("timestamp('2020-01-01T00:00:00Z').getFullYear('UTC')", "int"),
        ("math.greatest(1, 2)", "int"),
        ("math.greatest(1, 2.0)", "any"),
        ("math.least([1.5, 2.5])", "double"),
        ("math.abs(-1)", "int"),
        ("lists.range(3)", "list<int>"),
        ("[3, 1].sort()", "list<int>"),
        ("[[1], [2]].flatten()", "list<int>"),
        ("[1].first()", "optional<int>"),
        ("optional.of(maybe)", "optional<int or null>"),
        ("optional.none()", "optional<any>"),
        ("optional.none().or(optional.of(1)).orValue(2)", "int"),
        ("optional.unwrap([optional.of(1)])", "list<int>"),
        ("base64.decode(base64.encode(b'a'))", "bytes"),
        ("ip('127.0.0.1').isLoopback()", "bool"),
        ("cidr('10.0.0.0/8').ip()", "net.IP"),
        ("type(ip('127.0.0.1')) == net.IP", "bool"),
        ("'%s'.format([1, 'a'])", "string"),
        ("dyn(1)", "any"),
        ("pair(1, 2).left()", "int"),
        ("pair(1, any).left()", "any"),
    ]);
}

#[test]
fn macros_bind_the_types_of_elements() {
    check_types(&[
        ("slot.tags.all(tag, tag.startsWith('a'))", "bool"),
        ("slot.tags.map(tag, tag.size())", "list<int>"),
        ("slot.tags.map(tag, tag != '', tag.size())", "list<int>"),
        ("counts.filter(key, key != '')", "list<string>"),
        ("[1, 2].exists(i, n, n == i)", "bool"),
        ("counts.all(key, count, key != '' && count > 0)", "bool"),
        ("counts.transformMap(key, count, key + string(count))", "map<string, string>"),
        ("['a'].transformMap(i, text, text)", "map<int, string>"),
        ("counts.transformList(key, count, count)", "list<int>"),
        ("counts.transformMapEntry(key, count, {count: key})", "map<int, string>"),
        ("input.all(key, key != '')", "bool"),
        ("any.map(x, x.y)", "list<any>"),
        ("[].map(x, x)", "list<any>"),
        ("[].map(x, x + 1)", "list<int>"),
        ("['b', 'a'].sortBy(text, text.size())", "list<string>"),
        ("cel.bind(n, slot.booked + 1, n * n)", "int"),
        ("cel.block([1, cel.index(0) + 1], [cel.index(1)])", "list<int>"),
        ("optional.of(1).optMap(n, [n])", "optional<list<int>>"),
        ("counts.?a.optFlatMap(n, counts.?b)", "optional<int>"),
        ("[[1, 2]].map(row, row.map(n, string(n)))", "list<list<string>>"),
    ]);
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
