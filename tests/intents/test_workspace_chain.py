"""Entries of a workspace's chain: written in the transaction of the change, kept by the database."""

import threading

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.transaction import TransactionManagementError

from intents.models import WorkspaceChain, WorkspaceEntry
from intents.services.changes import details_of_entry, hash_of_entry, record_change
from intents.services.durable import durable
from tests.acts import START, frozen_clock
from tests.factories import make_workspace
from tests.guards import OPENING, run

TABLE = "intents_workspaceentry"
REFUSED = {
    "update": f"UPDATE {TABLE} SET actor = 'person:bo'",
    "update of one column to itself": f"UPDATE {TABLE} SET seq = seq",
    "delete": f"DELETE FROM {TABLE}",
    "delete of the end": f"DELETE FROM {TABLE} WHERE seq > 1",
    "delete while archiving": f"{OPENING[connection.vendor]}; DELETE FROM {TABLE}",
}
COLUMNS = "workspace_id, seq, change, at, actor, body, body_digest, previous_hash, hash"
POSTGRESQL_ONLY = {
    "truncate": f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {TABLE}",
    "truncate of all": "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE intents_workspace CASCADE",
    "upsert": f"INSERT INTO {TABLE} SELECT * FROM {TABLE} ON CONFLICT (id) DO UPDATE SET actor = 'bo'",
}
SQLITE_ONLY = {
    "replace": f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE}",
    "replace under a new id": f"INSERT OR REPLACE INTO {TABLE} ({COLUMNS}) SELECT {COLUMNS} FROM {TABLE}",
    "update or replace": f"UPDATE OR REPLACE {TABLE} SET actor = 'bo'",
}
ALL = REFUSED | (POSTGRESQL_ONLY if connection.vendor == "postgresql" else SQLITE_ONLY)


@pytest.fixture
def workspace(db):
    return make_workspace()


def test_an_entry_continues_the_one_before_it_when_a_change_is_recorded(workspace):
    first = record_change(workspace.pk, "key.created", "person:ana", {"scopes": ["send"]})
    second = record_change(workspace.pk, "key.revoked", "person:bo", {})

    assert [(row.seq, row.previous_hash) for row in (first, second)] == [(1, ""), (2, first.hash)]
    chain = WorkspaceChain.objects.get(pk=workspace.pk)
    assert (chain.last_seq, chain.last_hash, chain.last_at) == (2, second.hash, second.at)
    stored = WorkspaceEntry.objects.get(pk=first.pk)
    assert stored.hash == hash_of_entry(stored)
    assert details_of_entry(stored) == {"scopes": ["send"]}


def test_the_hash_is_another_when_anything_else_is(workspace):
    entry = record_change(workspace.pk, "key.created", "person:ana", {})
    seen = {hash_of_entry(entry)}

    for field in ("workspace_id", "seq", "change", "at", "actor", "body_digest", "previous_hash"):
        row = WorkspaceEntry.objects.get(pk=entry.pk)
        setattr(row, field, START if field == "at" else "x")
        seen.add(hash_of_entry(row))

    assert len(seen) == 8


def test_chains_of_two_workspaces_are_apart_when_both_change(workspace):
    other = make_workspace("other", "production")

    entries = [record_change(one.pk, "key.created", "server", {}) for one in (workspace, other, workspace)]

    assert [entry.seq for entry in entries] == [1, 1, 2]
    assert entries[1].previous_hash == ""


def test_entries_never_go_back_in_time_when_the_clock_does(workspace):
    with frozen_clock() as clock:
        record_change(workspace.pk, "key.created", "server", {})
        clock.shift(-60)
        second = record_change(workspace.pk, "key.revoked", "server", {})

    assert second.at == START


@pytest.mark.django_db(transaction=True)
def test_a_change_is_refused_when_there_is_no_transaction(workspace):
    with pytest.raises(TransactionManagementError, match="in the transaction"):
        record_change(workspace.pk, "key.created", "server", {})

    assert not WorkspaceEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_entry_is_left_when_the_change_did_not_happen(workspace):
    @durable()
    def fail() -> None:
        record_change(workspace.pk, "key.created", "server", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not WorkspaceEntry.objects.exists()
    assert not WorkspaceChain.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_chain_has_no_gap_and_no_fork_when_many_change_something_at_once(workspace):
    failures = []

    def change() -> None:
        try:
            for _ in range(5):
                with durable():
                    record_change(workspace.pk, "key.created", "server", {})
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=change) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    rows = list(WorkspaceEntry.objects.order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, 31))
    assert [row.previous_hash for row in rows] == ["", *(row.hash for row in rows[:-1])]


@pytest.mark.parametrize("statement", ALL.values(), ids=list(ALL))
def test_entries_stay_when_sql_would_change_them(workspace, statement):
    for _ in range(2):
        record_change(workspace.pk, "key.created", "server", {})
    before = list(WorkspaceEntry.objects.values_list())

    with pytest.raises(IntegrityError, match="is kept"), transaction.atomic():
        run(*statement.split("; "))

    assert list(WorkspaceEntry.objects.values_list()) == before


def test_entries_stay_when_our_own_code_would_change_them(workspace):
    entry = record_change(workspace.pk, "key.created", "server", {})

    for attempt in (entry.save, entry.delete, WorkspaceEntry.objects.all().delete):
        with pytest.raises(IntegrityError, match="the record is kept"), transaction.atomic():
            attempt()
