//! What the outlines of all files say: which definitions there are, and which names are bound where,
//! of which type.
//!
//! Invariants:
//!
//! * Nothing is refused: of what cannot be read nothing is said, and its type is `dyn`.
//!
//! Absent by design: findings, and ways through a workflow. A name counts as bound behind the place
//! where it is bound in the text.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_expr::{Expression, Shape, ShapeField, Span, StaticType, Template, Type, TypeScope};

use super::File;
use super::outline::{Entry, Node};

/// Most names whose types are found for one place.
const MAX_NAMES: usize = 1_000;

/// A definition: the first entry of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition<'i> {
    pub(super) file: &'i File,
    pub(super) root: &'i Node,
    /// `workflow`, `entity` or `project`, with the name as its value.
    pub(super) head: &'i Entry,
}

impl<'i> Definition<'i> {
    pub(super) fn name(&self) -> &'i str {
        self.head.value.text(&self.file.source.text).unwrap_or_default()
    }
}

/// The files that belong together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'i> {
    pub(super) files: &'i [File],
}

impl<'i> Facts<'i> {
    /// All definitions of a kind.
    pub(super) fn definitions(&self, kind: &str) -> impl Iterator<Item = Definition<'i>> {
        let all = self
            .files
            .iter()
            .flat_map(|file| file.documents.iter().map(move |document| (file, &document.node)));
        all.filter_map(move |(file, root)| {
            let head = root.entries().first().filter(|entry| entry.key == kind)?;
            Some(Definition { file, root, head })
        })
    }

    pub(super) fn definition(&self, kind: &str, name: &str) -> Option<Definition<'i>> {
        self.definitions(kind).find(|definition| definition.name() == name)
    }

    /// The attributes of an entity.
    pub(super) fn attributes(&self, entity: &str) -> &'i [Entry] {
        let definition = self.definition("entity", entity);
        let attributes = definition.and_then(|definition| definition.root.get("attributes"));
        attributes.map_or(&[], Node::entries)
    }

    /// The type of an entity's objects.
    pub(super) fn object(&self, entity: &str) -> StaticType {
        let Some(definition) = self.definition("entity", entity) else { return StaticType::Dyn };
        let text = &definition.file.source.text;
        let mut fields = vec![
            field("id", StaticType::String, "The id of the object."),
            field("metadata", metadata(), "Who wrote the object, and when."),
        ];
        fields.extend(self.attributes(entity).iter().map(|entry| declared(entry, text)));
        record(entity, fields)
    }

    /// Fields that are declared in a mapping of a document: inputs, fields of a form.
    fn declared(entries: &[Entry], text: &str, name: &str) -> StaticType {
        record(name, entries.iter().map(|entry| declared(entry, text)).collect())
    }

    /// The value of `config`.
    fn config(&self) -> StaticType {
        let Some(project) = self.definitions("project").next() else { return StaticType::Dyn };
        let text = &project.file.source.text;
        let entries = project.root.get("config").map_or(&[][..], Node::entries);
        let fields = entries.iter().map(|entry| {
            let value = entry.value.text(text).unwrap_or_default();
            field(&entry.key, StaticType::Dyn, &format!("`{value}` in the project"))
        });
        record("config", fields.collect())
    }

    /// The names that an expression at `offset` of a workflow can see. `within` are the keys of the
    /// mappings around it, from the outside.
    pub(super) fn scope(
        &self,
        workflow: Definition<'i>,
        offset: usize,
        within: &[&str],
    ) -> Scope<'i> {
        let text: &'i str = &workflow.file.source.text;
        let mut scope = Scope { names: Vec::new(), text };
        let inputs = workflow.root.get("input").map_or(&[][..], Node::entries);
        scope.add("input", Self::declared(inputs, text, "input"), None);
        scope.add("config", self.config(), None);
        scope.add("workflow", workflow_value(), None);
        if within.first() == Some(&"exclusive_lock") {
            return scope;
        }
        scope.add("now", StaticType::Timestamp, None);
        if within.contains(&"catch") {
            scope.add("error", error_value(), None);
        }
        if within.contains(&"headers") || within.contains(&"env") {
            scope.add("secret", StaticType::Dyn, None);
        }
        if within.first() == Some(&"activities") && workflow.root.entry("exclusive_lock").is_some()
        {
            scope.add("lock", lock_value(), None);
        }
        let activities = workflow.root.get("activities").map_or(&[][..], Node::items);
        for activity in activities.iter().take_while(|node| node.span.start <= offset) {
            let own = offset <= activity.span.end;
            if own && activity.entry("exclusive_lock").is_some() {
                scope.add("lock", lock_value(), None);
            }
            for entry in activity.entries() {
                if entry.key == "steps" {
                    self.steps(&entry.value, offset, &mut scope);
                }
                if entry.key == "catch" {
                    for catch in entry.value.items() {
                        if let Some(steps) = catch.get("steps") {
                            self.steps(steps, offset, &mut scope);
                        }
                    }
                }
            }
        }
        scope
    }

    /// Adds what the steps before `offset` bind.
    fn steps(&self, steps: &'i Node, offset: usize, scope: &mut Scope<'i>) {
        for step in steps.items().iter().take_while(|step| step.span.start <= offset) {
            let inside = offset <= step.span.end;
            if let Some(branches) = step.get("parallel") {
                for branch in branches.entries() {
                    self.steps(&branch.value, offset, scope);
                }
            }
            if step.entry("for_each").is_some() && inside {
                self.for_each(step, offset, scope);
            }
            if let Some(find) = step.get("find").filter(|_| inside) {
                let entity = find.get("entity").and_then(|node| node.text(scope.text));
                scope.add("object", self.object(entity.unwrap_or_default()), None);
            }
            if !inside {
                self.bindings(step, scope);
            }
        }
    }

    /// Within the steps of `for_each`: the item, its place, and what the steps before bind.
    fn for_each(&self, step: &'i Node, offset: usize, scope: &mut Scope<'i>) {
        let list = step.get("for_each").and_then(|node| node.text(scope.text));
        let of = match list.map(|text| scope.template(text)) {
            Some(StaticType::List(of)) => (*of).clone(),
            Some(_) | None => StaticType::Dyn,
        };
        let item = step.get("item");
        let name = item.and_then(|node| node.text(scope.text)).unwrap_or("item");
        scope.add(name, of, item.map(|node| node.span));
        if let Some(index) = step.get("index")
            && let Some(name) = index.text(scope.text)
        {
            scope.add(name, StaticType::Int, Some(index.span));
        }
        if let Some(steps) = step.get("steps") {
            self.steps(steps, offset, scope);
        }
    }

    /// What a step binds by `as` or `set`.
    fn bindings(&self, step: &'i Node, scope: &mut Scope<'i>) {
        let writes = step.entry("create").is_some() || step.entry("update").is_some();
        if let Some(set) = step.get("set").filter(|_| !writes) {
            for entry in set.entries() {
                let ty = entry.value.text(scope.text).map(|text| scope.template(text));
                scope.add(&entry.key, ty.unwrap_or(StaticType::Dyn), Some(entry.key_span));
            }
        }
        if let Some(name) = step.get("as")
            && let Some(text) = name.text(scope.text)
        {
            let ty = self.result(step, scope);
            scope.add(text, ty, Some(name.span));
        }
    }

    /// The type of a step's result.
    fn result(&self, step: &Node, scope: &Scope<'_>) -> StaticType {
        let text = scope.text;
        let entity = |key: &str| step.get(key)?.get("entity")?.text(text);
        if let Some(entity) = entity("load") {
            let object = self.object(entity);
            let optional = step.get("load").and_then(|load| load.get("optional")?.text(text));
            return if optional == Some("true") { object.nullable() } else { object };
        }
        if let Some(entity) = entity("find") {
            return self.object(entity).list();
        }
        if let Some(entity) = step.get("create").and_then(|node| node.text(text)) {
            return self.object(entity);
        }
        if let Some(name) = step.get("update").and_then(|node| node.text(text)) {
            return scope.type_of(name).unwrap_or(StaticType::Dyn);
        }
        if step.entry("http").is_some() {
            return http_value();
        }
        if step.entry("exec").is_some() {
            return exec_value();
        }
        if let Some(fields) = step.get("wait").and_then(|wait| wait.get("fields")) {
            return Self::declared(fields.entries(), text, "answers");
        }
        if step.get("workflow").is_some_and(|child| child.entry("start").is_some()) {
            let id = field("instance_id", StaticType::String, "The id of the instance.");
            return record("instance", vec![id]);
        }
        StaticType::Dyn
    }
}

/// A name that an expression can see.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) name: Arc<str>,
    pub(super) ty: StaticType,
    /// Where it is bound, in the same file.
    pub(super) place: Option<Span>,
}

/// The names that an expression can see.
#[derive(Debug)]
pub(super) struct Scope<'i> {
    /// In the order in which they are bound; the last of several with one name counts.
    pub(super) names: Vec<Bound>,
    text: &'i str,
}

impl<'i> Scope<'i> {
    /// Names that every invariant of an entity can see.
    pub(super) fn of_object(text: &'i str, object: &StaticType) -> Self {
        let mut scope = Self { names: Vec::new(), text };
        for field in object.shape().map_or(&[][..], |shape| &shape.fields) {
            scope.add(&field.name, field.ty.clone(), None);
        }
        scope
    }

    fn add(&mut self, name: &str, ty: StaticType, place: Option<Span>) {
        if self.names.len() < MAX_NAMES {
            self.names.push(Bound { name: Arc::from(name), ty, place });
        }
    }

    /// Takes types from elsewhere for names whose type is not known here.
    pub(super) fn learn(&mut self, types: &BTreeMap<Arc<str>, StaticType>) {
        for bound in self.names.iter_mut().filter(|bound| bound.place.is_some()) {
            if bound.ty == StaticType::Dyn
                && let Some(ty) = types.get(&bound.name)
            {
                bound.ty = ty.clone();
            }
        }
    }

    pub(super) fn bound(&self, name: &str) -> Option<&Bound> {
        self.names.iter().rfind(|bound| *bound.name == *name)
    }

    /// The type of a text with expressions.
    fn template(&self, text: &str) -> StaticType {
        Template::parse(text).map_or(StaticType::Dyn, |template| template.check(self).ty)
    }

    /// The type of a text as an expression.
    pub(super) fn expression(&self, text: &str) -> Option<StaticType> {
        Expression::parse(text).ok().map(|expression| expression.check(self).ty)
    }
}

impl TypeScope for Scope<'_> {
    fn type_of(&self, name: &str) -> Option<StaticType> {
        self.bound(name).map(|bound| bound.ty.clone())
    }

    fn names(&self) -> Vec<Arc<str>> {
        self.names.iter().map(|bound| Arc::clone(&bound.name)).collect()
    }
}

/// An attribute, input or field: `name: TYPE` or `name: { type: TYPE, ... }`.
fn declared(entry: &Entry, text: &str) -> ShapeField {
    let written = entry.value.get("type").unwrap_or(&entry.value).text(text).unwrap_or_default();
    let ty = Type::parse(written.trim()).map_or(StaticType::Dyn, |ty| StaticType::from(&ty));
    let optional = entry.value.get("optional").and_then(|node| node.text(text)) == Some("true");
    let ty = if optional { ty.nullable() } else { ty };
    let doc = entry.value.get("description").and_then(|node| node.text(text)).map(Arc::from);
    ShapeField { name: Arc::from(entry.key.as_str()), ty, doc }
}

fn field(name: &str, ty: StaticType, doc: &str) -> ShapeField {
    ShapeField { name: Arc::from(name), ty, doc: Some(Arc::from(doc)) }
}

fn record(name: &str, fields: Vec<ShapeField>) -> StaticType {
    let shape = Shape { name: Arc::from(name), fields, open: true, keyed: true };
    StaticType::Record(Arc::new(shape))
}

fn metadata() -> StaticType {
    record(
        "metadata",
        vec![
            field("version", StaticType::Int, "1 at creation; grows by 1 with each change."),
            field("created_at", StaticType::Timestamp, "When it was created."),
            field("created_by", StaticType::String, "Who created it."),
            field("modified_at", StaticType::Timestamp, "When it was changed last."),
            field("modified_by", StaticType::String, "Who changed it last."),
        ],
    )
}

fn workflow_value() -> StaticType {
    record(
        "workflow",
        vec![
            field("name", StaticType::String, "The name of the workflow."),
            field("instance_id", StaticType::String, "The id of this instance."),
            field("started_at", StaticType::Timestamp, "When the instance was started."),
            field("started_by", StaticType::String, "Who started it."),
        ],
    )
}

fn lock_value() -> StaticType {
    record(
        "lock",
        vec![
            field("token", StaticType::Int, "Grows with each grant: a fencing token."),
            field("keys", StaticType::String.list(), "The keys that are held."),
            field("waited", StaticType::Duration, "How long the activity has waited."),
        ],
    )
}

fn error_value() -> StaticType {
    record(
        "error",
        vec![
            field("code", StaticType::String, "The code of the error."),
            field("message", StaticType::String, "What people read."),
            field("details", StaticType::Dyn, "What else is known."),
            field("activity", StaticType::String, "The activity that failed."),
        ],
    )
}

fn http_value() -> StaticType {
    let headers = StaticType::map(StaticType::String, StaticType::String);
    record(
        "answer",
        vec![
            field("status", StaticType::Int, "The status, such as 200."),
            field("headers", headers, "Headers by their names in lower case."),
            field("body", StaticType::Dyn, "The body: JSON, or a text."),
        ],
    )
}

fn exec_value() -> StaticType {
    record(
        "result",
        vec![
            field("exit_code", StaticType::Int, "The exit status."),
            field("output", StaticType::Dyn, "What the program wrote: JSON, or a text."),
        ],
    )
}
