use super::*;
use crate::value::map::Map;

fn shape(name: &str, keyed: bool) -> StaticType {
    let fields = vec![
        ShapeField { name: "id".into(), ty: StaticType::String, doc: None },
        ShapeField { name: "note".into(), ty: StaticType::String.nullable(), doc: None },
    ];
    StaticType::Record(Arc::new(Shape { name: name.into(), fields, open: false, keyed }))
}

#[test]
fn declared_type_is_written_as_it_was_declared() {
    for text in ["int", "list<string>", "map<string, list<double>>", "ref<Message>", "any", "null"]
    {
        let declared = Type::parse(text).unwrap();
        assert_eq!(StaticType::from(&declared).to_string(), text);
    }
    assert_eq!(StaticType::Int.nullable().to_string(), "int or null");
    assert_eq!(shape("Timeslot", false).to_string(), "Timeslot");
}

#[test]
fn null_is_added_once() {
    assert_eq!(StaticType::Int.nullable().nullable(), StaticType::Int.nullable());
    assert_eq!(StaticType::Dyn.nullable(), StaticType::Dyn);
    assert_eq!(StaticType::Null.nullable(), StaticType::Null);
    assert_eq!(StaticType::Int.nullable().without_null(), StaticType::Int);
}

#[test]
fn value_may_stand_where_its_type_is_wanted() {
    use Assignability::{MayBeNull, No, Unknown, Yes};
    let object = || shape("Message", false);
    let map = |of: StaticType| StaticType::map(StaticType::String, of);
    let reference = |entity: &str| StaticType::Reference(Some(entity.into()));
    for (ty, target, expected) in [
        (StaticType::Int, StaticType::Int, Yes),
        (StaticType::Int, StaticType::Double, No),
        (StaticType::Int, StaticType::Dyn, Yes),
        (StaticType::Dyn, StaticType::Int, Unknown),
        (StaticType::Int.nullable(), StaticType::Int, MayBeNull),
        (StaticType::Int.nullable(), StaticType::String, No),
        (StaticType::Int.nullable(), StaticType::Int.nullable(), Yes),
        (StaticType::Int, StaticType::Int.nullable(), Yes),
        (StaticType::Null, StaticType::Int.nullable(), Yes),
        (StaticType::Null, StaticType::Int, No),
        (StaticType::Int.list(), StaticType::Int.list(), Yes),
        (StaticType::Dyn.list(), StaticType::Int.list(), Unknown),
        (StaticType::Int.nullable().list(), StaticType::Int.list(), MayBeNull),
        (StaticType::Int.list(), StaticType::String.list(), No),
        (map(StaticType::Int), map(StaticType::Int), Yes),
        (StaticType::map(StaticType::Int, StaticType::Int), map(StaticType::Int), No),
        (object(), reference("Message"), Yes),
        (object(), reference("Order"), No),
        (reference("Message"), reference("Message"), Yes),
        (reference("Order"), reference("Message"), No),
        (StaticType::Reference(None), reference("Message"), Unknown),
        (object(), object(), Yes),
        (object(), map(StaticType::Dyn), No),
        (shape("input", true), map(StaticType::Dyn), Yes),
        (shape("input", true), map(StaticType::String), MayBeNull),
        (map(StaticType::Dyn), shape("input", true), Unknown),
        (StaticType::Int.optional(), StaticType::Int, No),
    ] {
        assert_eq!(ty.assignable_to(&target), expected, "{ty} to {target}");
    }
}

#[test]
fn values_have_their_types() {
    let mut map = Map::new();
    map.insert("a", Value::Int(1));
    map.insert("b", Value::Null);
    for (value, expected) in [
        (Value::from(map), "map<string, int or null>"),
        (Value::from(vec![Value::Int(1), Value::from("a")]), "list<any>"),
        (Value::from(Vec::new()), "list<any>"),
        (Value::some(Value::Int(1)), "optional<int>"),
        (Value::Type("int".into()), "type"),
    ] {
        assert_eq!(StaticType::of_value(&value).to_string(), expected);
    }
}

#[test]
fn type_that_nests_too_deeply_is_any() {
    let mut ty = StaticType::Int;
    for _ in 0..10_000 {
        ty = ty.list();
    }
    let written = ty.to_string();
    assert!(written.contains("any") && written.len() < 1_000, "{written}");
    let mut value = Value::Int(1);
    for _ in 0..1_000 {
        value = Value::from(vec![value]);
    }
    assert!(StaticType::of_value(&value).to_string().contains("any"));
}
