"""Files that are there whole, on the disk and under their name, or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[BufferedRandom]:
    """A new file, for reading and writing, that gets its name when the block ends. See `named_when_whole`."""
    with named_when_whole(path) as part, part.open("r+b") as file:
        yield file


@contextmanager
def named_when_whole(path: Path) -> Iterator[Path]:
    """An empty file for its owner alone, under another name until the block ends. If it raises, nothing is left.

    FileExistsError rather than to overwrite anything.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, "There is such a file already", str(path))
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)  # of a run that was killed; or somebody's link, in a folder that others may write to
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    try:
        yield part
        _sync(part)
        part.rename(path)
        _sync(path.parent)  # the name too survives a power failure
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
