"""`manage.py` on a machine whose clock is wrong.

python -m tests.programs.wrong_clock SECONDS serve ...
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta

import time_machine
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(sys.argv[1]))):
        execute_from_command_line(["manage.py", *sys.argv[2:]])
