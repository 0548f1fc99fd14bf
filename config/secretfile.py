"""The embedded mode's own secrets: made at the first start, kept in the data folder, readable by its owner only."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

NAMES = ("SECRET_KEY", "RECORD_KEY")


def load_or_create(folder: Path) -> dict[str, str]:
    """The secrets of this data folder. Two first starts at once agree on one file."""
    path = folder / "secrets.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps({name: secrets.token_urlsafe(48) for name in NAMES}), overwrite=False)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def write_private(path: Path, text: str, *, overwrite: bool = True) -> None:
    """Write `text` to a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        if overwrite:
            draft.replace(path)
        else:
            os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
