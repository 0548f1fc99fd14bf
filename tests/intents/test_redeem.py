"""Using a receipt: once, by whoever may, for what was approved, and for nothing else."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import jwt
import pytest
from django.db import IntegrityError, connection, transaction

from intents import clock, receipts
from intents.models import ApiKey, Intent, IntentTexts, Receipt, Redemption, WorkspaceEntry
from intents.services.changes import details_of_entry
from intents.services.receipts import keys_of_receipts
from intents.services.verify import chain_fits
from intents.sweeps import wake_due
from tests.acts import (
    agent_task,
    bundle,
    fresh,
    frozen_clock,
    gate_of,
    history,
    neighbours,
    say,
    signoff,
    take_work,
)
from tests.conftest import Api
from tests.factories import gate_rule, make_agent, make_key, make_policy
from tests.guards import archiving, run, unguarded
from tests.receipts import KEYS, REDEEM, approved, at_work, token_of

SAME = {"HTTP_IDEMPOTENCY_KEY": "k"}


def use(caller: Api, token: str, **fields: Any) -> Any:
    return caller.post(REDEEM, {"receipt": token, **fields})


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def executor(world: SimpleNamespace, name: str = "deployer") -> Api:
    """A program that acts: an agent with a key of its own."""
    agent = make_agent(world.workspace, name)
    return Api(make_key(world.workspace, name, ("work",), agent=agent)[1])


def signed(token: str, **other: Any) -> str:
    """The receipt with other claims, signed anew by our own key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return receipts.sign(claims | other, keys_of_receipts())


def test_receipt_is_used_by_its_sender_when_it_acts_itself(world, api):
    intent = approved(world)

    answer = use(api, token_of(intent)).json()

    assert (answer["ok"], answer["redeemed_by"]) == (True, "key:sender")
    assert answer["intent_id"] == answer["claims"]["intent_id"] == str(intent.pk)
    assert Redemption.objects.get().key == world.sender
    shown = api.get(f"/v1/intents/{intent.pk}").json()["intent"]["receipt"]
    assert (shown["redeemed_at"], shown["redeemed_by"]) == (answer["redeemed_at"], "key:sender")


def test_receipt_of_the_end_is_used_by_an_agent_that_was_given_it(world):
    assert use(executor(world), token_of(approved(world))).json()["redeemed_by"] == "agent://acme/production/deployer"


def test_receipt_of_the_work_is_used_by_its_agent_while_it_works(world):
    _, frame = at_work(world)

    answer = use(Api(world.work_secret), frame["receipt"], intent_id=frame["intent_id"], payload=frame["payload"])

    assert answer.json()["redeemed_by"] == "agent://acme/production/infra-validator"


def test_second_use_is_refused_with_when_and_by_whom(world, api):
    token = token_of(approved(world))
    first = use(api, token).json()

    second = use(executor(world), token)

    assert code(second) == (409, "receipt_used")
    said = second.json()["error"]["details"]
    assert said == {"redeemed_at": first["redeemed_at"], "redeemed_by": "key:sender"}
    assert Redemption.objects.count() == 1


def test_same_request_under_the_same_key_gets_the_same_answer(world, api):
    token = token_of(approved(world))

    first, again = (api.post(REDEEM, {"receipt": token}, **SAME) for _ in range(2))

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert Redemption.objects.count() == 1
    assert code(use(api, token)) == (409, "receipt_used")


def test_second_attempt_at_the_work_learns_that_the_first_had_begun_to_act(world):
    worker = Api(world.work_secret)
    with frozen_clock() as traveller:
        _, frame = at_work(world)
        use(worker, frame["receipt"])
        traveller.shift(timedelta(minutes=11))
        wake_due()
        again = take_work(world)

        assert code(use(worker, again["receipt"])) == (409, "receipt_used")


def test_use_renews_the_lease_of_its_agent(world):
    with frozen_clock() as traveller:
        intent, frame = at_work(world)
        traveller.shift(timedelta(minutes=5))

        use(Api(world.work_secret), frame["receipt"])

        assert intent.steps.get(kind="agent").lease_until == clock.now() + timedelta(minutes=10)


def nobody(world, intent) -> Api:
    return Api()


def unknown_key(world, intent) -> Api:
    return Api("csk_" + "x" * 43)


def revoked_key(world, intent) -> Api:
    ApiKey.objects.filter(pk=world.sender.pk).update(revoked_at=clock.now())
    return Api(world.sender_secret)


def person(world, intent) -> Api:
    return Api(token=world.tokens["ana"])


def provisioner(world, intent) -> Api:
    return Api(make_key(world.workspace, "sender", ("provision",))[1])


def another_sender(world, intent) -> Api:
    return Api(make_key(world.workspace, "somebody", ("send", "provision"))[1])


WRONG_CALLERS = [
    (nobody, 401, "missing_platform_api_key"),
    (unknown_key, 401, "invalid_platform_api_key"),
    (revoked_key, 401, "invalid_platform_api_key"),
    (person, 403, "invalid_scope"),
    (provisioner, 403, "invalid_scope"),
    (another_sender, 403, "not_the_executor"),
]


@pytest.mark.parametrize(("caller", "status", "why"), WRONG_CALLERS, ids=lambda each: getattr(each, "__name__", ""))
def test_use_is_refused_and_uses_nothing_when_the_caller_may_not(world, caller, status, why):
    intent = approved(world)

    refused = use(caller(world, intent), token_of(intent))

    assert code(refused) == (status, why)
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("who", ["the sender", "another agent"])
def test_receipt_that_went_with_the_work_is_for_its_agent_alone(world, api, who):
    _, frame = at_work(world)

    refused = use(api if who == "the sender" else executor(world), frame["receipt"])

    assert code(refused) == (403, "not_the_executor")
    assert use(Api(world.work_secret), frame["receipt"]).status_code == 200


def test_new_key_of_the_senders_account_may_use_what_the_old_one_asked_for(world):
    token = token_of(approved(world))
    rotated = make_key(world.workspace, "sender", ("send",))[1]

    assert use(Api(rotated), token).status_code == 200


def test_foreign_receipt_is_unknown_also_when_it_is_used_or_out_of_time(world, api):
    there = neighbours()
    token = token_of(approved(world))
    absent = signed(token, jti="01a1f92d-e9bd-763b-bc43-e0fb69d614c3")

    answers = [use(Api(there.sender_secret), token), use(api, absent)]
    use(api, token)
    answers.append(use(Api(there.sender_secret), token))

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({json.dumps(answer.json()) for answer in answers}) == 1


def test_receipt_that_ran_out_is_refused(world, api, settings):
    settings.RECEIPT_SECONDS = 60
    with frozen_clock() as traveller:
        token = token_of(approved(world))
        traveller.shift(59.5)
        assert use(api, token, payload_digest="sha256:" + "0" * 64).json()["error"]["code"] == "payload_differs"

        traveller.shift(0.5)

        assert code(use(api, token)) == (409, "receipt_expired")


@pytest.mark.parametrize(
    "other",
    [{"exp": 4102444800}, {"payload_digest": "sha256:" + "0" * 64}, {"intent_type": "intent.other.v1"}, {"aud": "*"}],
    ids=lambda other: next(iter(other)),
)
def test_receipt_with_other_words_is_unknown_even_if_our_own_key_signed_it(world, api, other):
    assert code(use(api, signed(token_of(approved(world)), **other))) == (404, "not_found")


def test_tampered_receipt_is_refused_and_uses_nothing(world, api):
    head, body, signature = token_of(approved(world)).split(".")

    refused = use(api, f"{head}.{body[:-4]}AAAA.{signature}")

    assert code(refused) == (422, "receipt_invalid")
    assert not Redemption.objects.exists()


def test_receipt_of_another_address_is_refused(world, api, settings):
    token = token_of(approved(world))
    settings.BASE_URL = "https://sign.example.com"

    assert code(use(api, token)) == (422, "receipt_invalid")


def test_receipt_is_good_after_the_keys_were_changed_as_long_as_the_old_one_is_published(world, api, settings):
    first, second = token_of(approved(world)), token_of(approved(world))
    old = Api().get(KEYS).json()
    settings.RECEIPT_KEY = secrets.token_urlsafe(32)

    assert code(use(api, first)) == (422, "receipt_invalid")
    settings.RECEIPT_KEYS_OLD = old
    assert use(api, first).status_code == 200
    assert use(api, second).status_code == 200
    assert len(Api().get(KEYS).json()["keys"]) == 2


PAYLOAD = {"target": "prod", "n": 1, "nested": {"b": [1, 2.5], "a": "é"}}


@pytest.mark.parametrize(
    "text",
    ['{"nested":{"a":"\\u00e9","b":[1,2.5]},"n":1.0,"target":"prod"}', json.dumps(PAYLOAD)],
    ids=["other", "same"],
)
def test_payload_is_compared_by_what_it_says_and_not_by_how_it_is_written(world, api, text):
    token = token_of(approved(world, payload=PAYLOAD))

    assert use(api, token, payload=json.loads(text)).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": PAYLOAD | {"target": "all"}},
        {"payload": {}},
        {"payload": PAYLOAD | {"more": None}},
        {"payload_digest": "sha256:" + "0" * 64},
        {"payload": PAYLOAD, "payload_digest": "sha256:" + "0" * 64},
    ],
)
def test_use_is_refused_and_uses_nothing_when_something_else_would_run(world, api, fields):
    token = token_of(approved(world, payload=PAYLOAD))

    refused = use(api, token, **fields)

    assert code(refused) == (409, "payload_differs")
    assert use(api, token, payload=PAYLOAD).status_code == 200


def test_use_is_refused_when_the_receipt_is_of_another_intent(world, api):
    one, other = approved(world), approved(world)

    assert code(use(api, token_of(one), intent_id=str(other.pk))) == (409, "intent_differs")
    assert code(use(api, token_of(one), intent_id="nonsense")) == (409, "intent_differs")
    assert use(api, token_of(one), intent_id=str(one.pk)).status_code == 200


def test_handle_of_a_later_step_names_its_intent(world, api):
    scenario = bundle(agent_task("a"), signoff(), agent_task("b"))
    make_policy(world.workspace, "open", action="approve", types=("intent.infra.*",))
    api.post("/v1/scenarios/apply", scenario)
    first = take_work(world)
    worker = Api(world.work_secret)
    worker.post(f"/v1/intents/{first['intent_id']}/resume", {})
    say(gate_of(Intent.objects.get(pk=first["parent_intent_id"])), world.ana)
    frame = take_work(world)

    assert frame["intent_id"] != frame["parent_intent_id"]
    assert use(worker, frame["receipt"], intent_id=frame["intent_id"]).status_code == 200


@pytest.mark.parametrize("end", ["withdrawn", "failed"])
def test_receipt_is_void_when_the_intent_ended_otherwise(world, api, end):
    intent, frame = at_work(world)
    worker = Api(world.work_secret)
    if end == "withdrawn":
        api.post(f"/v1/intents/{intent.pk}/resolve", {"status": "CANCELED"})
    else:
        worker.post(f"/v1/intents/{frame['intent_id']}/resume", {"action": "fail"})

    assert code(use(worker, frame["receipt"])) == (409, "receipt_void")
    assert not Redemption.objects.exists()


@pytest.mark.parametrize("rest", ["a gate", "nothing"])
def test_receipt_of_the_work_is_void_when_its_result_was_given(world, rest):
    if rest == "a gate":
        make_policy(world.workspace, gates=[gate_rule("team:sre", place="before"), gate_rule("team:sre")])
    _, frame = at_work(world)
    worker = Api(world.work_secret)
    worker.post(f"/v1/intents/{frame['intent_id']}/resume", {"done": True})

    assert code(use(worker, frame["receipt"])) == (409, "receipt_void")


def test_receipt_is_void_when_the_payload_is_another_one_since(world, api):
    intent = approved(world)
    IntentTexts.objects.filter(intent=intent).update(payload_digest="sha256:" + "0" * 64)

    assert code(use(api, token_of(intent))) == (409, "receipt_void")


def test_receipt_of_an_archived_intent_is_unknown(world, api):
    token = token_of(approved(world))
    with archiving():
        Receipt.objects.all().delete()

    assert code(use(api, token)) == (404, "not_found")


def test_use_is_in_the_workspaces_chain_and_nothing_follows_the_end_of_the_intent(world, api):
    intent = approved(world)
    before = history(intent)

    answer = use(api, token_of(intent)).json()

    entry = WorkspaceEntry.objects.get(workspace=world.workspace, change="receipt.redeemed")
    assert (entry.actor, details_of_entry(entry)["receipt_id"]) == ("key:sender", answer["receipt_id"])
    assert token_of(intent) not in entry.body
    assert history(intent) == before
    assert chain_fits(fresh(intent))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "receipt"),
        ({"receipt": 1}, "receipt"),
        ({"receipt": None}, "receipt"),
        ({"receipt": "x" * 65537}, "receipt"),
        ({"receipt": "x", "payload": "text"}, "payload"),
        ({"receipt": "x", "payload_digest": "sha256:ABC"}, "payload_digest"),
        ({"receipt": "x", "intent_id": 7}, "intent_id"),
    ],
)
def test_malformed_body_names_the_field(api, body, field):
    refused = api.post(REDEEM, body)

    assert code(refused) == (422, "schema_invalid")
    assert field in refused.json()["error"]["details"]["fields"]


def test_payload_beyond_the_limit_is_too_large(world, api):
    refused = use(api, token_of(approved(world)), payload={"text": "x" * (256 * 1024)})

    assert code(refused) == (413, "json_too_large")


def test_unknown_field_is_a_warning(world, api):
    answer = use(api, token_of(approved(world)), force=True).json()

    assert answer["warnings"] == ["The field 'force' is not known and was ignored."]


def test_keys_are_for_everybody_and_may_be_kept_for_a_while():
    answer = Api().get(KEYS)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "public, max-age=300"
    assert {key["kty"] for key in answer.json()["keys"]} == {"OKP"}
    assert all("d" not in key for key in answer.json()["keys"])


CHANGES = {
    "a receipt's time": "UPDATE intents_receipt SET expires_at = '2099-01-01'",
    "a receipt": "DELETE FROM intents_receipt",
    "who used it": "UPDATE intents_redemption SET \"by\" = 'key:other'",
    "that it was used": "DELETE FROM intents_redemption",
}
if connection.vendor == "sqlite":
    CHANGES["a use by another"] = "INSERT OR REPLACE INTO intents_redemption SELECT * FROM intents_redemption"


@pytest.mark.parametrize("statement", CHANGES.values(), ids=list(CHANGES))
def test_database_refuses_to_change_or_forget_a_receipt_and_its_use(world, api, statement):
    use(api, token_of(approved(world)))

    with pytest.raises(IntegrityError, match="the history is kept"), transaction.atomic():
        run(statement)

    assert Redemption.objects.count() == Receipt.objects.count() == 1


def test_use_stays_in_the_workspaces_chain_when_the_databases_owner_takes_its_row_away(world, api):
    token = token_of(approved(world))
    use(api, token)
    with unguarded():
        Redemption.objects.all().delete()

    assert WorkspaceEntry.objects.filter(change="receipt.redeemed").count() == 1
