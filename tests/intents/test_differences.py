"""RFC 6902 patches: whatever the two values are, doing the patch makes the one of the other."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.differences import patch_between

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.text("a/~0", max_size=2)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a/~1", max_size=2), inner, max_size=3)
)


def applied(value: Any, patch: list[dict[str, Any]]) -> Any:
    """The value with the patch done to it, by the letter of the RFC."""
    holder = {"": copy.deepcopy(value)}
    for operation in patch:
        parts = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")]
        target: Any = holder
        for part in parts[:-1]:
            target = target[int(part)] if isinstance(target, list) else target[part]
        _do(target, parts[-1], operation)
    return holder[""]


def _do(target: Any, name: str, operation: dict[str, Any]) -> None:
    if isinstance(target, list) and operation["op"] == "add":
        target.insert(len(target) if name == "-" else int(name), operation["value"])
    elif operation["op"] == "remove":
        del target[int(name) if isinstance(target, list) else name]
    else:
        target[int(name) if isinstance(target, list) else name] = operation["value"]


@given(VALUES, VALUES)
@settings(max_examples=200)
def test_patch_between_two_values_makes_the_one_of_the_other(old, new):
    made = applied(old, patch_between(old, new))

    assert repr(made) == repr(new) if not isinstance(new, dict | list) else made == new


@given(VALUES)
def test_patch_between_equal_values_is_empty(value):
    assert patch_between(value, copy.deepcopy(value)) == []


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({"a": 1}, {"a": True}, [{"op": "replace", "path": "/a", "value": True}]),
        ({"a": 1}, {"b": 1}, [{"op": "remove", "path": "/a"}, {"op": "add", "path": "/b", "value": 1}]),
        ({"a": [1, 2, 3]}, {"a": [1]}, [{"op": "remove", "path": "/a/2"}, {"op": "remove", "path": "/a/1"}]),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [{"op": "replace", "path": "/a~1b/~0", "value": 2}]),
    ],
)
def test_patch_says_what_changed(old, new, patch):
    assert patch_between(old, new) == patch
