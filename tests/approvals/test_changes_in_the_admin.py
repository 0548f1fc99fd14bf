"""Nothing is made, changed or deleted in the admin without an entry in the chain of each workspace that it concerns."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from approvals.models import ApprovalSettings, Membership, Person, PersonalToken, Policy, Team
from intents.admin_base import Recorded
from intents.models import ApiKey, Workspace, WorkspaceEntry
from intents.services.configuration import said_by
from tests.acts import neighbours
from tests.adminforms import policy_fields
from tests.approvals.browsing import signed_in, text_of
from tests.changes import changes, entries, everything_said, newest
from tests.factories import PASSWORD, gate_rule, make_person, make_policy

pytestmark = pytest.mark.django_db
ROOT = "person:root@acme.example"
RECORDED = (Workspace, Person, Membership, Team, ApprovalSettings, Policy, PersonalToken, ApiKey)


@pytest.fixture
def root(world) -> Person:
    return make_person(world.workspace, "root@acme.example", is_staff=True, is_superuser=True)


@pytest.fixture
def admin(root):
    return signed_in(root)


def url(model: Any, *parts: Any) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/" + "".join(f"{part}/" for part in parts)


def posted(admin, where: str, fields: dict[str, Any]) -> None:
    answer = admin.post(where, fields)
    assert answer.status_code == 302, text_of(answer)


def inline(*forms: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """A page's memberships."""
    fields = {"memberships-TOTAL_FORMS": len(forms), "memberships-INITIAL_FORMS": initial}
    return fields | {f"memberships-{at}-{name}": value for at, form in enumerate(forms) for name, value in form.items()}


def person_page(person: Person, **fields: Any) -> dict[str, Any]:
    on = {name: "on" for name in ("is_active", "is_staff", "is_superuser") if getattr(person, name)}
    wanted = {"name": person.name, "email": person.email, **on, **fields}
    return {name: value for name, value in wanted.items() if value is not None}


def seat(membership: Membership, **fields: Any) -> dict[str, Any]:
    known = {"id": membership.pk, "person": membership.person_id, "workspace": membership.workspace_id}
    return known | {"is_active": "on", "can_decide": "on"} | fields


def test_a_persons_name_is_recorded_when_it_changes(world, admin):
    mine = seat(world.bo.memberships.get())
    posted(admin, url(Person, world.bo.pk, "change"), person_page(world.bo, name="Bo L.") | inline(mine, initial=1))

    assert newest(world.workspace) == ("person.changed", ROOT, {"name": "Bo Lind"}, {"name": "Bo L."})


def test_nothing_is_recorded_when_a_page_is_saved_as_it_was(world, admin):
    before = WorkspaceEntry.objects.count()
    mine = seat(world.bo.memberships.get())

    posted(admin, url(Person, world.bo.pk, "change"), person_page(world.bo) | inline(mine, initial=1))

    assert WorkspaceEntry.objects.count() == before


def test_a_membership_is_recorded_when_it_is_deleted_on_the_persons_page(world, admin):
    mine = seat(world.bo.memberships.get(), DELETE="on")
    posted(admin, url(Person, world.bo.pk, "change"), person_page(world.bo) | inline(mine, initial=1))

    change, actor, before, after = newest(world.workspace)
    assert (change, actor, after) == ("membership.deleted", ROOT, None)
    assert (before["person"], before["can_decide"]) == ("Bo Lind <bo@acme.example>", True)
    assert not world.bo.memberships.exists()


def test_a_membership_is_recorded_when_it_is_changed_and_another_added_on_the_persons_page(world, admin):
    there = neighbours().workspace
    forms = (
        seat(world.bo.memberships.get(), is_admin="on"),
        {"person": world.bo.pk, "workspace": there.pk, "is_active": "on"},
    )
    posted(admin, url(Person, world.bo.pk, "change"), person_page(world.bo) | inline(*forms, initial=1))

    assert newest(world.workspace) == ("membership.changed", ROOT, {"is_admin": False}, {"is_admin": True})
    assert newest(there)[:2] == ("membership.created", ROOT)
    assert changes(there)[-1:] == ["membership.created"]


def test_a_membership_is_recorded_when_it_is_changed_on_its_own_page(world, admin):
    membership = world.bo.memberships.get()
    posted(admin, url(Membership, membership.pk, "change"), {"is_active": "on"})

    assert newest(world.workspace) == ("membership.changed", ROOT, {"can_decide": True}, {"can_decide": False})


def test_a_new_person_is_recorded_in_every_workspace_when_they_may_open_the_admin(world, admin):
    there = neighbours().workspace
    mine = seat(world.bo.memberships.get())
    posted(admin, url(Person, world.bo.pk, "change"), person_page(world.bo, is_staff="on") | inline(mine, initial=1))

    for workspace in (world.workspace, there):
        assert newest(workspace) == ("person.changed", ROOT, {"is_staff": False}, {"is_staff": True})


def test_rights_in_the_admin_are_recorded_when_they_are_given(world, admin):
    right = Permission.objects.get(codename="change_apikey")
    fields = person_page(world.bo, user_permissions=[right.pk]) | inline(seat(world.bo.memberships.get()), initial=1)
    posted(admin, url(Person, world.bo.pk, "change"), fields)

    change, _, before, after = newest(world.workspace)
    assert (change, before) == ("person.changed", {"user_permissions": []})
    assert after == {"user_permissions": [str(right)]}


def test_a_new_person_is_recorded_when_they_are_made_with_a_membership(world, admin):
    fields = {"name": "Di", "email": "di@acme.example", "password1": PASSWORD, "password2": PASSWORD}
    fields |= {"usable_password": "true"}
    posted(admin, url(Person, "add"), fields | inline({"workspace": world.workspace.pk, "is_active": "on"}))

    made = dict(zip(changes(world.workspace)[-2:], entries(world.workspace)[-2:], strict=True))
    assert set(made) >= {"membership.created"}
    assert PASSWORD not in everything_said()


@pytest.mark.parametrize("whose", ["another's", "one's own"])
def test_a_password_is_recorded_but_not_told_when_it_is_changed(world, admin, root, whose):
    fresh = "a brand new passphrase"
    fields = {"new_password1": fresh, "new_password2": fresh, "old_password": PASSWORD}
    where, person = "/admin/password_change/", root
    if whose == "another's":
        where, person = url(Person, world.bo.pk, "password"), world.bo
        fields = {"password1": fresh, "password2": fresh, "usable_password": "true"}
    posted(admin, where, fields)

    change, actor, details = entries(world.workspace)[-1]
    assert (change, actor) == ("person.password_changed", ROOT)
    assert details == {"id": str(person.pk), "name": str(person)}
    person.refresh_from_db()
    assert person.check_password(fresh)
    assert person.password not in everything_said()


def test_a_team_is_recorded_when_its_people_change(world, admin):
    team = Team.objects.get(name="sre", workspace=world.workspace)
    fields = {"workspace": world.workspace.pk, "name": "sre", "people": [world.ana.pk]}
    posted(admin, url(Team, team.pk, "change"), fields)

    change, actor, before, after = newest(world.workspace)
    assert (change, actor) == ("team.changed", ROOT)
    assert before == {"people": [str(world.ana), str(world.bo), str(world.cy)]}
    assert after == {"people": [str(world.ana)]}


def test_a_team_is_recorded_in_both_when_it_moves_to_another_workspace(world, admin):
    team, there = Team.objects.get(name="sre", workspace=world.workspace), neighbours().workspace
    posted(admin, url(Team, team.pk, "change"), {"workspace": there.pk, "name": "moved", "people": [world.ana.pk]})

    assert newest(world.workspace) == newest(there)
    assert newest(there)[3] == {
        "workspace": "other/production", "name": "moved", "people": [str(world.ana)],
    }  # fmt: skip


@pytest.mark.parametrize("how", ["page", "action"])
def test_a_team_is_recorded_when_it_is_deleted(world, admin, how):
    team = Team.objects.get(name="sre", workspace=world.workspace)
    if how == "page":
        posted(admin, url(Team, team.pk, "delete"), {"post": "yes"})
    else:
        posted(admin, url(Team), {"action": "delete_selected", "_selected_action": [team.pk], "post": "yes"})

    change, actor, before, after = newest(world.workspace)
    assert (change, actor, after) == ("team.deleted", ROOT, None)
    assert before["people"] == [str(world.ana), str(world.bo), str(world.cy)]


def test_settings_are_recorded_when_they_change(world, admin):
    posted(admin, url(Workspace, world.workspace.pk, "change"), {"unknown_agent_is_error": "on"})
    where = url(ApprovalSettings, world.workspace.pk, "change")
    posted(admin, where, {"unmatched": "approve", "default_approvers": '["team:sre"]', "changers_wait": "on"})

    assert [details["after"] for _, _, details in entries(world.workspace)[-2:]] == [
        {"unknown_agent_is_error": True},
        {"unmatched": "approve"},
    ]


def test_a_workspaces_chain_begins_with_it_when_it_is_made(world, admin):
    posted(admin, url(Workspace, "add"), {"org": "acme", "name": "staging"})

    made = Workspace.objects.get(name="staging")
    assert changes(made) == ["workspace.created"]


def test_each_version_of_a_policy_is_recorded_with_what_it_says(world, admin):
    policy = make_policy(world.workspace, gates=[gate_rule("team:sre")])
    said = policy.versions.get().body
    body = {"match": said["match"], "action": "deny"}
    fields = policy_fields(said | {"action": "deny"}) | {"gates-0-DELETE": "on"}
    posted(admin, url(Policy, policy.pk, "change"), fields)
    posted(admin, url(Policy, policy.pk, "change"), policy_fields(body, position=5, is_active=""))

    first, second, third = entries(world.workspace, "policy.")
    assert (first[:2], first[2]["after"]["body"]) == (("policy.created", "server"), said)
    assert second == (
        "policy.changed",
        ROOT,
        {
            "id": str(policy.pk),
            "name": "infra-changes",
            "before": {"body": said, "version": 1},
            "after": {"body": body, "version": 2},
        },
    )
    assert third[2]["after"] == {"position": 5, "is_active": False}


@pytest.mark.parametrize("model", [ApiKey, PersonalToken])
def test_each_is_recorded_when_several_are_revoked_at_once(world, admin, model):
    ids = list(model.objects.values_list("pk", flat=True))
    posted(admin, url(model), {"action": "revoke", "_selected_action": ids})

    said = [change for change in changes(world.workspace) if change.endswith(".revoked")]
    assert said == [f"{'key' if model is ApiKey else 'personal_token'}.revoked"] * len(ids)
    assert entries(world.workspace)[-1][1] == ROOT


def test_nothing_is_changed_when_it_cannot_be_recorded(world, admin, monkeypatch):
    monkeypatch.setattr("intents.services.configuration.record_change", lambda *_: 1 / 0)
    team = Team.objects.get(name="sre", workspace=world.workspace)

    with pytest.raises(ZeroDivisionError):
        admin.post(url(Team, team.pk, "change"), {"workspace": world.workspace.pk, "name": "x", "people": []})

    team.refresh_from_db()
    assert team.name == "sre"


def test_nobody_can_change_anything_in_the_admin_that_is_not_recorded(admin, root):
    request = RequestFactory().get("/")
    request.user = root

    def may(page: Any) -> bool:
        return any(getattr(page, f"has_{act}_permission")(request) for act in ("add", "change", "delete"))

    pages = django_admin.site._registry.items()
    free = {model._meta.label for model, page in pages if may(page) and not isinstance(page, Recorded)}

    assert {label for label in free if not label.startswith("axes.")} == set()  # counts of failed sign-ins


@pytest.mark.parametrize("model", RECORDED)
def test_no_secret_is_among_what_is_recorded_of_a_row(world, admin, model):
    make_policy(world.workspace, gates=[gate_rule("team:sre")])

    told = " ".join(said_by(model.objects.all()[0]).facts)

    assert not [word for word in ("password", "digest", "secret", "hash") if word in told]
