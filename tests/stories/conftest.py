"""A server, and stock clients for stories, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from axme import AxmeClient, AxmeClientConfig

from tests.factories import gate_rule, make_policy
from tests.fakes.slack import Slack
from tests.live import Live, serving

Connect = Callable[..., AxmeClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """`connect(url, key, **config)`: a stock client."""
    with ExitStack() as stack:

        def connected(url: str, key: str, **config: Any) -> AxmeClient:
            return stack.enter_context(AxmeClient(AxmeClientConfig(base_url=url, api_key=key, **config)))

        yield connected


@pytest.fixture(scope="session")
def live(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One server for all stories that need no more. It never ticks: only what requests make happen happens."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("live"), REDIS_URL="") as live:
        yield live


@pytest.fixture
def slack(settings: Any) -> Iterator[Slack]:
    """A Slack that this process and the server's speak to."""
    with Slack(limits=False).running() as running:
        settings.SLACK_API_URL = running.url
        yield running


@pytest.fixture
def asking(world: SimpleNamespace) -> SimpleNamespace:
    """Infrastructure changes need one SRE, after the agent; everything else passes."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    make_policy(world.workspace, "allow", "approve", types=("*",), position=20)
    return world


@pytest.fixture
def sender(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """The program that asks."""
    return connect(live.url, asking.sender_secret)


@pytest.fixture
def agent(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """The program that does the work."""
    return connect(live.url, asking.work_secret)


@pytest.fixture
def ana(live: Live, asking: SimpleNamespace, connect) -> AxmeClient:
    """A person's program: her token beside the key that the client always sends."""
    return connect(live.url, asking.sender_secret, actor_token=asking.tokens["ana"])
