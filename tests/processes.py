"""Processes that a test starts on its own database: what they find in their environment, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 20.0  # seconds for a process to end by itself
NOT_FOR_CHILDREN = ("PYTHONDEVMODE", "PYTEST_CURRENT_TEST", "DEFAULT_FROM_EMAIL", "EMAIL_URL", "EMAIL_BACKEND")


def database_url() -> str:
    """The database of this test process, as DATABASE_URL."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    account = found["USER"] + (f":{found['PASSWORD']}" if found["PASSWORD"] else "")
    return f"postgresql://{account}@{found['HOST']}:{found['PORT']}/{found['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """The test's own environment on the test's database, without development mode, and with `more`."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return inherited | {"DATABASE_URL": database_url(), "DATABASE_POOL": "12", "PYTHONUNBUFFERED": "1"} | more


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> int:
    """Its exit code. One that does not end in time is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
