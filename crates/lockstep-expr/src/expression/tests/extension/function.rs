//! Functions of numbers, lists, texts and addresses.

use super::check;

#[test]
fn functions_of_numbers() {
    check(
        r#"
        math.greatest(1)                     => 1
        math.greatest(1, 2u, 1.5)            => 2u
        math.greatest(2, 2.0, 2u)            => 2
        math.greatest([1, 3, 2])             => 3
        math.greatest(-1.5, -2)              => -1.5
        math.greatest([])                    => expr.argument: `math.greatest` of an empty list
        math.greatest()                      => expr.unknown_function: `math.greatest` takes 1 or more arguments
        math.greatest("a")                   => expr.type: `math.greatest` is not defined for string
        math.greatest(1, "a")                => expr.type: `math.greatest` compares numbers, not string
        math.greatest([1, [2]])              => expr.type: `math.greatest` compares numbers, not list
        math.greatest([1], [2])              => expr.type: `math.greatest` compares numbers, not list
        math.greatest(9223372036854775807, 18446744073709551615u) => 18446744073709551615u
        math.least(1, 2u, 0.5)               => 0.5
        math.least(1, 2, 3, 4, 5, 6, -7)     => -7
        math.least([1u, 1])                  => 1u
        math.least(-9223372036854775808, 0u) => -9223372036854775808
        math.least()                         => expr.unknown_function: `math.least` takes 1 or more arguments
        [math.ceil(1.2), math.ceil(-1.2), math.ceil(3.0)]    => [2.0, -1.0, 3.0]
        [math.floor(1.2), math.floor(-1.2)]                  => [1.0, -2.0]
        [math.round(1.5), math.round(2.5), math.round(-1.5), math.round(1.4)] => [2.0, 3.0, -2.0, 1.0]
        [math.trunc(1.9), math.trunc(-1.9)]                  => [1.0, -1.0]
        math.ceil(1)                         => expr.type: `math.ceil` is not defined for int
        math.isInf(math.ceil(1.0 / 0.0))     => true
        [math.abs(-3), math.abs(3), math.abs(-9223372036854775807)] => [3, 3, 9223372036854775807]
        math.abs(-9223372036854775808)       => expr.overflow: the absolute value of -9223372036854775808 is no int
        [math.abs(-1.5), math.abs(-0.0)]     => [1.5, 0.0]
        math.abs(3u)                         => 3u
        math.abs("a")                        => expr.type: `math.abs` is not defined for string
        [math.sign(-7), math.sign(0), math.sign(7)]          => [-1, 0, 1]
        [math.sign(0u), math.sign(9u)]                       => [0u, 1u]
        [math.sign(-0.5), math.sign(0.0), math.sign(-0.0), math.sign(2.0)] => [-1.0, 0.0, 0.0, 1.0]
        math.isNaN(math.sign(0.0 / 0.0))     => true
        [math.sqrt(81), math.sqrt(81u), math.sqrt(2.25)]     => [9.0, 9.0, 1.5]
        math.isNaN(math.sqrt(-1))            => true
        math.sqrt("4")                       => expr.type: `math.sqrt` is not defined for string
        [math.isInf(1.0 / 0.0), math.isInf(-1.0 / 0.0), math.isInf(1.0)] => [true, true, false]
        [math.isNaN(0.0 / 0.0), math.isNaN(1.0)]             => [true, false]
        [math.isFinite(1.0), math.isFinite(0.0 / 0.0), math.isFinite(-1.0 / 0.0)] => [true, false, false]
        math.isNaN(1)                        => expr.type: `math.isNaN` is not defined for int
        [math.bitAnd(6, 3), math.bitAnd(-3, -5)]             => [2, -7]
        [math.bitOr(6, 3), math.bitOr(-2, -4)]               => [7, -2]
        [math.bitXor(6, 3), math.bitXor(3, -1)]              => [5, -4]
        [math.bitAnd(6u, 3u), math.bitOr(6u, 3u), math.bitXor(6u, 3u)] => [2u, 7u, 5u]
        math.bitAnd(1, 1u)                   => expr.type: `math.bitAnd` is not defined for int and uint
        [math.bitNot(1), math.bitNot(-1)]    => [-2, 0]
        math.bitNot(0u)                      => 18446744073709551615u
        [math.bitShiftLeft(1, 0), math.bitShiftLeft(1, 63), math.bitShiftLeft(1, 64)] => [1, -9223372036854775808, 0]
        [math.bitShiftLeft(-1, 2), math.bitShiftLeft(3u, 63)] => [-4, 9223372036854775808u]
        math.bitShiftLeft(1, 9223372036854775807) => 0
        math.bitShiftLeft(1, -1)             => expr.argument: bits are shifted by 0 or more places, not -1
        math.bitShiftLeft(1, 1u)             => expr.type: `math.bitShiftLeft` is not defined for int and uint
        [math.bitShiftRight(-1, 63), math.bitShiftRight(-1, 0), math.bitShiftRight(-1, 64)] => [1, -1, 0]
        [math.bitShiftRight(1024u, 3), math.bitShiftRight(1024u, 4294967296)] => [128u, 0u]
        math.bitShiftRight(1.0, 1)           => expr.type: `math.bitShiftRight` is not defined for double and int
        .math.abs(-1)                        => 1
        (math).abs(-1)                       => 1
        abs(-1)                              => expr.unknown_function: there is no function `abs`
        "#,
    );
}

#[test]
fn functions_of_lists() {
    check(
        r#"
        lists.range(3)                       => [0, 1, 2]
        [lists.range(0), lists.range(-1)]    => [[], []]
        lists.range(1000000000000000000)     => expr.limit: the evaluation takes more than 1000000 steps
        lists.range(1.0)                     => expr.type: `lists.range` is not defined for double
        [1, 2, 3, 4].slice(1, 3)             => [2, 3]
        [[1, 2].slice(0, 2), [1, 2].slice(2, 2), [].slice(0, 0)] => [[1, 2], [], []]
        [1, 2].slice(0, 3)                   => expr.index: positions 0 to 3 are no part of the list of 2
        [1, 2].slice(-1, 1)                  => expr.index: positions -1 to 1 are no part of the list of 2
        [1, 2].slice(2, 1)                   => expr.index: positions 2 to 1 are no part of the list of 2
        "ab".slice(0, 1)                     => expr.type: `slice` is not defined for string and int and int
        [1, [2, 3], [], [[4]]].flatten()     => [1, 2, 3, [4]]
        [1, [2, [3, [4]]]].flatten(2)        => [1, 2, 3, [4]]
        [1, [2, [3, [4]]]].flatten(0)        => [1, [2, [3, [4]]]]
        [1, [2, [3, [4]]]].flatten(9223372036854775807) => [1, 2, 3, 4]
        [1].flatten(-1)                      => expr.argument: a list is flattened by 0 or more levels, not -1
        [].flatten()                         => []
        {}.flatten()                         => expr.type: `flatten` is not defined for map
        [1, 2, 1, 3, 2].distinct()           => [1, 2, 3]
        [1, 1u, 1.0, "1", [1], [1.0], null, null].distinct() => [1, "1", [1], null]
        [0.0 / 0.0, 0.0 / 0.0].distinct().size() => 2
        [3, 1, 2].sort()                     => [1, 2, 3]
        [["b", "a"].sort(), [b"b", b"a"].sort(), [true, false].sort(), [2u, 1u].sort(), [1.5, -1.5].sort()] => [["a", "b"], [b"a", b"b"], [false, true], [1u, 2u], [-1.5, 1.5]]
        [duration("2s"), duration("1s")].sort() => [duration("1s"), duration("2s")]
        [timestamp(2), timestamp(1)].sort()[0] == timestamp(1) => true
        [].sort()                            => []
        [1, "a"].sort()                      => expr.type: the keys of an order are of one type, not int and string
        [1, 1u].sort()                       => expr.type: the keys of an order are of one type, not int and uint
        [[1]].sort()                         => expr.type: of type list has no place in an order
        [1.0, 0.0 / 0.0].sort()              => expr.type: NaN has no place in an order
        [{"n": 2}, {"n": 1}].sortBy(x, x.n)  => [{"n": 1}, {"n": 2}]
        ["bb", "a", "cc"].sortBy(x, size(x)) => ["a", "bb", "cc"]
        ["bb", "a"].sortBy(x, -size(x))      => ["bb", "a"]
        [].sortBy(x, 1 / 0)                  => []
        [1, 2].sortBy(x, x / 0)              => expr.divide_by_zero: division of 1 by zero
        [1, 2].sortBy(x, [x])                => expr.type: of type list has no place in an order
        [1, 2].sortBy(x, y)                  => expr.unknown_name: `y` is not bound here
        {1: 2}.sortBy(x, x)                  => expr.type: `sortBy` goes over a list, not map
        [1].sortBy(x)                        => expr.unknown_function: `sortBy` is written as `list.sortBy(item, key)`
        [1, 2, 3].reverse()                  => [3, 2, 1]
        [[].reverse(), ["a"].reverse()]      => [[], ["a"]]
        {}.reverse()                         => expr.type: `reverse` is not defined for map
        [[7, 8].first(), [7, 8].last(), [].first(), [].last()] => [optional.of(7), optional.of(8), optional.none(), optional.none()]
        "ab".first()                         => expr.type: `first` is not defined for string
        "#,
    );
}

#[test]
fn base64_and_quotes() {
    check(
        r#"
        base64.encode(b"hello")              => "aGVsbG8="
        base64.encode(b"")                   => ""
        base64.encode("hello")               => expr.type: `base64.encode` is not defined for string
        base64.decode("aGVsbG8=")            => b"hello"
        base64.decode("aGVsbG8")             => b"hello"
        base64.decode("")                    => b""
        base64.decode("/+8=") == b"\xff\xef" => true
        base64.decode("_-8=")                => expr.conversion: "_-8=" is not base64
        base64.decode("a")                   => expr.conversion: "a" is not base64
        base64.decode("aGVs bG8=")           => expr.conversion: "aGVs bG8=" is not base64
        base64.decode(b"aGVs")               => expr.type: `base64.decode` is not defined for bytes
        strings.quote("a")                   => "\"a\""
        strings.quote("") == '""'            => true
        strings.quote("\a\b\f\n\r\t\v\\\"") == r'"\a\b\f\n\r\t\v\\\""' => true
        strings.quote("ü'\u0001") == "\"ü'\u0001\"" => true
        strings.quote(1)                     => expr.type: `strings.quote` is not defined for int
        "a".quote()                          => expr.unknown_function: there is no function `quote`
        "#,
    );
}

#[test]
fn format_writes_each_verb() {
    check(
        r#"
        "no verb".format([])                 => "no verb"
        "%%".format([])                      => "%"
        "100%% %s".format(["sure"])          => "100% sure"
        "%s".format(["ü"])                   => "ü"
        "%s %s %s %s %s".format([true, -1, 2u, null, int]) => "true -1 2 null int"
        "%s %s %s %s".format([1.0, -0.5, 1e21, 1e-7]) => "1 -0.5 1000000000000000000000 0.0000001"
        "%s %s %s".format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0]) => "NaN Infinity -Infinity"
        "%s".format([b"a\xff\xfeb\xff"])     => "a�b�"
        "%s %s".format([duration("90m"), duration("1.5s")]) => "5400s 1.5s"
        "%s".format([timestamp("2026-01-02T03:04:05.5+01:00")]) => "2026-01-02T02:04:05.5Z"
        "%s".format([[1, "a", [null], {}]])  => "[1, a, [null], {}]"
        "%s".format([{"b": 1, "a": [2]}])    => "{a: [2], b: 1}"
        "%s".format([{2: 1, 10: 2, true: 3, "a": 4}]) => "{10: 2, 2: 1, a: 4, true: 3}"
        "%s %s".format([ip("::1"), cidr("10.0.0.0/8")]) => "::1 10.0.0.0/8"
        "%s".format([ref("E", "7")])         => "7"
        "%s".format([optional.of(1)])        => expr.type: `%s` does not write optional
        "%d %d %d".format([-1, 2u, 1.5])     => "-1 2 1.5"
        "%d %d".format([0.0 / 0.0, -1.0 / 0.0]) => "NaN -Infinity"
        "%d".format(["1"])                   => expr.type: `%d` does not write string
        "%d".format([true])                  => expr.type: `%d` does not write bool
        "%f %f %f".format([1.5, 1, 2u])      => "1.500000 1.000000 2.000000"
        "%.0f %.0f %.0f %.0f".format([0.5, 1.5, 2.5, -2.5]) => "0 2 2 -2"
        "%.1f %.2f".format([0.25, 1.005])    => "0.2 1.00"
        "%.3f".format([1e20])                => "100000000000000000000.000"
        "%f %f %f".format([0.0 / 0.0, 1.0 / 0.0, -1.0 / 0.0]) => "NaN Infinity -Infinity"
        "%f".format(["1"])                   => expr.type: `%f` does not write string
        "%e %e %e".format([1052.032911275, 0, 5u]) => "1.052033e+03 0.000000e+00 5.000000e+00"
        "%.1e %.0e %.2e".format([-3.14, 2.5, 1e-10]) => "-3.1e+00 2e+00 1.00e-10"
        "%.2e".format([1e300])               => "1.00e+300"
        "%e".format([1.0 / 0.0])             => "Infinity"
        "%x %X %x %x".format([255, 255, -255, 255u]) => "ff FF -ff ff"
        "%x %X".format(["Hi", b"\x0a\xff"])  => "4869 0AFF"
        "%x".format([-9223372036854775808])  => "-8000000000000000"
        "%x".format([1.0])                   => expr.type: `%x` does not write double
        "%x".format([true])                  => expr.type: `%x` does not write bool
        "%o %o %o".format([8, -8, 8u])       => "10 -10 10"
        "%o".format([true])                  => expr.type: `%o` does not write bool
        "%o".format(["8"])                   => expr.type: `%o` does not write string
        "%b %b %b %b %b".format([5, -5, 5u, true, false]) => "101 -101 101 1 0"
        "%b".format([1.0])                   => expr.type: `%b` does not write double
        "%b".format([null])                  => expr.type: `%b` does not write null
        "%s %s".format([1])                  => expr.argument: the text "%s %s" has more verbs than values
        "%s".format([1, 2])                  => "1"
        "%".format([1])                      => expr.argument: a text ends with `%`: write `%%` for `%`
        "%k".format([1])                     => expr.argument: there is no verb `%k`: write `%%` for `%`
        "% d".format([1])                    => expr.argument: there is no verb `% `: write `%%` for `%`
        "%.2".format([1])                    => expr.argument: a text ends with `%`: write `%%` for `%`
        "%.f".format([1])                    => expr.argument: a precision is a number from 0 to 1000
        "%.1001f".format([1])                => expr.argument: a precision is a number from 0 to 1000
        "%.99999999999999999999f".format([1]) => expr.argument: a precision is a number from 0 to 1000
        size("%.1000f".format([1]))          => 1002
        "%.2s".format(["abc"])               => expr.argument: `%s` takes no precision
        "%s".format("a")                     => expr.type: `format` is not defined for string and string
        "%s".format()                        => expr.unknown_function: `format` takes 1 argument, not 0
        "#,
    );
}

#[test]
fn functions_of_addresses() {
    check(
        r#"
        ip("192.168.0.1")                    => ip("192.168.0.1")
        ip("2001:DB8::1")                    => ip("2001:db8::1")
        ip("::ffff:c0a8:1")                  => ip("192.168.0.1")
        ip("::ffff:192.168.0.1")             => expr.conversion: "::ffff:192.168.0.1" is an IPv4 address written as IPv6, which is not allowed
        ip("fe80::1%eth0")                   => expr.conversion: "fe80::1%eth0" is an address with a zone, which is not allowed
        ip("localhost")                      => expr.conversion: "localhost" is not an internet address
        ip(1)                                => expr.type: `ip` is not defined for int
        ip(cidr("10.0.0.1/8"))               => ip("10.0.0.1")
        cidr("10.0.0.1/8")                   => cidr("10.0.0.1/8")
        cidr("10.0.0.1")                     => expr.conversion: "10.0.0.1" is not a range of addresses such as 192.168.0.0/24
        [isIP("::1"), isIP("1.2.3"), isIP("fe80::1%a")] => [true, false, false]
        [isCIDR("::1/128"), isCIDR("::1/129"), isCIDR("::1")] => [true, false, false]
        isIP(1)                              => expr.type: `isIP` is not defined for int
        [ip.isCanonical("::1"), ip.isCanonical("0::1"), ip.isCanonical("2001:DB8::1")] => [true, false, false]
        ip.isCanonical("x")                  => expr.conversion: "x" is not an internet address
        [ip("1.2.3.4").family(), ip("::1").family()] => [4, 6]
        [ip("0.0.0.0").isUnspecified(), ip("::").isUnspecified(), ip("::1").isUnspecified()] => [true, true, false]
        [ip("127.1.2.3").isLoopback(), ip("::1").isLoopback(), ip("128.0.0.1").isLoopback()] => [true, true, false]
        [ip("10.0.0.1").isGlobalUnicast(), ip("224.0.0.1").isGlobalUnicast()] => [true, false]
        [ip("224.0.0.1").isLinkLocalMulticast(), ip("ff02::1").isLinkLocalMulticast(), ip("ff05::1").isLinkLocalMulticast()] => [true, true, false]
        [ip("169.254.1.1").isLinkLocalUnicast(), ip("fe80::1").isLinkLocalUnicast(), ip("10.0.0.1").isLinkLocalUnicast()] => [true, true, false]
        "1.2.3.4".family()                   => expr.type: `family` is not defined for string
        cidr("10.0.0.0/8").containsIP(ip("10.9.9.9")) => true
        cidr("10.0.0.0/8").containsIP("11.0.0.1") => false
        cidr("10.0.0.0/8").containsIP("x")   => expr.conversion: "x" is not an internet address
        cidr("10.0.0.0/8").containsIP(1)     => expr.type: `containsIP` is not defined for cidr and int
        cidr("::/0").containsIP("1.2.3.4")   => false
        cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16") => true
        cidr("10.1.0.0/16").containsCIDR(cidr("10.0.0.0/8")) => false
        cidr("10.0.0.0/8").containsCIDR("10.0.0.0") => expr.conversion: "10.0.0.0" is not a range of addresses such as 192.168.0.0/24
        cidr("10.1.2.3/8").prefixLength()    => 8
        cidr("10.1.2.3/8").ip()              => ip("10.1.2.3")
        cidr("10.1.2.3/8").masked()          => cidr("10.0.0.0/8")
        cidr("10.1.2.3/8") == cidr("10.0.0.0/8") => false
        ip("10.0.0.1") == "10.0.0.1"         => false
        [string(ip("::1")), string(cidr("::1/8"))] => ["::1", "::1/8"]
        [type(ip("::1")) == net.IP, type(cidr("::/0")) == net.CIDR] => [true, true]
        type(net.IP) == type                 => true
        ip("::1") < ip("::2")                => expr.type: `<` is not defined for ip and ip
        "#,
    );
}
