"""How program text stands in a plain-text mail: quoted, so that it cannot pass for words of ours."""

from __future__ import annotations

from django import template

from approvals.text import Row

register = template.Library()


@register.filter
def quoted(text: str) -> str:
    """Every line behind `> `."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


@register.filter
def quoted_row(row: Row) -> str:
    """A value with its path, quoted. The lines that follow within it are set in: they do not pass for values."""
    text = row.text.replace("\n", "\n    ")
    return quoted(f"{row.path}: {text}" if row.path else text)
