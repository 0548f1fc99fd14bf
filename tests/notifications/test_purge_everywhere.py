"""What somebody wrote about an intent goes from what came after it, too: threads, webhooks, receipts, kept answers."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError

from approvals.models import Gate
from intents.models import IdempotencyRecord, Intent, Receipt, ThreadEntry, ThreadMessage
from intents.services.archive import archive
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import KeptMail, WebhookDelivery, WebhookEvent
from notifications.webhooks.inboxes import queue_inboxes
from notifications.webhooks.pushers import push_due
from tests.acts import gate_of
from tests.conftest import Api
from tests.fakes.receiver import Receiver
from tests.intents.inboxes import PLANNER, act, with_agents
from tests.notifications.hooks import hook

MARK = "Zaunkönig"  # somebody's word, wherever one can write
FORM = {"type": "object", "properties": {"note": {"type": "string", "title": MARK}}}
PART = re.compile(r"[A-Za-z0-9_-]{16,}")

pytestmark = [pytest.mark.usefixtures("afternoon", "kept"), pytest.mark.django_db]


@pytest.fixture
def answered(world: SimpleNamespace, receiver: Receiver) -> Intent:
    """An intent that wanted its answer in an inbox, decided, talked about, told to a webhook."""
    with_agents(world)
    hook(world, receiver, "*")
    task = {"title": MARK, "description": MARK, "form_schema": FORM}
    body = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"who": MARK}, "human_task": task}
    api = Api(world.sender_secret)
    made = api.post("/v1/intents", body | {"reply_to": PLANNER}, HTTP_IDEMPOTENCY_KEY="k1")
    assert made.status_code == 200, made.content
    intent = Intent.objects.get(pk=made.json()["intent_id"])
    act(world.planner, intent, "reply", {"message": f"{MARK} before"}, HTTP_IDEMPOTENCY_KEY="k2")
    talk(world, gate_of(intent))
    tell()
    said = {"outcome": "approved", "comment": MARK, "data": {"note": MARK}, "evidence": [MARK]}
    path = f"/v1/approvals/{gate_of(intent).pk}/decision"
    decided = Api(token=world.tokens["ana"]).post(path, {"task_result": said}, HTTP_IDEMPOTENCY_KEY="k3")
    assert decided.status_code == 200, decided.content
    act(world.planner, intent, "reply", {"message": MARK}, HTTP_IDEMPOTENCY_KEY="k4")
    act(world.planner, intent, "delegate", {"delegate_to": "helper", "note": MARK}, HTTP_IDEMPOTENCY_KEY="k5")
    act(world.helper, intent, "reply", {"message": MARK}, HTTP_IDEMPOTENCY_KEY="k6")
    redeem = {"receipt": Receipt.objects.get(intent=intent).token, "payload": {"who": MARK}}
    used = api.post("/v1/receipts/redeem", redeem, HTTP_IDEMPOTENCY_KEY="k7")
    assert used.status_code == 200, used.content
    return intent


def talk(world: SimpleNamespace, gate: Gate) -> None:
    """Whatever can be said about an open gate besides deciding."""
    bo, api, path = Api(token=world.tokens["bo"]), Api(world.sender_secret), f"/v1/gates/{gate.pk}"
    question = bo.post(f"{path}/ask", {"text": MARK}, HTTP_IDEMPOTENCY_KEY="a1").json()["question_id"]
    said = api.post(f"{path}/answer", {"question_id": question, "text": MARK}, HTTP_IDEMPOTENCY_KEY="a2")
    assert said.status_code == 200, said.content


def tell() -> None:
    """Everybody who is to be told is told."""
    announce_due()
    deliver_due()
    while queue_inboxes() or push_due():
        pass


def readable(value: Any) -> Iterator[str]:
    """A row's values as text, and what is inside signed tokens."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    yield text
    for part in PART.findall(text):
        with suppress(ValueError):
            yield base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode(errors="replace")


def marked() -> set[str]:
    """The tables in which the mark stands, whatever the column."""
    found = set()
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            texts = [*readable(row)]
            if any(MARK in text or json.dumps(MARK)[1:-1] in text for text in texts):
                found.add(model.__name__)
    return found


def purge(intent: Intent) -> str:
    out = StringIO()
    call_command("purge", "--workspace", "acme/production", "--intent", str(intent.pk), stdout=out)
    return out.getvalue().strip()


def test_no_word_is_left_in_any_table_when_threads_webhooks_and_receipts_came_after_the_answer(
    world: SimpleNamespace, receiver: Receiver, answered: Intent
) -> None:
    tell()
    before = marked()

    assert purge(answered) == "1 intent was purged."

    assert before >= {"ThreadMessage", "ThreadEntry", "IdempotencyRecord", "DecisionText", "EventText", "Question"}
    assert marked() == set()
    assert MARK in "".join(got.raw.decode() for got in receiver.got)
    assert ThreadMessage.objects.exists()
    assert ThreadEntry.objects.exists()
    assert Receipt.objects.filter(intent=answered, redemption__isnull=False).exists()
    assert WebhookDelivery.objects.filter(status="sent").exists()


def test_nothing_is_purged_or_archived_while_a_program_is_still_to_be_told_of_its_inbox(
    answered: Intent,
) -> None:
    tell()
    notice = WebhookDelivery.objects.filter(event__event_type__startswith="inbox.").first()
    assert notice is not None
    WebhookDelivery.objects.filter(pk=notice.pk).update(status="queued", settled_at=None)

    with pytest.raises(CommandError, match="still to be told"):
        purge(answered)


def test_an_archived_intent_leaves_no_word_but_in_the_file_when_threads_and_webhooks_came_after_it(
    answered: Intent, tmp_path: Any
) -> None:
    tell()
    IdempotencyRecord.objects.all().delete()  # after 48 h
    KeptMail.objects.all().delete()  # after 30 days

    made = archive(answered.workspace, [answered.pk], tmp_path, "test")

    assert marked() == set()
    assert not ThreadEntry.objects.exists()
    assert not Receipt.objects.exists()
    assert not WebhookEvent.objects.filter(thread_id=answered.pk).exists()
    text = gzip.decompress(made.read_bytes()).decode()
    assert f"{MARK} before" in text or json.dumps(f"{MARK} before") in text
