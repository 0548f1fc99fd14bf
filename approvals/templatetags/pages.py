"""Filters of the pages. Whatever a program or a person wrote goes through `seen` or `marked`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from approvals.report import PLACES
from approvals.text import mixed_script_words, visible
from approvals.views import words
from intents.digest import canonical

register = template.Library()
_ESCAPES = re.compile(r"⟨U\+[0-9A-F]{4,6}⟩")


@register.filter
def seen(text: Any) -> str:
    """The text with hidden characters written out; the template escapes it."""
    return visible(str(text))


@register.filter
def plain(value: Any) -> str:
    """A form's value as it is on the wire: texts as they are, everything else as JSON."""
    return visible(value if isinstance(value, str) else canonical(value).decode())


@register.filter
def marked(text: Any) -> SafeString:
    """`seen`, with words that mix alphabets marked."""
    shown = visible(str(text))
    odd = mixed_words(shown)
    if not odd:
        return escape(shown)
    parts = re.split("(" + "|".join(re.escape(word) for word in odd) + ")", shown)
    return mark_safe("".join(_mark(part) if part in odd else escape(part) for part in parts))  # noqa: S308 - escaped


@register.filter
def mixed_words(text: Any) -> list[str]:
    """Words that mix look-alike alphabets; hidden characters inside one do not hide it."""
    return mixed_script_words(_ESCAPES.sub("", visible(str(text))))


@register.filter
def short_digest(digest: str) -> str:
    """The digest's first twelve characters, enough to compare by eye."""
    return digest.removeprefix("sha256:")[:12]


@register.filter
def name_of(address: str) -> str:
    """The last part of an agent's address."""
    return visible(address.rsplit("/", 1)[-1])


@register.filter
def outcome(name: str) -> str:
    """An outcome in words."""
    return words.outcome_words(name)


@register.filter
def place(via: str) -> str:
    """Where an answer was given."""
    return PLACES.get(via, visible(via))


@register.filter
def source(text: str) -> str:
    """Where a step comes from, in words."""
    return words.source_words(text)


@register.filter
def actor(text: str) -> str:
    """Who did it, in words."""
    return words.actor_words(text)


@register.simple_tag(takes_context=True)
def when(context: Any, moment: datetime | None) -> SafeString | str:
    """A moment as `<time>`: short to read, exact in its title."""
    if moment is None:
        return ""
    exact = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words.utc(moment, context["now"])
    )


@register.simple_tag(takes_context=True)
def left(context: Any, moment: datetime) -> str:
    """How much time is left, in words."""
    return words.time_left(moment, context["now"])


@register.simple_tag
def mail_is_kept() -> bool:
    """True if the mail page exists."""
    return str(settings.EMAIL_BACKEND).startswith("notifications.keptmail.")


def _mark(word: str) -> SafeString:
    return format_html('<mark title="This word mixes alphabets that look alike">{}</mark>', word)
