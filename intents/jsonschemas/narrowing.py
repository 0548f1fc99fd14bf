"""Whether a schema still takes all that another one takes, as far as that can be told by simple rules. Pure.

What these rules cannot tell counts as narrower. One thing they let pass on purpose: a property that the old schema did
not name may be added in any shape, though an old payload might by chance have used that name.
"""

from collections.abc import Callable, Iterator
from operator import gt, lt
from typing import Any

from jsonschema import Draft202012Validator

from intents.digest import canonical
from intents.jsonschemas.budget import TooMuchWork, budget
from intents.jsonschemas.limits import HOLDS_LIST, HOLDS_MAP, HOLDS_ONE
from intents.jsonschemas.refs import resolve
from intents.jsonschemas.rules import validator_for

MOST = 20
_EFFECTIVE = frozenset(Draft202012Validator.VALIDATORS) | {"then", "else", "minContains", "maxContains"}
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), gt),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), lt),
}
_GROUPS = (
    ("pattern",), ("format",), ("multipleOf",), ("uniqueItems",), ("allOf",), ("anyOf",), ("oneOf",), ("not",),
    ("dependentRequired",), ("dependentSchemas",), ("propertyNames",), ("contains", "minContains", "maxContains"),
    ("if", "then", "else"),
)  # fmt: skip
_TYPES = frozenset(("string", "number", "integer", "boolean", "array", "object", "null"))

Plain = dict[str, Any] | bool


def same_shape(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """True if they differ at most in words for people: titles, descriptions, defaults, examples, and the like."""
    return canonical(_plain(old, old)) == canonical(_plain(new, new))


def narrowings(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Up to 20 places in which `new` refuses something that `old` takes, or may do so. Both passed check_schema."""
    found: list[str] = []
    try:
        with budget():
            for place, fault in _compare(_plain(old, old), _plain(new, new), ""):
                found.append(f"{place or 'the whole'}: {fault}")
                if len(found) == MOST:
                    break
    except (TooMuchWork, RecursionError):
        found.append("the whole: it is too large to be compared.")
    return found


def _plain(root: dict[str, Any], node: Any) -> Plain:
    """References put in place, and everything left out that decides nothing. They are acyclic and few."""
    if isinstance(node, bool):
        return {} if node else False
    plain: dict[str, Any] = {}
    for keyword in node.keys() & _EFFECTIVE - {"$ref"}:
        plain[keyword] = _held(root, keyword, node[keyword])
    if plain.get("uniqueItems") is False:
        del plain["uniqueItems"]
    if plain.get("required") == []:
        del plain["required"]
    if "$ref" in node:
        target = _plain(root, resolve(root, node["$ref"]))
        return {**plain, "allOf": [*plain.get("allOf", []), target]} if plain else target
    return plain


def _held(root: dict[str, Any], keyword: str, value: Any) -> Any:
    if keyword in HOLDS_ONE:
        return _plain(root, value)
    if keyword in HOLDS_LIST:
        return [_plain(root, each) for each in value]
    if keyword in HOLDS_MAP:
        return {name: _plain(root, each) for name, each in value.items()}
    return sorted(value) if keyword == "required" else value


def _compare(old: Plain, new: Plain, place: str) -> Iterator[tuple[str, str]]:
    if new == {} or old is False or canonical(old) == canonical(new):
        return
    if isinstance(new, bool) or isinstance(old, bool):
        yield place, "takes nothing any more"
        return
    values = _values(old)
    if values is not None:
        validator = validator_for(new)
        if not all(validator.is_valid(value) for value in values):
            yield place, "a value was taken away"
        return
    yield from _own(old, new, place)
    yield from _properties(old, new, place)
    yield from _items(old, new, place)


def _own(old: dict[str, Any], new: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """What this level says of itself."""
    lost = _types(old) - _types(new)
    if lost:
        yield place, f"the type {', '.join(sorted(lost))} was taken away"
    if _values(new) is not None:
        yield place, "only some values are left"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield place, f"{name} became required"
    for keyword, narrower in _BOUNDS.items():
        if keyword in new and (keyword not in old or narrower(new[keyword], old[keyword])):
            yield place, f"{keyword} became narrower"
    for group in _GROUPS:
        if group[0] in new and canonical(_part(old, group)) != canonical(_part(new, group)):
            yield place, f"{group[0]} was added or changed"


def _properties(old: dict[str, Any], new: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    had, has = old.get("properties", {}), new.get("properties", {})
    others_were, others = old.get("additionalProperties", {}), new.get("additionalProperties", {})
    for name in [*had, *(name for name in has if name not in had)]:
        if name in had:
            yield from _compare(had[name], has.get(name, others), f"{place}/properties/{name}")
        elif others_were not in ({}, False):
            yield from _compare(others_were, has[name], f"{place}/properties/{name}")
    yield from _compare(others_were, others, f"{place}/additionalProperties")


def _items(old: dict[str, Any], new: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    lists = ("prefixItems", "items")
    if "prefixItems" not in old and "prefixItems" not in new:
        yield from _compare(old.get("items", {}), new.get("items", {}), f"{place}/items")
    elif _part(new, lists) and canonical(_part(old, lists)) != canonical(_part(new, lists)):
        yield place, "prefixItems or items were changed"


def _part(node: dict[str, Any], keywords: tuple[str, ...]) -> dict[str, Any]:
    return {keyword: node[keyword] for keyword in keywords if keyword in node}


def _values(node: dict[str, Any]) -> list[Any] | None:
    if "const" in node:
        return [node["const"]]
    return list(node["enum"]) if "enum" in node else None


def _types(node: dict[str, Any]) -> frozenset[str]:
    """The types that it takes; whoever takes numbers takes whole ones."""
    named = node.get("type", _TYPES)
    types = frozenset([named] if isinstance(named, str) else named)
    return types | {"integer"} if "number" in types else types
