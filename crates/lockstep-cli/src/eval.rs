//! `lockstep eval`: the value of an expression, or its type.

mod typed;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str};
use lockstep_expr::{Expression, Map, ParseError, Span, StaticType, json};

use crate::arguments::Format;
use crate::command_error::CommandError;
use crate::status::Status;
use crate::{console, given};

/// Arguments of `lockstep eval`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: lockstep eval 'slot.booked < slot.places' \\\n    \
    --vars '{\"slot\": {\"booked\": 3, \"places\": 4}}'\n\n\
    Exit status 1 if the expression cannot be read or has no value; with --check, if it has mistakes.")]
pub(crate) struct Args {
    /// The expression, without ${ }
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expression: String,
    /// Names and their values: a JSON object, or @FILE that holds one
    #[arg(long, value_name = "JSON|@FILE")]
    vars: Option<String>,
    /// How the value is written; human: as a literal of the expression language
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Write the type instead of the value, and every mistake; names have the types of their values
    #[arg(long, conflicts_with = "format")]
    check: bool,
}

/// What is wrong with an expression, and where.
struct Mistake {
    code: &'static str,
    is_warning: bool,
    message: String,
    span: Span,
    help: Option<String>,
}

/// Evaluates the expression and writes its value.
pub(crate) fn run(args: &Args) -> Result<Status, CommandError> {
    let vars = match &args.vars {
        Some(text) => given::object("--vars", text)?,
        None => Map::new(),
    };
    if args.check {
        return check(&args.expression, &vars);
    }
    match value(&args.expression, &vars) {
        Ok(value) => {
            let text = match args.format {
                Format::Human => value.to_string(),
                Format::Json => json::to_json(&value),
            };
            console::print(&format!("{text}\n"))?;
            Ok(Status::Done)
        }
        Err(mistake) => {
            console::tell(&shown(&args.expression, &mistake));
            Ok(Status::Failed)
        }
    }
}

/// Returns the value of an expression without names; else what is wrong with it, with its place
/// marked.
pub(crate) fn without_names(text: &str, help: &str) -> Result<lockstep_expr::Value, String> {
    value(text, &Map::new()).map_err(|mistake| {
        let is_a_name = mistake.code == lockstep_expr::code::UNKNOWN_NAME;
        let help = if is_a_name { Some(help.to_owned()) } else { mistake.help.clone() };
        shown(text, &Mistake { help, ..mistake })
    })
}

/// Writes the type of the expression and every mistake in it.
fn check(text: &str, vars: &Map) -> Result<Status, CommandError> {
    let (ty, mistakes) = match checked(text, vars) {
        Ok(checked) => checked,
        Err(mistake) => {
            console::tell(&shown(text, &mistake));
            return Ok(Status::Failed);
        }
    };
    for mistake in &mistakes {
        console::tell(&shown(text, mistake));
    }
    console::print(&format!("{ty}\n"))?;
    let failed = mistakes.iter().any(|mistake| !mistake.is_warning);
    Ok(if failed { Status::Failed } else { Status::Done })
}

fn checked(text: &str, vars: &Map) -> Result<(StaticType, Vec<Mistake>), Mistake> {
    let typing = Expression::parse(text).map_err(unreadable)?.check(&typed::Names(vars));
    let mistakes = typing.findings.into_iter().map(|finding| Mistake {
        code: typed::word(finding.kind),
        is_warning: finding.kind.is_warning(),
        message: finding.message,
        span: finding.span,
        help: finding.help,
    });
    Ok((typing.ty, mistakes.collect()))
}

fn unreadable(error: ParseError) -> Mistake {
    Mistake {
        code: "expr.syntax",
        is_warning: false,
        message: error.message,
        span: error.span,
        help: error.help,
    }
}

fn value(text: &str, vars: &Map) -> Result<lockstep_expr::Value, Mistake> {
    let expression = Expression::parse(text).map_err(unreadable)?;
    if let Some(error) = expression.unresolved_calls().into_iter().next() {
        return Err(Mistake { code: lockstep_expr::code::UNKNOWN_FUNCTION, ..unreadable(error) });
    }
    expression.evaluate(vars).map_err(|error| Mistake {
        code: error.code,
        is_warning: false,
        help: (error.code == lockstep_expr::code::UNKNOWN_NAME)
            .then(|| "give it a value: --vars '{\"NAME\": VALUE}'".to_owned()),
        message: error.message,
        span: error.span,
    })
}

/// Returns the mistake with its place marked; the console takes the colours away where they do not
/// belong.
fn shown(text: &str, mistake: &Mistake) -> String {
    let end = mistake.span.end.min(text.len());
    let mark = AnnotationKind::Primary.span(mistake.span.start.min(end)..end);
    let level = if mistake.is_warning { Level::WARNING } else { Level::ERROR };
    let title = level.primary_title(normalize_untrusted_str(&mistake.message)).id(mistake.code);
    let snippet = Snippet::source(text).annotation(mark);
    let mut groups = vec![title.element(snippet)];
    if let Some(help) = &mistake.help {
        let help = Level::HELP.secondary_title(normalize_untrusted_str(help));
        groups.push(Group::with_title(help));
    }
    Renderer::styled().decor_style(DecorStyle::Ascii).render(&groups) + "\n"
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let vars = given::object("--vars", r#"{"slot": {"booked": 3}}"#).unwrap();
        let told = match value(text, &vars) {
            Ok(value) => format!("{value}\n"),
            Err(mistake) => anstream::adapter::strip_str(&shown(text, &mistake)).to_string(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn value_is_shown() {
        check(
            "slot.booked + 1",
            expect![[r#"
            4
        "#]],
        );
    }

    #[test]
    fn place_of_a_mistake_is_marked() {
        check(
            "1 + slot.boked",
            expect![[r#"
            error[expr.no_such_key]: the map has no key `boked`
              |
            1 | 1 + slot.boked
              |     ^^^^^^^^^^
        "#]],
        );
        check(
            "1 +\n  slots",
            expect![[r#"
            error[expr.unknown_name]: `slots` is not bound here
              |
            2 |   slots
              |   ^^^^^
              |
            help: give it a value: --vars '{"NAME": VALUE}'
        "#]],
        );
        check(
            "size(1, 2)",
            expect![[r#"
            error[expr.unknown_function]: `size` takes 1 argument, not 2
              |
            1 | size(1, 2)
              | ^^^^
        "#]],
        );
        check(
            "1 + (2",
            expect![[r#"
            error[expr.syntax]: `(` is never closed
              |
            1 | 1 + (2
              |     ^
        "#]],
        );
        check(
            "",
            expect![[r#"
            error[expr.syntax]: a value is missing
              |
            1 |
              | ^
        "#]],
        );
    }

    #[test]
    fn type_is_told_with_every_mistake() {
        let vars = r#"{"slot": {"booked": 3, "owner": null}, "tags": ["a"]}"#;
        let vars = given::object("--vars", vars).unwrap();
        let told = |text: &str| match checked(text, &vars) {
            Ok((ty, mistakes)) => {
                let mistakes = mistakes
                    .iter()
                    .map(|mistake| anstream::adapter::strip_str(&shown(text, mistake)).to_string());
                format!("{ty}\n{}", mistakes.collect::<Vec<_>>().concat())
            }
            Err(mistake) => mistake.message,
        };
        expect![[r#"
            int
        "#]]
        .assert_eq(&told("slot.booked + size(tags)"));
        expect![[r#"
            bool
            error[expr.no_such_field]: `slot` has no `boked`
              |
            1 | slot.boked + 1 < 'a' || slot.booked == null
              |      ^^^^^
              |
            help: did you mean `booked`?
            error[expr.type]: `<` does not compare int and string
              |
            1 | slot.boked + 1 < 'a' || slot.booked == null
              |                  ^^^
              |
            help: convert one: `int(...)`
            warning[expr.never_null]: `slot.booked` (int) is never null, so this is always false
              |
            1 | slot.boked + 1 < 'a' || slot.booked == null
              |                         ^^^^^^^^^^^
        "#]]
        .assert_eq(&told("slot.boked + 1 < 'a' || slot.booked == null"));
        expect!["a value is missing"].assert_eq(&told("slot.booked +"));
    }
}
