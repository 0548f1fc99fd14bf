"""Fields of the admin's forms: spans, names, requirement lines and JSON, each as an admin writes it."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from approvals.spans import NotASpan, seconds_of, span_text
from intents.strictjson import JsonRefused, parse

LINE = re.compile(r"^(\d{1,4})\s+of\s+(\S.*)$", re.IGNORECASE)
LINE_HINT = "Write one line for each group, such as: 2 of team:sre"


class SpanField(forms.CharField):
    """Seconds, written as `30m` or `2h`; None if nothing is written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A number that was stored is shown as people write it."""
        return span_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """The number of seconds."""
        text = super().clean(value)
        try:
            return seconds_of(text) if text else None
        except NotASpan as error:
            raise ValidationError(str(error)) from error


class NamesField(forms.CharField):
    """A list of names, parted by commas or lines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20_000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """The list in one line."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The names, each once."""
        names = [part.strip() for part in re.split(r"[,\n]", super().clean(value))]
        return list(dict.fromkeys(name for name in names if name))


class RequirementField(forms.CharField):
    """Who must agree: a line such as `2 of team:sre, person:ana@acme.example` for each group; all must be met."""

    widget = forms.Textarea(attrs={"rows": 3, "cols": 60})

    def prepare_value(self, value: Any) -> Any:
        """Line by line."""
        if not isinstance(value, list):
            return value
        return "\n".join(f"{line['need']} of {', '.join(line['who'])}" for line in value)

    def clean(self, value: Any) -> Any:
        """The requirement lines."""
        return [_line(text) for text in super().clean(value).splitlines() if text.strip()]


class JsonField(forms.CharField):
    """JSON in a text area; None if nothing is written."""

    def __init__(self, **kwargs: Any) -> None:
        area = forms.Textarea(attrs={"rows": 4, "cols": 60, "class": "code", "spellcheck": "false"})
        super().__init__(max_length=300_000, **{"widget": area} | kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What was stored, indented."""
        return value if value in (None, "") or isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        """What it says."""
        text = super().clean(value)
        return _json(text) if text else None


class ChainField(JsonField):
    """The name of a saved chain, or a chain as JSON; "" if nothing is written."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"size": 40}), **kwargs)

    def clean(self, value: Any) -> Any:
        """A text that begins with a brace is JSON."""
        text = forms.CharField.clean(self, value)
        return _json(text) if text.startswith("{") else text


def _json(text: str) -> Any:
    try:
        return parse(f'{{"value": {text}}}'.encode())["value"]
    except JsonRefused as error:
        raise ValidationError(f"This is not JSON that can be read: {error}") from error


def _line(text: str) -> dict[str, Any]:
    found = LINE.match(text.strip())
    if found is None:
        raise ValidationError(f"“{text.strip()[:80]}” cannot be read. {LINE_HINT}")
    names = [name.strip() for name in found[2].split(",") if name.strip()]
    return {"who": names, "need": int(found[1])}
