"""What schemathesis is told of the API beside its document."""

import json

import schemathesis


def whole(value):
    """Returns JSON in which no whole number is written with a fraction.

    To JSON Schema 1.0 is an integer; to the daemon it is none, as to most languages' types.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {name: whole(one) for name, one in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A batch of one line."""
    return (json.dumps(value) + "\n").encode()
