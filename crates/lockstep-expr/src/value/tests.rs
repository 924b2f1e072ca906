//! Values and maps: equality, order of keys, small and large maps alike.

use super::Value;
use super::map::{Key, Map};

#[test]
fn a_value_has_24_bytes() {
    assert_eq!(size_of::<Value>(), 24);
    assert_eq!(size_of::<Option<Value>>(), 24);
}

#[test]
fn maps_keep_the_order_of_insertion_at_every_size() {
    for size in [0_i64, 1, 5, 12, 13, 14, 100] {
        let mut map = Map::new();
        for number in 0..size {
            assert_eq!(map.insert(format!("key{}", size - number), Value::Int(number)), None);
        }
        assert_eq!(i64::try_from(map.len()).unwrap(), size);
        for (place, (key, value)) in map.iter().enumerate() {
            let number = i64::try_from(place).unwrap();
            assert_eq!(*key, Key::from(format!("key{}", size - number)));
            assert_eq!(*value, Value::Int(number));
            assert_eq!(map.get(&format!("key{}", size - number)), Some(value));
        }
        assert_eq!(map.get("key"), None);
    }
}

#[test]
fn inserting_again_replaces_in_place() {
    for size in [3_i64, 30] {
        let mut map: Map = (0..size).map(|number| (number, Value::Int(number))).collect();
        assert_eq!(map.insert(1_i64, "new".into()), Some(Value::Int(1)));
        assert_eq!(map.iter().nth(1), Some((&Key::Int(1), &Value::from("new"))));
        assert_eq!(map.len(), usize::try_from(size).unwrap());
    }
}

#[test]
fn removing_keeps_the_order_of_the_others() {
    for size in [3_i64, 30] {
        let mut map: Map =
            (0..size).map(|number| (number.to_string(), Value::Int(number))).collect();
        assert_eq!(map.remove("1"), Some(Value::Int(1)));
        assert_eq!(map.remove("1"), None);
        assert_eq!(map.iter().nth(1), Some((&Key::from("2"), &Value::Int(2))));
    }
}

#[test]
fn int_and_uint_keys_of_one_number_are_one_key() {
    for size in [2_u64, 20] {
        let map: Map = (0..size).map(|number| (number, Value::from(number))).collect();
        assert_eq!(map.get_key(&Key::Int(1)), Some(&Value::Int(1)));
        assert_eq!(map.get_key(&Key::Int(-1)), None);
        assert_eq!(map.get_key(&Key::Bool(true)), None);
        assert_eq!(map.get("1"), None);
    }
}

#[test]
fn equality_of_maps_ignores_the_order() {
    let forwards: Map = (0..20_i64).map(|number| (number, Value::Int(number))).collect();
    let backwards: Map = (0..20_u64).rev().map(|number| (number, Value::from(number))).collect();
    assert_eq!(Value::from(forwards.clone()), Value::from(backwards));
    let fewer: Map = (0..19_i64).map(|number| (number, Value::Int(number))).collect();
    assert_ne!(Value::from(forwards), Value::from(fewer));
}
