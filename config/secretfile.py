"""The embedded mode's own secrets: made at the first start, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BYTES = {"SECRET_KEY": 48, "RECORD_KEY": 48, "RECEIPT_KEY": 32, "LINK_KEY": 32}
"""How many random bytes each is; the receipts' key is an Ed25519 key, which is 32."""


def load_or_create(folder: Path) -> dict[str, str]:
    """The secrets of this data folder. Two first starts at once agree on one file; what an older one lacks is added."""
    path = folder / "secrets.json"
    found = _read(path)
    if BYTES.keys() <= found.keys():
        return found
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        found = {name: secrets.token_urlsafe(size) for name, size in BYTES.items()} | _read(path)
        write_private(path, json.dumps(found))
    return found


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, str]:
    return dict(json.loads(path.read_text())) if path.exists() else {}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with whoever holds it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
