"""What is written for each intent has no index that another one makes needless."""

from __future__ import annotations

import pytest
from django.db.models import Model, UniqueConstraint

from approvals.models import Decision, Gate, Seat
from intents.models import Event, EventText, Intent, IntentTexts, Outbox, Step
from notifications.models import Delivery

BUSY = (Decision, Delivery, Event, EventText, Gate, Intent, IntentTexts, Outbox, Seat, Step)


@pytest.mark.parametrize("model", BUSY)
def test_no_reference_has_an_index_of_its_own_where_another_index_begins_with_it(model: type[Model]) -> None:
    whole = [index.fields[0] for index in model._meta.indexes if index.condition is None and index.fields]
    once = [each for each in model._meta.constraints if isinstance(each, UniqueConstraint) and each.condition is None]
    begun = {name.removeprefix("-") for name in (*whole, *(each.fields[0] for each in once if each.fields))}

    indexed = {field.name for field in model._meta.concrete_fields if getattr(field, "db_index", False)}
    assert not indexed & begun
