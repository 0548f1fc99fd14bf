"""A condition's text cut into tokens, as the CEL specification has them: enough to count what it does. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

MACROS = ("all", "exists", "exists_one", "existsOne", "map", "filter")
COMPARISONS = ("==", "!=", "in", "<", "<=", ">", ">=")
SCANS = ("contains", "startsWith", "endsWith", "matches", "size", "string", "bytes", "duration", "timestamp", "int")
BUILDS = ("map", "filter")

_QUOTES = "'''|\"\"\"|'|\""
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+|//[^\n]*)
  | (?P<text>(?:[bB]?[rR]|[rR][bB])(?P<raw>{_QUOTES})(?s:.*?)(?P=raw)
           |[bB]?(?P<quote>{_QUOTES})(?s:\\.|.)*?(?P=quote))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`]*`)
  | (?P<number>[0-9][0-9A-Za-z.]*)
  | (?P<sign>&&|\|\||==|!=|<=|>=|(?s:.))
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """`kind` is text, name, number or sign."""

    kind: str
    text: str


def tokens_of(source: str) -> list[Token]:
    """All but spaces and comments."""
    found = (Token(str(match.lastgroup), match[0]) for match in _TOKEN.finditer(source))
    return [Token(_kind(token), token.text) for token in found if token.kind != "space"]


@dataclass(frozen=True)
class Counts:
    """How often a condition does what may take long."""

    tokens: int
    comprehensions: int
    builds: int
    scans: int
    joins: int
    comparisons: int


def count(tokens: list[Token]) -> Counts:
    """Comparisons with something written out are cheap, and are not counted."""
    calls = [name for name, _ in called(tokens)]
    return Counts(
        tokens=len(tokens),
        comprehensions=sum(name in MACROS for name in calls),
        builds=sum(name in BUILDS for name in calls),
        scans=sum(name in SCANS for name in calls),
        joins=sum(token.text == "+" for token in tokens),
        comparisons=sum(token.text in COMPARISONS and not _with_literal(tokens, at) for at, token in enumerate(tokens)),
    )


def called(tokens: list[Token]) -> list[tuple[str, int]]:
    """The names of functions and macros that are called, with where their brackets begin."""
    return [
        (one.text, at + 1)
        for at, (one, other) in enumerate(pairwise(tokens))
        if one.kind == "name" and other.text == "("
    ]


def _with_literal(tokens: list[Token], at: int) -> bool:
    beside = [tokens[near] for near in (at - 1, at + 1) if 0 <= near < len(tokens)]
    return any(token.kind in ("text", "number") or token.text in ("true", "false", "null", "[") for token in beside)


def _kind(token: Token) -> str:
    return "text" if token.kind in ("raw", "quote") else token.kind
