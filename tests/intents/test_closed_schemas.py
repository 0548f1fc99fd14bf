"""Which schemas leave nothing open."""

from __future__ import annotations

from typing import Any

import pytest

from intents.jsonschemas.closed import open_place

TEXT = {"type": "string"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


CLOSED = {
    "empty": closed(),
    "fields": closed(env=TEXT, n={"type": ["integer", "null"]}, kind={"enum": ["a", {"b": 1}]}, one={"const": 1}),
    "inside": closed(db=closed(size={"type": "integer"}), tags={"type": "array", "items": TEXT}),
    "branches": closed(each={"anyOf": [TEXT, closed(a=TEXT)]}),
    "reference": closed(db={"$ref": "#/$defs/db"}) | {"$defs": {"db": closed(size=TEXT)}},
}
OPEN = {
    "/additionalProperties": {"type": "object", "properties": {"env": TEXT}},
    "/properties/db/additionalProperties": closed(db={"type": "object"}),
    "/properties/any": closed(any={}),
    "/properties/yes": closed(yes=True),
    "/properties/tags/items": closed(tags={"type": "array"}),
    "/properties/each/anyOf/1": closed(each={"anyOf": [TEXT, {}]}),
    "/properties/ref/additionalProperties": closed(ref={"$ref": "#/$defs/r"}) | {"$defs": {"r": {"type": "object"}}},
    "/properties/list/prefixItems/0": closed(list={"type": "array", "items": False, "prefixItems": [{}]}),
}


@pytest.mark.parametrize("schema", CLOSED.values(), ids=CLOSED)
def test_schema_is_closed_when_every_place_says_what_may_stand_there(schema):
    assert open_place(schema) is None


@pytest.mark.parametrize(("place", "schema"), OPEN.items(), ids=OPEN)
def test_schema_is_open_where_anything_may_stand(place, schema):
    assert open_place(schema) == place
