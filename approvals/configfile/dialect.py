"""The YAML of configuration files: the core schema of YAML 1.2, so that `18:00`, `no` and `2026-11-02` stay texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml

TRUTH = "tag:yaml.org,2002:bool"
WHOLE = "tag:yaml.org,2002:int"
BROKEN = "tag:yaml.org,2002:float"
NOTHING = "tag:yaml.org,2002:null"
TEXT = "tag:yaml.org,2002:str"
COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
CORE = (
    (TRUTH, r"true|false", "tf"),
    (NOTHING, r"null|~|", ["n", "~", ""]),
    (WHOLE, r"[-+]?[0-9]+", "-+0123456789"),
    (BROKEN, r"[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
)


class CoreLoader(yaml.SafeLoader):
    """Reads nodes; their plain values are made by `value_of`."""


class CoreDumper(yaml.SafeDumper):
    """Quotes exactly what `CoreLoader` would take for something else than a text; no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Equal lists are written out each time: whoever edits one means that one."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their name."""
        super().increase_indent(flow, indentless=False)


for dialect in (CoreLoader, CoreDumper):
    dialect.yaml_implicit_resolvers = {}
    for tag, pattern, first in CORE:
        dialect.yaml_implicit_resolvers |= {
            letter: [*dialect.yaml_implicit_resolvers.get(letter, ()), (tag, re.compile(f"^(?:{pattern})$"))]
            for letter in first
        }


VALUES: Mapping[str, Callable[[str], Any]] = {
    TEXT: str,
    TRUTH: lambda text: text == "true",
    NOTHING: lambda _: None,
    WHOLE: int,
    BROKEN: float,
}


def value_of(tag: str, text: str) -> Any:
    """The plain value of a scalar. KeyError for tags that are none of ours."""
    return VALUES[tag](text)
