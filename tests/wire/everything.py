"""All rows, to see that nothing changed."""

from __future__ import annotations

from typing import Any

from django.apps import apps


def rows() -> dict[str, list[Any]]:
    """Everything that the database holds, but when keys were used: that is noted for refused requests as well."""
    tables = {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in apps.get_models()}
    for key in tables["intents.ApiKey"]:
        del key["last_used_at"]
    return tables
