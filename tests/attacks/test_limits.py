"""Requests within every size limit that would still cost the server its memory, its lock or its answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from intents.strictjson import JsonRefused, check
from tests.acts import bundle
from tests.conftest import Api


def test_json_is_refused_when_a_long_name_would_be_shown_with_each_of_many_values() -> None:
    payload = {"a" * 200_000: [0] * 9_000}

    with pytest.raises(JsonRefused) as refused:
        check(payload)

    assert refused.value.code == "json_names_too_long"


def test_json_is_taken_when_many_values_have_honest_names() -> None:
    payload = {"tables": {f"column_{number}": {"type": "text", "nullable": True} for number in range(3_000)}}

    check(payload)


def test_a_request_is_refused_when_its_payload_could_not_be_shown(api: Api) -> None:
    body = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"a" * 100_000: [0] * 5_000}}

    answer = api.post("/v1/intents", body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "json_names_too_long"


@pytest.mark.parametrize("text", ["0" * 12 + "9" * 5_000, "0" * 12 + "9" * 20, "0000000000509999"])
def test_a_number_in_the_query_is_held_to_its_bounds_however_it_is_padded(api: Api, text: str) -> None:
    answer = api.get(f"/v1/intents?limit={text}")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_parameter"


def test_a_notification_is_refused_when_it_names_more_people_than_are_looked_up_under_the_lock(api: Api) -> None:
    names = [f"nobody-{number}@acme.example" for number in range(21)]
    step = {"step_id": "tell", "tool_id": "tool.internal.notification", "config": {"to": names, "subject": "Hello"}}

    answer = api.post("/v1/scenarios/validate", bundle(step))

    assert "at most 20" in str(answer.json())


def test_the_columns_take_what_the_wire_takes_when_everything_is_as_long_as_allowed(
    api: Api, world: SimpleNamespace
) -> None:
    long_type = f"intent.{'x' * 240}.v1"
    body: dict[str, Any] = bundle({"step_id": "ask", "tool_id": "tool.approval.human_signoff"}, type=long_type)

    answer = api.post("/v1/scenarios/apply", body | {"scenario_id": "s" * 255})

    assert answer.status_code == 200, answer.json()
    gate = world.workspace.gates.get()
    assert len(gate.title) <= 255
    assert len(gate.source) <= 255
