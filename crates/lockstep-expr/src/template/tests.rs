//! Tables of templates with their values and errors.

use expect_test::{Expect, expect};

use super::Template;
use crate::expression::tests::check_each;
use crate::value::Value;
use crate::value::map::Map;

/// Evaluates each line as a template.
#[track_caller]
fn check(lines: &str, expected: Expect) {
    let slot: Map = [("booked", Value::Int(3)), ("owner", Value::Null)].into_iter().collect();
    let scope: Vec<(&str, Value)> = vec![("slot", slot.into()), ("name", "Ada".into())];
    check_each(lines, expected, |text| {
        Template::parse(text).map(|template| template.evaluate(&scope))
    });
}

#[test]
fn one_expression_keeps_its_type_and_parts_are_joined() {
    check(
        r#"
        plain
        ${slot.booked}
        ${ slot.booked + 1 }
        ${slot}
        ${slot.owner}
        seat ${slot.booked}
        ${name}${name}
        ${name} has ${slot.booked + 1} of ${[1, 2].size()}
        ${1.0} ${2u} ${true} ${b'ab'} ${type(1)}
        ${timestamp(0)} and ${duration('90s')}
        ${ref('Slot', 's1')}!
        a ${slot.owner}
        a ${slot}
        a ${[1]}
        a ${b'\xff'}
        "#,
        expect![[r#"

            plain  =>  "plain"
            ${slot.booked}  =>  3
            ${ slot.booked + 1 }  =>  4
            ${slot}  =>  {"booked": 3, "owner": null}
            ${slot.owner}  =>  null
            seat ${slot.booked}  =>  "seat 3"
            ${name}${name}  =>  "AdaAda"
            ${name} has ${slot.booked + 1} of ${[1, 2].size()}  =>  "Ada has 4 of 2"
            ${1.0} ${2u} ${true} ${b'ab'} ${type(1)}  =>  "1 2 true ab int"
            ${timestamp(0)} and ${duration('90s')}  =>  "1970-01-01T00:00:00Z and 90s"
            ${ref('Slot', 's1')}!  =>  "s1!"
            a ${slot.owner}  =>  expr.type at `slot.owner`: null cannot be a part of a text
            a ${slot}  =>  expr.type at `slot`: map cannot be a part of a text
            a ${[1]}  =>  expr.type at `[1]`: list cannot be a part of a text
            a ${b'\xff'}  =>  expr.conversion at `b'\xff'`: bytes that are not UTF-8 cannot be a part of a text
        "#]],
    );
}

#[test]
fn the_end_of_an_expression_is_where_its_braces_balance() {
    check(
        r#"
        ${'}'} and ${"\"}"} and ${{'a': '}'}.a}
        ${{'a': {'b': 1}}.a.b}
        ${r'\'}!
        ${'''}'''}
        ${[1].map(x, {'k': x})[0]['k']}
        "#,
        expect![[r#"

            ${'}'} and ${"\"}"} and ${{'a': '}'}.a}  =>  "} and \"} and }"
            ${{'a': {'b': 1}}.a.b}  =>  1
            ${r'\'}!  =>  "\\!"
            ${'''}'''}  =>  "}"
            ${[1].map(x, {'k': x})[0]['k']}  =>  1
        "#]],
    );
}

#[test]
fn dollars_are_ordinary_but_before_a_brace() {
    check(
        "
        $5 and $name
        $${name}
        a $${b} ${name}
        $$${name}
        $$ {
        100 $
        { } }
        ",
        expect![[r#"

            $5 and $name  =>  "$5 and $name"
            $${name}  =>  "${name}"
            a $${b} ${name}  =>  "a ${b} Ada"
            $$${name}  =>  "$${name}"
            $$ {  =>  "$$ {"
            100 $  =>  "100 $"
            { } }  =>  "{ } }"
        "#]],
    );
}

#[test]
fn mistakes_are_placed_in_the_template() {
    check(
        "
        a ${
        a ${ }
        a ${b
        a ${1 +} b
        a ${1 + (2} b
        a ${name.missing} b
        ${'ä'} ${1 2}
        ${'open}
        ",
        expect![[r#"

            a ${  =>  syntax at ``: `${` is never closed (close it with `}`; write `$${` for the characters `${`)
            a ${ }  =>  syntax at `${ }`: `${}` holds no expression (write `$${` for the characters `${`)
            a ${b  =>  syntax at ``: `${` is never closed (close it with `}`; write `$${` for the characters `${`)
            a ${1 +} b  =>  syntax at ``: a value is missing
            a ${1 + (2} b  =>  syntax at `}`: `}` cannot close `(`
            a ${name.missing} b  =>  expr.type at `name.missing`: string has no fields, so no `missing`
            ${'ä'} ${1 2}  =>  syntax at `2`: expected an operator or the end, found `2`
            ${'open}  =>  syntax at `'`: the string has no end
        "#]],
    );
}

#[test]
fn expressions_are_listed_with_their_places() {
    let text = "ä ${ a } and ${b.c}";
    let template = Template::parse(text).unwrap();
    let list: Vec<_> =
        template.expressions().into_iter().map(|(at, e)| (at, e.text().to_owned())).collect();
    assert_eq!(list, [(6, "a".to_owned()), (16, "b.c".to_owned())]);
    for (at, expression) in template.expressions() {
        assert!(text.get(at..).unwrap().starts_with(expression.text()), "{at}");
    }
    assert_eq!(Template::parse("${ a }").unwrap().expressions()[0].0, 3);
    assert!(Template::parse("a").unwrap().expressions().is_empty());
}
