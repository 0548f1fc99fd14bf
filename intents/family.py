"""Which tables hold rows about an intent: found by their references, so that no new table is forgotten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import F, ForeignKey, Model, QuerySet

from intents.models import Intent


@dataclass(frozen=True)
class Table:
    """A table and the way from its rows to their intent's id."""

    model: type[Model]
    way: str

    @property
    def name(self) -> str:
        """As the database calls it."""
        return self.model._meta.db_table

    def rows(self, intent_ids: Collection[UUID]) -> QuerySet[Any]:
        """The rows about these intents."""
        return self.model._base_manager.filter(**{f"{self.way}__in": list(intent_ids)})

    def values(self, intent_ids: Collection[UUID]) -> QuerySet[Any, dict[str, Any]]:
        """All columns of these rows, in a fixed order, with the intent's id as `of`."""
        columns = [field.attname for field in self.model._meta.concrete_fields]
        rows: QuerySet[Any, dict[str, Any]] = self.rows(intent_ids).order_by("pk").annotate(of=F(self.way))
        return rows.values("of", *columns)


@cache
def family() -> tuple[Table, ...]:
    """The intents' own table, then every other that refers to one, itself or through others; parents first."""
    ways: dict[type[Model], str] = {Intent: "pk"}
    reached: list[type[Model]] = [Intent]
    for parent in reached:  # grows while it is walked
        for key in _keys_to(parent):
            if key.model not in ways:
                ways[key.model] = key.attname if parent is Intent else f"{key.name}__{ways[parent]}"
                reached.append(key.model)
    return tuple(Table(model, ways[model]) for model in _parents_first(list(ways)))


def _keys_to(parent: type[Model]) -> list[ForeignKey[Any, Any]]:
    found = [field.remote_field for field in parent._meta.get_fields(include_hidden=True) if field.auto_created]
    return [key for key in found if isinstance(key, ForeignKey) and key.model._meta.managed]


def _parents_first(models: list[type[Model]]) -> list[type[Model]]:
    ordered: list[type[Model]] = []
    while len(ordered) < len(models):
        free = [model for model in models if model not in ordered and _parents(model, models) <= {*ordered, model}]
        ordered.extend(free)
    return ordered


def _parents(model: type[Model], among: list[type[Model]]) -> set[type[Model]]:
    keys = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
    return {key.related_model for key in keys if key.related_model in among}
