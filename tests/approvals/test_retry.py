"""Trying a failed intent again: from where it failed, and with people's yes only if nothing at all has changed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from approvals.models import Gate, Membership
from approvals.views.history import history_of
from approvals.views.withdrawing import principal_of
from intents import clock, receipts
from intents.models import Intent, Outbox
from intents.services.purge import purge
from intents.services.receipts import keys_of_receipts
from intents.services.verify import first_misfit
from tests.acts import agent_task, current_step, details, ending, finish_work, fresh, gate_of, say, signoff, take_work
from tests.approvals.browsing import signed_in, text_of
from tests.approvals.test_amend import SMALLER, change
from tests.approvals.test_scenario_jumps import fail_work, note, start, statuses
from tests.conftest import Api
from tests.factories import gate_rule, make_key, make_policy, make_team, make_token, send
from tests.receipts import token_of

BEFORE = [gate_rule("team:sre", place="before")]


def failed(world: SimpleNamespace, **fields: Any) -> Intent:
    """Ana agreed, and then the work failed."""
    intent = send(world, **fields)
    say(gate_of(intent), world.ana)
    take_work(world)
    fail_work(world, intent)
    return fresh(intent)


def retried(api: Api, intent: Intent) -> Intent:
    answer = api.post(f"/v1/intents/{intent.pk}/retry")
    assert answer.status_code == 200, answer.content
    return Intent.objects.select_related("texts").get(pk=answer.json()["intent_id"])


@pytest.fixture
def gated(world: SimpleNamespace) -> SimpleNamespace:
    make_policy(world.workspace, gates=BEFORE)
    return world


def test_retry_is_a_new_intent_that_begins_at_the_failed_work_with_the_yes_that_was_given(gated, api):
    intent = failed(gated)

    new = retried(api, intent)

    assert (new.retry_of, current_step(new).name) == (intent.pk, "work")
    said = details(new, "gate_carried_over")
    assert (said["decided_by"], said["from_intent_id"]) == (["ana@acme.example"], str(intent.pk))
    assert take_work(gated)["payload"] == {"target": "prod-postgres-main"}
    finish_work(gated, new, ok=True)
    end = ending(new)
    assert (end["approved"], end["outcome"], end["decided_by"]) == (True, "approved", ["ana@acme.example"])
    assert (end["gates"][0]["reason"], end["gates"][0]["decisions"]) == ("carried_over", [])
    assert end["gates"][0]["carried_from"] == str(Gate.objects.get(intent=intent).pk)
    assert first_misfit(fresh(new)) is None
    words = [entry.text for entry in history_of(new)]
    assert "sender asked for intent.infra.change.v1 once more, after it had failed." in words


def test_receipt_of_a_retry_says_that_the_yes_was_taken_over(gated, api, settings):
    new = retried(api, failed(gated))
    take_work(gated)

    claims = receipts.read(token_of(new), keys_of_receipts(), settings.BASE_URL, clock.now())

    assert (claims["outcome"], claims["reason"], claims["gates"][0]["deciders"]) == ("approved", "carried_over", [])


def test_retry_keeps_the_results_of_earlier_steps(world, api):
    make_policy(world.workspace, action="approve")
    intent = start(world, note("tell"), agent_task("a"), agent_task("b"))
    finish_work(world, intent, rows=3)
    fail_work(world, intent)

    new = retried(api, intent)

    assert statuses(new) == {"tell": "done", "a": "done", "b": "ready"}
    frame = take_work(world)
    assert (frame["step_id"], frame["results"]) == ("b", {"a": {"rows": 3}})


def test_work_that_was_done_instead_is_taken_over_too(world, api):
    make_policy(world.workspace, action="approve")
    intent = start(world, agent_task("a", on_failure="b", on_success="end"), agent_task("b"), agent_task("c"))
    fail_work(world, intent)
    finish_work(world, intent, instead=True)
    fail_work(world, intent)

    new = retried(api, intent)

    assert statuses(new) == {"a": "failed", "b": "done", "c": "ready"}
    finish_work(world, new)
    assert ending(new)["approved"] is False


def change_terms(world: SimpleNamespace) -> None:
    make_policy(world.workspace, "infra-again", gates=[gate_rule("team:sre", need=2, place="before")], position=1)


def lose_the_right(world: SimpleNamespace) -> None:
    Membership.objects.filter(person=world.ana).update(can_decide=False)


def let_time_pass(world: SimpleNamespace) -> None:
    for gate in Gate.objects.all():
        Gate.objects.update(closed_at=gate.closed_at - timedelta(seconds=3601))


@pytest.mark.parametrize("change_it", [change_terms, lose_the_right, let_time_pass])
def test_what_has_changed_is_asked_again(gated, api, change_it):
    intent = failed(gated)
    change_it(gated)

    new = retried(api, intent)

    assert gate_of(new).is_open
    assert not Gate.objects.filter(intent=new, reason="carried_over").exists()


def test_yes_by_silence_and_a_yes_behind_one_that_is_asked_again_are_not_taken_over(world, api):
    make_team(world.workspace, "leads", world.bo)
    make_policy(world.workspace, gates=[*BEFORE, gate_rule("team:leads", place="before")])
    intent = send(world)
    say(gate_of(intent), world.ana)
    say(gate_of(intent), world.bo)
    take_work(world)
    fail_work(world, intent)
    Gate.objects.filter(step__name="gate-1").update(reason="timeout")

    new = retried(api, intent)

    assert list(statuses(new).values()) == ["current", "pending", "pending"]


def test_amended_payload_is_tried_again_and_its_authors_still_do_not_decide(gated, api):
    intent = send(gated, requested_by="cy@acme.example")
    change(gated, intent, SMALLER, by=principal_of(gated.cy, gated.workspace.pk))
    say(gate_of(intent), gated.ana, digest=gate_of(intent).digest)
    take_work(gated)
    fail_work(gated, intent)

    new = retried(api, intent)

    assert take_work(gated)["payload"] == SMALLER
    assert gated.cy.ref in new.excluded
    assert new.requester == gated.cy.ref


def test_retry_of_a_retry_still_knows_who_had_agreed(gated, api):
    first = retried(api, failed(gated))
    take_work(gated)
    fail_work(gated, first)

    second = retried(api, fresh(first))

    assert details(second, "gate_carried_over")["decided_by"] == ["ana@acme.example"]


def test_admin_tries_again_and_does_not_decide_on_it(gated):
    Membership.objects.filter(person=gated.bo).update(is_admin=True)
    intent = failed(gated)
    change_terms(gated)

    new = retried(Api(token=make_token(gated.bo, gated.workspace)), intent)

    assert gated.bo.ref in new.excluded
    assert say(gate_of(new), gated.bo).code == "four_eyes"


def test_retry_is_refused_for_others_and_for_what_did_not_fail(gated, api):
    intent = failed(gated)
    done = send(gated)
    other = Api(make_key(gated.workspace, "other")[1])
    path = f"/v1/intents/{intent.pk}/retry"

    assert other.post(path).status_code == 404
    assert Api(token=gated.tokens["ana"]).post(path).status_code == 403
    assert api.post(f"/v1/intents/{done.pk}/retry").json()["error"]["code"] == "not_failed"


def test_retry_happens_once_and_its_replay_gets_the_same_answer(gated, api):
    intent = failed(gated)
    path = f"/v1/intents/{intent.pk}/retry"

    first, replay, other = (api.post(path, HTTP_IDEMPOTENCY_KEY=key) for key in ("a", "a", "b"))

    assert first.json() == replay.json()
    assert (other.status_code, other.json()["error"]["code"]) == (409, "already_retried")
    assert other.json()["error"]["details"]["intent_id"] == first.json()["intent_id"]
    assert api.get(f"/v1/intents/{first.json()['intent_id']}").json()["intent"]["retry_of"] == str(intent.pk)


def test_retry_of_what_was_purged_is_refused(gated, api):
    intent = failed(gated)
    Outbox.objects.all().delete()
    purge(intent.pk, "person:ana@acme.example")

    assert api.post(f"/v1/intents/{intent.pk}/retry").json()["error"]["code"] == "purged"


def test_retry_asks_the_policies_of_now(gated, api):
    intent = failed(gated)
    make_policy(gated.workspace, "never", action="deny")

    new = retried(api, intent)

    assert (new.status, ending(new)["outcome"]) == ("CANCELED", "denied")


def test_scenarios_own_gate_is_taken_over_after_the_work_before_it(world, api):
    make_policy(world.workspace, action="approve")
    intent = start(world, agent_task("a"), signoff("ask"), agent_task("b"))
    finish_work(world, intent, rows=3)
    say(gate_of(intent), world.ana)
    fail_work(world, intent)

    new = retried(api, intent)

    assert statuses(new) == {"a": "done", "ask": "done", "b": "ready"}


def test_button_on_the_page(gated):
    Membership.objects.filter(person=gated.bo).update(is_admin=True)
    intent = failed(gated)
    browser = signed_in(gated.bo)
    assert "Try it again" in text_of(browser.get(f"/intents/{intent.pk}"))
    assert "Try it again" not in text_of(signed_in(gated.ana).get(f"/intents/{intent.pk}"))

    done = browser.post(f"/intents/{intent.pk}/retry")

    new = Intent.objects.get(retry_of=intent.pk)
    assert (done.status_code, done["Location"]) == (303, f"/intents/{new.pk}")
    assert "takes up" in text_of(browser.get(done["Location"]))
    assert "It was tried again" in text_of(browser.get(f"/intents/{intent.pk}"))
    assert browser.post(f"/intents/{intent.pk}/retry").status_code == 409
    gate = Gate.objects.get(intent=new)
    assert "Agreed to by ana@acme.example" in text_of(browser.get(f"/gates/{gate.pk}"))
