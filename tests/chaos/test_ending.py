"""Whoever breaks it off finds no server of it still running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.live import ROOT, eventually
from tests.servers import folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "tell"), [(signal.SIGTERM, os.kill), (signal.SIGINT, os.killpg)], ids=["terminated", "Ctrl-C"]
)
def test_no_database_is_left_when_it_is_broken_off(number, tell):
    words = [sys.executable, "-m", "tests.chaos", "--only", "redis-flushed", "--lives", "1"]
    with folder() as home:
        home.chmod(0o755)  # PostgreSQL may run as somebody else
        process = subprocess.Popen(
            words, cwd=ROOT, env=os.environ | {"TMPDIR": str(home)}, stdout=subprocess.DEVNULL, start_new_session=True
        )
        eventually(lambda: list(home.glob("*/postgresql/data/postmaster.pid")))
        database = int(next(home.glob("*/postgresql/data/postmaster.pid")).read_text().split()[0])

        tell(process.pid, number)

        assert process.wait(60) == 128 + number
        assert not psutil.pid_exists(database)
