"""schemathesis against a live server's own document: no 5xx, no undocumented status, answers as the document says."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from intents.models import Intent, Workspace
from intents.services.verify import chain_fits
from tests.factories import make_key, open_gate, send
from tests.live import Live, serving
from tests.wire.routes import Route, routes

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

EXAMPLES = 24
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def live(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server that never ticks: only what requests make happen happens."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("live"), REDIS_URL="") as live:
        yield live


@pytest.fixture(scope="module")
def described(live: Live) -> Any:
    """What the server says of itself."""
    return schemathesis.openapi.from_url(f"{live.url}/v1/openapi.json")


@pytest.mark.parametrize("route", routes(), ids=str)
def test_the_server_does_what_its_document_says(
    live: Live, described: Any, world: SimpleNamespace, route: Route
) -> None:
    callers, names = credentials(world), known_names(world)
    operation = described[route.path][route.method]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @given(case=cases, caller=st.sampled_from(callers), known=st.booleans())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def conforms(case: Any, caller: dict[str, str], known: bool) -> None:
        if known:
            case.path_parameters = {
                name: names.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        if route.path.endswith("/stream"):
            case.query = {**(case.query or {}), "wait_seconds": 1}
        case.call_and_validate(base_url=live.url, headers=caller, checks=CHECKS)

    conforms()

    assert all(chain_fits(intent) for intent in Intent.objects.all())
    assert Workspace.objects.count() == 1
    assert "Traceback" not in live.log


def credentials(world: SimpleNamespace) -> list[dict[str, str]]:
    """Headers of everybody who may come."""
    everything = make_key(world.workspace, "all", ("send", "work", "provision"), agent=world.agent)[1]
    token = {"authorization": f"Bearer {world.tokens['ana']}"}
    keys = [{"x-api-key": secret} for secret in (world.sender_secret, world.work_secret, everything)]
    return [*keys, token, {**keys[0], **token}, {"x-api-key": "csk_unknown"}]


def known_names(world: SimpleNamespace) -> dict[str, str]:
    """Ids that lead somewhere."""
    gate, work = open_gate(world), send(world)
    return {
        "handle": str(work.pk),
        "gate_id": str(gate.pk),
        "account_id": str(world.sender.service_account_id),
        "key_id": str(world.work.pk),
        "address": "infra-validator",
    }
