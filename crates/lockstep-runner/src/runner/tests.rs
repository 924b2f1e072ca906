//! Signals, tasks and children through a running engine, on a store in memory.

use lockstep_core::transition::Status;
use lockstep_definition::Source;
use lockstep_store::Memory;
use uuid::Uuid;

use super::*;
use crate::DefinitionText;

const DEFINITIONS: &str = r#"
workflow: approve
input: { n: int }
activities:
  - activity: approve
    steps:
      - task: { type: double, input: "${input.n}" }
        as: doubled
      - wait: { form: approval, fields: { approved: bool } }
        as: answer
      - workflow: { call: child, input: { n: "${doubled}" } }
        as: child
output: "${[answer.approved, child]}"
---
workflow: child
input: { n: int }
activities:
  - activity: child
    steps:
      - task: { type: double, input: "${input.n}" }
        as: doubled
output: "${doubled}"
---
workflow: unknown
activities:
  - activity: unknown
    steps:
      - task: { type: nobody }
"#;

async fn runner(store: Arc<Memory>) -> (Runner, Recovered) {
    let options = Options::default().task("double", |task: Task| async move {
        let Value::Int(n) = task.input else { return Err(Failure::new("not.a.number", "")) };
        Ok(Value::Int(n * 2))
    });
    let (runner, recovered) = Runner::start(store, options).await.expect("it starts");
    let text =
        DefinitionText { sources: vec![Source::new("test.yaml", DEFINITIONS)], config: Vec::new() };
    let checked = text.check();
    let definitions = checked.definitions.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    runner.publish(text.id(), text.encode(), definitions.into()).await.expect("it is stored");
    (runner, recovered)
}

fn answers(approved: impl Into<Value>) -> Value {
    Value::from(Map::from_iter([("approved", approved.into())]))
}

async fn signal(runner: &Runner, id: InstanceId, payload: Value) -> Result<(), String> {
    let sent = runner.signal(id, "approval".into(), payload, "ann".into()).await;
    sent.map_err(|error| match error {
        StartError::Rejected(failure) => failure.code.to_string(),
        StartError::Runner(error) => error.to_string(),
    })
}

#[tokio::test]
async fn tasks_children_and_answers_meet_in_one_instance_over_a_restart() {
    let store = Arc::new(Memory::new());
    let (first, _) = runner(Arc::clone(&store)).await;
    let input = Value::from(Map::from_iter([("n", Value::Int(3))]));
    let started = first.start_instance("approve".into(), input, "ann".into()).await;
    let id = started.expect("it is taken").id;
    // The answers may come before they are asked for; then they are kept.
    assert_eq!(signal(&first, id, answers(true)).await, Ok(()));
    first.stop().await.expect("it stops");
    store.reopen();

    let (second, recovered) = runner(store).await;
    for instance in recovered.instances {
        instance.ending().await.expect("it goes on").expect("it ends well");
    }
    let stored = second.store().instance(id).await.expect("it is read").expect("it is there");
    let Status::Done { output, .. } = stored.row.expect("it is readable").status else {
        panic!("it has not ended well");
    };
    assert_eq!(output, Value::List(vec![Value::Bool(true), Value::Int(12)].into()));
    assert_eq!(signal(&second, id, answers(true)).await, Err("instance.ended".to_owned()));
    let nobody = InstanceId(Uuid::from_u128(1));
    assert_eq!(signal(&second, nobody, answers(true)).await, Err("data.not_found".to_owned()));
}

#[tokio::test]
async fn a_task_without_a_function_fails_and_says_so() {
    let (runner, _) = runner(Arc::new(Memory::new())).await;
    let started = runner.start_instance("unknown".into(), Value::Null, "ann".into()).await;
    let ending = started.expect("it is taken").ending().await.expect("it is accepted");
    let failure = ending.expect_err("nobody does it");
    assert_eq!(&*failure.code, "task.failed");
    assert!(failure.message.contains("nobody"), "{}", failure.message);
}
