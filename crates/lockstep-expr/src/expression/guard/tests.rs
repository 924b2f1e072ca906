//! Facts about conditions: what is known where they came out one way, and what they guard.

use crate::expression::Expression;

/// What is known, each condition that does not hold with a `!` in front.
fn known(text: &str, truth: bool) -> String {
    let facts = Expression::parse(text).unwrap().facts(truth);
    let sign = |holds: bool| if holds { "" } else { "!" };
    let told = facts.iter().map(|fact| format!("{}{}", sign(fact.holds), fact.condition));
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn condition_is_known_with_its_parts() {
    for (text, truth, expected) in [
        ("a", true, "a"),
        ("!a", true, "!a"),
        ("a  ==  'x y'", true, "a=='x y'"),
        ("a != 1", true, "!a==1"),
        ("a != 1", false, "a==1"),
        ("a >= 1", true, "!a<1"),
        ("a > 1", false, "a<=1"),
        ("a in [ 1 ]", true, "a in [1]"),
        ("a && b > 1", true, "a !b<=1 a&&b>1"),
        ("a && b", false, "!a&&b"),
        ("a || !b", false, "!a b !a||!b"),
        ("a || b", true, "a||b"),
        ("!((a == 1))", true, "!a==1"),
        ("((a) || (b))", true, "(a)||(b)"),
        ("!(a || b)", true, "!a !b !a||b"),
        ("(a && b) && c", true, "a b a&&b c (a&&b)&&c"),
    ] {
        assert_eq!(known(text, truth), expected, "{text} is {truth}");
    }
}

#[test]
fn name_is_guarded_by_what_decides_whether_it_is_needed() {
    for (text, name, expected) in [
        ("a ? x : y", "x", "a"),
        ("a ? x : y", "y", "!a"),
        ("a ? 1 : b ? x : y", "y", "!a !b"),
        ("a && x.f > 1", "x", "a"),
        ("x.f > 1 && a", "x", "a"),
        ("a || x", "x", "!a"),
        ("a ? [1].map(i, x + i) : []", "x", "a"),
        ("a + x", "x", ""),
    ] {
        let guarded = Expression::parse(text).unwrap().guarded_names();
        let at = text.find(name).unwrap();
        let found = guarded.iter().find(|guarded| guarded.span.start == at);
        let facts = found.map(|guarded| guarded.facts.as_slice()).unwrap_or_default();
        let sign = |holds: bool| if holds { "" } else { "!" };
        let told = facts.iter().map(|fact| format!("{}{}", sign(fact.holds), fact.condition));
        assert_eq!(told.collect::<Vec<_>>().join(" "), expected, "{name} in {text}");
    }
}

#[test]
fn condition_names_what_it_depends_on() {
    let facts = Expression::parse("b.c > a && a").unwrap().facts(true);
    let names: Vec<Vec<&str>> =
        facts.iter().map(|fact| fact.names.iter().map(|name| &**name).collect()).collect();
    assert_eq!(names, [vec!["a", "b"], vec!["a"], vec!["a", "b"]]);
}
