"""Bodies of policies, chains and schedules without somebody who left. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

MAY_BE_EMPTY = ("escalate_to", "inform", "last_resort")
"""Lists that say nothing when they are empty. An emptied `who` would say something else: the whole requirement."""


def without(body: Any, names: Collection[str]) -> tuple[Any, list[str]]:
    """The same rule without these names, and where they cannot be left out, as nobody else stands there."""
    stuck: list[str] = []
    return _without(body, names, "", stuck), stuck


def turns_without(body: dict[str, Any], names: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """The same schedule, in which their turns go to whoever comes next; the others' turns stay where they are.

    A layer of nobody else goes; if it is the only one it stays, and is named.
    """
    layers = [layer | {"people": _next_ones(layer["people"], names)} for layer in body["layers"]]
    kept = [layer for layer in layers if layer["people"]]
    if not kept:
        return body, ["layers: nobody else is in it"]
    return body | {"layers": kept}, []


def _next_ones(people: list[str], names: Collection[str]) -> list[str]:
    count = len(people)
    following = [people[at:] + people[:at] for at in range(count)]
    found = [next((name for name in turns if not _is_one(name, names)), None) for turns in following]
    return [name for name in found if name is not None]


def _without(value: Any, names: Collection[str], where: str, stuck: list[str]) -> Any:
    if isinstance(value, list):
        return [_without(each, names, f"{where}[{at}]", stuck) for at, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, each in value.items():
        place = f"{where}.{key}".removeprefix(".")
        kept = _names_left(key, each, names)
        if kept is None:
            found[key] = _without(each, names, place, stuck)
        elif kept or key in MAY_BE_EMPTY:
            found |= {key: kept} if kept else {}
        else:
            stuck.append(place)
            found[key] = each
    return found


def _names_left(key: str, value: Any, names: Collection[str]) -> list[str] | None:
    """The names of such a list that stay; None if nothing is to be done here."""
    if key not in ("who", *MAY_BE_EMPTY) or not isinstance(value, list):
        return None
    kept = [name for name in value if not _is_one(name, names)]
    return kept if len(kept) < len(value) else None


def _is_one(name: Any, names: Collection[str]) -> bool:
    return isinstance(name, str) and name.strip().removeprefix("person:").lower() in names
