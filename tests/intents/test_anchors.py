"""Anchors say where the chains end, on request and whenever an entry was added."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config.checks import countersign_checks
from intents import clock
from intents.models import WorkspaceChain
from intents.services import anchors
from intents.services.anchors import keep_anchors
from intents.services.changes import record_change
from tests.acts import neighbours
from tests.factories import make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path, settings):
    settings.ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    return tmp_path / "anchors.jsonl"


def lines(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def expected(workspace) -> dict:
    end = WorkspaceChain.objects.get(pk=workspace.pk)
    return {
        "workspace": str(workspace),
        "workspace_id": str(workspace.pk),
        "seq": end.last_seq,
        "hash": end.last_hash,
        "at": clock.iso(end.last_at),
    }


def test_the_command_prints_a_line_for_each_workspace(world):
    other = neighbours()
    make_workspace("acme", "untouched")
    out = StringIO()

    call_command("anchor", stdout=out)

    found = [json.loads(line) for line in out.getvalue().splitlines()]
    assert sorted(found, key=str) == sorted([expected(world.workspace), expected(other.workspace)], key=str)


def test_the_command_appends_when_it_is_given_a_file(world, tmp_path):
    neighbours()
    file = tmp_path / "out"

    for _ in range(2):
        call_command("anchor", "--out", str(file), "--workspace", "acme/production")

    assert lines(file) == [expected(world.workspace)] * 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_command_says_so_when_the_file_cannot_be_written(world, tmp_path):
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        call_command("anchor", "--out", str(tmp_path))


def test_each_end_is_kept_once_when_entries_are_added(world, file):
    keep_anchors()
    assert keep_anchors() == 0
    first = expected(world.workspace)
    record_change(world.workspace.pk, "key.created", "server", {})

    assert keep_anchors() == 1

    assert lines(file) == [first, expected(world.workspace)]


def test_all_are_kept_when_there_are_more_than_go_into_one_write(world, file, monkeypatch):
    monkeypatch.setattr(anchors, "AT_ONCE", 1)
    neighbours()

    while keep_anchors():
        pass

    assert len(lines(file)) == 2


def test_it_is_tried_again_when_the_file_could_not_be_written(world, file, caplog):
    file.mkdir()
    assert keep_anchors() == 0
    assert "anchors cannot be kept" in caplog.text
    file.rmdir()

    assert keep_anchors() == 1

    assert lines(file) == [expected(world.workspace)]


def test_they_can_go_to_a_log_when_the_file_is_no_file(world, settings):
    settings.ANCHOR_FILE = "/dev/null"

    assert keep_anchors() == 1


def test_nothing_is_kept_when_nobody_asked_for_it(world, settings):
    settings.ANCHOR_FILE = ""

    assert keep_anchors() == 0
    assert WorkspaceChain.objects.get(pk=world.workspace.pk).anchored_seq == 0


def test_start_is_refused_when_the_folder_is_not_there(settings, tmp_path):
    settings.ANCHOR_FILE = str(tmp_path / "nowhere" / "anchors")

    assert "countersign.C030" in [found.id for found in countersign_checks(None)]
    settings.ANCHOR_FILE = str(tmp_path / "anchors")
    assert "countersign.C030" not in [found.id for found in countersign_checks(None)]
