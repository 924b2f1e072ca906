//! The table of signatures.
//!
//! A capital letter stands for one type, the same in all places of a signature. What stands in front
//! of a dot is the value that the function is called on.

/// A name, and the ways to call it.
type Row = (&'static str, &'static [&'static str]);

/// Operators but for `==`, `!=`, `in`, `[]`, `&&`, `||`, `!` and `?:`, which are no functions of types
/// alone.
pub(super) const OPERATORS: &[Row] = &[
    (
        "+",
        &[
            "(int, int) -> int",
            "(uint, uint) -> uint",
            "(double, double) -> double",
            "(string, string) -> string",
            "(bytes, bytes) -> bytes",
            "(list<A>, list<A>) -> list<A>",
            "(timestamp, duration) -> timestamp",
            "(duration, timestamp) -> timestamp",
            "(duration, duration) -> duration",
        ],
    ),
    (
        "-",
        &[
            "(int, int) -> int",
            "(uint, uint) -> uint",
            "(double, double) -> double",
            "(timestamp, duration) -> timestamp",
            "(timestamp, timestamp) -> duration",
            "(duration, duration) -> duration",
        ],
    ),
    ("*", SCALE),
    ("/", SCALE),
    ("%", &["(int, int) -> int", "(uint, uint) -> uint"]),
    ("<", ORDER),
    ("<=", ORDER),
    (">", ORDER),
    (">=", ORDER),
    ("-x", &["(int) -> int", "(double) -> double", "(duration) -> duration"]),
];

const SCALE: &[&str] = &["(int, int) -> int", "(uint, uint) -> uint", "(double, double) -> double"];

const ORDER: &[&str] = &[
    "(bool, bool) -> bool",
    "(int, int) -> bool",
    "(int, uint) -> bool",
    "(int, double) -> bool",
    "(uint, uint) -> bool",
    "(uint, int) -> bool",
    "(uint, double) -> bool",
    "(double, double) -> bool",
    "(double, int) -> bool",
    "(double, uint) -> bool",
    "(string, string) -> bool",
    "(bytes, bytes) -> bool",
    "(timestamp, timestamp) -> bool",
    "(duration, duration) -> bool",
];

const DATE_PART: &[&str] = &["timestamp.() -> int", "timestamp.(string) -> int"];

const TIME_PART: &[&str] =
    &["timestamp.() -> int", "timestamp.(string) -> int", "duration.() -> int"];

/// The standard functions, and `ref`.
pub(super) const FUNCTIONS: &[Row] = &[
    (
        "size",
        &[
            "(string) -> int",
            "(bytes) -> int",
            "(list<A>) -> int",
            "(map<A, B>) -> int",
            "string.() -> int",
            "bytes.() -> int",
            "list<A>.() -> int",
            "map<A, B>.() -> int",
        ],
    ),
    ("matches", &["(string, string) -> bool", "string.(string) -> bool"]),
    ("contains", &["string.(string) -> bool"]),
    ("startsWith", &["string.(string) -> bool"]),
    ("endsWith", &["string.(string) -> bool"]),
    ("type", &["(A) -> type<A>"]),
    ("dyn", &["(any) -> any"]),
    (
        "ref",
        &[
            "(string, string) -> ref",
            "(string, int) -> ref",
            "(string, uint) -> ref",
            "(string, ref) -> ref",
        ],
    ),
    ("bool", &["(bool) -> bool", "(string) -> bool"]),
    (
        "int",
        &[
            "(int) -> int",
            "(uint) -> int",
            "(double) -> int",
            "(string) -> int",
            "(timestamp) -> int",
        ],
    ),
    ("uint", &["(uint) -> uint", "(int) -> uint", "(double) -> uint", "(string) -> uint"]),
    (
        "double",
        &["(double) -> double", "(int) -> double", "(uint) -> double", "(string) -> double"],
    ),
    (
        "string",
        &[
            "(string) -> string",
            "(bool) -> string",
            "(int) -> string",
            "(uint) -> string",
            "(double) -> string",
            "(bytes) -> string",
            "(timestamp) -> string",
            "(duration) -> string",
            "(ip) -> string",
            "(ref) -> string",
            "(cidr) -> string",
        ],
    ),
    ("bytes", &["(bytes) -> bytes", "(string) -> bytes"]),
    ("timestamp", &["(timestamp) -> timestamp", "(string) -> timestamp", "(int) -> timestamp"]),
    ("duration", &["(duration) -> duration", "(string) -> duration"]),
    ("getFullYear", DATE_PART),
    ("getMonth", DATE_PART),
    ("getDate", DATE_PART),
    ("getDayOfMonth", DATE_PART),
    ("getDayOfWeek", DATE_PART),
    ("getDayOfYear", DATE_PART),
    ("getHours", TIME_PART),
    ("getMinutes", TIME_PART),
    ("getSeconds", TIME_PART),
    ("getMilliseconds", TIME_PART),
];

const ROUND: &[&str] = &["(double) -> double"];

const NUMBER_TO_SAME: &[&str] = &["(int) -> int", "(uint) -> uint", "(double) -> double"];

/// Several arguments are one list.
const EXTREME: &[&str] = &[
    "(int) -> int",
    "(uint) -> uint",
    "(double) -> double",
    "(list<int>) -> int",
    "(list<uint>) -> uint",
    "(list<double>) -> double",
];

const DOUBLE_TO_BOOL: &[&str] = &["(double) -> bool"];

const BITS: &[&str] = &["(int, int) -> int", "(uint, uint) -> uint"];

const SHIFT: &[&str] = &["(int, int) -> int", "(uint, int) -> uint"];

const IP_TO_BOOL: &[&str] = &["ip.() -> bool"];

/// The extensions: strings, math, lists, encoders, optionals, networks.
pub(super) const EXTENSIONS: &[Row] = &[
    ("charAt", &["string.(int) -> string"]),
    ("indexOf", &["string.(string) -> int", "string.(string, int) -> int"]),
    ("lastIndexOf", &["string.(string) -> int", "string.(string, int) -> int"]),
    ("join", &["list<string>.() -> string", "list<string>.(string) -> string"]),
    ("split", &["string.(string) -> list<string>", "string.(string, int) -> list<string>"]),
    ("replace", &["string.(string, string) -> string", "string.(string, string, int) -> string"]),
    ("substring", &["string.(int) -> string", "string.(int, int) -> string"]),
    ("lowerAscii", &["string.() -> string"]),
    ("upperAscii", &["string.() -> string"]),
    ("trim", &["string.() -> string"]),
    ("format", &["string.(list<any>) -> string"]),
    ("strings.quote", &["(string) -> string"]),
    ("math.ceil", ROUND),
    ("math.floor", ROUND),
    ("math.round", ROUND),
    ("math.trunc", ROUND),
    ("math.sqrt", &["(double) -> double", "(int) -> double", "(uint) -> double"]),
    ("math.greatest", EXTREME),
    ("math.least", EXTREME),
    ("math.abs", NUMBER_TO_SAME),
    ("math.sign", NUMBER_TO_SAME),
    ("math.isNaN", DOUBLE_TO_BOOL),
    ("math.isInf", DOUBLE_TO_BOOL),
    ("math.isFinite", DOUBLE_TO_BOOL),
    ("math.bitAnd", BITS),
    ("math.bitOr", BITS),
    ("math.bitXor", BITS),
    ("math.bitNot", &["(int) -> int", "(uint) -> uint"]),
    ("math.bitShiftLeft", SHIFT),
    ("math.bitShiftRight", SHIFT),
    ("reverse", &["string.() -> string", "list<A>.() -> list<A>"]),
    ("slice", &["list<A>.(int, int) -> list<A>"]),
    ("flatten", &["list<list<A>>.() -> list<A>", "list<any>.(int) -> list<any>"]),
    ("distinct", &["list<A>.() -> list<A>"]),
    (
        "sort",
        &[
            "list<int>.() -> list<int>",
            "list<uint>.() -> list<uint>",
            "list<double>.() -> list<double>",
            "list<bool>.() -> list<bool>",
            "list<string>.() -> list<string>",
            "list<bytes>.() -> list<bytes>",
            "list<timestamp>.() -> list<timestamp>",
            "list<duration>.() -> list<duration>",
        ],
    ),
    ("first", &["list<A>.() -> optional<A>"]),
    ("last", &["list<A>.() -> optional<A>"]),
    ("lists.range", &["(int) -> list<int>"]),
    ("base64.encode", &["(bytes) -> string"]),
    ("base64.decode", &["(string) -> bytes"]),
    ("optional.of", &["(A) -> optional<A>"]),
    ("optional.ofNonZeroValue", &["(A) -> optional<A>"]),
    ("optional.none", &["() -> optional<A>"]),
    ("optional.unwrap", &["(list<optional<A>>) -> list<A>"]),
    ("unwrapOpt", &["list<optional<A>>.() -> list<A>"]),
    ("hasValue", &["optional<A>.() -> bool"]),
    ("value", &["optional<A>.() -> A"]),
    ("or", &["optional<A>.(optional<A>) -> optional<A>"]),
    ("orValue", &["optional<A>.(A) -> A"]),
    ("ip", &["(string) -> ip", "cidr.() -> ip"]),
    ("isIP", &["(string) -> bool"]),
    ("ip.isCanonical", &["(string) -> bool"]),
    ("family", &["ip.() -> int"]),
    ("isUnspecified", IP_TO_BOOL),
    ("isLoopback", IP_TO_BOOL),
    ("isGlobalUnicast", IP_TO_BOOL),
    ("isLinkLocalMulticast", IP_TO_BOOL),
    ("isLinkLocalUnicast", IP_TO_BOOL),
    ("cidr", &["(string) -> cidr"]),
    ("isCIDR", &["(string) -> bool"]),
    ("containsIP", &["cidr.(ip) -> bool", "cidr.(string) -> bool"]),
    ("containsCIDR", &["cidr.(cidr) -> bool", "cidr.(string) -> bool"]),
    ("prefixLength", &["cidr.() -> int"]),
    ("masked", &["cidr.() -> cidr"]),
];
