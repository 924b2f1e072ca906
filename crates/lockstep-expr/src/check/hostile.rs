//! Texts that are made to take the checker's time, its stack or its memory.
//!
//! The time is measured in units of work, not by a clock: see [`super::unify`] and [`super::path`].

use std::sync::Arc;

use super::{TypeScope, Typing};
use crate::expression::{Expression, MAX_TEXT};
use crate::static_type::StaticType;

struct Maybes;

impl TypeScope for Maybes {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        match name {
            "m" => Some(StaticType::map(StaticType::String, StaticType::Int.nullable())),
            "a" => Some(StaticType::Dyn),
            _ => None,
        }
    }

    fn names(&self) -> Vec<Arc<str>> {
        (0..1_000).map(|number| format!("name_{number}").into()).collect()
    }
}

/// Writes `unit` as often as the text may be long.
fn filled(first: &str, unit: &str, last: &str) -> String {
    let times = (MAX_TEXT - first.len() - last.len()) / unit.len();
    format!("{first}{}{last}", unit.repeat(times))
}

fn texts() -> Vec<String> {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        format!("{}{inner}{}", open.repeat(times), close.repeat(times))
    };
    let blocks = {
        let mut values = vec!["[]".to_owned()];
        for number in 0..800 {
            values.push(format!("[cel.index({number})]"));
        }
        format!("cel.block([{}], cel.index(700) == cel.index(699))", values.join(","))
    };
    let mixed = {
        let mut values = vec!["[]".to_owned()];
        for number in 0..340 {
            values.push(format!("[cel.index({number}),cel.index(0),[]]"));
        }
        format!("cel.block([{}], cel.index(300) + cel.index(1))", values.join(","))
    };
    let distinct: Vec<String> = (0..1_100).map(|number| format!("m.f{number}!=null&&")).collect();
    vec![
        filled("[1", ",'a'", "]"),
        filled("[[]", ",[[[[[[[[[]]]]]]]]]", "]"),
        filled("1", "+'a'", ""),
        filled("a", "+a", ""),
        filled("[]", "+[]", ""),
        filled("[[[[[[[[]]]]]]]]", "+[[[[[[[[[[]]]]]]]]]]", ""),
        filled("nothing", "+nothing", ""),
        filled("[nam", ",nam", "]"),
        filled("[m.a", ",m.a+1", "]"),
        filled("m.a!=null", "&&m.a!=null", ""),
        filled(&distinct.concat(), "m.z>1&&", "true"),
        filled("m.a==null?1", ":m.b==null?1", ":2"),
        filled("[f(a)", ",f(a)", "]"),
        filled("[a.siez()", ",a.siez()", "]"),
        filled("[1.siez", ",'a'.yaer", "]"),
        filled("math.greatest(1", ",1", ")"),
        filled("math.greatest('a'", ",1", ")"),
        filled("{'a':1", ",'a':[]", "}"),
        filled("'a'", ".replace(1,2)", "").replacen("'a'.", "a.", 1).chars().take(1_200).collect(),
        nested("[", "", "]", 64),
        nested("[].map(x,", "[x]", ")", 60),
        nested("[[]].map(x,[x]+", "[x]", ")", 60),
        nested("cel.bind(x,[],[x]+", "[]", ")", 60),
        nested("(m.a!=null&&", "m.a>1", ")", 60),
        nested("(m.a!=null||m.b==null&&", "m.a>1", ")", 60),
        nested("optional.of(", "1", ")", 60),
        nested("optional.of([", "1", "])", 32),
        blocks,
        mixed,
    ]
}

fn check(text: &str) -> Option<Typing> {
    let parsed = Expression::parse(text).ok()?;
    let _facts = (parsed.present_when(true), parsed.present_when(false));
    Some(parsed.check(&Maybes))
}

#[test]
fn hostile_text_is_checked_within_bounds() {
    let mut checked = 0;
    for text in texts() {
        let Some(typing) = check(&text) else { continue };
        checked += 1;
        assert!(typing.findings.len() <= 100, "{text:.40}");
        assert!(typing.ty.to_string().len() < 2_000, "{text:.40}");
        for finding in &typing.findings {
            let length = finding.message.len();
            assert!(length < 1_000, "{length}: {text:.40}");
            assert!(text.get(finding.span.start..finding.span.end).is_some());
        }
    }
    assert!(checked > 22, "only {checked} texts were expressions");
}
