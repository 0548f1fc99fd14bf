"""What somebody wrote goes, everywhere; who decided what, and the chain, stay."""

import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from approvals.models import Gate
from intents.errors import Conflict
from intents.models import Event, EventText, Intent, IntentTexts, WorkspaceEntry
from intents.services.purge import purge
from intents.services.verify import chain_fits
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from tests.acts import agent_task, bundle, fast_forward, finish_work, fresh, frozen_clock, gate_of, neighbours, signoff
from tests.approvals.browsing import answer, signed_in, text_of
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate

MARK = "Zaunkönig"  # somebody's word, wherever one can write
FORM = {"type": "object", "properties": {"note": {"type": "string", "title": MARK}}}
DAY = 24 * 3600


@pytest.fixture
def time():
    with frozen_clock() as traveller:
        yield traveller


@pytest.fixture
def spoken(time, world, settings) -> Intent:
    """An intent with everybody's words in it: the sender's, the agent's, the approver's; told, and ended."""
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    task = {"title": MARK, "description": MARK, "form_schema": FORM}
    note = {"step_id": "tell", "tool_id": "tool.internal.notification", "assigned_to": "team:sre", "body": MARK}
    scenario = bundle(agent_task("work"), note, signoff(human_task=task), payload={"who": MARK})
    api = Api(world.sender_secret)
    made = api.post("/v1/scenarios/apply", scenario, HTTP_IDEMPOTENCY_KEY="k1")
    assert made.status_code == 200, made.content
    intent = Intent.objects.get(pk=made.json()["intent_id"])
    controls = {"controls_patch": {"hint": MARK}}
    assert api.post(f"/v1/intents/{intent.pk}/controls", controls, HTTP_IDEMPOTENCY_KEY="k2").status_code == 200
    finish_work(world, intent, result={"found": MARK})
    gate = gate_of(intent)
    announce_due()
    deliver_due()
    said = {"outcome": "approved", "comment": MARK, "data": {"note": MARK}, "evidence": [MARK]}
    path = f"/v1/approvals/{gate.pk}/decision"
    decided = Api(token=world.tokens["ana"]).post(path, {"task_result": said}, HTTP_IDEMPOTENCY_KEY="k3")
    assert decided.status_code == 200, decided.content
    announce_due()
    deliver_due()
    return fresh(intent)


def everything() -> dict[str, int]:
    """In which table the mark stands how often, whatever the column."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        count = sum(MARK in json.dumps(row, default=str, ensure_ascii=False) for row in model._default_manager.values())
        if count:
            found[model.__name__] = count
    return found


def purged(*options: str) -> str:
    out = StringIO()
    call_command("purge", "--workspace", "acme/production", *options, stdout=out)
    return out.getvalue().strip()


def test_no_word_of_anybody_is_left_in_any_table_when_an_intent_was_purged(spoken):
    before = everything()

    said = purged("--intent", str(spoken.pk))

    assert set(before) >= {
        "IntentTexts", "EventText", "StepResult", "Step", "Gate", "GateAsk", "DecisionText", "KeptMail",
        "IdempotencyRecord",
    }  # fmt: skip
    assert said == "1 intent was purged."
    assert everything() == {}


def test_the_chain_still_fits_and_the_purge_is_recorded_when_an_intent_was_purged(spoken):
    events = list(Event.objects.values_list())

    purged("--intent", str(spoken.pk))

    assert list(Event.objects.values_list()) == events
    assert chain_fits(fresh(spoken))
    call_command("verify_history", stdout=StringIO())
    entry = WorkspaceEntry.objects.get(change="history.purged")
    assert json.loads(entry.body) == {"intent": str(spoken.pk)}
    assert entry.actor.startswith("operator")


def test_programs_still_get_the_outcome_when_the_words_are_purged(spoken, world, time):
    api = Api(world.sender_secret)
    whole = api.get(f"/v1/intents/{spoken.pk}").json()["intent"]["result"]

    purged("--intent", str(spoken.pk))
    intent = api.get(f"/v1/intents/{spoken.pk}").json()["intent"]
    events = api.get(f"/v1/intents/{spoken.pk}/events").json()["events"]

    words = "purged on 2026-03-02"
    left = intent["result"]
    assert set(left) == set(whole)
    for key in ("approved", "outcome", "reason", "decided_by", "decided_at", "digest"):
        assert left[key] == whole[key]
    assert left["approved"] is True
    assert left["summary"] == f"Ended as approved. Its texts were {words}."
    assert left["comment"] == left["gates"][0]["decisions"][0]["comment"] == words
    assert left["payload"] == left["result"] == intent["payload"] == {"purged": words}
    assert intent["purged_at"] == "2026-03-02T12:00:00.000Z"
    assert events[-1]["details"] == left | {"purged": words}
    assert events[1]["details"] == {"purged": words}


def test_pages_say_that_it_was_purged_when_somebody_looks(spoken, world):
    gate = Gate.objects.get(intent=spoken)
    purged("--intent", str(spoken.pk))
    client = signed_in(world.ana)

    pages = [client.get(path) for path in (f"/intents/{spoken.pk}", f"/gates/{gate.pk}", "/inbox")]

    assert [page.status_code for page in pages] == [200, 200, 200]
    for page in pages[:2]:
        assert "purged on 2026-03-02" in text_of(page)
        assert "Ana Ruiz" in text_of(page)
    assert "Countersign: gate closed (details purged on 2026-03-02)." in text_of(pages[0])


def test_the_admin_shows_a_purged_intent_when_somebody_looks(spoken, admin_client):
    gate = Gate.objects.get(intent=spoken)
    purged("--intent", str(spoken.pk))

    for path in (f"intents/intent/{spoken.pk}", f"approvals/gate/{gate.pk}"):
        page = admin_client.get(f"/admin/{path}/change/")
        assert page.status_code == 200
        assert "purged on" in text_of(page)


def test_late_answers_are_refused_as_before_when_the_gate_was_purged(spoken, world):
    purged("--intent", str(spoken.pk))
    gate = Gate.objects.get(intent=spoken)

    again = answer(signed_in(world.ana), gate, comment="late")
    other = answer(signed_in(world.bo), gate, outcome="rejected", comment="late")

    assert again.status_code == 303
    assert other.status_code == 409
    assert finish_work(world, spoken, late="x")["applied"] is False
    assert chain_fits(fresh(spoken))


def test_nothing_happens_when_it_was_purged_before(spoken):
    purged("--intent", str(spoken.pk))
    since = IntentTexts.objects.get(pk=spoken.pk).purged_at

    assert purged("--intent", str(spoken.pk)) == "This intent was purged before."
    assert WorkspaceEntry.objects.filter(change="history.purged").count() == 1
    assert IntentTexts.objects.get(pk=spoken.pk).purged_at == since


def test_an_open_intent_keeps_its_texts_when_somebody_would_purge_it(world):
    gate = open_gate(world)

    with pytest.raises(Conflict):
        purge(gate.intent_id, "operator")
    with pytest.raises(CommandError, match="still open"):
        purged("--intent", str(gate.intent_id))

    assert EventText.objects.filter(event__intent=gate.intent).count() == fresh(gate.intent).last_seq


def test_an_ended_intent_keeps_its_texts_while_somebody_is_to_be_told_of_it(world):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    gate = open_gate(world)
    answer(signed_in(world.ana), gate)

    with pytest.raises(CommandError, match="still to be told"):
        purged("--intent", str(gate.intent_id))


def test_only_what_ended_long_ago_is_purged_when_an_age_is_given(time, spoken, world):
    fast_forward(time, 40 * DAY)
    young = open_gate(world, payload={"who": "young"})
    answer(signed_in(world.ana), young)

    assert purged("--older-than", "30") == "1 intents were purged."
    assert purged("--older-than", "30") == "0 intents were purged."
    assert fresh(spoken).texts.purged_at is not None
    assert fresh(young.intent).texts.purged_at is None


@pytest.mark.parametrize("options", [["--older-than", "2"], ["--intent", "00000000-0000-7000-8000-000000000000"], []])
def test_it_is_an_error_when_the_choice_is_wrong(world, options):
    with pytest.raises(CommandError):
        purged(*options)


def test_another_workspaces_intent_is_not_found_when_it_is_named(spoken):
    neighbours()
    with pytest.raises(CommandError, match="no such intent"):
        call_command("purge", "--workspace", "other/production", "--intent", str(spoken.pk))
