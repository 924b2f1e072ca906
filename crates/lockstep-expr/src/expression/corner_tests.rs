//! Corners of the language: formats, ranges, conversions, keys, macros, escapes. One row each: an
//! expression, and its value or `err` if it has none.

use super::Expression;
use crate::scope::Empty;

const ROWS: &str = r####"
"%d".format([9223372036854775807]) ## "9223372036854775807"
"%x".format([-26]) ## "-1a"
"%X".format(["Hello"]) ## "48656C6C6F"
"%x".format([b"hello"]) ## "68656c6c6f"
"%o".format([-8]) ## "-10"
"%b".format([-5]) ## "-101"
"%b".format([true]) ## "1"
"%b".format([5u]) ## "101"
"%.3e".format([1234.5]) ## "1.234e+03"
"%e".format([0.0]) ## "0.000000e+00"
"%f".format([1.0/0.0]) ## "Infinity"
"%f".format([-1.0/0.0]) ## "-Infinity"
"%f".format([0.0/0.0]) ## "NaN"
"%.0f".format([2.5]) ## "2"
"%.0f".format([3.5]) ## "4"
"%d".format([0.0/0.0]) ## "NaN"
"%s".format([[1, 2.0, "a", null, true]]) ## "[1, 2, a, null, true]"
"%s".format([{"b": 1, "a": [1]}]) ## "{a: [1], b: 1}"
"%s".format([{2: "x", 1: "y"}]) ## "{1: y, 2: x}"
"%s".format([timestamp("2023-02-03T23:31:20+00:00")]) ## "2023-02-03T23:31:20Z"
"%s".format([duration("1h45m47s")]) ## "6347s"
"%s".format([duration("1ms")]) ## "0.001s"
"%s".format([b"abc"]) ## "abc"
"%s".format([1.0]) ## "1"
"%s".format([int]) ## "int"
"%s %%".format([1]) ## "1 %"
"%s".format([]) ## err
"%q".format([1]) ## err
"%d".format(["a"]) ## err
"%f".format([1]) ## "1.000000"
"%e".format([1u]) ## "1.000000e+00"
"%s".format([1, 2]) ## "1"
"%.2d".format([1]) ## err
"%a".format([1]) ## err
"%".format([1]) ## err
"tacocat".charAt(7) ## ""
"tacocat".charAt(8) ## err
"tacocat".charAt(-1) ## err
"hello".indexOf("") ## 0
"hello".lastIndexOf("") ## 5
"hello".indexOf("l", 3) ## 3
"hello".indexOf("l", 5) ## -1
"hello".indexOf("l", 6) ## err
"hello".lastIndexOf("l", 2) ## 2
"hello".lastIndexOf("l", -1) ## err
"a,b,c".split(",", 0) ## []
"a,b,c".split(",", 1) ## ["a,b,c"]
"a,b,c".split(",", 2) ## ["a", "b,c"]
"a,b,c".split(",", -1) ## ["a", "b", "c"]
"abc".split("") ## ["a", "b", "c"]
"".split(",") ## [""]
"abab".replace("a", "x", 1) ## "xbab"
"abab".replace("a", "x", 0) ## "abab"
"abab".replace("a", "x", -1) ## "xbxb"
"ab".replace("", "_") ## "_a_b_"
"ab".replace("", "_", 2) ## "_a_b"
"tacocat".substring(4) ## "cat"
"tacocat".substring(7) ## ""
"tacocat".substring(8) ## err
"tacocat".substring(3, 2) ## err
"gums".reverse() ## "smug"
"\u00a0 a\u3000".trim() ## "a"
strings.quote("a\n\"\\\a\b\f\r\t\v") ## "\"a\\n\\\"\\\\\\a\\b\\f\\r\\t\\v\""
int(1.9) ## 1
int(-1.9) ## -1
int(9223372036854775807.0) ## err
int(-9223372036854775808.0) ## err
int(-9223372036854774784.0) ## -9223372036854774784
uint(18446744073709551615.0) ## err
uint(-0.5) ## err
uint(-1.0) ## err
int("0x10") ## err
int(" 1") ## err
int("+1") ## 1
int("-9223372036854775808") ## -9223372036854775808
uint("1u") ## err
double("NaN") == double("NaN") ## false
string(double("inf")) ## "+Inf"
double("-Inf") < 0.0 ## true
double(" 1") ## err
bool("True") ## true
bool("t") ## true
bool("1") ## true
bool("tRue") ## err
bool("F") ## false
string(b"\xff") ## err
string(1e21) ## "1e+21"
string(0.00001) ## "1e-05"
string(100000.0) ## "100000"
string(-0.0) ## "-0"
timestamp("9999-12-31T23:59:59.999999999Z") + duration("1ns") ## err
timestamp("0001-01-01T00:00:00Z") - duration("1ns") ## err
timestamp("10000-01-01T00:00:00Z") ## err
timestamp("2009-02-13T23:31:30") ## err
timestamp("2009-02-13T23:31:30.123456789Z").getMilliseconds() ## 123
timestamp("2009-02-13T23:31:30Z").getHours("-07:00") ## 16
timestamp("2009-02-13T23:31:30Z").getHours("02:00") ## 1
timestamp("2009-02-13T23:31:30Z").getHours("America/Los_Angeles") ## 15
timestamp("2009-02-13T23:31:30Z").getDayOfWeek() ## 5
timestamp("2009-02-13T23:31:30Z").getDayOfYear() ## 43
timestamp("2009-02-13T23:31:30Z").getDate() ## 13
timestamp("2009-02-13T23:31:30Z").getDayOfMonth() ## 12
timestamp("2009-02-13T23:31:30Z").getMonth() ## 1
timestamp("2009-02-13T23:31:60Z") ## err
timestamp(253402300799) ## timestamp("9999-12-31T23:59:59Z")
timestamp(253402300800) ## err
timestamp(-62135596800) ## timestamp("0001-01-01T00:00:00Z")
timestamp(-62135596801) ## err
duration("315576000000s") ## duration("315576000000s")
duration("315576000001s") ## err
duration("-1.5h") ## duration("-5400s")
duration("1h-1m") ## err
duration("1us").getMilliseconds() ## 0
duration("3730s").getMinutes() ## 62
duration("-3730s").getHours() ## -1
duration("1") ## err
duration("0") ## duration("0s")
duration("") ## err
duration("1d") ## err
duration(".5s") ## duration("0.5s")
{1: "a"}[1u] ## "a"
{1: "a"}[1.0] ## "a"
{1u: "a"}[1] ## "a"
{1: "a", 1u: "b"} ## err
1.0 in {1: "a"} ## true
1u in [1] ## true
{1: 1} == {1u: 1.0} ## true
[1, 1.0, 1u].distinct() ## [1]
1 == 1.0 ## true
18446744073709551615u > 9223372036854775807 ## true
0.0/0.0 == 0.0/0.0 ## false
0.0/0.0 != 0.0/0.0 ## true
0.0/0.0 < 1.0 ## false
null == 1 ## false
[1] == ["a"] ## false
b"a" < b"b" ## true
b"\u00FF" ## err
"\x41\101\U00000041" ## "AAA"
"\400" ## err
'\U00110000' ## err
"\uD800" ## err
r"\n" == "\\n" ## true
"""a"b""" ## "a\"b"
-9223372036854775808 ## -9223372036854775808
--9223372036854775808 ## err
9223372036854775808 ## err
-(-9223372036854775808) ## err
0xFFFFFFFFFFFFFFFFu ## 18446744073709551615u
-0x8000000000000000 ## -9223372036854775808
-9223372036854775808 / -1 ## err
-9223372036854775808 % -1 ## err
5 % -3 ## 2
-5 % 3 ## -2
1 / 0 ## err
1.0 / 0.0 > 0.0 ## true
1u - 2u ## err
-1u ## err
{"in": 1}.`in` ## 1
{"a-b": 1}.`a-b` ## 1
{"a.b": 1}.`a.b` ## 1
{"a/b c": 1}.`a/b c` ## 1
has({"in": 1}.`in`) ## true
{"in": 1}.in ## err
{"as": 1}.as ## 1
{"null": 1}.null ## err
{`a`: 1} ## err
[1, 2].map(x, x > 1, x * 2) ## [4]
[1, 2].exists(x, 1/0 > 0 || x == 2) ## true
[1, 2].all(x, x < 2 && 1/(x-1) > 0) ## false
[0, 1].exists_one(x, 1/x == 1) ## err
[1].map(x, [2].map(x, x)) ## [[2]]
[1,2].existsOne(i, v, v == 2) ## true
[1,2].all(i, v, v > i) ## true
{"a": 1}.transformMap(k, v, v + 1) ## {"a": 2}
[1,2].transformList(i, v, i > 0, v) ## [2]
{"a": 1}.transformMapEntry(k, v, {v: k}) ## {1: "a"}
{"a": 1, "b": 1}.transformMapEntry(k, v, {v: k}) ## err
optional.of(1).or(optional.none()).value() ## 1
optional.none().orValue(3) ## 3
{"a": {"b": 1}}.?a.?b.value() ## 1
{"a": {}}.?a.b.hasValue() ## false
{"a": {"b": 1}}.?a["b"] == optional.of(1) ## true
[1, 2][?5].hasValue() ## false
[?optional.none(), 1] ## [1]
{?"a": optional.none(), "b": 2} ## {"b": 2}
optional.ofNonZeroValue("") ## optional.none()
optional.ofNonZeroValue(0.0) ## optional.none()
optional.ofNonZeroValue(duration("0s")) ## optional.none()
optional.of(1).optMap(x, x + 1) ## optional.of(2)
optional.of(1).optFlatMap(x, optional.none()) ## optional.none()
[1, 2].first() ## optional.of(1)
[].last() ## optional.none()
[optional.of(1), optional.none()].unwrapOpt() ## [1]
math.greatest(1, 2.5, 2u) ## 2.5
math.greatest([1]) ## 1
math.least([]) ## err
math.ceil(1.2) ## 2.0
math.round(-1.5) ## -2.0
math.round(2.5) ## 3.0
math.trunc(-1.9) ## -1.0
math.abs(-9223372036854775808) ## err
math.sign(-0.0) ## 0.0
math.sign(0.0/0.0) ## NaN
math.bitShiftLeft(1, 64) ## 0
math.bitShiftRight(-1, 1) ## 9223372036854775807
math.bitShiftLeft(1, -1) ## err
math.bitNot(0u) ## 18446744073709551615u
math.isNaN(0.0/0.0) ## true
math.sqrt(-1.0) ## NaN
math.sqrt(4) ## 2.0
[3, 1, 2].sort() ## [1, 2, 3]
["b", 1].sort() ## err
[3, 1].sortBy(x, -x) ## [3, 1]
[1, [2, [3]]].flatten() ## [1, 2, [3]]
[1, [2, [3]]].flatten(2) ## [1, 2, 3]
[1].flatten(-1) ## err
[1,2,3].slice(1, 4) ## err
[1,2,3].slice(1, 1) ## []
lists.range(3) ## [0, 1, 2]
lists.range(-1) ## []
base64.encode(b"hello") ## "aGVsbG8="
base64.decode("aGVsbG8") ## b"hello"
base64.decode("!!") ## err
"abc".matches("^b") ## false
"abc".matches("b") ## true
"abc".matches("(?i)B") ## true
"a".matches("\\pL") ## true
"a".matches("(?=a)") ## err
"a".matches("[") ## err
"\n".matches(".") ## false
"e\u0301".size() ## 2
type(1) == int ## true
type(type(1)) == type ## true
type(null) == null_type ## true
type(timestamp(0)) == google.protobuf.Timestamp ## true
dyn(1) + dyn(2.0) ## err
true ? 1 : 1/0 ## 1
false && 1/0 > 0 ## false
1/0 > 0 && false ## false
1/0 > 0 || true ## true
!(1/0 > 0) ## err
1 + 2 * 3 - 4 / 2 ## 5
1 < 2 == true ## true
"a" in {"a": null} ## true
[[1]].map(x, x[0]) ## [1]
{"a": 1}.a ## 1
{"a": 1}["b"] ## err
[1][1] ## err
[1][-1] ## err
[1][0.0] ## 1
[1][0u] ## 1
cel.bind(x, 1, cel.bind(x, x + 1, x)) ## 2
has({"a": null}.a) ## true
1 // comment ## 1
cidr("192.168.0.0/24").containsIP(ip("192.168.0.1")) ## true
ip("::ffff:1.2.3.4") ## err
timestamp("2023-01-01T00:00:00+01:00") == timestamp("2022-12-31T23:00:00Z") ## true
string(timestamp("2023-01-01T00:00:00.100Z")) ## "2023-01-01T00:00:00.1Z"
string(duration("1m1.5s")) ## "61.5s"
int(timestamp("1969-12-31T23:59:59.5Z")) ## -1
timestamp("2023-01-01T00:00:00Z") - timestamp("2022-01-01T00:00:00Z") ## duration("31536000s")
timestamp("9999-12-31T23:59:59Z") - timestamp("0001-01-01T00:00:00Z") ## err
"####;

#[test]
fn corners_of_the_language_are_as_defined() {
    let mut wrong = Vec::new();
    for row in ROWS.lines().filter(|row| !row.is_empty()) {
        let (text, expected) = row.rsplit_once(" ## ").expect("a row has a value");
        let value = Expression::parse(text).ok().and_then(|one| one.evaluate(&Empty).ok());
        let found = value.map_or_else(|| "err".to_owned(), |value| value.to_string());
        if found != expected {
            wrong.push(format!("{text} is {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
