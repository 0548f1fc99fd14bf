"""A card drawn for a page of ours: the same blocks that Slack gets, as plain parts for a template. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from notifications.slack.blocks import Card
from notifications.slack.richtext import Json

KINDS = {"rich_text_section": "line", "rich_text_preformatted": "frame", "rich_text_quote": "quote"}


@dataclass(frozen=True)
class Run:
    """Text of one kind; `url` if it is a link, `style` if it is a button that has one."""

    text: str
    bold: bool = False
    italic: bool = False
    url: str = ""
    style: str = ""


@dataclass(frozen=True)
class Part:
    """`kind`: line, frame, quote, small, or buttons, whose runs are what stands on them."""

    kind: str
    runs: tuple[Run, ...]


def drawn(card: Card) -> list[Part]:
    """Its parts from top to bottom."""
    return [part for block in card.blocks for part in _parts(block)]


def _parts(block: Json) -> Iterator[Part]:
    if block["type"] == "actions":
        yield Part("buttons", tuple(Run(_label(each), style=each.get("style", "")) for each in block["elements"]))
        return
    if block["type"] == "context":
        yield Part("small", tuple(Run(each["text"]) for each in block["elements"]))
        return
    for element in block["elements"]:
        yield Part(KINDS[element["type"]], tuple(_run(leaf) for leaf in element["elements"]))


def _label(element: Json) -> str:
    return str(element["text"]["text"]) if element["type"] == "button" else "⋯"


def _run(leaf: Json) -> Run:
    style = leaf.get("style", {})
    return Run(
        leaf.get("text") or leaf["fallback"],
        bold=bool(style.get("bold")),
        italic=bool(style.get("italic")),
        url=leaf.get("url", ""),
    )
