"""One troupe of processes for all races of a test process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.races.troupe import Troupe

SIZE = 4


@pytest.fixture(scope="session")
def _troupe(django_db_setup: None, django_db_blocker: Any) -> Iterator[Troupe]:
    with django_db_blocker.unblock():
        troupe = Troupe(SIZE)
    yield troupe
    troupe.close()


@pytest.fixture
def troupe(transactional_db: None, _troupe: Troupe) -> Troupe:
    """Four processes on the test's database, waiting for commands."""
    return _troupe
