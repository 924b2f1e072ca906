//! What an expression says of itself: its names, calls and errors; and tables of expressions with
//! their values.

mod extension;
mod function;
mod mistake;
mod operator;
mod value;

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};

use super::{Expression, is_name};
use crate::error::{EvalError, ParseError};
use crate::scope::Scope;
use crate::value::map::Map;
use crate::value::{Record, Value};

/// An object with one field that is set and one that is not.
#[derive(Debug)]
struct Contact {
    name: &'static str,
}

impl Record for Contact {
    fn type_name(&self) -> &'static str {
        "Contact"
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields().into_iter().find(|(field, _)| &**field == name).map(|(_, value)| value)
    }

    fn fields(&self) -> Vec<(Arc<str>, Value)> {
        vec![("name".into(), self.name.into()), ("email".into(), Value::Null)]
    }
}

fn scope() -> impl Scope {
    let slot: Map = [("places", Value::Int(5)), ("booked", Value::Int(3))].into_iter().collect();
    vec![
        ("slot", slot.into()),
        ("name", "Ada".into()),
        ("contact", Value::Record(Arc::new(Contact { name: "Ada" }))),
        ("same", Value::Record(Arc::new(Contact { name: "Ada" }))),
        ("other", Value::Record(Arc::new(Contact { name: "Bob" }))),
    ]
}

/// Evaluates each line; a line's result is its value, or the code, message and place of its error.
#[track_caller]
fn check(lines: &str, expected: Expect) {
    check_each(lines, expected, |text| {
        Expression::parse(text).map(|expression| expression.evaluate(&scope()))
    });
}

/// Evaluates each line in some way, and writes what became of it behind it.
#[track_caller]
pub(crate) fn check_each(
    lines: &str,
    expected: Expect,
    evaluate: impl Fn(&str) -> Result<Result<Value, EvalError>, ParseError>,
) {
    let mut table = String::from("\n");
    for text in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let result = match evaluate(text) {
            Ok(Ok(value)) => value.to_string(),
            Ok(Err(error)) => {
                format!("{} at `{}`: {}", error.code, error.excerpt(), error.message)
            }
            Err(error) => {
                let at = text.get(error.span.start..error.span.end).expect("a place in the text");
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("syntax at `{at}`: {}{help}", error.message)
            }
        };
        writeln!(table, "{text}  =>  {result}").unwrap();
    }
    expected.assert_eq(&table);
}

#[test]
fn free_names_leave_out_what_macros_bind() {
    let names = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        let free = expression.free_names().into_iter().map(|free| {
            let place = text.get(free.span.start..free.span.end).unwrap();
            format!("{}{:?} {place}", free.name, free.path)
        });
        free.collect::<Vec<_>>().join("; ")
    };
    let table = [
        "a",
        "a.b.c + d",
        "a.b().c",
        "a[b.c].d",
        "[1].map(x, x + y)",
        "x.map(x, x.y)",
        "[1].map(x, .x)",
        "has(a.b)",
        "type(a) == int",
        "{a: b}['k'].c",
        "!a || -b > c ? d : e",
        "ref('Slot', input.id)",
    ];
    let table: String = table.iter().fold(String::from("\n"), |mut out, text| {
        writeln!(out, "{text}  =>  {}", names(text)).unwrap();
        out
    });
    expect![[r#"

        a  =>  a[] a
        a.b.c + d  =>  a["b", "c"] a.b.c; d[] d
        a.b().c  =>  a[] a
        a[b.c].d  =>  a[] a; b["c"] b.c
        [1].map(x, x + y)  =>  y[] y
        x.map(x, x.y)  =>  x[] x
        [1].map(x, .x)  =>  x[] .x
        has(a.b)  =>  a["b"] a.b
        type(a) == int  =>  a[] a
        {a: b}['k'].c  =>  a[] a; b[] b
        !a || -b > c ? d : e  =>  a[] a; b[] b; c[] c; d[] d; e[] e
        ref('Slot', input.id)  =>  input["id"] input.id
    "#]]
    .assert_eq(&table);
}

#[test]
fn unresolved_calls_are_listed_with_their_places() {
    let text = "lenght(a) + b.size(1) || startsWith(a, b) || a.int() || a.split()";
    let expression = Expression::parse(text).unwrap();
    let errors: String =
        expression.unresolved_calls().iter().fold(String::from("\n"), |mut out, e| {
            let place = text.get(e.span.start..e.span.end).unwrap();
            writeln!(out, "{place}: {} {:?}", e.message, e.help).unwrap();
            out
        });
    expect![[r#"

        lenght: there is no function `lenght` None
        size: `size` takes no arguments, not 1 None
        startsWith: `startsWith` is called on a value Some("write the value in front: `value.startsWith(...)`")
        int: `int` is not called on a value Some("write the value as an argument: `int(value)`")
        split: `split` takes 1 to 2 arguments, not 0 None
    "#]].assert_eq(&errors);
}

#[test]
fn an_error_shows_the_expression_and_the_place() {
    let error = Expression::parse("1 + (ä.b)").unwrap_err().to_string();
    assert_eq!(error, "expected a value, found `ä`");
    let scope: Map = [("a", Value::from("ä"))].into_iter().collect();
    let error = Expression::parse("'ä' == a || a.size() + b > 1").unwrap();
    assert_eq!(error.evaluate(&scope), Ok(Value::Bool(true)));
    let error =
        Expression::parse("'ö' == a || a.size() + b > 1").unwrap().evaluate(&scope).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`b` is not bound here (in `'ö' == a || a.size() + b > 1`, at `b`, column 24)"
    );
}

#[test]
fn dotted_names_win_where_the_scope_has_them() {
    struct Dotted;
    impl Scope for Dotted {
        fn lookup(&self, name: &str) -> Option<Value> {
            match name {
                "a.b" => Some(Value::Int(1)),
                "a" => Some(
                    [("b", Value::Int(2)), ("c", Value::Int(3))]
                        .into_iter()
                        .collect::<Map>()
                        .into(),
                ),
                _ => None,
            }
        }

        fn has_dotted_names(&self) -> bool {
            true
        }
    }
    assert_eq!(
        Expression::parse("[a.b, a.c]").unwrap().evaluate(&Dotted),
        Ok(vec![Value::Int(1), Value::Int(3)].into())
    );
}

#[test]
fn names_that_can_be_bound_are_known() {
    for name in ["a", "slot_1", "_x", "INPUT", "truely", "ints"] {
        assert!(is_name(name), "{name}");
    }
    for name in
        ["", "1a", "a-b", "a.b", "a ", " a", "in", "true", "null", "for", "int", "list", "ä", "a\n"]
    {
        assert!(!is_name(name), "{name}");
    }
}
