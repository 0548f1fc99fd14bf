"""A key that was just revoked, against the requests that it has under way."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from intents.errors import Unauthenticated
from intents.models import ApiKey
from intents.principal import Principal
from intents.services.durable import durable
from intents.services.keys import end_keys
from intents.services.provision import WantedKey, issue_key
from intents.services.rotation import revoke_key, rotate_key
from tests.factories import make_key, make_world
from tests.live import LONGEST

WANTED = WantedKey(scopes=["send"], types=["*"], targets=["*"])


def principal_of(key: ApiKey) -> Principal:
    return Principal(key.workspace_id, key=key)


def stolen_and_revoked(world):
    """The principal as a request had it, and what became of the key before that request got its turn."""
    key, _ = make_key(world.workspace, "stolen", ("send", "provision"))
    principal = principal_of(key)
    with durable():
        end_keys([key], "person:cy@acme.example")
    return principal, key


def test_a_request_under_way_makes_no_key_when_its_own_was_revoked(world):
    principal, key = stolen_and_revoked(world)

    with pytest.raises(Unauthenticated), durable():
        issue_key(principal, key.service_account, WANTED)

    assert not key.made.exists()


def test_a_request_under_way_rotates_nothing_when_its_own_key_was_revoked(world):
    principal, _ = stolen_and_revoked(world)
    other, _ = make_key(world.workspace, "stolen")

    with pytest.raises(Unauthenticated), durable():
        rotate_key(principal, other, timedelta(0))

    assert not other.replaced_by.exists()


@pytest.mark.django_db(transaction=True)
def test_revoking_ends_also_what_was_made_while_it_ran(transactional_db):
    world = make_world()
    root, _ = make_key(world.workspace, "stolen", ("send", "provision"))
    child, _ = make_key(world.workspace, "stolen", ("send", "provision"), made_by=root)
    holds = threading.Event()

    def under_way() -> None:
        with durable():
            issue_key(principal_of(child), child.service_account, WANTED)
            holds.set()
            time.sleep(0.5)  # its answer is on the way; only then it commits
        connection.close()

    request = threading.Thread(target=under_way)
    request.start()
    assert holds.wait(LONGEST)
    with durable():
        revoke_key(principal_of(root), root, and_made=True)
    request.join()

    assert child.made.count() == 1
    assert not ApiKey.objects.filter(service_account=root.service_account, revoked_at=None).exists()
