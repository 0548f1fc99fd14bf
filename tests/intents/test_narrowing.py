"""The rules by which one schema is told to take less than another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intents.jsonschemas.limits import check_schema
from intents.jsonschemas.narrowing import narrowings, same_shape
from intents.jsonschemas.validation import validate

Schema = dict[str, Any]


def field(shape: Any, **more: Any) -> Schema:
    return {"type": "object", "properties": {"x": shape}, **more}


DEFS = {"$defs": {"a": {"type": "string"}}}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (field({"type": "integer"}), field({"type": "number"})),
        (field({"type": "string"}), field({"type": ["string", "null"]})),
        (field({"type": "string"}), field({})),
        (field({"type": "string"}), field(True)),
        (field({"enum": ["a"]}), field({"enum": ["a", "b"]})),
        (field({"enum": ["a"]}), field({"type": "string", "maxLength": 1})),
        (field({"const": 1}), field({"enum": [1, 2]})),
        (field({"minimum": 2, "maximum": 5}), field({"minimum": 1, "maximum": 6})),
        (field({"pattern": "a"}), field({})),
        (field({}, required=["x"]), field({})),
        (field({}), {"type": "object", "properties": {"x": {}, "y": {"type": "string"}}}),
        (field({}, additionalProperties=False), field({})),
        (field({"type": "array", "items": {"type": "integer"}}), field({"type": "array", "items": {"type": "number"}})),
        (field({"$ref": "#/$defs/a"}, **DEFS), field({"type": "string"})),
        (field({"type": "string"}, title="Old"), field({"type": "string", "description": "new"}, title="New")),
    ],
)
def test_narrowings_finds_none_when_everything_is_still_taken(old: Schema, new: Schema) -> None:
    assert narrowings(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (field({"type": "number"}), field({"type": "integer"}), "/properties/x: the type number"),
        (field({}), field({"type": "string"}), "/properties/x: the type"),
        (field({"enum": ["a", "b"]}), field({"enum": ["a"]}), "/properties/x: a value was taken away"),
        (field({"type": "string"}), field({"type": "string", "enum": ["a"]}), "only some values"),
        (field({}), field({}, required=["x"]), "the whole: x became required"),
        (field({"minLength": 1}), field({"minLength": 2}), "minLength became narrower"),
        (field({}), field({"maximum": 9}), "maximum became narrower"),
        (field({"pattern": "a"}), field({"pattern": "b"}), "pattern was added or changed"),
        (field({}), field({}, additionalProperties=False), "/additionalProperties: takes nothing any more"),
        (field({"type": "string"}), {"type": "object", "additionalProperties": False}, "/properties/x: takes nothing"),
        (field({"type": "string"}), field(False), "/properties/x: takes nothing"),
        (field({"items": {}}), field({"items": {"type": "string"}}), "/properties/x/items: the type"),
        (field({"items": {}}), field({"prefixItems": [{"type": "string"}]}), "prefixItems or items were changed"),
        (field({"anyOf": [{"type": "string"}]}), field({"anyOf": [{"type": "null"}]}), "anyOf was added or changed"),
        (
            field({"$ref": "#/$defs/a"}, **DEFS),
            field({"$ref": "#/$defs/a"}, **{"$defs": {"a": {"type": "null"}}}),
            "/properties/x: the type string",
        ),
        (
            field({"anyOf": [{"$ref": "#/$defs/a"}]}, **DEFS),
            field({"anyOf": [{"$ref": "#/$defs/a"}]}, **{"$defs": {"a": {"type": "null"}}}),
            "anyOf was added or changed",
        ),
    ],
)
def test_narrowings_names_the_place_when_something_is_no_longer_taken(old: Schema, new: Schema, said: str) -> None:
    assert said in "; ".join(narrowings(old, new))


def test_same_shape_looks_past_words_for_people_and_nothing_else() -> None:
    old = field({"type": "string", "description": "x"}, title="Old", **{"$comment": "1"})

    assert same_shape(old, field({"type": "string", "default": "y"}))
    assert same_shape(field({"$ref": "#/$defs/a"}, **DEFS), field({"type": "string"}))
    assert not same_shape(old, field({"type": "string", "maxLength": 9}))
    assert not same_shape(field({"properties": {"title": {}}}), field({"properties": {}}))


SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "number", "null", ["string", "null"]]),
        "enum": st.lists(st.sampled_from(["a", "bb", 1, 2.5, None]), min_size=1, max_size=3, unique=True),
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "minimum": st.integers(-2, 3),
        "exclusiveMaximum": st.integers(-2, 3),
        "multipleOf": st.sampled_from([1, 2]),
        "not": st.sampled_from([{"type": "null"}, {"const": "a"}]),
    },
)
WHOLE = st.builds(
    lambda x, y, required, others: {
        "type": "object",
        "properties": {"x": x, **({"y": y} if y is not None else {})},
        "required": required,
        "additionalProperties": others,
    },
    SHAPES,
    st.none() | SHAPES,
    st.sampled_from([[], ["x"]]),
    st.just(False) | SHAPES,
)
VALUES = st.sampled_from(["", "a", "bb", "cccc", -3, 0, 1, 2, 2.5, 7, None])


@given(WHOLE, WHOLE, st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES))
def test_what_the_old_schema_took_the_new_one_takes_when_no_narrowing_is_found(
    old: Schema, new: Schema, payload: dict[str, Any]
) -> None:
    for schema in (old, new):
        check_schema(schema)
    if narrowings(old, new) or validate(old, payload):
        return

    unnamed = set(new["properties"]) - set(old["properties"])  # may be added in any shape, by the rule's own word
    if not unnamed & set(payload):
        assert validate(new, payload) == []
