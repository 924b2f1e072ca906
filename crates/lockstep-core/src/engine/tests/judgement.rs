//! What comes while the store judges a commit, and what is left of a commit that it refuses.

use expect_test::expect;

use super::check;

/// Commits that only the store can judge, because of a unique constraint.
const MARKS: &str = r#"
entity: Mark
attributes: { tag: string }
unique: [[tag]]
---
workflow: one
input: { tag: string }
activities:
  - activity: one
    exclusive_lock: { context: input.tag, hold_timeout: 1s }
    steps:
      - create: Mark
        id: "${input.tag}"
        set: { tag: "${input.tag}" }
---
workflow: several
input: { tag: string }
activities:
  - activity: several
    exclusive_lock: { context: input.tag, hold_timeout: 1s }
    steps:
      - for_each: "${[1, 2, 3]}"
        item: n
        steps:
          - create: Mark
            id: "${input.tag + string(n)}"
            set: { tag: "${input.tag + string(n)}" }
          - commit
---
workflow: heard
input: { tag: string }
activities:
  - activity: heard
    retry: { max_attempts: 2, backoff: 1s, on: [data.unique] }
    steps:
      - wait: { signal: go }
        as: word
      - create: Mark
        set: { tag: "${input.tag}" }
output: "${word}"
---
workflow: wipe
input: { tag: string }
activities:
  - activity: wipe
    steps:
      - load: { entity: Mark, id: "${input.tag}" }
        as: mark
      - delete: mark
---
workflow: change
input: { tag: string }
activities:
  - activity: change
    steps:
      - load: { entity: Mark, id: "${input.tag}" }
        as: mark
      - update: mark
        set: { tag: "${mark.tag + 'a'}" }
"#;

#[test]
fn a_signal_that_was_taken_for_a_refused_commit_is_given_back() {
    check(
        MARKS,
        "
        start a one tag=x
        start b heard tag=x
        signal b go hello
        start c wipe tag=x
        crash
        +1000
        ",
        expect![[r#"
            a done: null
            signal 1 is kept
            c done: null
            crashed
            b done: "hello"
        "#]],
    );
}
