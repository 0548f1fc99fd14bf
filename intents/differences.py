"""What changed between two JSON values, as an RFC 6902 patch of add, remove and replace. Pure, in linear time.

Lists are compared place by place. The packages for this compare True with 1 or look for moves, in quadratic time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]
Patch = list[Operation]


def patch_between(old: Any, new: Any) -> Patch:
    """The operations that make `new` of `old`, in the order in which they are to be done."""
    return list(_changes(old, new, ""))


def pointer(*names: str) -> str:
    """An RFC 6901 pointer to a field of nested objects."""
    return "".join(f"/{_escaped(name)}" for name in names)


def _changes(old: Any, new: Any, path: str) -> Iterator[Operation]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _in_object(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_list(old, new, path)
    elif isinstance(old, bool) != isinstance(new, bool) or old != new:
        yield {"op": "replace", "path": path, "value": new}


def _in_object(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Operation]:
    for name in sorted(old.keys() - new.keys()):
        yield {"op": "remove", "path": f"{path}/{_escaped(name)}"}
    for name, value in new.items():
        place = f"{path}/{_escaped(name)}"
        if name in old:
            yield from _changes(old[name], value, place)
        else:
            yield {"op": "add", "path": place, "value": value}


def _in_list(old: list[Any], new: list[Any], path: str) -> Iterator[Operation]:
    for at, (before, after) in enumerate(zip(old, new, strict=False)):
        yield from _changes(before, after, f"{path}/{at}")
    for at in range(len(old) - 1, len(new) - 1, -1):
        yield {"op": "remove", "path": f"{path}/{at}"}
    for value in new[len(old) :]:
        yield {"op": "add", "path": f"{path}/-", "value": value}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
