"""Keys and tokens: how long they live, what they may, and that their secrets are nowhere but with whoever got them."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from approvals.models import PersonalToken
from approvals.services.tokens import create_token
from intents import clock
from intents.services.keys import digest_of_secret
from tests.conftest import Api
from tests.factories import make_token, open_gate

HERE = "acme/production"
SENDS = {"scopes": ["send"], "types": ["*"], "targets": ["*"]}


def command(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def by_command(world: SimpleNamespace) -> str:
    return command("token", HERE, "bo@acme.example", "--decide")


def over_the_wire(world: SimpleNamespace) -> str:
    """A key, made under an idempotency key and asked for again."""
    api = Api(world.sender_secret)
    account = api.post("/v1/service-accounts", {"name": "fresh"}).json()["service_account"]["service_account_id"]
    path = f"/v1/service-accounts/{account}/keys"
    made = api.post(path, SENDS, HTTP_IDEMPOTENCY_KEY="again").json()["key"]
    replayed = api.post(path, SENDS, HTTP_IDEMPOTENCY_KEY="again").json()
    assert made["token"] not in str(replayed)
    return str(made["token"])


def rotated(world: SimpleNamespace) -> str:
    api = Api(world.sender_secret)
    account = api.post("/v1/service-accounts", {"name": "turning"}).json()["service_account"]["service_account_id"]
    path = f"/v1/service-accounts/{account}/keys"
    key = api.post(path, SENDS).json()["key"]["key_id"]
    made = api.post(f"{path}/{key}/rotate", {}, HTTP_IDEMPOTENCY_KEY="again").json()["key"]["token"]
    assert made not in str(api.post(f"{path}/{key}/rotate", {}, HTTP_IDEMPOTENCY_KEY="again").json())
    return str(made)


MAKERS: dict[str, tuple[str, Callable[[SimpleNamespace], str]]] = {
    "personal token": ("cst_", by_command),
    "key": ("csk_", over_the_wire),
    "rotated key": ("csk_", rotated),
}


def all_rows() -> str:
    """Everything that the database holds, as text."""
    with connection.cursor() as cursor:
        names = [name for name in connection.introspection.table_names(cursor) if not name.startswith("sqlite_")]
        said = []
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')
            said.append(str(cursor.fetchall()))
    return "\n".join(said)


@pytest.mark.parametrize(("prefix", "maker"), MAKERS.values(), ids=MAKERS)
def test_secret_is_256_bits_with_its_prefix_and_only_its_digest_is_kept(
    world: SimpleNamespace, prefix: str, maker: Callable[[SimpleNamespace], str]
) -> None:
    secret = maker(world)

    rows = all_rows()
    assert secret.startswith(prefix)
    assert len(base64.urlsafe_b64decode(secret.removeprefix(prefix) + "=")) == 32
    assert digest_of_secret(secret) in rows
    assert secret not in rows
    assert secret.removeprefix(prefix)[8:] not in rows


@pytest.mark.parametrize("maker", [maker for _, maker in MAKERS.values()], ids=MAKERS)
def test_secret_is_in_no_line_of_the_log(
    world: SimpleNamespace, maker: Callable[[SimpleNamespace], str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gate = open_gate(world)

    secret = maker(world)
    as_both = [Api(secret), Api(token=secret)]
    for api in as_both:
        api.get("/v1/intents")
        api.post(f"/v1/approvals/{gate.pk}/decision", {"decision": "maybe"})

    assert secret not in caplog.text
    assert digest_of_secret(secret) not in "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )


def test_token_lives_90_days_at_most_whatever_was_asked_for(world: SimpleNamespace) -> None:
    create_token(world.ana, world.workspace, "long", timedelta(days=5000), can_decide=False)

    token = PersonalToken.objects.get(name="long")
    assert timedelta(days=89) < token.expires_at - clock.now() <= timedelta(days=90)
    with pytest.raises(CommandError, match="--days is from 1 to 90"):
        command("token", HERE, "bo@acme.example", "--days", "91")


def test_token_decides_only_if_that_was_asked_for(world: SimpleNamespace) -> None:
    plain, deciding = command("token", HERE, "bo@acme.example"), by_command(world)
    gate = open_gate(world)

    answers = [
        Api(token=secret).post(f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"})
        for secret in (plain, deciding)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]


def spent(world: SimpleNamespace, token: PersonalToken) -> None:
    token.expires_at = clock.now()
    token.save()


def revoked(world: SimpleNamespace, token: PersonalToken) -> None:
    token.revoked_at = clock.now()
    token.save()


def left(world: SimpleNamespace, token: PersonalToken) -> None:
    world.bo.memberships.update(is_active=False)


def locked_out(world: SimpleNamespace, token: PersonalToken) -> None:
    world.bo.is_active = False
    world.bo.save()


@pytest.mark.parametrize("end", [spent, revoked, left, locked_out], ids=lambda end: end.__name__)
def test_token_opens_nothing_when_it_is_over(world: SimpleNamespace, end: Any) -> None:
    secret = make_token(world.bo, world.workspace)
    end(world, PersonalToken.objects.get(digest=digest_of_secret(secret)))

    answer = Api(token=secret).get("/v1/me/tasks")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_actor_token")


def test_token_without_rights_in_the_workspace_gives_none(world: SimpleNamespace) -> None:
    world.bo.memberships.update(can_decide=False)
    gate = open_gate(world)

    answer = Api(token=make_token(world.bo, world.workspace, can_decide=True)).post(
        f"/v1/approvals/{gate.pk}/decision", {"decision": "approve"}
    )

    assert answer.status_code == 403
