"""A model field for JSON that is kept as it was written: PostgreSQL's jsonb would reorder keys and rewrite numbers."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class JSONText(models.JSONField):
    """Any JSON value, stored as text in its own order. It cannot be searched in, only read back."""

    def get_internal_type(self) -> str:
        """The column is a text."""
        return "TextField"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        """The value behind the stored text."""
        return None if value is None else json.loads(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str | None:
        """The text to store."""
        return None if value is None else json.dumps(value, cls=self.encoder)
