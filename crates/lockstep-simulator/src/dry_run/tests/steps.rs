//! Steps that read and change objects, and what a commit tells.

use super::*;

#[test]
fn lock_read_and_commit_are_told_in_order() {
    told(
        r#"
  - activity: count
    exclusive_lock: { context: 'ref("Item", input.id)' }
    steps:
      - load: { entity: Item, id: "${input.id}" }
        as: item
      - log: "it is ${item.n}"
      - update: item
        set: { n: "${item.n + 1}" }
  - activity: left-out
    when: item.n > 1
    steps: [commit]
  - activity: make
    steps:
      - create: Item
        id: c
        set: { n: 7 }
        as: made
      - delete: item
output: { n: "${item.n}", made: "${made.metadata.version}" }
"#,
        "[]",
        expect![[r#"
            0 count: lock Some("ref(\"Item\", input.id)") Item/a after 0ns
            0 count: Read { key: ObjectKey { entity: "Item", id: "a" }, version: Some(1) }
            0 count: Logged("it is 0")
            0 count: commit Item/a 1->2 {n 0->1}
            0 left-out: Skipped
            0 make: Read { key: ObjectKey { entity: "Item", id: "c" }, version: None }
            0 make: commit Item/c 0->1 {n -->7, t -->null}; Item/a 2->0 {n 1->-, t null->-}
            0 done {"n": 1, "made": 1}
        "#]],
    );
}

#[test]
fn unique_constraint_refuses_the_commit() {
    told(
        r#"
  - activity: twice
    auto_commit: each_step
    steps:
      - create: Item
        set: { t: same }
      - create: Item
        id: z
        set: { t: same }
"#,
        "[]",
        expect![[r#"
            0 twice: commit Item/0000000f-4240-7e41-ab08-7439611e6c57 0->1 {n -->0, t -->"same"}
            0 twice: Read { key: ObjectKey { entity: "Item", id: "z" }, version: None }
            0 twice: Refused("Item/z has the same t as 0000000f-4240-7e41-ab08-7439611e6c57: [\"same\"]")
            0 data.unique: Item/z has the same t as Item/0000000f-4240-7e41-ab08-7439611e6c57: ["same"]
        "#]],
    );
}
