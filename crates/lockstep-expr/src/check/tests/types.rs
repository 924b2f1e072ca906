//! The types of expressions in which there is nothing to find.

use super::check_types;

#[test]
fn literals_and_aggregates_have_their_types() {
    check_types(&[
        ("1", "int"),
        ("1u", "uint"),
        ("1.5", "double"),
        ("'a'", "string"),
        ("b'a'", "bytes"),
        ("true", "bool"),
        ("null", "null"),
        ("[]", "list<any>"),
        ("{}", "map<any, any>"),
        ("[1, 2]", "list<int>"),
        ("[1, 'a']", "list<any>"),
        ("[1, null]", "list<int or null>"),
        ("[null, null]", "list<null>"),
        ("[[], [1]]", "list<list<int>>"),
        ("[[1], []]", "list<list<int>>"),
        ("[[1], ['a']]", "list<any>"),
        ("[1, any]", "list<any>"),
        ("{'a': 1, 'b': 2}", "map<string, int>"),
        ("{'a': 1, 'b': 'c'}", "map<string, any>"),
        ("{'a': 1, 2: 3}", "map<any, int>"),
        ("{any: 1}", "map<any, int>"),
        ("[?optional.of(1), 2]", "list<int>"),
        ("{?'a': optional.of(1)}", "map<string, int>"),
        ("int", "type"),
        ("type(1)", "type"),
        ("google.protobuf.Timestamp", "type"),
    ]);
}

#[test]
fn operators_have_the_types_of_their_operands() {
    check_types(&[
        ("1 + 2 * 3", "int"),
        ("1u + 2u", "uint"),
        ("slot.price / 2.0", "double"),
        ("'a' + 'b'", "string"),
        ("[1] + [2]", "list<int>"),
        ("[] + [2]", "list<int>"),
        ("[1] + any", "list<any>"),
        ("slot.starts_at + duration('1h')", "timestamp"),
        ("slot.starts_at - slot.starts_at", "duration"),
        ("any + 1", "int"),
        ("any + any", "any"),
        ("-slot.price", "double"),
        ("1 < 2.5", "bool"),
        ("1 == 1.0", "bool"),
        ("slot.booked < slot.places && input.customer != ''", "bool"),
        ("any ? 1 : 2", "int"),
        ("any ? 1 : any", "any"),
        ("any ? 1 : null", "int or null"),
        ("any ? [] : [1]", "list<int>"),
        ("any ? 1 : any ? 2 : 3", "int"),
        ("'a' in slot.tags", "bool"),
        ("1 in [1.0]", "bool"),
        ("'a' in counts", "bool"),
        ("'customer' in input", "bool"),
        ("null in [1, null]", "bool"),
    ]);
}

#[test]
fn fields_and_elements_have_their_types() {
    check_types(&[
        ("slot.booked", "int"),
        ("slot.tags[0]", "string"),
        ("slot.room.id", "string"),
        ("counts.apples", "int"),
        ("counts['apples']", "int"),
        ("input['customer']", "string"),
        ("input[any]", "any"),
        ("input.lines[0].count", "int"),
        ("remote.status", "int"),
        ("remote.body.items[0].price", "any"),
        ("remote.other", "any"),
        ("any.thing[1]", "any"),
        ("has(slot.owner)", "bool"),
        ("has(any.b.c)", "bool"),
        ("slot.?owner", "optional<string>"),
        ("slot.?person.age", "optional<int>"),
        ("slot.?person.?age.orValue(18)", "int"),
        ("any.?b.c", "optional<any>"),
        ("counts[?'a'].orValue(0)", "int"),
        ("slot.tags[?0].value()", "string"),
        ("maybe == null ? 0 : maybe", "int"),
        ("[[1]][0][0]", "int"),
        ("{'a': {'b': true}}.a.b", "bool"),
    ]);
}

#[test]
fn calls_have_the_types_of_their_signatures() {
    check_types(&[
        ("size(slot.tags) + slot.tags.size()", "int"),
        ("size(any)", "int"),
        ("slot.tags.join(', ').split(',')", "list<string>"),
        ("ref('Room', slot.id)", "ref<Room>"),
        ("ref(slot.id, 1)", "ref"),
        ("string(slot.booked)", "string"),
        ("timestamp('2020-01-01T00:00:00Z').getFullYear('UTC')", "int"),
        ("math.greatest(1, 2)", "int"),
        ("math.greatest(1, 2.0)", "any"),
        ("math.least([1.5, 2.5])", "double"),
        ("math.abs(-1)", "int"),
        ("lists.range(3)", "list<int>"),
        ("[3, 1].sort()", "list<int>"),
        ("[[1], [2]].flatten()", "list<int>"),
        ("[1].first()", "optional<int>"),
        ("optional.of(maybe)", "optional<int or null>"),
        ("optional.none()", "optional<any>"),
        ("optional.none().or(optional.of(1)).orValue(2)", "int"),
        ("optional.unwrap([optional.of(1)])", "list<int>"),
        ("base64.decode(base64.encode(b'a'))", "bytes"),
        ("ip('127.0.0.1').isLoopback()", "bool"),
        ("cidr('10.0.0.0/8').ip()", "net.IP"),
        ("type(ip('127.0.0.1')) == net.IP", "bool"),
        ("'%s'.format([1, 'a'])", "string"),
        ("dyn(1)", "any"),
        ("pair(1, 2).left()", "int"),
        ("pair(1, any).left()", "any"),
    ]);
}

#[test]
fn macros_bind_the_types_of_elements() {
    check_types(&[
        ("slot.tags.all(tag, tag.startsWith('a'))", "bool"),
        ("slot.tags.map(tag, tag.size())", "list<int>"),
        ("slot.tags.map(tag, tag != '', tag.size())", "list<int>"),
        ("counts.filter(key, key != '')", "list<string>"),
        ("[1, 2].exists(i, n, n == i)", "bool"),
        ("counts.all(key, count, key != '' && count > 0)", "bool"),
        ("counts.transformMap(key, count, key + string(count))", "map<string, string>"),
        ("['a'].transformMap(i, text, text)", "map<int, string>"),
        ("counts.transformList(key, count, count)", "list<int>"),
        ("counts.transformMapEntry(key, count, {count: key})", "map<int, string>"),
        ("input.all(key, key != '')", "bool"),
        ("any.map(x, x.y)", "list<any>"),
        ("[].map(x, x)", "list<any>"),
        ("[].map(x, x + 1)", "list<int>"),
        ("['b', 'a'].sortBy(text, text.size())", "list<string>"),
        ("cel.bind(n, slot.booked + 1, n * n)", "int"),
        ("cel.block([1, cel.index(0) + 1], [cel.index(1)])", "list<int>"),
        ("optional.of(1).optMap(n, [n])", "optional<list<int>>"),
        ("counts.?a.optFlatMap(n, counts.?b)", "optional<int>"),
        ("[[1, 2]].map(row, row.map(n, string(n)))", "list<list<string>>"),
    ]);
}
