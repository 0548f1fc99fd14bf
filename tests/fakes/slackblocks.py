"""What Slack refuses of blocks, by its published limits (docs.slack.dev/reference/block-kit). Pure.

The sum over all blocks is not published; people measured about 12,000 characters, and less for rich text. Here: 10,000.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

MOST_TEXT = 10_000
SURFACES = {"message": 50, "modal": 100, "home": 100}
RICH = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
RICH_LEAVES = {"text", "link", "emoji", "date", "user", "channel"}
BUTTON_STYLES = {"primary", "danger"}


class BadBlocks(Exception):
    """Slack's answer is `invalid_blocks`, or `msg_blocks_too_long`."""


def check_blocks(blocks: Any, surface: str = "message") -> None:
    """BadBlocks if Slack would not take these."""
    _need(isinstance(blocks, list), "blocks are a list")
    _need(len(blocks) <= SURFACES[surface], f"at most {SURFACES[surface]} blocks")
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _need(len(ids) == len(set(ids)), "block_ids are unique")
    for block in blocks:
        _need(block.get("type") in BLOCKS, f"no block type {block.get('type')!r} here")
        _need(len(block.get("block_id", "")) <= 255, "block_id is at most 255 characters")
        BLOCKS[block["type"]](block)
    if surface == "message" and text_size(blocks) > MOST_TEXT:
        raise BadBlocks("msg_blocks_too_long")


def text_size(value: Any) -> int:
    """The characters of all texts, wherever they stand."""
    if isinstance(value, dict):
        return sum(
            len(child) if name == "text" and isinstance(child, str) else text_size(child)
            for name, child in value.items()
        )
    return sum(text_size(child) for child in value) if isinstance(value, list) else 0


def all_text(value: Any) -> str:
    """What a reader sees, a line for each text."""
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return "\n".join(
            [*own, *filter(None, (all_text(child) for child in value.values() if not isinstance(child, str)))]
        )
    return "\n".join(filter(None, map(all_text, value))) if isinstance(value, list) else ""


def buttons(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buttons, in order."""
    return [
        each for block in blocks if block["type"] == "actions" for each in block["elements"] if each["type"] == "button"
    ]


def menu_lines(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of the menu, in order."""
    elements = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    return [option for each in elements if each["type"] == "overflow" for option in each["options"]]


def _need(fits: Any, why: str) -> None:
    if not fits:
        raise BadBlocks(f"invalid_blocks: {why}")


def _text(value: Any, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    _need(isinstance(value, dict) and value.get("type") in kinds, f"a text object of {kinds}")
    _need(isinstance(value.get("text"), str) and 1 <= len(value["text"]) <= most, f"a text of 1 to {most} characters")
    allowed = {"type", "text", "emoji"} if value["type"] == "plain_text" else {"type", "text", "verbatim"}
    _need(value.keys() <= allowed, f"only {allowed} in a text object")


def _section(block: dict[str, Any]) -> None:
    _need("text" in block or "fields" in block, "a section has text or fields")
    if "text" in block:
        _text(block["text"], 3000)
    if "fields" in block:
        _need(1 <= len(block["fields"]) <= 10, "1 to 10 fields")
        for each in block["fields"]:
            _text(each, 2000)
    if "accessory" in block:
        _element(block["accessory"])


def _header(block: dict[str, Any]) -> None:
    _text(block.get("text"), 150, ("plain_text",))


def _context(block: dict[str, Any]) -> None:
    _need(1 <= len(block.get("elements", [])) <= 10, "1 to 10 elements in a context")
    for each in block["elements"]:
        if each.get("type") != "image":
            _text(each, 2000)


def _actions(block: dict[str, Any]) -> None:
    elements = block.get("elements", [])
    _need(1 <= len(elements) <= 25, "1 to 25 elements in actions")
    ids = [each.get("action_id") for each in elements]
    _need(len(ids) == len(set(ids)), "action_ids are unique in their block")
    for each in elements:
        _element(each)


def _element(each: dict[str, Any]) -> None:
    _need(1 <= len(each.get("action_id", "")) <= 255, "an action_id of 1 to 255 characters")
    if "confirm" in each:
        _confirm(each["confirm"])
    if each.get("type") == "overflow":
        _need(1 <= len(each.get("options", [])) <= 5, "1 to 5 options in an overflow")
        for option in each["options"]:
            _text(option.get("text"), 75, ("plain_text",))
            _need(1 <= len(option.get("value", "")) <= 150, "an option's value of 1 to 150 characters")
    if each.get("type") == "button":
        _text(each.get("text"), 75, ("plain_text",))
        _need(len(each.get("value", "")) <= 2000, "a value of at most 2000 characters")
        _need(len(each.get("url", "")) <= 3000, "a url of at most 3000 characters")
        _need("style" not in each or each["style"] in BUTTON_STYLES, "a style of primary or danger")


def _confirm(each: dict[str, Any]) -> None:
    _text(each.get("title"), 100, ("plain_text",))
    _text(each.get("text"), 300)
    for name in ("confirm", "deny"):
        _text(each.get(name), 30, ("plain_text",))


def _rich(block: dict[str, Any]) -> None:
    _need(block.get("elements"), "a rich text has elements")
    for element in block["elements"]:
        _need(element.get("type") in RICH, f"no {element.get('type')!r} in a rich text")
        _need(element.get("elements"), "an element of a rich text is not empty")
        for leaf in element["elements"]:
            if element["type"] == "rich_text_list":
                _need(leaf.get("type") == "rich_text_section", "a list of sections")
                continue
            _need(leaf.get("type") in RICH_LEAVES, f"no {leaf.get('type')!r} in a line")
            _need(leaf["type"] != "text" or leaf.get("text"), "a text that is not empty")


def _input(block: dict[str, Any]) -> None:
    _text(block.get("label"), 2000, ("plain_text",))
    if "hint" in block:
        _text(block["hint"], 2000, ("plain_text",))
    element = block.get("element", {})
    _element(element)
    if element.get("type") in ("static_select", "radio_buttons", "checkboxes"):
        most = 100 if element["type"] == "static_select" else 10
        _need(1 <= len(element.get("options", [])) <= most, f"1 to {most} options")
        for option in element["options"]:
            _text(option.get("text"), 75)
            _need(1 <= len(option.get("value", "")) <= 150, "an option's value of 1 to 150 characters")


BLOCKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "rich_text": _rich,
    "input": _input,
    "divider": lambda _: None,
}


def check_view(view: dict[str, Any]) -> None:
    """BadBlocks if Slack would not open this modal or home."""
    _need(view.get("type") in ("modal", "home"), "a view is a modal or a home")
    check_blocks(view.get("blocks"), view["type"])
    if view["type"] == "modal":
        for name in ("title", "submit", "close"):
            if name in view or name == "title":
                _text(view.get(name), 24, ("plain_text",))
        inputs = any(block["type"] == "input" for block in view["blocks"])
        _need(not inputs or "submit" in view, "a modal with inputs has a submit")
    _need(len(view.get("private_metadata", "")) <= 3000, "private_metadata is at most 3000 characters")
    _need(len(view.get("callback_id", "")) <= 255, "callback_id is at most 255 characters")
