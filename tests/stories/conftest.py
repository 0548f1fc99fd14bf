"""Stock clients for stories, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from axme import AxmeClient, AxmeClientConfig

Connect = Callable[..., AxmeClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """`connect(url, key, **config)`: a stock client."""
    with ExitStack() as stack:

        def connected(url: str, key: str, **config: Any) -> AxmeClient:
            return stack.enter_context(AxmeClient(AxmeClientConfig(base_url=url, api_key=key, **config)))

        yield connected
