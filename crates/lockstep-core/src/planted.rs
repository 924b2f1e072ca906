//! Planted bugs: mistakes that lock and workflow engines have made, to show that the simulation
//! finds them.
//!
//! A place in the core where such a mistake could be made asks [`Planted::is`]. Without the feature
//! `planted-bugs` the answer is a constant no and [`Planted`] is of size zero: what is built for
//! production has none of them and pays for none.
//!
//! Invariants:
//!
//! * Without the feature no bug can be planted.
//! * An engine has at most one.
//!
//! Absent by design: mistakes of drivers and stores; the simulation brings its own.

/// At most one bug that an engine is made with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    #[cfg(feature = "planted-bugs")]
    bug: Option<Bug>,
}

#[cfg(feature = "planted-bugs")]
impl Planted {
    /// Plants a bug.
    pub const fn one(bug: Bug) -> Self {
        Self { bug: Some(bug) }
    }

    /// Returns whether a bug is planted.
    pub(crate) fn is(self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

#[cfg(not(feature = "planted-bugs"))]
impl Planted {
    /// Returns whether a bug is planted: never in this build.
    #[expect(clippy::unused_self, reason = "called as where bugs can be planted")]
    pub(crate) const fn is(self, _bug: Bug) -> bool {
        false
    }
}

/// Writes the bugs down once: documentation, variant, name.
macro_rules! bugs {
    ($($(#[$documentation:meta])+ $bug:ident = $name:literal,)+) => {
        /// A mistake that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($(#[$documentation])+ $bug,)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)+];

            /// Returns its name, for commands and tables.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name,)+
                }
            }
        }
    };
}

bugs! {
    // Who gets a lock.

    /// Whoever gives up waiting (its timeout, a cancel) keeps its place in the queue, and is granted
    /// the lock after it has failed.
    GrantToGone = "grant-to-gone",
    /// A release names the key but not the token: a late one ends the hold of whoever has the lock
    /// now. The documentation of Redis warns of it where it tells how to lock: a plain `DEL`.
    ReleaseWithoutToken = "release-without-token",
    /// Giving up a wait removes the first entry of the queue, whosever it is.
    QueueEntryOfAnother = "queue-entry-of-another",
    /// A release wakes nobody if exactly one waits. The futexes of Linux lost wake-ups in 2014, for
    /// want of a memory barrier.
    LostWakeUp = "lost-wake-up",
    /// The place in the queue is the time of the clock: two may have the same, and a clock that goes
    /// back lets the later one go first. Cassandra orders writes so, and loses some.
    TicketByClock = "ticket-by-clock",
    /// A grant has the token of the grant before it. Redlock has no growing token at all, as M.
    /// Kleppmann pointed out in 2016.
    TokenNotRaised = "token-not-raised",
    /// A call carries the token of the lock that was taken last, which is an older one as soon as
    /// an inner lock has been given back.
    TokenOfLastLock = "token-of-last-lock",
    /// Tokens begin at the same number after every restart.
    TokensAnew = "tokens-anew",
    /// A lock that is held shared counts as free for whoever wants it exclusively.
    SharedCountsAsFree = "shared-counts-as-free",
    /// Whoever wants a lock shared goes before exclusive ones that came earlier. The default of
    /// glibc's read-write locks.
    ReaderOvertakesWriter = "reader-overtakes-writer",
    /// Several keys are taken one by one, and the first ones held while the next one is waited for.
    KeysOneByOne = "keys-one-by-one",
    /// The lock of the whole system is granted while others hold keys.
    SystemIgnoresHolders = "system-ignores-holders",
    /// Keys are granted while another holds the whole system.
    HoldersIgnoreSystem = "holders-ignore-system",
    /// Whoever waits in a cycle waits for ever.
    CycleNotSeen = "cycle-not-seen",
    /// A lock whose context is nothing becomes that of the whole system.
    NothingLocksAll = "nothing-locks-all",

    // Who gives a lock back, and who loses it.

    /// An instance that is cancelled does not give its locks back.
    LeakOnCancel = "leak-on-cancel",
    /// An activity that fails for good does not give its locks back. For such locks
    /// sidekiq-unique-jobs has a reaper.
    LeakOnError = "leak-on-error",
    /// An activity that is tried again does not give its locks back before.
    LeakOnRetry = "leak-on-retry",
    /// The end of an activity releases its lock before it commits what was changed under it.
    ReleaseBeforeCommit = "release-before-commit",
    /// A holder whose time is over, or whose lock was broken, goes on and commits. `HBase` had
    /// this mistake, as M. Kleppmann tells in "How to do distributed locking" (2016).
    LossNotNoticed = "loss-not-noticed",
    /// A lock whose time is over goes to the next one, and stays its old holder's as well.
    LossNotTold = "loss-not-told",
    /// The hold timeout is as long as the waiting timeout.
    HoldTimeoutOfWait = "hold-timeout-of-wait",
    /// The waiting timeout counts from the start of the instance.
    WaitCountsFromStart = "wait-counts-from-start",
    /// A lock that is released leaves its timer behind.
    TimerLeft = "timer-left",
    /// A break that comes while the store judges a commit is acknowledged and not carried out.
    BreakForgotten = "break-forgotten",
    /// The end of an activity releases the lock of its workflow, too.
    WorkflowLockWithActivity = "workflow-lock-with-activity",
    /// The end of a called workflow's hold ends that of its caller at the same key. So do POSIX
    /// record locks: closing a file gives up all locks of the process on it.
    NestedEndsOuter = "nested-ends-outer",
    /// A lock that was given back for a wait is not taken again behind it.
    NotTakenAgain = "not-taken-again",
    /// A client's lock that has run out can be renewed, although it went to another.
    RenewedAfterEnd = "renewed-after-end",
    /// A client renews its lock behind the end of its time, because nobody has looked at the timer.
    LateRenewal = "late-renewal",
    /// A client's lock has no timer after a restart: it outlives its client.
    ClientWithoutTimer = "client-without-timer",

    // What a restart finds.

    /// Rows of instances are not written with each commit: a restart takes up an old state.
    StaleState = "stale-state",
    /// Locks are not given back to their holders at a restart.
    LocksForgottenAtRestart = "locks-forgotten-at-restart",
    /// The lock of an instance that is not there any more is kept at a restart.
    LeaseOutlivesHolder = "lease-outlives-holder",
    /// Waiters get new places at a restart, in the order in which they were started.
    QueuedAnewAtRestart = "queued-anew-at-restart",
    /// Waiters are not put into their queues at a restart.
    WaitersForgottenAtRestart = "waiters-forgotten-at-restart",
    /// Locks are held in memory only.
    LockRowsForgotten = "lock-rows-forgotten",
    /// What must hold whatever the store decides is not saved before it judges a commit.
    NotSavedBeforeJudgement = "not-saved-before-judgement",

    // What others are told.

    /// An instance answers before its end is durable, as Redis does with `appendfsync everysec`.
    AnswerBeforeFlush = "answer-before-flush",
    /// A start is acknowledged before it is durable.
    AcceptedBeforeFlush = "accepted-before-flush",
    /// A signal is acknowledged before it is durable.
    SignalBeforeFlush = "signal-before-flush",
    /// A worker is told that its result was taken before that is durable.
    ReportedBeforeFlush = "reported-before-flush",
    /// An outside call is made before it is durable that it will be.
    CallBeforeFlush = "call-before-flush",
    /// A client is told that it holds a lock before that is durable.
    ClientBeforeFlush = "client-before-flush",
    /// A query asks the store before what was ordered is in it.
    QueryBeforeFlush = "query-before-flush",
    /// Whoever writes an object is told so before that is durable.
    WrittenBeforeFlush = "written-before-flush",
    /// Each attempt of an outside call has an idempotency key of its own.
    KeyPerAttempt = "key-per-attempt",
    /// An answer to one outside call is taken for that to another.
    LateAnswerTaken = "late-answer-taken",
    /// A signal can be taken more than once.
    SignalTwice = "signal-twice",
    /// A signal is kept while the store judges a commit, with a state that may not come to be.
    SignalDuringJudgement = "signal-during-judgement",
    /// A cancel takes effect while the store judges a commit.
    CancelDuringJudgement = "cancel-during-judgement",

    // What a commit does.

    /// A commit overwrites what others have written since it was read. So do applications that
    /// read, compute and write under the default isolation of `PostgreSQL`.
    ConflictIgnored = "conflict-ignored",
    /// A commit compares versions, which begin anew when an object was deleted and made again.
    VersionForStamp = "version-for-stamp",
    /// A write from outside that names the version which it has seen is applied to any other one. So
    /// did web pages before `If-Match`: the W3C wrote of the lost update problem in 1999.
    WrittenVersionIgnored = "written-version-ignored",
    /// An instance that follows from a change begins in a transition of its own, behind that of the
    /// change: a crash between them loses it. So does whoever writes a row and then sends a message
    /// about it, which is what the pattern of a transactional outbox is for.
    FollowerApart = "follower-apart",
    /// An instance that follows from a change begins before the store has judged the change.
    FollowerBeforeJudgement = "follower-before-judgement",
    /// What the store has not judged is visible to others. Jepsen found such reads in `MongoDB` 2.4.
    VisibleBeforeJudgement = "visible-before-judgement",
    /// An object that the store is judging is committed to as if it were not.
    ClaimForgotten = "claim-forgotten",
    /// An activity that runs again because of a conflict keeps the names that it has bound.
    RetryKeepsNames = "retry-keeps-names",
    /// What a failed activity has changed is committed later.
    FailureKeepsChanges = "failure-keeps-changes",
    /// An object leaves memory before what was committed of it is durable.
    EvictedBeforeFlush = "evicted-before-flush",
}
