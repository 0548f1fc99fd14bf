"""Static files are looked for once in a process, and not by each client of each test anew."""

from __future__ import annotations

from typing import Any

import pytest
from whitenoise.middleware import WhiteNoiseMiddleware


def find_static_files_once(patch: pytest.MonkeyPatch) -> None:
    """There are hundreds of them: to find them takes longer than most requests."""
    find = WhiteNoiseMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def found_once(middleware: Any) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", found_once)
