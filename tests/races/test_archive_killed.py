"""Whatever instant it is killed at, an intent is in the database or in a recorded file, and never half in either."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from intents.family import family
from intents.models import Intent, Outbox, Workspace, WorkspaceEntry
from intents.services.changes import details_of_entry
from intents.services.verify import chain_fits
from intents.services.verify_archive import check_archive
from tests.acts import say
from tests.factories import open_gate
from tests.live import ROOT, environment

pytestmark = [pytest.mark.race, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

INTENTS = 60
KILLS = 12


@pytest.fixture
def old(world, settings) -> list[Intent]:
    """Intents that ended long ago."""
    with time_machine.travel(datetime.now(UTC) - timedelta(days=40), tick=False):
        gates = [open_gate(world) for _ in range(INTENTS)]
        for gate in gates:
            say(gate, world.ana)
    Outbox.objects.all().delete()
    return [gate.intent for gate in gates]


def archiving(folder: Path) -> subprocess.Popen[bytes]:
    words = ["--workspace", "acme/production", "--older-than", "30", "--out", str(folder), "--at-once", "2"]
    return subprocess.Popen(
        [sys.executable, "manage.py", "archive", *words], cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL
    )


def killed(folder: Path, chance: random.Random) -> None:
    """After its first new file, at a random instant of the next ones."""
    before, process = len(list(folder.glob("*.gz"))), archiving(folder)
    while len(list(folder.glob("*.gz"))) == before and process.poll() is None:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.05)
    process.kill()
    process.wait()


def recorded(folder: Path) -> Iterator[str]:
    """The ids in files that the workspace's chain names; each such file is there, and fits."""
    for entry in WorkspaceEntry.objects.filter(change="history.archived"):
        said = details_of_entry(entry)
        assert check_archive(folder / said["file"]).intents == len(said["intents"])
        yield from (pk for pk, _, _ in said["intents"])


def test_no_intent_is_lost_or_halved_when_the_archive_is_killed_again_and_again(old, tmp_path):
    chance, ids = random.Random(7), {str(intent.pk) for intent in old}
    rows = {table.name: table.rows([intent.pk for intent in old]).count() for table in family()}

    for _ in range(KILLS):
        killed(tmp_path, chance)
        gone = list(recorded(tmp_path))
        left = {str(pk) for pk in Intent.objects.values_list("pk", flat=True)}
        assert len(gone) == len(set(gone))
        assert left | set(gone) == ids
        assert not left & set(gone)
        assert all(chain_fits(intent) for intent in Intent.objects.all())
        for table in family():  # of each intent all rows or none
            share = rows[table.name] * len(left) // INTENTS
            assert table.model._base_manager.count() == share
    assert archiving(tmp_path).wait() == 0

    assert set(recorded(tmp_path)) == ids
    assert [table.name for table in family() if table.model._base_manager.exists()] == []
    assert Workspace.objects.get().entries.exists()
