"""Personal tokens: 256 random bits, stored as a digest, shown once, 90 days at most."""

from __future__ import annotations

from datetime import timedelta

from approvals.models import Person, PersonalToken
from intents import clock
from intents.models import Workspace
from intents.services.configuration import SERVER, recorded
from intents.services.keys import digest_of_secret, new_secret

TOKEN_PREFIX = "cst_"  # noqa: S105 - the prefix of a token, not one
LONGEST_LIFE = timedelta(days=90)


def create_token(
    person: Person, workspace: Workspace, name: str, life: timedelta, *, can_decide: bool, actor: str = SERVER
) -> str:
    """The token's secret, never to be had again. It decides only if that was asked for. The chain says by whom."""
    secret = new_secret(TOKEN_PREFIX)
    token = PersonalToken(
        person=person,
        workspace=workspace,
        digest=digest_of_secret(secret),
        name=name,
        can_decide=can_decide,
        expires_at=clock.now() + min(life, LONGEST_LIFE),
    )
    with recorded(actor, lambda: PersonalToken.objects.filter(pk=token.pk)):
        token.save(force_insert=True)
    return secret
