"""Words that a newcomer meets: the program of the README, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings

from approvals.rules import RuleRefused
from approvals.services.policies import check_people
from config.management.commands.up import banner
from tests.conftest import Api


def test_readme_shows_the_program_when_it_says_that_make_demo_runs_it() -> None:
    program = (settings.BASE_DIR / "examples" / "quickstart.py").read_text()

    readme = (settings.BASE_DIR / "README.md").read_text()

    assert f"<!-- quickstart: examples/quickstart.py -->\n```python\n{program}```\n" in readme


@pytest.mark.django_db
def test_refusal_shows_an_example_when_a_type_has_no_version(api: Api) -> None:
    answer = api.post("/v1/intents", {"intent_type": "intent.a", "to_agent": "human", "payload": {}})

    assert answer.status_code == 422
    assert "intent.infra.deploy.v1" in answer.json()["error"]["message"]


def test_banner_can_be_pasted_when_the_data_folder_has_a_blank_in_its_name() -> None:
    said = banner("http://127.0.0.1:8000/welcome/x", Path("/srv/my data"), with_agent=True)

    assert "COUNTERSIGN_DATA='/srv/my data' make demo" in said
    assert "COUNTERSIGN_DATA='/srv/my data' make reset" in said


@pytest.mark.django_db
def test_refused_policy_says_check_the_names_when_a_team_is_misspelt(world: SimpleNamespace) -> None:
    body = {"gates": [{"requirement": [{"who": ["team:srre"], "need": 1}]}]}

    with pytest.raises(RuleRefused, match="only 0 may decide; check the names"):
        check_people(world.workspace, body)


@pytest.mark.django_db
def test_refused_jump_says_which_step_is_missing_when_a_scenario_names_one_that_is_not_there(api: Api) -> None:
    step = {"step_id": "a", "tool_id": "tool.approval.human_signoff", "on_success": "b"}
    scenario = {"scenario_id": "s", "intent": {"type": "intent.a.v1"}, "workflow": {"steps": [step]}}

    answer = api.post("/v1/scenarios/apply", scenario)

    assert answer.json()["error"]["code"] == "unknown_step"
    assert "step a: on_success names 'b', and there is no such step" in answer.json()["error"]["message"]
