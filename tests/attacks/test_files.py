"""Files that an operator writes: in folders that others may write to, and on disks that are full."""

import resource
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from intents.services.anchors import append
from intents.services.verify_anchors import Unreadable, read
from intents.wholefile import written_whole

ANCHOR = '{"workspace": "a/b", "workspace_id": "%s", "seq": %d, "hash": "x"}\n'
LINES = [ANCHOR % ("0" * 32, seq) for seq in (1, 2)]


def test_a_link_in_the_way_is_not_followed_when_a_file_is_written(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / ".export.part").symlink_to(precious)

    with written_whole(tmp_path / "export") as file:
        file.write(b"all of it")

    assert precious.read_text() == "kept"
    assert (tmp_path / "export").read_text() == "all of it"


def test_a_file_is_its_owners_alone_when_somebody_made_it_before(tmp_path: Path) -> None:
    prepared = tmp_path / ".export.part"
    prepared.touch(0o666)
    with prepared.open() as spy, written_whole(tmp_path / "export") as file:
        file.write(b"all of it")
        file.flush()
        assert spy.read() == ""

    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o600


def test_no_anchor_is_lost_when_the_disk_was_full(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(LINES[0]) + 10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            append(path, LINES)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    append(path, LINES)

    first, torn, *again = path.read_text().splitlines(keepends=True)
    assert [first, *again] == [LINES[0], *LINES]
    with pytest.raises(Unreadable, match="line 2 is no anchor"):
        list(read([first, torn]))


@pytest.mark.parametrize(
    "line", [ANCHOR % ("0" * 32, 10**30), (ANCHOR % ("0" * 32, 1)).replace(" 1,", " Infinity,"), "[" * 99_999]
)
def test_a_line_is_named_when_it_would_break_the_reader(line: str) -> None:
    with pytest.raises(Unreadable, match="line 1 is no anchor"):
        list(read([line]))


@pytest.mark.django_db
def test_an_empty_file_of_anchors_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "anchors").touch()

    with pytest.raises(CommandError, match="holds no anchor"):
        call_command("verify_history", "--anchor", str(tmp_path / "anchors"))
