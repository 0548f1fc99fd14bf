"""Forms whose fields are made once, not anew for each request: validating leaves nothing behind in them."""

from __future__ import annotations

from functools import cache
from typing import Any

from rest_framework import serializers

Form = serializers.Serializer[dict[str, Any]]


@cache
def form_of(kind: type[Form]) -> Form:
    """The one form of this kind; `read` reads bodies with it."""
    form = kind()
    form.fields  # noqa: B018 - made now, and not by two threads at once
    return form


def read(kind: type[Form], body: dict[str, Any]) -> dict[str, Any]:
    """What the body says, as `validated_data`; ValidationError for what cannot be meant."""
    return dict(form_of(kind).run_validation(body))
