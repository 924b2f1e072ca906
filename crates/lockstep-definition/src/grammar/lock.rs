//! `exclusive_lock`, of an activity and of a workflow.

use super::{ALLOW, Key, Mapping, Shape};

const CONTEXT: Key = Key::new(
    "context",
    Shape::Expression,
    "The lock key: a string, a number, a bool, `ref(entity, id)`, an object, or a list of these, all \
     of which are taken together. The same value anywhere is the same lock. Without it the whole \
     system is locked.",
);
const MODE: Key = Key::new(
    "mode",
    Shape::Choice(&[
        ("exclusive", "Nobody else holds the key at the same time."),
        (
            "shared",
            "Others who take it `shared` hold it at the same time: for those who only read.",
        ),
    ]),
    "Whether others may hold the key at the same time.",
)
.default("\"exclusive\"");
const WAITING_TIMEOUT: Key = Key::new(
    "waiting_timeout",
    Shape::Duration,
    "How long to wait for the lock; then error `lock.waiting_timeout`.",
)
.default("\"60s\"");
const HOLD_TIMEOUT: Key = Key::new(
    "hold_timeout",
    Shape::Duration,
    "How long the lock may be held; then the next one gets it and the commit is refused: error \
     `lock.lost`.",
)
.default("\"5m\"");
const MAX_WAITING: Key = Key::new(
    "max_waiting",
    Shape::Integer(1, crate::workflow::MAX_WAITING),
    "How many may wait for one key; a further one gets error `lock.queue_full`. Any number if \
     absent.",
);
const PRIORITY: Key = Key::new(
    "priority",
    Shape::Expression,
    "The place among those who wait: an int from -1,000,000 to 1,000,000, higher first.",
)
.default("0");

/// The words that a key takes, each with what it does.
type Choices = &'static [(&'static str, &'static str)];

pub(crate) static LOCK: Mapping = Mapping {
    name: "exclusive_lock",
    doc: "The lock of an activity: one instance at a time holds the same key.",
    keys: &keys(
        &[
            ("system", "The same key anywhere is the same lock."),
            ("workflow", "The same key in the same workflow is the same lock."),
            ("activity", "The same key in the same activity is the same lock."),
        ],
        &[
            ("wait", "Wait for the lock."),
            ("fail", "Error `lock.busy`."),
            ("skip", "Leave the activity out."),
        ],
        &[
            ("hold", "Keep the lock; its hold timeout goes on."),
            (
                "release",
                "Give the lock back, and wait for it again before going on; what was changed must \
                 be committed before.",
            ),
        ],
    ),
    one_of: &[],
};

pub(crate) static WORKFLOW_LOCK: Mapping = Mapping {
    name: "workflow_lock",
    doc: "The lock of a workflow: it is taken before the first activity, and kept across waits and \
          restarts to the end. Its expressions see `input`, `config` and `workflow`.",
    keys: &keys(
        &[
            ("system", "The same key anywhere is the same lock."),
            ("workflow", "The same key in the same workflow is the same lock."),
        ],
        &[
            ("wait", "Wait for the lock."),
            ("fail", "The instance fails with `lock.busy`."),
            ("skip", "The instance ends well at once, with null as its output."),
        ],
        &[("hold", "Keep the lock; its hold timeout goes on.")],
    ),
    one_of: &[],
};

/// Returns the keys of a lock: how far its own key may reach, what whoever finds it busy may do,
/// and what a wait may do with it are not the same for all locks.
const fn keys(scope: Choices, on_busy: Choices, while_waiting: Choices) -> [Key; 10] {
    [
        CONTEXT,
        Key::new("scope", Shape::Choice(scope), "How far the key reaches.").default("\"system\""),
        MODE,
        WAITING_TIMEOUT,
        HOLD_TIMEOUT,
        Key::new("on_busy", Shape::Choice(on_busy), "What happens if the lock is not free.")
            .default("\"wait\""),
        MAX_WAITING,
        PRIORITY,
        Key::new(
            "while_waiting",
            Shape::Choice(while_waiting),
            "What a `wait` step does with the lock; must be written if there is one.",
        ),
        ALLOW,
    ]
}
