"""What an admin sees beforehand is what people get, and nothing of it stays."""

from __future__ import annotations

import json

import pytest
from django.apps import apps
from django.test import Client

from approvals.models import Membership
from intents.models import Intent
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import KeptMail
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_policy, open_gate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("afternoon")]
TYPED = {
    "workspace": "acme/production",
    "type": "intent.infra.change.v1",
    "target": "human",
    "payload": json.dumps({"target": "prod-postgres-main"}),
    "title": "Add an index",
    "description": "It is slow.",
    "sender": "sender",
}


@pytest.fixture
def admin(world):
    Membership.objects.filter(person=world.ana).update(is_admin=True)
    return signed_in(world.ana)


def rows() -> dict[str, int]:
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_preview_shows_the_mail_that_people_would_get_word_for_word(world, admin, kept):
    make_policy(world.workspace, gates=[gate_rule("team:sre", need=2, remind={"after": 600, "max": 1})])

    page = text_of(admin.get("/setup/preview", TYPED))
    frame = text_of(admin.get("/setup/preview/0", TYPED))

    open_gate(world, human_task={"title": "Add an index", "description": "It is slow."})
    announce_due()
    deliver_due()
    mail = KeptMail.objects.order_by("pk")[0]
    assert mail.subject in page
    assert "Reminder 1 of 1: Approve?" in page
    for words in ("sre: 0 of 2 agreed", "Add an index", "prod-postgres-main", "this is not approved"):
        assert words in mail.html
        assert words in frame
    assert "by-mail?link=example" in frame


def test_preview_leaves_nothing_behind_and_sends_nothing(world, admin, kept):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    before = rows()

    admin.get("/setup/preview", TYPED)
    admin.get("/setup/preview/0", TYPED)

    assert rows() == before
    assert not Intent.objects.exists()
    assert not KeptMail.objects.exists()


def test_frame_of_a_preview_can_do_nothing(world, admin):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    frame = admin.get("/setup/preview/0", TYPED)

    assert "default-src 'none'" in frame["Content-Security-Policy"]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("path", ["/setup/preview", "/setup/preview/0"])
def test_preview_is_for_admins(world, path):
    assert Client().get(path, TYPED).status_code == 302
    assert signed_in(world.bo).get(path, TYPED).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("payload", "{", "The payload is no JSON."),
        ("payload", "[]", "cannot be sent"),
        ("workspace", "other/production", "no admin of this workspace"),
        ("type", "no type", ""),
        ("target", "agent://other/place/x", ""),
    ],
)
def test_preview_says_what_is_wrong_with_an_example(world, admin, field, value, words):
    page = admin.get("/setup/preview", TYPED | {field: value})

    assert page.status_code == 200
    assert 'role="alert"' in text_of(page)
    assert words in text_of(page)


def test_preview_says_when_nobody_would_be_told(world, admin):
    make_policy(world.workspace, action="approve")

    page = text_of(admin.get("/setup/preview", TYPED | {"title": "", "description": "", "target": "infra-validator"}))

    assert "Nobody would be told anything" in page
