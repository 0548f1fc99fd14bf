"""Reading a configuration file: plain data, and the line on which each part of it stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from approvals.configfile.dialect import COLLECTIONS, CoreLoader, value_of

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 40
MOST_DIGITS = 16

Path = tuple[str | int, ...]


class Unreadable(ValueError):
    """The text is no configuration file. `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass
class Read:
    """What a file says. `lines` gives the line of each path that is in it."""

    data: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of this place, or of the nearest place around it that the file has."""
        return next((self.lines[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self.lines), 1)


def read(text: str) -> Read:
    """Unreadable, with the line, for whatever is no plain mapping: also repeated names, anchors, tags, and towers."""
    if len(text.encode()) > MOST_BYTES:
        raise Unreadable(1, f"The file is larger than {MOST_BYTES // 1024} KiB.")
    try:
        root = yaml.compose(text, Loader=CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(
            mark.line + 1 if mark else 1, f"This is not YAML: {error.problem or error.context}."
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(1, "This is not YAML that can be read.") from error
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable(1, "The file has to be a mapping, such as `policies:` with a list below it.")
    found = Read({})
    found.data = _plain(root, (), found.lines, set())
    return found


def _plain(node: yaml.Node, path: Path, lines: dict[Path, int], seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in seen:
        raise Unreadable(line, "Anchors and aliases are not taken: write it out.")
    seen.add(id(node))
    if len(path) > MOST_DEPTH:
        raise Unreadable(line, f"Nothing is nested more than {MOST_DEPTH} deep.")
    if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTIONS:
        raise Unreadable(line, f"The tag {node.tag} is not taken.")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, number), lines, seen) for number, item in enumerate(node.value)]
    return _scalar(node, line)


def _mapping(node: yaml.MappingNode, path: Path, lines: dict[Path, int], seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, "A name has to be a text.")
        if key.value in found:
            raise Unreadable(line, f"{key.value!r} stands here twice.")
        lines[(*path, key.value)] = line
        found[key.value] = _plain(value, (*path, key.value), lines, seen)
    return found


def _scalar(node: yaml.Node, line: int) -> Any:
    try:
        if len(node.value) > MOST_DIGITS and node.tag.endswith((":int", ":float")):
            raise Unreadable(
                line, f"{node.value[:20]} is no number that can be read exactly: quote it if it is a text."
            )
        return value_of(node.tag, node.value)
    except KeyError as error:
        raise Unreadable(line, f"The tag {node.tag} is not taken.") from error


def place(path: Path) -> str:
    """A path as sentences name it: `policies[0].gates[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
