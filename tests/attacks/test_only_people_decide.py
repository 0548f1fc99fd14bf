"""Decisions come into being in one place, and nobody becomes a person by asking."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from approvals.models import Decision, Person
from intents.services.bulk import cancel_each
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from tests.acts import everybody_told, fast_forward, frozen_clock
from tests.conftest import Api
from tests.factories import gate_rule, make_policy, open_gate

APPS = ("intents", "approvals", "notifications", "config", "scripts", "examples")
MAKING = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            yield str(path.relative_to(settings.BASE_DIR)), ast.parse(path.read_text())


def makes(tree: ast.Module, name: str) -> bool:
    """True if `name(...)` is called somewhere in it, or one of the ways in which a manager makes rows of it."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    plain = any(isinstance(func, ast.Name) and func.id == name for func in calls)
    managed = [func for func in calls if isinstance(func, ast.Attribute) and func.attr in MAKING]
    return plain or any(ast.unparse(func.value).startswith(f"{name}.objects") for func in managed)


def calls(tree: ast.Module, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name for node in ast.walk(tree)
    )


def test_decisions_are_written_in_one_module() -> None:
    assert [path for path, tree in modules() if makes(tree, "Decision")] == ["approvals/services/decide.py"]


def test_who_calls_decide_has_a_person_before_it() -> None:
    callers = {path for path, tree in modules() if calls(tree, "decide") or calls(tree, "decide_on")}

    assert callers == {
        "approvals/admin_actions.py",  # the signed-in person
        "approvals/human.py",  # the token's
        "approvals/services/decide.py",
        "approvals/views/answering.py",  # the session's
        "approvals/views/api.py",  # the token's
        "notifications/rehearsal/acting.py",  # nobody: test_rehearsal.py shows that all of it is undone
        "notifications/maillinks/views.py",  # the owner of a link
        "notifications/slack/inbound/deciding.py",  # the person of a linked, rested Slack account, by a signed click
    }


def test_who_breaks_glass_is_a_person_of_a_session_or_a_token() -> None:
    callers = {path for path, tree in modules() if calls(tree, "break_glass")}

    assert callers == {"approvals/views/acts.py", "approvals/views/actsapi.py"}
    assert {path for path, tree in modules() if calls(tree, "record_decision")} == {
        "approvals/services/break_glass.py",
        "approvals/services/decide.py",
    }


def test_the_engine_left_alone_decides_nothing(world: SimpleNamespace, settings: Any) -> None:
    settings.EMAIL_BACKEND = "notifications.keptmail.KeptMailBackend"
    with frozen_clock() as traveller:
        make_policy(world.workspace, gates=[gate_rule("team:sre", on_timeout="approve")])
        gates = [open_gate(world) for _ in range(3)]
        for gate in gates:
            everybody_told(gate)
        announce_due()
        deliver_due()
        fast_forward(traveller, 5_000)
        wake_due()
        cancel_each(world.principal, [gate.intent_id for gate in gates], "")

    assert not Decision.objects.exists()


def routes(resolver: URLResolver) -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield str(entry.pattern)
        else:
            yield from routes(entry)


@pytest.mark.parametrize("path", ["sign-up", "signup", "register", "accounts/signup", "v1/people", "v1/users"])
def test_nobody_signs_up(world: SimpleNamespace, path: str) -> None:
    before = Person.objects.count()

    answer = Client().post(f"/{path}", {"email": "me@evil.example", "password": "correct horse battery staple"})

    assert answer.status_code in (401, 404)
    assert Person.objects.count() == before


def test_no_route_makes_a_person() -> None:
    made_in = [path for path, tree in modules() if calls(tree, "create_user") or makes(tree, "Person")]

    assert [path for path in made_in if "/views/" in path or path.endswith("urls.py")] == []
    assert not [route for route in routes(get_resolver()) if "signup" in route or "sign-up" in route]


def test_a_failed_sign_in_makes_nobody(world: SimpleNamespace) -> None:
    before = Person.objects.count()

    Client().post("/sign-in", {"email": "new@acme.example", "password": "correct horse battery staple"})

    assert Person.objects.count() == before


def test_urgency_and_actors_of_a_request_count_for_nothing(world: SimpleNamespace, api: Api) -> None:
    asked = {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {}}
    claims = {"urgency": "high", "actor": "person:ana@acme.example", "decided_by": ["ana@acme.example"], "risk": "low"}

    answer = api.post("/v1/intents", asked | claims).json()

    said = " ".join(answer["warnings"])
    assert all(name in said for name in claims)
    events = api.get(f"/v1/intents/{answer['intent_id']}/events").json()["events"]
    assert {event["actor"] for event in events} == {"key:sender", "server"}
