"""JSON that every reader understands alike: what could be read in two ways is refused at the door."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from intents.digest import canonical

MAX_BYTES = 512 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_INTEGER = 2**53 - 1
MAX_NAMES = 2_000_000
"""Characters of all values' names in full, as in `db.tables.name`: a long name above many values is shown with each."""

# Strings are skipped whole, also one that never ends, so that no input makes the scan go back.
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# RFC 8785 writes whole floats below this one as integers, which a later reader would refuse or round.
_FIRST_EXPONENT = 1e21

# A place is a linked list of steps from the root, made into a pointer only if something is wrong there.
_Place = tuple["_Place", str | int] | None
_Node = tuple[Any, _Place, int, int]


class JsonRefused(ValueError):
    """The JSON is not taken. `code` is stable, `sentence` says what to change.

    `place` is a JSON pointer (RFC 6901) where the value is known, else an offset such as `byte 7`.
    """

    def __init__(self, code: str, sentence: str, place: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.place = place
        super().__init__(f"{sentence} (at {place})" if place else sentence)


class _Repeated(dict[str, Any]):
    """An object in which a name came twice; kept until its place is known."""

    def __init__(self, built: dict[str, Any], name: str) -> None:
        super().__init__(built)
        self.name = name


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_nodes: int = MAX_NODES) -> Any:
    """The value of a JSON text (RFC 8259, and the narrower I-JSON of RFC 7493), or JsonRefused.

    The size and depth limits hold before anything is built.
    """
    if len(raw) > max_bytes:
        raise _too_large(len(raw), max_bytes)
    text = _decoded(raw)
    _check_depth(raw, max_depth)
    value = _loaded(text)
    check(value, max_bytes=None, max_depth=max_depth, max_nodes=max_nodes)
    return value


def check(
    value: Any, *, max_bytes: int | None = MAX_BYTES, max_depth: int = MAX_DEPTH, max_nodes: int = MAX_NODES
) -> None:
    """Hold a value that is already parsed to the same rules; `max_bytes` counts its canonical form."""
    nodes = names = 0
    waiting: list[_Node] = [(value, None, 0, 0)]
    while waiting:
        node, place, depth, name = waiting.pop()
        nodes += 1
        names += name
        if nodes > max_nodes:
            raise JsonRefused(
                "json_too_many_nodes", f"The JSON has more than {max_nodes} values; send fewer.", _pointer(place)
            )
        if names > MAX_NAMES:
            raise JsonRefused("json_names_too_long", "Long names stand above too many values; shorten the names.")
        if isinstance(node, dict | list):
            if depth >= max_depth:
                raise JsonRefused(
                    "json_too_deep", f"The JSON is nested deeper than {max_depth} levels; flatten it.", _pointer(place)
                )
            _check_names(node, place)
            waiting.extend(reversed(list(_children(node, place, depth + 1, name))))
        else:
            _check_leaf(node, place)
    if max_bytes is not None and (size := len(canonical(value))) > max_bytes:
        raise _too_large(size, max_bytes)


def _too_large(size: int, limit: int) -> JsonRefused:
    return JsonRefused(
        "json_too_large", f"The JSON has {size} bytes; the limit is {limit}. Send a reference to the data instead."
    )


def _decoded(raw: bytes) -> str:
    """RFC 8259 section 8.1 asks for UTF-8 and lets a reader refuse a byte order mark; we do."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise JsonRefused("json_text", "The JSON begins with a byte order mark; send plain UTF-8.", "byte 0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise JsonRefused("json_text", "The JSON is not UTF-8; encode it as UTF-8.", f"byte {fault.start}") from None


def _check_depth(raw: bytes, max_depth: int) -> None:
    """Count brackets outside of strings, so that the recursive parser never sees a tower."""
    depth = 0
    for found in _BRACKETS.finditer(raw):
        token = raw[found.start()]
        if token in b"[{":
            depth += 1
            if depth > max_depth:
                raise JsonRefused(
                    "json_too_deep",
                    f"The JSON is nested deeper than {max_depth} levels; flatten it.",
                    f"byte {found.start()}",
                )
        elif token in b"]}":
            depth -= 1


def _loaded(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as fault:
        sentence = f"This is not JSON: {fault.msg} in line {fault.lineno}, column {fault.colno}."
        raise JsonRefused("json_invalid", sentence, f"character {fault.pos}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) == len(pairs):
        return built
    return _Repeated(built, _first_repeated([name for name, _ in pairs]))


def _first_repeated(names: list[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    raise AssertionError("No name is repeated.")


def _integer(digits: str) -> int:
    """Python spends quadratic time on long numbers and then raises; all of these are out of range anyway."""
    return int(digits) if len(digits) <= 17 else MAX_INTEGER + 1


def _children(node: dict[str, Any] | list[Any], place: _Place, depth: int, above: int) -> Iterator[_Node]:
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    for step, child in steps:
        yield child, (place, step), depth, above + len(step if isinstance(step, str) else "[]")


def _check_names(node: dict[str, Any] | list[Any], place: _Place) -> None:
    """RFC 8259 section 4 leaves open what a repeated name means; two readers could see two payloads, so we refuse."""
    if isinstance(node, _Repeated):
        sentence = f"The name {json.dumps(node.name)} occurs twice in one object; send it once."
        raise JsonRefused("json_duplicate_key", sentence, _pointer((place, node.name)))
    if isinstance(node, dict):
        for name in node:
            if not isinstance(name, str):
                raise JsonRefused("json_invalid", "Names in a JSON object are texts.", _pointer(place))
            _check_text(name, place)


def _check_leaf(leaf: Any, place: _Place) -> None:
    if leaf is None or isinstance(leaf, bool):
        return
    if isinstance(leaf, str):
        _check_text(leaf, place)
    elif isinstance(leaf, int | float):
        _check_number(leaf, place)
    else:
        raise JsonRefused("json_invalid", f"JSON has no {type(leaf).__name__}; write it as a text.", _pointer(place))


def _check_text(text: str, place: _Place) -> None:
    """RFC 8259 section 8.2 warns of lone surrogates; PostgreSQL takes neither them nor U+0000."""
    found = _UNSTORABLE.search(text)
    if found:
        sentence = f"A text contains U+{ord(found.group()):04X}, which cannot be stored; remove it."
        raise JsonRefused("json_text", sentence, _pointer(place))


def _check_number(number: int | float, place: _Place) -> None:
    """RFC 7493 section 2.2: beyond 2^53-1 whole numbers lose digits in other readers; NaN and Infinity are no JSON."""
    if isinstance(number, float) and not math.isfinite(number):
        raise JsonRefused(
            "json_number", "A number is NaN, infinite or too large; JSON has no such number.", _pointer(place)
        )
    if abs(number) > MAX_INTEGER and (isinstance(number, int) or abs(number) < _FIRST_EXPONENT):
        raise JsonRefused("json_number", f"A whole number is beyond {MAX_INTEGER}; send it as a text.", _pointer(place))


def _pointer(place: _Place) -> str:
    """The place as text that can be sent back, also when a name on the way to it cannot."""
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append("/" + str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(reversed(steps)).encode("utf-8", "backslashreplace").decode()
