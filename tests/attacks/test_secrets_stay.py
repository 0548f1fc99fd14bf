"""Nothing that a machine's key can read, and nothing that is logged, holds anything with which one could decide."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from approvals.models import PersonalToken, SignInLink
from approvals.services.signin import new_link
from intents import clock
from intents.models import ApiKey
from notifications.maillinks.links import decide_url
from tests.conftest import Api
from tests.factories import PASSWORD, make_key, open_gate
from tests.wire.routes import routes


def sealed_link(world: SimpleNamespace) -> str:
    """What the link in a mail consists of."""
    return decide_url(world.ana, open_gate(world), clock.now()).partition("link=")[2]


@pytest.fixture
def telling(world: SimpleNamespace) -> dict[str, str]:
    """Everything that lets somebody decide, or stands for it in the database."""
    link = new_link(world.ana)
    digests = [
        *PersonalToken.objects.values_list("digest", flat=True),
        *ApiKey.objects.values_list("digest", flat=True),
    ]
    digests += [str(digest) for digest in SignInLink.objects.values_list("digest", flat=True)]
    named = {f"token of {name}": token for name, token in world.tokens.items()}
    return named | {
        "mail link": sealed_link(world),
        "sign-in link": link.rpartition("/")[2],
        **{digest: digest for digest in digests},
    }


def test_no_key_reads_anything_with_which_one_could_decide(world: SimpleNamespace, telling: dict[str, str]) -> None:
    gate = open_gate(world, human_task={"title": "Look"})
    key = Api(make_key(world.workspace, "all", ("send", "provision"))[1])
    named = {
        "handle": gate.intent_id,
        "gate_id": gate.pk,
        "account_id": world.sender.service_account_id,
        "address": "infra-validator",
        "address_id": world.agent.pk,
    }

    for who in (key, Api(world.sender_secret), Api(world.work_secret)):
        said = [
            who.get(route.at(**named)) for route in routes() if route.method == "GET" and "stream" not in route.path
        ]

        assert any(answer.status_code == 200 for answer in said)
        text = json.dumps([answer.content.decode() for answer in said])
        assert [name for name, secret in telling.items() if secret in text] == []


def test_no_log_holds_anything_with_which_one_could_decide(
    world: SimpleNamespace, telling: dict[str, str], caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    link, browser = new_link(world.bo), Client()

    with django_capture_on_commit_callbacks(execute=True):
        gate = open_gate(world)
        browser.post("/sign-in", {"username": world.cy.email, "password": PASSWORD})
        browser.post("/sign-in", {"username": world.cy.email, "password": "wrong " + PASSWORD})
        Client().get(link)
        Client().get(f"{link}x")
        Client().get("/by-mail", {"link": telling["mail link"]}, follow=True)
        Client().get("/by-mail", {"link": telling["mail link"] + "x"})
        Api("csk_wrong").get("/v1/intents")
        for token in (world.tokens["ana"] + "x", world.tokens["ana"]):
            path = f"/v1/approvals/{gate.pk}/decision"
            Api(world.sender_secret, token).post(path, {"task_result": {"outcome": "approved"}})

    assert "intent.completed" in caplog.text
    secrets = telling | {"password": PASSWORD, "key": world.sender_secret, "link": link.rpartition("/")[2]}
    assert [name for name, secret in secrets.items() if secret in caplog.text] == []
