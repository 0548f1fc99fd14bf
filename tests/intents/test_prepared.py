"""Reads and writes whose SQL is made once: they do what the models' own would."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from approvals.models import Gate, Seat
from intents import clock
from intents.columns import Column
from intents.cursors import executed
from intents.ids import new_id
from intents.lifecycle import Status
from intents.models import ApiKey, Intent
from intents.prepared import Prepared, answer, foresee, note, read_once
from intents.services.durable import durable
from intents.services.rows import AT_ONCE, insert
from intents.updates import PreparedUpdate, update, update_if
from tests.factories import make_key, make_person, open_gate, send

pytestmark = pytest.mark.django_db

KEYS = Prepared(lambda account: ApiKey.objects.select_related("workspace", "agent").filter(service_account=account))
THESE = Prepared(lambda ids: Intent.objects.filter(pk__among=ids))
OF_THESE = Prepared(lambda intents: Gate.objects.filter(intent__among=intents))
BY_TIME = Prepared(lambda moments: Intent.objects.filter(created_at__among=moments))
COUNTED = Prepared(
    lambda intents: (
        Seat.objects.filter(gate__intent__among=intents).values_list("gate__intent").annotate(Count("pk")).order_by()
    )
)
NEWER = Prepared(lambda workspace, since: Intent.objects.filter(workspace=workspace, created_at__gt=since))


def test_a_prepared_query_reads_what_the_query_reads(world):
    make_key(world.workspace, "other")
    for key in ApiKey.objects.select_related("workspace", "agent"):
        with CaptureQueriesContext(connection) as captured:
            (found,) = KEYS(account=key.service_account_id)
            assert (found.workspace.org, found.agent) == (key.workspace.org, key.agent)
        assert len(captured) == 1
        assert {name: getattr(found, name) for name in fields_of(key)} == {
            name: getattr(key, name) for name in fields_of(key)
        }


def test_a_prepared_query_reads_anew_each_time_with_its_own_values(world):
    intent = open_gate(world).intent

    assert NEWER(workspace=world.workspace.pk, since=intent.created_at) == []
    later = open_gate(world).intent
    assert NEWER(workspace=world.workspace.pk, since=intent.created_at) == [later]
    assert NEWER(workspace=world.workspace.pk, since=clock.now()) == []
    assert NEWER.first(workspace=new_id(), since=intent.created_at) is None


def test_a_prepared_row_can_be_changed_and_saved(world):
    intent = open_gate(world).intent
    found = NEWER(workspace=world.workspace.pk, since=clock.now() - timedelta(hours=1))[0]
    found.correlation_id = "other"
    found.save(update_fields=["correlation_id"])

    intent.refresh_from_db()
    assert intent.correlation_id == "other"


def test_an_update_writes_the_named_fields_and_no_others(world):
    intent = open_gate(world).intent
    intent.pending_with, intent.failures, intent.requester = {"ref": "here"}, 3, "not written"

    update(intent, "failures", "pending_with")

    stored = Intent.objects.get(pk=intent.pk)
    assert (stored.pending_with, stored.failures, stored.requester) == ({"ref": "here"}, 3, "")


def test_an_update_of_a_row_that_is_not_there_is_an_error(world):
    intent = open_gate(world).intent
    intent.pk = new_id()

    with pytest.raises(DatabaseError, match="not there"):
        update(intent, "failures")


def test_many_rows_are_inserted_whole_and_get_their_keys(world):
    gate = open_gate(world)
    people = [make_person(world.workspace, f"p{number}@acme.example") for number in range(3)]
    Seat.objects.filter(gate=gate).delete()
    seats = [Seat(gate=gate, line=line, person=person) for line in range(AT_ONCE) for person in people]

    assert insert(*seats)

    stored = Seat.objects.filter(gate=gate).values_list("pk", "line", "person_id")
    assert sorted(stored) == sorted((seat.pk, seat.line, seat.person_id) for seat in seats)


def fields_of(row: ApiKey) -> list[str]:
    return [field.attname for field in row._meta.concrete_fields]


def test_an_update_changes_nothing_when_something_is_not_so_any_more(world):
    intent = send(world)
    intent.failures = 3

    assert not update_if(intent, "failures", last_seq=intent.last_seq + 1)
    assert Intent.objects.get().failures == 0
    assert update_if(intent, "failures", last_seq=intent.last_seq)
    assert Intent.objects.get().failures == 3


def test_the_same_question_is_asked_once_when_things_are_only_looked_at(world, django_assert_num_queries):
    with django_assert_num_queries(2), read_once():
        first = KEYS(account=world.sender.service_account_id)
        assert KEYS(account=world.sender.service_account_id) == first
        KEYS(account=world.work.service_account_id)

    with django_assert_num_queries(1):
        KEYS(account=world.sender.service_account_id)


def test_one_of_many_values_is_one_value(world):
    intents = [open_gate(world).intent for _ in range(3)]
    asked = [intents[0].pk, intents[2].pk, new_id()]

    assert {row.pk for row in THESE(ids=asked)} == {intents[0].pk, intents[2].pk}
    assert THESE(ids=[]) == []
    assert {row.intent_id for row in OF_THESE(intents=asked)} == {intents[0].pk, intents[2].pk}
    assert {row.pk for row in BY_TIME(moments=[intents[1].created_at])} >= {intents[1].pk}
    with read_once():
        assert THESE(ids=asked) == THESE(ids=asked)


def test_a_prepared_query_may_ask_for_values_and_counts(world):
    gate = open_gate(world)
    open_gate(world)

    assert sorted(COUNTED(intents=[gate.intent_id])) == [(gate.intent_id, gate.seats.count())]
    assert sum(number for _, number in COUNTED(intents=list(Intent.objects.values_list("pk", flat=True)))) == (
        Seat.objects.count()
    )


def test_what_is_not_there_is_found_out_together_and_not_asked_again(world, django_assert_num_queries):
    intent = open_gate(world).intent
    there = KEYS.question(account=world.sender.service_account_id)
    absent = [KEYS.question(account=new_id()), NEWER.question(workspace=world.workspace.pk, since=intent.created_at)]

    with django_assert_num_queries(2), read_once():
        foresee(there, *absent)
        assert [answer(each) for each in absent] == [[], []]
        assert answer(there) == [world.sender]
        foresee(there, *absent)

    with django_assert_num_queries(1):
        foresee(there, *absent)
        assert answer(absent[0]) == []


def test_what_was_read_otherwise_is_not_asked(world, django_assert_num_queries):
    question = KEYS.question(account=new_id())

    with django_assert_num_queries(0), read_once():
        note(question, [world.sender])
        assert answer(question) == [world.sender]

    with django_assert_num_queries(1):
        note(question, [world.sender])
        assert answer(question) == []


def test_a_prepared_update_changes_what_its_query_finds(world):
    make = PreparedUpdate(
        lambda gate, person, at: (Seat.objects.filter(gate=gate, person=person, told_at=None), {"told_at": at})
    )
    gate, now = open_gate(world), clock.now()

    assert make(gate=gate.pk, person=world.ana.pk, at=now) == 1
    assert make(gate=gate.pk, person=world.ana.pk, at=now + timedelta(hours=1)) == 0
    told = Seat.objects.filter(gate=gate).values_list("person_id", "told_at")
    assert dict(told) == {world.ana.pk: now, world.bo.pk: None, world.cy.pk: None}


def test_columns_hold_what_django_would_write(world):
    gate = open_gate(world)
    intent = gate.intent
    rows = [gate, gate.ask, intent, intent.texts, intent.sender, world.ana, *intent.steps.all(), *intent.events.all()]
    intent.status, intent.correlation_id = Status.WAITING, 17  # neither is a plain text

    for row in rows:
        for field in row._meta.concrete_fields:
            found = Column(field, connection.vendor).value(row, connection, add=False)
            wanted = field.get_db_prep_save(field.pre_save(row, False), connection)
            assert (type(found), getattr(found, "obj", found)) == (type(wanted), getattr(wanted, "obj", wanted)), field


def test_a_column_that_is_set_on_saving_is_set(world):
    (created,) = [field for field in world.workspace._meta.concrete_fields if field.name == "created_at"]
    before = world.workspace.created_at

    Column(created, connection.vendor).value(world.workspace, connection, add=True)

    assert world.workspace.created_at > before


@pytest.mark.django_db(transaction=True)
def test_one_cursor_serves_until_the_connection_is_another():
    with durable():
        first = executed("SELECT 1", [], connection)
        assert executed("SELECT 2", [], connection) is first
        assert first.fetchall() == [(2,)]
        with CaptureQueriesContext(connection) as captured:
            assert executed("SELECT 3", [], connection) is not first
        assert [query["sql"] for query in captured.captured_queries] == ["SELECT 3"]
        executed("SELECT 4", [], connection)
    connection.close()

    assert executed("SELECT 5", [], connection).fetchall() == [(5,)]


def test_a_cursor_serves_after_an_error():
    with pytest.raises(DatabaseError), transaction.atomic():
        executed("SELECT nothing_like_that", [], connection)

    assert executed("SELECT 1", [], connection).fetchall() == [(1,)]
