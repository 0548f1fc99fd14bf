"""What the command line and the first start change is in the workspace's chain."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from approvals.models import ApprovalSettings, Person
from approvals.services.signin import new_link
from config import firstrun
from config.operator import operator
from intents.models import ApiKey, Workspace, WorkspaceEntry
from intents.services.keys import digest_of_secret
from tests.changes import changes, entries, everything_said, newest
from tests.factories import make_person

HERE = "acme/production"
LINE = operator()


def run(*words: str, **options) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue().strip()


def test_a_key_with_its_agent_and_account_is_recorded_when_made_by_command(world):
    secret = run("key", HERE, "bot", "--scope", "work", "--agent", "bot")

    made = entries(world.workspace)[-3:]
    assert [entry[:2] for entry in made] == [
        ("agent.created", LINE), ("service_account.created", LINE), ("key.created", LINE),
    ]  # fmt: skip
    assert made[-1][2]["after"]["agent"] == "agent://acme/production/bot"
    assert secret not in everything_said()
    assert digest_of_secret(secret) not in everything_said()


def test_nothing_is_recorded_when_the_command_is_refused(world):
    before = WorkspaceEntry.objects.count()

    with pytest.raises(CommandError):
        run("key", HERE, "new-account", "--scope", "work")

    assert WorkspaceEntry.objects.count() == before


def test_a_token_is_recorded_when_made_by_command(world):
    secret = run("token", HERE, "bo@acme.example", "--decide")

    change, actor, _, after = newest(world.workspace)
    assert (change, actor) == ("personal_token.created", LINE)
    assert (after["person"], after["can_decide"]) == ("Bo Lind <bo@acme.example>", True)
    assert digest_of_secret(secret) not in everything_said()


def test_a_superuser_is_recorded_when_made_by_command(world):
    run("createsuperuser", "--noinput", email="root@acme.example", name="Root")

    change, actor, _, after = newest(world.workspace)
    assert (change, actor, after["is_superuser"]) == ("person.created", LINE, True)


def test_a_password_is_recorded_when_changed_by_command(world, monkeypatch):
    answers = iter(["correct horse battery staple 2"] * 2)
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: next(answers))

    run("changepassword", "bo@acme.example")

    change, actor, details = entries(world.workspace)[-1]
    assert (change, actor) == ("person.password_changed", LINE)
    assert details["name"] == "Bo Lind <bo@acme.example>"


def test_a_workspace_and_all_that_it_needs_is_recorded_when_made_by_command(world):
    said = run("workspace", "acme/staging", "--admin", "bo@acme.example", "--team", "ops")

    made = Workspace.objects.get(name="staging")
    assert said == "acme/staging is there. bo@acme.example is its admin and alone in team:ops."
    assert sorted(changes(made)) == [
        "approval_settings.created", "membership.created", "team.created", "workspace.created",
    ]  # fmt: skip
    assert ApprovalSettings.objects.get(workspace=made).default_approvers == ["team:ops"]
    assert made.memberships.get().is_admin


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([HERE, "--admin", "bo@acme.example"], "already exists"),
        (["acme", "--admin", "bo@acme.example"], "blank"),
        (["acme/a b", "--admin", "bo@acme.example"], "valid"),
        (["acme/staging", "--admin", "bo@acme.example", "--team", "a b"], "valid"),
        (["acme/staging", "--admin", "nobody@acme.example"], "There is no nobody@acme.example"),
    ],
)
def test_no_workspace_is_made_when_the_command_cannot(world, words, fault):
    with pytest.raises(CommandError, match=fault):
        run("workspace", *words)

    assert Workspace.objects.count() == 1


def test_the_chain_begins_when_the_first_start_makes_its_workspace(db, tmp_path):
    firstrun.prepare(firstrun.Files(tmp_path))

    made = Workspace.objects.get()
    said = changes(made)
    assert said[0] == "workspace.created"
    assert {actor for _, actor, _ in entries(made)} == {"first start"}
    for kind, count in {
        "workspace": 1, "membership": 3, "team": 1, "approval_settings": 1, "policy": 2, "agent": 1,
        "service_account": 2, "key": 2, "personal_token": 3,
    }.items():  # fmt: skip
        assert said.count(f"{kind}.created") == count, kind
    for digest in ApiKey.objects.values_list("digest", flat=True):
        assert digest not in everything_said()


def test_nothing_is_recorded_when_the_next_start_makes_nothing(db, tmp_path):
    firstrun.prepare(firstrun.Files(tmp_path))
    before = WorkspaceEntry.objects.count()

    firstrun.prepare(firstrun.Files(tmp_path))

    assert WorkspaceEntry.objects.count() == before


def test_a_password_is_recorded_when_the_next_start_has_lost_it(db, tmp_path):
    firstrun.prepare(firstrun.Files(tmp_path))
    (tmp_path / "people.json").unlink()

    firstrun.prepare(firstrun.Files(tmp_path))

    assert changes(Workspace.objects.get(), "person.password_changed")[-3:] == ["person.password_changed"] * 3


def test_a_sign_in_link_is_recorded_without_its_token_when_the_first_start_makes_one(world):
    root = make_person(world.workspace, "root@acme.example")
    token = new_link(Person.objects.get(pk=root.pk))

    change, actor, details = entries(world.workspace)[-1]
    assert (change, actor, details["person"]) == ("sign_in_link.created", "first start", str(root))
    assert token not in everything_said()
    assert digest_of_secret(token) not in everything_said()
