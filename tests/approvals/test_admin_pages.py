from __future__ import annotations

import pytest
from django.contrib import admin as django_admin
from django.test import Client

from approvals.models import PersonalToken, Policy
from approvals.services.answer import Answer
from approvals.services.decide import decide
from intents.models import ApiKey
from tests.adminforms import policy_fields
from tests.approvals.browsing import signed_in, text_of
from tests.factories import gate_rule, make_person, make_policy, open_gate

pytestmark = pytest.mark.django_db
READ_ONLY = (
    "approvals.gate",
    "approvals.decision",
    "approvals.terms",
    "approvals.personaltoken",
    "intents.intent",
    "intents.event",
    "intents.workspaceentry",
    "intents.apikey",
    "intents.serviceaccount",
    "notifications.delivery",
)


@pytest.fixture
def admin(world):
    return signed_in(make_person(world.workspace, "root@acme.example", is_staff=True, is_superuser=True))


@pytest.fixture
def lived(world):
    """A world in which something of everything exists."""
    make_policy(world.workspace, gates=[gate_rule("team:sre")])
    decide(open_gate(world).pk, Answer("approved", "fine"), world.bo, via="web", strength="signed_in")
    open_gate(world)
    return world


def admins():
    return {model._meta.label_lower: one for model, one in django_admin.site._registry.items()}


def path(label, *rest):
    return "/".join(["/admin", *label.split("."), *map(str, rest), ""])


def test_admin_sends_strangers_to_the_one_sign_in(world):
    client = Client()

    first = client.get("/admin/approvals/gate/")
    second = client.get(first["Location"])

    assert second["Location"].startswith("/sign-in?next=%2Fadmin%2F")
    assert "Sign in to Countersign" in text_of(client.get(second["Location"]))


def test_members_without_the_right_are_told_so_without_a_loop(world):
    answer = signed_in(world.ana).get("/admin/", follow=True)

    assert answer.status_code == 403
    assert "not for your account" in text_of(answer)


@pytest.mark.parametrize("label", sorted(admins()))
def test_every_list_and_every_row_can_be_opened(lived, admin, label):
    assert admin.get(path(label)).status_code == 200

    row = admins()[label].model.objects.first()
    if row is not None:
        assert admin.get(path(label, row.pk, "change")).status_code == 200


@pytest.mark.parametrize("label", READ_ONLY)
def test_records_can_be_neither_added_changed_nor_deleted(lived, admin, label):
    row = admins()[label].model.objects.first()

    assert admin.get(path(label, "add")).status_code == 403
    if row is not None:
        assert admin.post(path(label, row.pk, "change"), {"outcome": "approved"}).status_code == 403
        assert admin.post(path(label, row.pk, "delete"), {"post": "yes"}).status_code == 403
    page = text_of(admin.get(path(label)))
    assert "delete_selected" not in page


def test_secrets_are_nowhere(lived, admin):
    for label, model in (("intents.apikey", ApiKey), ("approvals.personaltoken", PersonalToken)):
        row = model.objects.first()
        assert row.digest not in text_of(admin.get(path(label, row.pk, "change")))


@pytest.mark.parametrize(("label", "model"), [("intents.apikey", ApiKey), ("approvals.personaltoken", PersonalToken)])
def test_keys_and_tokens_can_be_revoked(lived, admin, label, model):
    row = model.objects.first()

    admin.post(path(label), {"action": "revoke", "_selected_action": [str(row.pk)]})

    row.refresh_from_db()
    assert row.revoked_at is not None


def save(client, policy, body, **fields):
    posted = policy_fields(body, **{"position": policy.position, **fields})
    return client.post(path("approvals.policy", policy.pk, "change"), posted)


def body(**gate):
    rule = {"place": "after", "requirement": [{"who": ["team:sre"], "need": 1}], "deadline": 60, **gate}
    return {"match": {"types": ["intent.infra.*"]}, "action": "require", "gates": [rule]}


def test_saving_a_policy_makes_a_version_with_its_author(world, admin):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre")])

    answer = save(admin, policy, body())

    assert answer.status_code == 302, text_of(answer)
    assert list(policy.versions.order_by("number").values_list("number", "author__email")) == [
        (1, None),
        (2, "root@acme.example"),
    ]
    assert policy.versions.get(number=2).body == body()


def test_saving_the_same_body_makes_no_version(world, admin):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre")])
    said = policy.versions.get().body

    save(admin, policy, said, position=99)

    policy.refresh_from_db()
    assert (policy.version, policy.position) == (1, 99)


def test_new_policy_can_be_made_and_switched_off(world, admin):
    fields = policy_fields(body(), workspace=str(world.workspace.pk), name="fresh", position=5)
    del fields["is_active"]

    answer = admin.post(path("approvals.policy", "add"), fields)

    assert answer.status_code == 302, text_of(answer)
    policy = Policy.objects.get(name="fresh")
    assert (policy.version, policy.is_active) == (1, False)


def test_people_and_policies_are_never_deleted(lived, admin):
    for label, row in (("approvals.person", lived.ana), ("approvals.policy", Policy.objects.get())):
        assert admin.post(path(label, row.pk, "delete"), {"post": "yes"}).status_code == 403
