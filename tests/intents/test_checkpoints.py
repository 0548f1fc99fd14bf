"""Checkpoints name the last events of the intents that moved, each event once, however late somebody commits."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from intents import clock
from intents.models import CheckpointCursor, Event, WorkspaceChain
from intents.services import checkpoints
from intents.services.checkpoints import CHANGE, write_checkpoint
from intents.services.durable import durable
from intents.tasks import wake
from tests.acts import fresh, neighbours, say
from tests.changes import changes, checkpoint, entries
from tests.factories import open_gate, send
from tests.guards import archiving

pytestmark = pytest.mark.django_db(transaction=connection.vendor == "postgresql")  # they wait for those that run


def head(intent) -> list:
    row = fresh(intent)
    return [str(row.pk), row.last_seq, row.last_hash]


def test_a_checkpoint_names_each_intents_last_event_when_they_moved(world):
    gate, intent = open_gate(world), send(world)

    said = checkpoint(world.workspace)

    assert sorted(said["intents"]) == sorted([head(gate.intent), head(intent)])
    assert (said["after"], said["through"]) == (0, Event.objects.latest("pk").pk)
    assert entries(world.workspace)[-1][:2] == (CHANGE, "server")


def test_the_next_checkpoint_names_only_what_moved_since(world):
    gate, _ = open_gate(world), send(world)
    first = checkpoint(world.workspace)
    say(gate, world.ana)

    said = checkpoint(world.workspace)

    assert said["intents"] == [head(gate.intent)]
    assert said["after"] == first["through"]


def test_each_workspaces_checkpoint_names_its_own_intents_when_several_have_some(world):
    other = neighbours()
    here = send(world)
    there = send(world, principal=other.principal, to_agent="human")

    checkpoint(world.workspace)

    assert entries(world.workspace)[-1][2]["intents"] == [head(here)]
    assert entries(other.workspace)[-1][2]["intents"] == [head(there)]


def test_nothing_is_written_when_nothing_moved(world):
    send(world)
    checkpoint(world.workspace)
    before = list(WorkspaceChain.objects.values_list())

    CheckpointCursor.objects.update(fenced_at=None)
    write_checkpoint()

    assert list(WorkspaceChain.objects.values_list()) == before


def test_the_tick_writes_one_a_minute_when_there_is_something(world, settings):
    settings.CHECKPOINT_SECONDS = 60
    send(world)
    checkpoint(world.workspace)
    last = CheckpointCursor.objects.get().fenced_at
    send(world)

    write_checkpoint(last + timedelta(seconds=59))
    assert changes(world.workspace, CHANGE) == [CHANGE]
    assert CheckpointCursor.objects.get().fenced_at == last
    write_checkpoint(last + timedelta(seconds=60))
    assert CheckpointCursor.objects.get().fenced_at == last + timedelta(seconds=60)


def test_one_is_written_at_once_when_the_clock_was_set_back(world):
    send(world)
    CheckpointCursor.objects.create(fenced_at=clock.now() + timedelta(days=365))

    write_checkpoint()

    assert CheckpointCursor.objects.get().fence == Event.objects.latest("pk").pk


def test_the_wake_tick_writes_checkpoints(world):
    send(world)

    wake()

    assert CheckpointCursor.objects.get().fence == Event.objects.latest("pk").pk


def test_it_takes_several_entries_when_there_are_many_events(world, monkeypatch):
    monkeypatch.setattr(checkpoints, "PAGE", 2)
    intents = [send(world) for _ in range(3)]

    checkpoint(world.workspace)

    said = [details for _, _, details in entries(world.workspace, CHANGE)]
    assert all(len(one["intents"]) <= 2 for one in said)
    assert [one["after"] for one in said] == [0, *(one["through"] for one in said[:-1])]
    named = [named for one in said for named in one["intents"]]
    assert all(head(intent) in named for intent in intents)


def test_the_next_one_begins_there_when_all_events_of_one_were_archived_meanwhile(world):
    send(world)
    CheckpointCursor.objects.create(fence=Event.objects.latest("pk").pk)
    with archiving():
        Event.objects.all().delete()

    assert write_checkpoint() == 0

    cursor = CheckpointCursor.objects.get()
    assert (cursor.through, cursor.fence) == (0, 0)
    assert changes(world.workspace, CHANGE) == []


def test_an_event_is_in_one_when_its_transaction_commits_after_one_with_a_higher_id(world):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    slow, quick = open_gate(world), open_gate(world)
    written, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        with durable():
            say(slow, world.ana)
            written.set()
            may_commit.wait(20)
        connections.close_all()

    thread = threading.Thread(target=late)
    thread.start()
    assert written.wait(20)
    say(quick, world.ana)
    CheckpointCursor.objects.update(fenced_at=None)
    for _ in range(3):  # the fence stands, and what is below it is not all to be seen yet
        assert write_checkpoint() == 0
    assert changes(world.workspace, CHANGE) == []

    may_commit.set()
    thread.join()
    said = checkpoint(world.workspace)

    assert sorted(said["intents"]) == sorted([head(slow.intent), head(quick.intent)])


def test_no_intent_is_locked_when_one_is_written(world):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole database")
    intent = send(world)
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with durable(), connection.cursor() as cursor:
            cursor.execute("SELECT id FROM intents_intent FOR UPDATE")
            held.set()
            may_end.wait(20)
        connections.close_all()

    CheckpointCursor.objects.create(fence=Event.objects.latest("pk").pk)
    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(20)

    assert write_checkpoint() > 0
    may_end.set()
    thread.join()

    assert entries(world.workspace)[-1][2]["intents"] == [head(intent)]


@pytest.mark.django_db(transaction=True)
def test_each_event_is_in_one_only_when_many_workers_write_at_once(world, monkeypatch):
    monkeypatch.setattr(checkpoints, "PAGE", 3)
    for _ in range(10):
        send(world)
    failures = []

    def work() -> None:
        try:
            for _ in range(60):
                write_checkpoint()
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    checkpoint(world.workspace)

    assert failures == []
    spans = [(said["after"], said["through"]) for _, _, said in entries(world.workspace, CHANGE)]
    assert [after for after, _ in spans] == [0, *(through for _, through in spans[:-1])]
    assert spans[-1][1] == Event.objects.latest("pk").pk


def test_they_go_on_when_the_database_was_restored_into_a_server_that_counts_anew(world):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite does not number transactions")
    intent = send(world)
    CheckpointCursor.objects.create(fence=1, fence_xid=2**60, fenced_at=clock.now())

    assert write_checkpoint() == 0
    said = checkpoint(world.workspace)

    assert said["intents"] == [head(intent)]
