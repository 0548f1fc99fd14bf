"""Loaded before Django (`-p tests.environment`): each test process has a data folder of its own."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

RUN = os.environ.setdefault("COUNTERSIGN_TEST_RUN", str(os.getpid()))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATA = Path(tempfile.gettempdir()) / f"countersign-tests-{RUN}" / WORKER
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
os.environ["COUNTERSIGN_DATA"] = str(DATA)
os.environ["TEST_DATABASE_NAME"] = str(DATA / "test.sqlite3")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
