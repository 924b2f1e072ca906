//! An engine under test: a runner on a store, with definitions in YAML and values in JSON.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockstep_core::transition::StartKey;
use lockstep_core::{Entry, Failure, Happening, InstanceId, ObjectKey};
use lockstep_definition::Source;
use lockstep_expr::{Map, Value, json};
use lockstep_runner::{DefinitionText, Once, Options, Runner, StartError, Started};
use lockstep_store::Store;
use serde_json::Value as Json;
use tokio::task::JoinSet;

use crate::patience::soon;

/// Who starts and imports when a test does not say.
const TESTER: &str = "tester";

/// How an instance ended, as JSON.
pub(crate) type Ended = Result<Json, Failure>;

/// Definitions and the text that they come from.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    text: DefinitionText,
}

impl Written {
    /// Reads definitions from a text.
    pub(crate) fn text(text: &str) -> Self {
        let sources = vec![Source::new("test.yaml", text)];
        Self { text: DefinitionText { sources, config: Vec::new() } }
    }

    /// Reads a file of the folder `workflows`.
    pub(crate) fn workflow(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../workflows").join(name);
        let text = std::fs::read_to_string(path).expect("the file can be read");
        let sources = vec![Source::new(name, text)];
        Self { text: DefinitionText { sources, config: Vec::new() } }
    }

    /// Changes a value of the project's configuration.
    pub(crate) fn configured(mut self, name: &str, value: &str) -> Self {
        self.text.config.push((name.into(), Value::from(value)));
        self
    }
}

/// A running engine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    runner: Arc<Runner>,
    store: Arc<dyn Store>,
}

impl Engine {
    /// Starts an engine that may call this machine.
    pub(crate) async fn start(store: Arc<dyn Store>, written: &Written) -> Self {
        let (engine, recovered) = Self::recover(store, written).await;
        assert!(recovered.is_empty(), "nothing is unfinished in a fresh store");
        engine
    }

    /// Starts an engine on a store that was used; returns what it takes up, too.
    pub(crate) async fn recover(store: Arc<dyn Store>, written: &Written) -> (Self, Vec<Started>) {
        let allowed_hosts = vec!["127.0.0.1".to_owned()];
        let options = Options { allowed_hosts, ..Options::default() };
        Self::with(store, written, options).await
    }

    /// Starts an engine that may do what the options say.
    pub(crate) async fn with(
        store: Arc<dyn Store>,
        written: &Written,
        options: Options,
    ) -> (Self, Vec<Started>) {
        let (runner, recovered) =
            Runner::start(Arc::clone(&store), options).await.expect("the runner starts");
        assert!(recovered.refused.is_empty(), "all can be taken up: {:?}", recovered.refused);
        let (checked, text) = (written.text.check(), &written.text);
        let definitions =
            checked.definitions.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
        runner
            .publish(text.id(), text.encode(), Arc::new(definitions))
            .await
            .expect("definitions can be published");
        (Self { runner: Arc::new(runner), store }, recovered.instances)
    }

    /// Creates an object.
    pub(crate) async fn seed(&self, entity: &str, id: &str, attributes: Json) {
        let Value::Map(map) = value(&attributes) else { panic!("attributes are a map") };
        let key = ObjectKey { entity: entity.into(), id: id.into() };
        let objects = vec![(key, Map::clone(&map))];
        let imported = soon("an import", self.runner.import(TESTER.into(), objects)).await;
        assert_eq!(imported.expect("the object is valid"), (1, 0), "{entity}/{id} is created");
    }

    /// Starts an instance.
    pub(crate) async fn begin(&self, workflow: &str, input: Json) -> Started {
        self.begin_by(TESTER, workflow, input).await
    }

    /// Starts an instance in somebody's name.
    pub(crate) async fn begin_by(&self, by: &str, workflow: &str, input: Json) -> Started {
        self.runner
            .start_instance(workflow.into(), value(&input), by.into())
            .await
            .expect("the runner takes starts")
    }

    /// Returns a future that starts an instance and waits until that is durable.
    pub(crate) fn begin_durably(
        &self,
        workflow: &str,
        input: Json,
    ) -> impl Future<Output = Result<Started, StartError>> + use<> {
        let (runner, workflow) = (Arc::clone(&self.runner), Arc::from(workflow));
        async move { runner.start_durably(workflow, value(&input), TESTER.into()).await }
    }

    /// Returns a future that starts an instance under a key; the request's digest is its input.
    pub(crate) fn begin_once(
        &self,
        key: &str,
        workflow: &str,
        input: Json,
    ) -> impl Future<Output = Result<Once, StartError>> + use<> {
        let (runner, workflow) = (Arc::clone(&self.runner), Arc::from(workflow));
        let key = StartKey { key: key.into(), request: input.to_string().into() };
        async move { runner.start_once(key, workflow, value(&input), TESTER.into()).await }
    }

    /// Runs an instance to its end.
    pub(crate) async fn run(&self, workflow: &str, input: Json) -> Ended {
        ended(self.begin(workflow, input).await).await
    }

    /// Runs instances to their ends, `at_once` of them at any time, each with one of the inputs.
    pub(crate) async fn run_all(
        &self,
        workflow: &str,
        inputs: Vec<Json>,
        at_once: usize,
    ) -> Vec<Ended> {
        let (inputs, next) = (Arc::new(inputs), Arc::new(AtomicUsize::new(0)));
        let mut clients = JoinSet::new();
        for _ in 0..at_once {
            let (engine, workflow) = (self.clone(), workflow.to_owned());
            let (inputs, next) = (Arc::clone(&inputs), Arc::clone(&next));
            clients.spawn(async move {
                let mut endings = Vec::new();
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    endings.push(engine.run(&workflow, input.clone()).await);
                }
                endings
            });
        }
        soon("the end of all instances", clients.join_all()).await.into_iter().flatten().collect()
    }

    /// Reads an object from the store, its metadata under `metadata`.
    pub(crate) async fn object(&self, entity: &str, id: &str) -> Option<Json> {
        object(&self.store, entity, id).await
    }

    /// Reads the journal of an instance from the store.
    pub(crate) async fn journal(&self, id: InstanceId) -> Vec<Entry> {
        self.store.journal(id).await.expect("the journal can be read")
    }

    /// Waits until an instance's journal in the store tells something.
    pub(crate) async fn told(&self, id: InstanceId, what: impl Fn(&Happening) -> bool) {
        crate::patience::until("an entry of a journal", async || {
            self.journal(id).await.iter().any(|entry| what(&entry.event))
        })
        .await;
    }

    /// Cancels an instance.
    pub(crate) async fn cancel(&self, id: InstanceId) {
        self.runner.cancel(id, "a test".to_owned()).await.expect("the runner takes commands");
    }

    /// Sends a signal.
    ///
    /// # Errors
    ///
    /// The code of the error if it is not kept.
    pub(crate) async fn signal(
        &self,
        id: InstanceId,
        name: &str,
        says: Json,
    ) -> Result<(), String> {
        let sent = self.runner.signal(id, name.into(), value(&says), TESTER.into());
        match soon("the answer to a signal", sent).await {
            Ok(()) => Ok(()),
            Err(StartError::Rejected(failure)) => Err(failure.code.to_string()),
            Err(error) => panic!("the runner takes signals: {error}"),
        }
    }

    /// Returns the runner.
    pub(crate) fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Stops the engine and closes its store.
    pub(crate) async fn stop(self) -> Result<(), lockstep_runner::RunnerError> {
        let runner = Arc::try_unwrap(self.runner).expect("nobody uses the engine any more");
        soon("the end of the engine", runner.stop()).await
    }
}

/// Waits for the end of an instance.
pub(crate) async fn ended(started: Started) -> Ended {
    let ending = soon("the end of an instance", started.ending()).await;
    ending.expect("the instance was accepted").map(|output| json(&output))
}

/// Reads an object from a store.
pub(crate) async fn object(store: &Arc<dyn Store>, entity: &str, id: &str) -> Option<Json> {
    let key = ObjectKey { entity: entity.into(), id: id.into() };
    let object = store.load(vec![key]).await.expect("the store answers").pop();
    let object = object.expect("one answer for one key").expect("the object can be read")?;
    Some(json(&Value::Record(object)))
}

/// Returns the code of the error with which an instance ended.
#[track_caller]
pub(crate) fn error_code(ended: &Ended) -> &str {
    match ended {
        Ok(output) => panic!("it must fail, and ended well with {output}"),
        Err(failure) => &failure.code,
    }
}

/// Returns how many ended well and how many with this error; all must be one or the other.
#[track_caller]
pub(crate) fn split(endings: &[Ended], code: &str) -> (usize, usize) {
    let done = endings.iter().filter(|ended| ended.is_ok()).count();
    for failure in endings.iter().filter_map(|ended| ended.as_ref().err()) {
        assert_eq!(&*failure.code, code, "{}", failure.message);
    }
    (done, endings.len() - done)
}

/// Returns a value of the expression language as JSON.
pub(crate) fn json(value: &Value) -> Json {
    serde_json::from_str(&json::to_json(value)).expect("values are written as JSON")
}

fn value(json: &Json) -> Value {
    json::from_json(&json.to_string()).expect("JSON can be read as a value")
}
