"""Slack's rich text, in which every text is literal: no markup, link or mention comes of what a program wrote. Pure.

(docs.slack.dev/reference/block-kit/blocks/rich-text-block)
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from approvals.text import visible

Json = dict[str, Any]


def text(words: str, *, bold: bool = False, italic: bool = False, code: bool = False) -> Json:
    """A run of text, with hidden characters drawn. Slack takes no empty one."""
    style = {name: True for name, on in (("bold", bold), ("italic", italic), ("code", code)) if on}
    leaf: Json = {"type": "text", "text": visible(words) or " "}
    return leaf | ({"style": style} if style else {})


def link(url: str, words: str) -> Json:
    """A link of ours."""
    return {"type": "link", "url": url, "text": words}


def date(at: datetime, words: str) -> Json:
    """A moment in the time zone of each reader; `words` where Slack cannot draw it."""
    form = "{date_short_pretty}, {time}"
    return {"type": "date", "timestamp": int(at.timestamp()), "format": form, "fallback": words}


def line(*leaves: Json) -> Json:
    """One paragraph."""
    return {"type": "rich_text_section", "elements": list(leaves)}


def lines(*paragraphs: str) -> Json:
    """Plain paragraphs, one below the other."""
    return line(text("\n".join(paragraphs)))


def preformatted(words: str) -> Json:
    """Text in a frame, every character as wide as the others."""
    return {"type": "rich_text_preformatted", "elements": [text(words)]}


def quote(words: str) -> Json:
    """Somebody's words."""
    return {"type": "rich_text_quote", "elements": [text(words)]}


def block(*elements: Json) -> Json:
    """A block of such paragraphs, frames and quotes."""
    return {"type": "rich_text", "elements": list(elements)}


def escaped(words: str) -> str:
    """For the one text of a message that Slack reads as markup: `text`, which phones show."""
    return visible(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
