"""What all tests share: a data folder of their own, a world of people and keys, an API client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from rest_framework.test import APIClient

from intents import clock
from intents.limits import MINUTES
from tests.emptying import empty_only_what_was_written
from tests.factories import make_world
from tests.madeonce import made_once
from tests.once import leave_out_what_ran
from tests.staticfiles import find_static_files_once
from tests.wire.holding import hold

hypothesis.settings.register_profile("here", deadline=None)  # seconds say more about the machine than about an example
hypothesis.settings.register_profile("the same each time", deadline=None, derandomize=True)
hypothesis.settings.load_profile("the same each time" if os.environ.get("CI") else "here")
"""In CI nobody looks for new examples; those that are made at home are random."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_what_ran(config, items)


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Whatever failed can be tried again in the same order and with the same random numbers."""
    seed = config.getoption("randomly_seed", None)
    if exitstatus == pytest.ExitCode.TESTS_FAILED and seed is not None:
        terminalreporter.write_line(f"the same order and numbers again: --randomly-seed={seed}")


@pytest.fixture
def world(db: None) -> SimpleNamespace:
    """acme/production with three people in team sre, an agent, keys and tokens."""
    return made_once(make_world)


@pytest.fixture
def api(world: SimpleNamespace) -> Api:
    """The wire, as the world's sender."""
    return Api(world.sender_secret)


class HoldingClient(APIClient):
    """Every answer of the API, whatever a test asks for, must be as its document says."""

    def request(self, **kwargs: Any) -> Any:
        answer = super().request(**kwargs)
        hold(kwargs["REQUEST_METHOD"], answer)
        return answer


class Api:
    """JSON over the test client, as a machine, a person or both."""

    def __init__(self, key: str = "", token: str = "") -> None:
        self.client = HoldingClient()
        self.headers: dict[str, Any] = {}
        if key:
            self.headers["HTTP_X_API_KEY"] = key
        if token:
            self.headers["HTTP_AUTHORIZATION"] = f"Bearer {token}"

    def get(self, path: str, **headers: Any) -> Any:
        return self.client.get(path, **self.headers, **headers)

    def post(self, path: str, body: Any = None, **headers: Any) -> Any:
        return self.client.post(path, body if body is not None else {}, format="json", **self.headers, **headers)


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def _nothing_is_done_in_each_test_anew_that_need_not_be() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        empty_only_what_was_written(patch)
        find_static_files_once(patch)
        yield


@pytest.fixture(autouse=True)
def _nobody_has_called_yet() -> None:
    """Counters are of the process; each test begins a minute of its own."""
    MINUTES.forget()


@pytest.fixture(autouse=True)
def _clock_without_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test measured of the database's clock must not move another test's movable clock."""
    monkeypatch.setattr(clock, "_offset", timedelta(0))
