//! One evaluation of a typical rule, and of a longer one, by this project and by the `cel` crate.
//!
//! Both read the text once and evaluate it many times, in turns, so that what else the machine does
//! meets both.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_expr::{Expression, Map, Value};

use crate::median;

/// Evaluations between two looks at the clock.
const EVALUATIONS: u32 = 100_000;
const ROUNDS: usize = 21;

const RULES: &[(&str, &str)] = &[
    ("typical", r#"slot.booked < slot.places && input.customer != """#),
    ("sum", "slot.booked + 1 <= slot.places * 2 - 3"),
    ("text", r#"input.customer.startsWith("A") || input.customer in ["Bob", "Eve"]"#),
    ("list", "[1, 2, 3, 4, 5, 6, 7, 8].filter(n, n % 2 == 0).exists(n, n > slot.booked)"),
];

fn ours() -> Vec<(&'static str, Value)> {
    let mut slot = Map::new();
    slot.insert("booked", Value::Int(3));
    slot.insert("places", Value::Int(7));
    let mut input = Map::new();
    input.insert("customer", Value::from("Ada"));
    vec![("input", Value::Map(Arc::new(input))), ("slot", Value::Map(Arc::new(slot)))]
}

fn theirs() -> cel::Context<'static, 'static> {
    let mut context = cel::Context::default();
    let slot = HashMap::from([("booked", 3_i64), ("places", 7)]);
    let input = HashMap::from([("customer", "Ada")]);
    context.add_variable("slot", slot).expect("a map is a value");
    context.add_variable("input", input).expect("a map is a value");
    context
}

fn time(mut evaluate: impl FnMut()) -> Duration {
    let begin = Instant::now();
    for _ in 0..EVALUATIONS {
        evaluate();
    }
    begin.elapsed() / EVALUATIONS
}

pub(crate) fn measure() {
    println!("one evaluation, median of {ROUNDS} rounds of {EVALUATIONS}:");
    let (scope, context) = (ours(), theirs());
    for (name, text) in RULES {
        let expression = Expression::parse(text).expect("the rule is right");
        let program = cel::Program::compile(text).expect("the rule is right");
        assert_eq!(
            format!("{:?}", expression.evaluate(&scope).expect("a value")),
            format!("{:?}", program.execute(&context).expect("a value")),
            "both come to the same"
        );
        let (mut own, mut other) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            own.push(time(|| drop(black_box(expression.evaluate(black_box(&scope))))));
            other.push(time(|| drop(black_box(program.execute(black_box(&context))))));
        }
        let (own, other) = (median(own), median(other));
        let ratio = other.as_secs_f64() / own.as_secs_f64();
        println!("  {name:8} {own:>9.0?}  cel crate {other:>9.0?}  ({ratio:.1} times)  {text}");
    }
}
