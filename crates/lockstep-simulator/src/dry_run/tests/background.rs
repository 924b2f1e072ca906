//! Objects that are not seeds: they are read from a background.

use lockstep_core::Object;

use super::*;

/// A background with one item, `a` at version 5, that counts what it is asked.
#[derive(Default)]
struct Five {
    asked: Vec<String>,
}

impl Background for Five {
    fn load(&mut self, key: &ObjectKey) -> Result<Option<Arc<Object>>, Failure> {
        self.asked.push(key.to_string());
        Ok((&*key.id == "a").then(five))
    }

    fn query(&mut self, entity: &Arc<str>) -> Result<Vec<Arc<Object>>, Failure> {
        self.asked.push(entity.to_string());
        Ok(vec![five()])
    }
}

fn five() -> Arc<Object> {
    Arc::new(Object {
        key: item("a").0,
        version: 5,
        stamp: 77,
        created_at: BEGAN,
        created_by: "them".into(),
        modified_at: BEGAN,
        modified_by: "them".into(),
        attributes: Map::from_iter([("n", Value::Int(40)), ("t", Value::Null)]),
    })
}

#[test]
fn object_of_the_background_is_read_once_and_wins_over_a_seed() {
    let mut background = Five::default();
    told_before(
        &mut background,
        r#"
  - activity: change
    steps:
      - load: { entity: Item, id: a }
        as: item
      - update: item
        set: { n: "${item.n + 2}" }
      - load: { entity: Item, id: x, optional: true }
        as: nothing
  - activity: again
    steps:
      - find: { entity: Item }
        as: items
      - delete: item
  - activity: at-last
    steps:
      - find: { entity: Item }
        as: left
output: { before: "${items.map(i, i.id)}", left: "${left.map(i, i.id)}", nothing: "${nothing}" }
"#,
        "[]",
        expect![[r#"
            0 change: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(5) }
            0 change: Read { key: ObjectKey { entity: "Item", id: "x" }, version: None }
            0 change: commit Item/a 5->6 {n 40->42}
            0 again: Queried { entity: "Item", count: 2 }
            0 again: commit Item/a 6->0 {n 42->-, t null->-}
            0 at-last: Queried { entity: "Item", count: 1 }
            0 done {"before": ["a", "b"], "left": ["b"], "nothing": null}
        "#]],
    );
    expect!["Item/a Item/b Item/a Item/x Item"].assert_eq(&background.asked.join(" "));
}
