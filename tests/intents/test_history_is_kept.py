"""The database itself keeps the history, whatever our code or somebody's SQL asks for."""

from contextlib import nullcontext

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from intents.models import Event, EventText
from intents.services.verify import chain_fits
from tests.acts import fresh
from tests.factories import open_gate
from tests.guards import OPENING, archiving, run

REFUSED = {
    "update": "UPDATE intents_event SET actor = 'person:bo'",
    "update of one column to itself": "UPDATE intents_event SET seq = seq",
    "delete": "DELETE FROM intents_event",
    "delete of texts and events": "DELETE FROM intents_event WHERE seq > 1",
    "update of a text": "UPDATE intents_eventtext SET body = '{}'",
}
POSTGRESQL_ONLY = {
    "truncate": "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE intents_event CASCADE",
    "upsert": "INSERT INTO intents_event SELECT * FROM intents_event ON CONFLICT (id) DO UPDATE SET actor = 'bo'",
    "a flag that is no transaction's": "SET countersign.archiving = 'on'; DELETE FROM intents_event",
    "update while archiving": f"{OPENING['postgresql']}; UPDATE intents_event SET actor = 'bo'",
}
SQLITE_ONLY = {
    "replace": "INSERT OR REPLACE INTO intents_event SELECT * FROM intents_event",
    "replace under a new id": """INSERT OR REPLACE INTO intents_event
        (intent_id, seq, event_type, status, at, actor, waiting_reason, details_digest, previous_hash, hash)
        SELECT intent_id, seq, event_type, status, at, 'bo', waiting_reason, details_digest, previous_hash, hash
        FROM intents_event""",
    "update or replace": "UPDATE OR REPLACE intents_event SET actor = 'bo'",
}
ALL = REFUSED | (POSTGRESQL_ONLY if connection.vendor == "postgresql" else SQLITE_ONLY)


@pytest.mark.parametrize("statement", ALL.values(), ids=list(ALL))
def test_history_stays_when_sql_would_change_it(world, statement):
    intent = open_gate(world).intent
    before = list(Event.objects.values_list())

    with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
        run(statement)

    assert list(Event.objects.values_list()) == before
    assert chain_fits(fresh(intent))


def test_history_stays_when_our_own_code_would_change_it(world):
    event = open_gate(world).intent.events.earliest("seq")

    for attempt in (event.save, event.delete, event.text.save, Event.objects.all().delete):
        with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
            attempt()


def test_texts_can_be_deleted_when_the_events_stay(world):
    intent = open_gate(world).intent

    EventText.objects.all().delete()

    assert intent.events.count() == fresh(intent).last_seq


def test_events_can_be_deleted_only_inside_the_part_that_archives(world):
    intent = open_gate(world).intent
    end = intent.events.latest("seq")

    with archiving():
        end.delete()

    assert not Event.objects.filter(pk=end.pk).exists()
    with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
        intent.events.earliest("seq").delete()


@pytest.mark.django_db(transaction=True)
def test_archiving_ends_with_its_transaction_when_nobody_ends_it(world):
    event = open_gate(world).intent.events.earliest("seq")
    unfinished = pytest.raises(IntegrityError) if connection.vendor == "sqlite" else nullcontext()

    with unfinished, transaction.atomic():  # SQLite does not even commit it
        run(OPENING[connection.vendor])

    with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
        event.delete()


@pytest.mark.django_db(transaction=True)
def test_archiving_is_nothing_to_other_transactions_when_the_whole_session_says_it(world):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has settings of a session")
    event = open_gate(world).intent.events.earliest("seq")
    run("SELECT set_config('countersign.archiving', pg_current_xact_id()::text, false)")

    with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
        event.delete()
    run("RESET countersign.archiving")


@pytest.mark.django_db(transaction=True)
def test_flush_is_refused_when_it_is_not_the_tests_own(world, monkeypatch):
    event = open_gate(world).intent.events.earliest("seq")
    with monkeypatch.context() as production:
        production.setattr("tests.guards.OPENING", dict.fromkeys(OPENING, "SELECT 1"))
        with pytest.raises(CommandError):
            call_command("flush", interactive=False)

    assert Event.objects.filter(pk=event.pk).exists()
