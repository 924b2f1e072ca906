//! Clauses about contents: what is written is read, to the last bit.

use std::sync::Arc;

use lockstep_core::transition::{Expected, InstanceRow, Status};
use lockstep_core::{Entry, Failure, Happening, Time, codec};
use lockstep_expr::{Duration, Map, Reference, Timestamp, Value};

use super::draft::{
    Draft, MOMENT, committed, instance, key, load, object, row, stored_row, with_attributes,
};
use super::{Home, open};

/// Large, but no rarity: a scanned page.
const LARGE: usize = 3 << 20;

/// Every kind of value comes back as the kind that it was.
pub async fn values_of_all_kinds_survive(home: &dyn Home) {
    let mut mixed = Map::new();
    mixed.insert(true, Value::Null);
    mixed.insert(-1_i64, Value::Bool(false));
    mixed.insert("$uint", Value::from("no number"));
    let mut tagged = Map::new();
    tagged.insert("$uint", Value::from("7"));
    let reference = Reference { entity: "order".into(), id: "o/1".into() };
    let span = Duration::parse("1h30m").expect("it is a duration");
    survive(
        home,
        vec![
            Value::Null,
            Value::Bool(true),
            Value::Uint(7),
            Value::Double(1.0),
            Value::Bytes(vec![0, 255, 39].into()),
            Value::from(vec![]),
            Value::from(vec![Value::Int(1), Value::from(vec![Value::Uint(1)])]),
            Value::from(Map::new()),
            Value::from(mixed),
            Value::from(tagged),
            Value::Timestamp(Timestamp::from_micros(MOMENT.0)),
            Value::Duration(span),
            Value::Type("int".into()),
            Value::from(reference),
            Value::Record(Arc::new(object("m9", 3, 4))),
        ],
    )
    .await;
}

/// Whole numbers survive at the ends of their ranges, as values and as numbers of the engine.
pub async fn whole_numbers_are_exact(home: &dyn Home) {
    let int = [i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, (1 << 53) + 1, 0, -1];
    let uint = [u64::MAX, u64::MAX - 1, (1 << 63) + 1, 0];
    let values = int.into_iter().map(Value::Int).chain(uint.into_iter().map(Value::Uint));
    survive(home, values.collect()).await;

    let store = open(home).await;
    let number = i64::MAX;
    let mut extreme = object("extreme", i64::MAX - 1, number);
    extreme.created_at = Time(i64::MIN);
    extreme.modified_at = Time(i64::MAX);
    committed(&store, Draft::new(number).put(Expected::Absent, extreme)).await;
    let read = load(&store, key("extreme")).await.expect("it was created");
    assert_eq!((read.version, read.stamp), (i64::MAX - 1, number));
    assert_eq!((read.created_at, read.modified_at), (Time(i64::MIN), Time(i64::MAX)));
    committed(&store, Draft::new(number).update("extreme", i64::MAX, number)).await;
}

/// Floating-point numbers come back with the same bits.
pub async fn floating_point_numbers_are_exact(home: &dyn Home) {
    let mut doubles = vec![
        0.1,
        1.0,
        -0.0,
        1e300,
        5e-324,
        f64::MAX,
        f64::MIN_POSITIVE,
        9_007_199_254_740_993.0,
        1.0 / 3.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..500 {
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let double = f64::from_bits(bits);
        if double.is_finite() {
            doubles.push(double);
        }
    }
    survive(home, doubles.into_iter().map(Value::Double).collect()).await;
}

/// Texts are neither cut nor changed, as values and as names.
pub async fn texts_survive_whatever_is_in_them(home: &dyn Home) {
    let texts = [
        "",
        "plain",
        "a\0b",
        "\0",
        "it's \"quoted\" \\ `back`",
        "[1, 2]",
        "null",
        "1e5",
        "\u{1}\u{1f}\u{7f}\u{2028}\n\r\t",
        "ä ö ü ß 漢字 🔒 e\u{301}",
        "\u{feff}bom",
        "'; drop table object; --",
        "%_*?",
    ];
    survive(home, texts.map(Value::from).to_vec()).await;

    let store = open(home).await;
    for (number, text) in (1000..).zip(texts) {
        let mut object = object(text, 1, number);
        object.created_by = text.into();
        object.modified_by = text.into();
        let draft = Draft::new(number).put(Expected::Absent, object).unique(&[text]);
        committed(&store, draft).await;
        let read = load(&store, key(text)).await.expect("it was created");
        assert_eq!((&*read.key.id, &*read.created_by, &*read.modified_by), (text, text, text));
        committed(&store, Draft::new(number + 5000).update(text, 2, number)).await;
    }
}

/// A value of some megabytes is a value.
pub async fn large_values_survive(home: &dyn Home) {
    survive(home, vec![Value::from("x".repeat(LARGE)), Value::Bytes(vec![7; LARGE].into())]).await;
}

/// Input, output, error and state of an instance come back as they were.
pub async fn instance_survives_with_all_its_fields(home: &dyn Home) {
    let store = open(home).await;
    let mut input = Map::new();
    input.insert("message", Value::from("m\0 \"1\""));
    input.insert("count", Value::Uint(u64::MAX));
    let failure = Failure {
        code: "timeslot.full".into(),
        message: "no place\nleft".to_owned(),
        details: Value::from(input.clone()),
        retryable: true,
        activity: "book".into(),
        place: None,
    };
    let statuses = [
        Status::Running("{\"at\": \"a\0\", 'b'}".into()),
        Status::Done { at: Time(i64::MIN), output: Value::Double(1.0) },
        Status::Done { at: Time(0), output: Value::Null },
        Status::Failed { at: Time(i64::MAX), failure },
        Status::Failed { at: Time(0), failure: Failure::new("a.b", "") },
    ];
    for (number, status) in (1..).zip(statuses) {
        let written = InstanceRow {
            workflow: "läs".into(),
            definitions: "sha256:0".into(),
            input: Value::from(input.clone()),
            started_by: "o'hara".into(),
            started_at: Time(i64::MAX),
            ticket: u64::MAX,
            ..row(instance(1), status)
        };
        let expected = shown(&written);
        committed(&store, Draft::new(number).row(written)).await;
        let read = stored_row(&store, instance(1)).await.expect("it was started");
        assert_eq!(shown(&read), expected);
    }
}

/// Every kind of entry comes back.
pub async fn journal_survives_with_all_its_events(home: &dyn Home) {
    let text = || "it's \"a\" \0 é".to_owned();
    let events = [
        Happening::Started,
        Happening::LockWaited { key: text(), holder: None },
        Happening::LockWaited { key: text(), holder: Some(text()) },
        Happening::LockGranted { key: text(), token: i64::MAX, waited: 0 },
        Happening::LockLost { key: text(), token: i64::MIN },
        Happening::Skipped,
        Happening::Called { key: text(), attempt: u32::MAX },
        Happening::Returned { key: text(), error: Some(text()) },
        Happening::Committed(vec![(text(), i64::MAX), (text(), 0)]),
        Happening::Retried { error: text() },
        Happening::Caught { error: text() },
        Happening::Logged(text()),
        Happening::Waited { signal: Some(text()), title: Some(text()), until: Some(i64::MIN) },
        Happening::Waited { signal: None, title: None, until: None },
        Happening::Signalled { name: text(), by: text() },
        Happening::SignalTaken { name: text(), by: text() },
        Happening::SignalDropped { name: text(), by: text(), error: text() },
        Happening::ChildStarted { instance: text(), workflow: text(), awaited: true },
        Happening::ChildEnded { instance: text(), error: Some(text()) },
        Happening::EachBegan { items: u32::MAX },
        Happening::ParallelBegan { branches: vec![text()] },
        Happening::Recovered,
        Happening::Finished,
        Happening::Failed { error: text(), message: text() },
    ];
    let entries: Vec<Entry> = (0_u32..)
        .zip(events)
        .map(|(activity, event)| Entry { at: MOMENT.0 + i64::from(activity), activity, event })
        .collect();
    let store = open(home).await;
    let draft = entries.iter().cloned().fold(Draft::new(1).of(instance(1)), Draft::entry);
    committed(&store, draft).await;
    assert_eq!(store.journal(instance(1)).await.expect("the journal is read"), entries);
}

/// Writes the values as attributes of one object each, and compares their exact forms.
async fn survive(home: &dyn Home, values: Vec<Value>) {
    let store = open(home).await;
    let mut draft = Draft::new(1);
    for (number, value) in values.iter().enumerate() {
        let mut attributes = Map::new();
        attributes.insert("value", value.clone());
        let object = with_attributes(&format!("v{number}"), 1, 1, attributes);
        draft = draft.put(Expected::Absent, object);
    }
    committed(&store, draft).await;
    for (number, value) in values.iter().enumerate() {
        let read = load(&store, key(&format!("v{number}"))).await.expect("it was created");
        let read = read.attributes.get("value").expect("the attribute is there");
        assert!(codec::encode(read) == codec::encode(value), "value {number} was changed");
    }
    store.close().await.expect("the store is closed");
}

fn shown(row: &InstanceRow) -> String {
    let status = match &row.status {
        Status::Running(state) => format!("running {state}"),
        Status::Done { at, output } => format!("done {at:?} {}", codec::encode(output)),
        Status::Failed { at, failure } => {
            let details = codec::encode(&failure.details);
            format!(
                "failed {at:?} {} {} {details} {} {:?}",
                failure.code, failure.message, failure.activity, failure.place
            )
        }
    };
    let input = codec::encode(&row.input);
    format!(
        "{} {} {} {input} {} {:?} {} {status}",
        row.id, row.workflow, row.definitions, row.started_by, row.started_at, row.ticket
    )
}
