"""Loaded before Django (`-p tests.environment`): each test process has its own data folder and Redis database."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

RUN = os.environ.setdefault("COUNTERSIGN_TEST_RUN", str(os.getpid()))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATA = Path(tempfile.gettempdir()) / f"countersign-tests-{RUN}" / WORKER
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
os.environ["COUNTERSIGN_DATA"] = str(DATA)
os.environ["TEST_DATABASE_NAME"] = str(DATA / "test.sqlite3")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
if os.environ.get("REDIS_URL"):
    number = int("".join(filter(str.isdigit, WORKER)) or 0)
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()
