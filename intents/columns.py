"""What a row's fields are in the database, on the busiest paths: most values go there as they are."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

_EVERYWHERE = dict.fromkeys((models.CharField, models.TextField, models.SlugField, models.EmailField), str)
_AS_THEY_ARE: dict[str, dict[type, type]] = {
    "postgresql": {
        **_EVERYWHERE,
        models.BooleanField: bool,
        models.UUIDField: uuid.UUID,
        models.DateTimeField: datetime,
    },
    "sqlite": {**_EVERYWHERE, models.BooleanField: bool},
}


class Column:
    """A field of a model. Values of its plain type, and NULL, need no work; Django does it for all others."""

    def __init__(self, field: models.Field[Any, Any], vendor: str) -> None:
        self._field = field
        self._name = field.attname
        self._plain = None if _is_automatic(field) else _AS_THEY_ARE[vendor].get(type(_at_the_end(field)))

    def value(self, row: models.Model, here: BaseDatabaseWrapper, *, add: bool) -> Any:
        """What the database takes."""
        value = row.__dict__.get(self._name, self)
        if self._plain is not None and (value is None or type(value) is self._plain):
            return value
        return self._field.get_db_prep_save(self._field.pre_save(row, add), connection=here)


def _at_the_end(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The field whose values a reference holds."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


def _is_automatic(field: models.Field[Any, Any]) -> bool:
    return getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
