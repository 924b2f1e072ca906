//! The codes of diagnostics.
//!
//! Invariants:
//!
//! * A code never changes its meaning: people silence and look up findings by it.
//! * Every code has a page in `docs/diagnostics/`; without it nothing compiles.

use std::fmt;

/// Whether a finding stops the definitions from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The definitions cannot be run.
    Error,
    /// The definitions run, but probably not as meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $severity:ident $text:literal,)+) => {
        /// What kind of finding a diagnostic is.
        #[expect(clippy::enum_variant_names, reason = "`InvalidErrorCode` is about a code")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as people write it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// Whether findings of this kind are errors.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)+
                }
            }

            /// What it means, in Markdown: a title, a sentence, and headings `Wrong`, `Right` (both
            /// with a YAML block; absent where no short file shows it) and `Why`.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => {
                        include_str!(concat!("../../../docs/diagnostics/", $text, ".md"))
                    })+
                }
            }
        }
    };
}

codes! {
    /// The file is larger than [`crate::MAX_FILE_BYTES`].
    FileTooLarge = Error "file-too-large",
    /// The file is not a text in UTF-8.
    NotUtf8 = Error "not-utf-8",
    /// The file holds no definition.
    EmptyFile = Error "empty-file",
    /// The text is not YAML.
    YamlSyntax = Error "yaml-syntax",
    /// A tab stands where YAML allows only spaces.
    YamlTab = Error "yaml-tab",
    /// An alias has no anchor.
    YamlAnchor = Error "yaml-anchor",
    /// Aliases repeat too much.
    YamlAliases = Error "yaml-aliases",
    /// Lists and mappings are nested too deeply.
    YamlDepth = Error "yaml-depth",
    /// The file holds more values than [`crate::MAX_VALUES`].
    YamlValues = Error "yaml-values",
    /// A value carries a YAML tag.
    YamlTag = Error "yaml-tag",
    /// There were more findings than are shown.
    TooManyFindings = Error "too-many-findings",
    /// The first key of a document does not say what it is.
    UnknownDocument = Error "unknown-document",
    /// A key is written twice.
    DuplicateKey = Error "duplicate-key",
    /// A key is not known here.
    UnknownKey = Error "unknown-key",
    /// A key that must be there is absent.
    MissingKey = Error "missing-key",
    /// A key is known but has no effect here.
    MisplacedKey = Error "misplaced-key",
    /// A value is of the wrong YAML kind: a list where a mapping belongs.
    WrongKind = Error "wrong-kind",
    /// A value is not one of those that are allowed.
    InvalidValue = Error "invalid-value",
    /// A name has a form that is not allowed.
    InvalidName = Error "invalid-name",
    /// A name has a meaning of its own and cannot be given.
    ReservedName = Error "reserved-name",
    /// A text is not a duration.
    InvalidDuration = Error "invalid-duration",
    /// A text is not a type.
    InvalidType = Error "invalid-type",
    /// A text is not an error code or a pattern of error codes.
    InvalidErrorCode = Error "invalid-error-code",
    /// An expression cannot be read.
    ExpressionSyntax = Error "expression-syntax",
    /// No function has this name, or takes so many arguments.
    UnknownFunction = Error "unknown-function",
    /// `${ }` around an expression that is written without it.
    BareExpression = Error "bare-expression",
    /// A step says nothing about what it does.
    MissingOperation = Error "missing-operation",
    /// A step does two things.
    SeveralOperations = Error "several-operations",
    /// Two definitions have the same name.
    DuplicateDefinition = Error "duplicate-definition",
    /// Two activities have the same name.
    DuplicateActivity = Error "duplicate-activity",
    /// No entity has this name.
    UnknownEntity = Error "unknown-entity",
    /// The entity has no such attribute.
    UnknownAttribute = Error "unknown-attribute",
    /// The workflow has no such activity.
    UnknownActivity = Error "unknown-activity",
    /// Nothing has this name.
    UnknownName = Error "unknown-name",
    /// The name is bound only behind the place where it is used.
    UnboundName = Error "unbound-name",
    /// The name exists, but not here.
    UnavailableName = Error "unavailable-name",
    /// A value is of another type than declared.
    TypeMismatch = Error "type-mismatch",
    /// A number is outside its declared range.
    OutOfRange = Error "out-of-range",
    /// A `create` leaves out an attribute that must be set.
    MissingAttribute = Error "missing-attribute",
    /// A function or operator is not defined for values of such types.
    WrongOperand = Error "wrong-operand",
    /// A name is not bound on every way that leads to its use.
    MayBeUnbound = Warning "may-be-unbound",
    /// A value that may be null is used as if it were not.
    MayBeNull = Warning "may-be-null",
    /// A value that is never null is compared with null.
    NeverNull = Warning "never-null",
    /// The context of a lock may be null.
    LockContextMayBeNull = Warning "lock-context-may-be-null",
    /// A name is bound to something that is not an object.
    NotAnObject = Error "not-an-object",
    /// Steps are nested too deeply.
    NestedTooDeep = Error "nested-too-deep",
    /// Two branches that run side by side bind the same name.
    BoundTwice = Error "bound-twice",
    /// A commit stands within steps that run at once.
    CommitAtOnce = Error "commit-at-once",
    /// No workflow has this name.
    UnknownWorkflow = Error "unknown-workflow",
    /// The workflow that is started has no such input.
    UnknownInput = Error "unknown-input",
    /// An input that must be given is absent.
    MissingInput = Error "missing-input",
    /// No secret has this name.
    UnknownSecret = Error "unknown-secret",
    /// A secret stands in a larger expression.
    MisplacedSecret = Error "misplaced-secret",
    /// A text is not a cron pattern.
    InvalidCron = Error "invalid-cron",
    /// No day fits a schedule.
    ScheduleNeverFires = Error "schedule-never-fires",
    /// No time zone has this name.
    UnknownTimeZone = Error "unknown-time-zone",
    /// Two webhooks have the same name.
    DuplicateWebhook = Error "duplicate-webhook",
    /// `allow` names a code that does not exist.
    AllowUnknownCode = Error "allow-unknown-code",
    /// `allow` says no reason.
    AllowWithoutReason = Error "allow-without-reason",
    /// `allow` names an error.
    NotAllowed = Error "not-allowed",
    /// `allow` silences nothing.
    UnusedAllow = Warning "unused-allow",
    /// A bound name is never used.
    UnusedName = Warning "unused-name",
    /// A lock has no context and so excludes everything.
    LockWithoutContext = Warning "lock-without-context",
    /// No way leads to an activity.
    UnreachableActivity = Warning "unreachable-activity",
    /// A program is not among those that the project allows.
    ProgramNotAllowed = Warning "program-not-allowed",
    /// A text is the name of a value without `${ }`.
    ForgottenBraces = Warning "forgotten-braces",
    /// An input is never used.
    UnusedInput = Warning "unused-input",
    /// A step stands behind one that always ends.
    UnreachableStep = Warning "unreachable-step",
    /// No error matches an entry of `catch`.
    CatchNeverMatches = Warning "catch-never-matches",
    /// Activities lead to each other without a pause or an end.
    GotoLoop = Warning "goto-loop",
    /// Changes stay uncommitted at the end of an activity with a lock.
    UncommittedUnderLock = Warning "uncommitted-under-lock",
    /// An outside call between a read and a write without a lock.
    CallBetweenReadAndWrite = Warning "call-between-read-and-write",
    /// An object is read before the lock that is to protect it.
    ReadBeforeLock = Warning "read-before-lock",
    /// `on_conflict: force` writes what was computed from a read value.
    LostUpdateByForce = Warning "lost-update-by-force",
    /// `retry` of an activity repeats an outside call under a new key.
    RetryAfterCall = Warning "retry-after-call",
    /// A lock may be taken away before the steps under it are done.
    HoldTimeoutTooShort = Warning "hold-timeout-too-short",
    /// A `wait` under a lock that does not say what becomes of it.
    WaitUnderLock = Error "wait-under-lock",
    /// A wait gives a lock back although changes are not committed.
    UncommittedAtRelease = Error "uncommitted-at-release",
    /// A wait gives a lock back while other steps run under it.
    ReleaseAtOnce = Error "release-at-once",
    /// An object that was read before a lock was given back is written behind.
    StaleAfterRelease = Warning "stale-after-release",
    /// An object is changed under a lock that others hold at the same time.
    WriteUnderSharedLock = Warning "write-under-shared-lock",
    /// A called workflow waits while the caller holds a lock.
    ChildWaitsUnderLock = Warning "child-waits-under-lock",
    /// `while_waiting` where nothing waits.
    WhileWaitingWithoutWait = Warning "while-waiting-without-wait",
    /// `max_waiting` where nobody waits for the lock.
    MaxWaitingWithoutWait = Warning "max-waiting-without-wait",
    /// A workflow that was started needs a lock that its starter holds while it waits.
    ChildMayWaitForParent = Warning "child-may-wait-for-parent",
    /// Locks are taken in different orders.
    LockOrder = Warning "lock-order",
    /// No other instance ever comes to the key of a lock.
    LockNobodyShares = Warning "lock-nobody-shares",
    /// A workflow runs itself on every way.
    WorkflowRecursion = Error "workflow-recursion",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
