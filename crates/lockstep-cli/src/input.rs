//! The input of instances, from `--input` and `--input-json`.
//!
//! `{n}` in a value of `--input` stands for the number of the instance, `{n%100}` for its remainder
//! by 100: so one command spreads a thousand instances over a hundred objects.
//!
//! Invariants:
//!
//! * A value is taken as JSON if that fits the declared type, else as a text; so `id=42` is a text
//!   for an input of type `string` and a number for one of type `int`.
//! * The first instance's input is checked before anything is opened or written.

use std::sync::Arc;

use lockstep_core::conformity;
use lockstep_definition::{Input, Workflow, conform};
use lockstep_expr::{Map, Value, json};

use crate::command_error::CommandError;
use crate::given;

/// How inputs are given.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct InputArgs {
    /// An input; the value is JSON or a text. {n%100} in it stands for the number of the instance,
    /// from 0, modulo 100; without %100 for the number itself
    #[arg(long, value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// All inputs as a JSON object, or @FILE that holds one; --input adds to it
    #[arg(long, value_name = "JSON|@FILE")]
    input_json: Option<String>,
}

/// The inputs of all instances of a command.
#[derive(Debug)]
pub(crate) struct Inputs {
    workflow: Arc<Workflow>,
    fixed: Map,
    given: Vec<(String, Pattern)>,
}

impl Inputs {
    /// Reads what is given, and checks it as the input of the first instance.
    pub(crate) fn read(args: &InputArgs, workflow: &Arc<Workflow>) -> Result<Self, CommandError> {
        let fixed = match &args.input_json {
            Some(text) => given::object("--input-json", text)?,
            None => Map::new(),
        };
        let mut given = Vec::new();
        for text in &args.input {
            let (name, value) = given::pair("--input", text)?;
            if given.iter().any(|(known, _)| known == name) {
                return Err(CommandError::usage(format!("input `{name}` is given twice")));
            }
            given.push((name.to_owned(), Pattern::parse(value)?));
        }
        let inputs = Self { workflow: Arc::clone(workflow), fixed, given };
        match conformity::input(workflow, &inputs.of_instance(0)) {
            Ok(_) => Ok(inputs),
            Err(failure) => Err(CommandError::usage_with(failure.message, inputs.declared())),
        }
    }

    /// Returns the input of an instance, by its number from 0.
    pub(crate) fn of_instance(&self, number: u64) -> Value {
        let mut input = self.fixed.clone();
        for (name, pattern) in &self.given {
            let declared = self.workflow.input.iter().find(|input| *input.name == **name);
            input.insert(name.as_str(), chosen(declared, &pattern.fill(number)));
        }
        Value::from(input)
    }

    fn declared(&self) -> String {
        let inputs: Vec<String> = self.workflow.input.iter().map(described).collect();
        let workflow = &self.workflow.name;
        if inputs.is_empty() {
            return format!("workflow `{workflow}` takes no input");
        }
        format!("workflow `{workflow}` takes: {}", inputs.join(", "))
    }
}

fn described(input: &Input) -> String {
    let Input { name, ty, optional, default } = input;
    match default {
        Some(value) => format!("{name}: {ty} (default {value})"),
        None if *optional => format!("{name}: {ty} (optional)"),
        None => format!("{name}: {ty}"),
    }
}

fn chosen(declared: Option<&Input>, text: &str) -> Value {
    let Ok(value) = json::from_json(text) else { return Value::from(text) };
    let Some(declared) = declared else { return value };
    let is_null = matches!(value, Value::Null) && declared.optional;
    let fits = |value: &Value| conform(&declared.ty, value.clone()).is_ok();
    let text = Value::from(text);
    if is_null || fits(&value) || !fits(&text) { value } else { text }
}

/// A text with places for the number of an instance.
#[derive(Debug, PartialEq, Eq)]
struct Pattern(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number,
    Remainder(u64),
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, CommandError> {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut plain = String::new();
        while let Some((before, after)) = rest.split_once("{n") {
            plain.push_str(before);
            let part = match after.split_once('}') {
                Some(("", after)) => Some((Part::Number, after)),
                Some((inner, after)) => remainder(inner)?.map(|part| (part, after)),
                None => None,
            };
            let Some((part, after)) = part else {
                plain.push_str("{n");
                rest = after;
                continue;
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(part);
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    fn fill(&self, number: u64) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Number => number.to_string(),
            Part::Remainder(by) => number.checked_rem(*by).unwrap_or(0).to_string(),
        });
        parts.collect()
    }
}

/// Reads what stands between `{n` and `}`; `None` if it is no remainder, and so plain text.
fn remainder(inner: &str) -> Result<Option<Part>, CommandError> {
    let Some(by) = inner.strip_prefix('%') else { return Ok(None) };
    match by.parse() {
        Ok(0) | Err(_) => Err(CommandError::usage_with(
            format!("`{{n%{by}}}` is no remainder"),
            "write a whole number from 1, such as {n%100}",
        )),
        Ok(by) => Ok(Some(Part::Remainder(by))),
    }
}

#[cfg(test)]
mod tests;
