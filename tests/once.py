"""What has nothing to do with rows runs on one database only: the first of the two that `make test` takes."""

from __future__ import annotations

import os

import pytest

NEEDS_ROWS = {"db", "transactional_db", "live_server"}


def leave_out_what_ran(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On the second database: deselects what is marked `once`, and what asks for no database at all."""
    if not os.environ.get("COUNTERSIGN_TEST_AGAIN"):
        return
    ran = [item for item in items if is_done_once(item)]
    config.hook.pytest_deselected(items=ran)
    items[:] = [item for item in items if item not in set(ran)]


def is_done_once(item: pytest.Item) -> bool:
    """Its result would be the same on any database."""
    if item.get_closest_marker("once"):
        return True
    return not item.get_closest_marker("django_db") and NEEDS_ROWS.isdisjoint(getattr(item, "fixturenames", ()))
