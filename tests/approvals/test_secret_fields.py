"""Secret fields of a payload: no page, mail, event or answer to a person holds them, nor their digest."""

from __future__ import annotations

import json
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command

from intents.digest import digest_of
from intents.masking import masked, restored, shown_digest
from intents.models import Event, EventText, Intent
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import KeptMail
from tests.acts import finish_work, gate_of, say, take_work
from tests.approvals.browsing import signed_in, text_of
from tests.approvals.test_amend import change
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, send

pytestmark = pytest.mark.django_db
PIN = "4711-hidden"
PAYLOAD = {"service": "checkout", "db": {"pin": PIN}, "users": [{"pin": PIN, "name": "ana"}]}
SECRET = ["payload.db.pin", "payload.users.pin"]
MASKED = {"service": "checkout", "db": {"pin": "(secret)"}, "users": [{"pin": "(secret)", "name": "ana"}]}


@pytest.fixture
def intent(world: SimpleNamespace) -> Intent:
    make_policy(world.workspace, gates=[gate_rule("team:sre", place="before", secret=SECRET)])
    return send(world, payload=PAYLOAD)


def plain_digests(intent: Intent) -> list[str]:
    return [intent.texts.payload_digest.removeprefix("sha256:"), digest_of(PAYLOAD).removeprefix("sha256:")]


def test_secret_is_on_no_page_and_in_no_mail_event_or_answer(
    world: SimpleNamespace,
    intent: Intent,
    settings: Any,
) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    client = signed_in(world.ana)
    gate = gate_of(intent)
    announce_due()
    deliver_due()
    seen = [text_of(client.get(f"/gates/{gate.pk}?full=1")), text_of(client.get(f"/intents/{intent.pk}?full=1"))]

    say(gate, world.ana)
    take_work(world)
    finish_work(world, intent)
    announce_due()
    deliver_due()
    seen.append(text_of(client.get(f"/intents/{intent.pk}?full=1")))
    seen.append(json.dumps(Api(token=world.tokens["ana"]).get(f"/v1/intents/{intent.pk}").json()))
    seen += [mail.text + mail.subject for mail in KeptMail.objects.all()]
    seen += [row.body for row in EventText.objects.filter(event__intent=intent)]
    seen.append(Intent.objects.get(pk=intent.pk).texts.result)

    assert len(seen) > 10
    for text in seen:
        assert PIN not in text
        assert not any(digest in text for digest in plain_digests(intent))
    assert "(secret)" in seen[0]


def test_agent_and_sender_see_what_is_secret(world: SimpleNamespace, intent: Intent) -> None:
    say(gate_of(intent), world.ana)

    assert Api(world.sender_secret).get(f"/v1/intents/{intent.pk}").json()["payload"] == PAYLOAD
    assert take_work(world)["payload"] == PAYLOAD


def test_history_of_an_intent_with_secrets_still_fits(world: SimpleNamespace, intent: Intent) -> None:
    out = StringIO()

    call_command("verify_history", stdout=out)

    assert intent.texts.secret == SECRET
    assert "fault" not in out.getvalue().lower()


def test_short_secret_cannot_be_found_by_trying(world: SimpleNamespace, intent: Intent) -> None:
    shown = Event.objects.get(intent=intent, event_type="intent.created").said()["details"]["payload_digest"]

    assert shown == shown_digest(intent.texts)
    assert shown != digest_of(PAYLOAD)
    assert gate_of(intent).digest not in {digest_of(PAYLOAD), digest_of(MASKED)}


def test_field_that_one_gate_calls_secret_is_not_edited_at_another(world: SimpleNamespace) -> None:
    gates = [
        gate_rule("team:sre", editable=["payload.db.pin", "payload.service"]),
        gate_rule("team:sre", secret=SECRET),
    ]
    make_policy(world.workspace, gates=gates)

    steps = send(world, payload=PAYLOAD).steps.filter(kind="human")

    assert [step.spec["terms"]["editable"] for step in steps] == [["payload.service"], []]


def test_field_that_one_policy_calls_secret_is_not_put_into_the_words_of_another(world: SimpleNamespace) -> None:
    quoting = gate_rule("team:sre", place="before", title="Use {payload.pin}?", instructions="It is {payload.pin}.")
    make_policy(world.workspace, "quotes", gates=[quoting], position=1, **{"continue": True})
    make_policy(world.workspace, "hides", gates=[gate_rule("team:sre", secret=["payload.pin"])], position=2)

    gate = gate_of(send(world, payload={"pin": PIN}))

    assert (gate.title, gate.ask.instructions) == ("Use (secret)?", "It is (secret).")
    assert PIN not in text_of(signed_in(world.ana).get(f"/gates/{gate.pk}"))


def test_words_hide_what_becomes_secret_by_an_amendment(world: SimpleNamespace) -> None:
    quoting = gate_rule("team:sre", place="before", title="Use {payload.pin}?")
    make_policy(world.workspace, "quotes", gates=[quoting], position=1, **{"continue": True})
    hiding = {"gates": [gate_rule("team:sre", secret=["payload.pin"])], "when": "payload.env == 'prod'"}
    make_policy(world.workspace, "hides", position=2, **hiding)
    intent = send(world, payload={"pin": PIN, "env": "test"})
    assert PIN in gate_of(intent).title

    change(world, intent, {"pin": PIN, "env": "prod"})

    assert gate_of(intent).title == "Use (secret)?"


def test_amended_payload_keeps_the_secrets_that_came_back_masked(world: SimpleNamespace, intent: Intent) -> None:
    changed = MASKED | {"service": "search"}

    assert restored(changed, PAYLOAD, SECRET) == PAYLOAD | {"service": "search"}
    assert restored(MASKED | {"db": {"pin": "new"}}, PAYLOAD, SECRET)["db"] == {"pin": "new"}


def test_change_of_a_secret_is_told_without_it(world: SimpleNamespace, intent: Intent) -> None:
    changed = PAYLOAD | {"service": "search", "db": {"pin": "4712-hidden"}}

    body = {"payload": changed, "reason": "typo"}
    told = Api(world.sender_secret).post(f"/v1/intents/{intent.pk}/amend", body).json()

    assert told["patch"] == [{"op": "replace", "path": "/service", "value": "search"}]
    page = text_of(signed_in(world.ana).get(f"/gates/{gate_of(intent).pk}?full=1"))
    assert "search" in page
    assert "4712-" not in page


@pytest.mark.parametrize("payload", [{}, {"db": 1}, {"db": [{"pin": 1}, 2]}, {"users": "none", "db": None}])
def test_masked_takes_payloads_of_any_shape(payload):
    assert "pin" not in json.dumps(masked(payload, SECRET)).replace('"pin": "(secret)"', "")
