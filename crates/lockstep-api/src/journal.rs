//! A journal: what an instance did, or what became of a client's lock.

use std::borrow::Cow;

use lockstep_core::{Happening, Time};
use lockstep_definition::Definitions;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::moment::Moment;

/// Names of the activities of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Activities(Vec<String>);

impl Activities {
    /// Returns the names of the activities of a workflow; none if it is not known.
    pub fn of(definitions: Option<&Definitions>, workflow: &str) -> Self {
        let workflow = definitions.and_then(|definitions| definitions.workflows.get(workflow));
        let activities = workflow.map_or(&[][..], |workflow| &workflow.activities);
        Self(activities.iter().map(|activity| activity.name.to_string()).collect())
    }

    fn name(&self, index: u32) -> Option<&str> {
        self.0.get(usize::try_from(index).ok()?).map(String::as_str)
    }
}

/// An entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// When it happened.
    pub at: Moment,
    /// The activity in which it happened, if it is known.
    pub activity: Option<String>,
    /// What happened.
    pub event: HappeningForm,
}

impl Entry {
    /// Returns the form of an entry.
    pub fn of(entry: &lockstep_core::Entry, activities: &Activities) -> Self {
        Self {
            at: Time(entry.at).into(),
            activity: activities.name(entry.activity).map(str::to_owned),
            event: HappeningForm(entry.event.clone()),
        }
    }

    /// Returns the forms of entries.
    pub fn all(entries: &[lockstep_core::Entry], activities: &Activities) -> Vec<Self> {
        entries.iter().map(|entry| Self::of(entry, activities)).collect()
    }
}

/// What an entry of a journal tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HappeningForm(pub Happening);

impl ToSchema for HappeningForm {
    fn name() -> Cow<'static, str> {
        "Happening".into()
    }
}

impl PartialSchema for HappeningForm {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let object = ObjectBuilder::new().schema_type(Type::Object);
        let told = "What happened: a word, such as `finished`, or an object with one, such as \
                    `lock_granted`, and what there is to know of it.";
        OneOfBuilder::new().item(text).item(object).description(Some(told)).into()
    }
}
