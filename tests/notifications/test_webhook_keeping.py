"""Secrets at rest, what is deleted when, and what admins see."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from approvals.models import Person
from intents import clock
from intents.services.purge import settled
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription
from notifications.webhooks.keeping import KEPT_FOR, WebhooksKeeper
from notifications.webhooks.pushers import push_due
from notifications.webhooks.sealing import Unreadable, seal, unseal
from notifications.webhooks.signing import BadSecret, key_of, new_secret
from tests.acts import say
from tests.factories import open_gate
from tests.notifications.conftest import SECRET
from tests.notifications.hooks import hook, news, only

NEW_KEY = "another key that is as long as it has to be"


def test_a_sealed_secret_opens_again_and_looks_different_each_time():
    assert unseal(seal(SECRET)) == SECRET
    assert seal(SECRET) != seal(SECRET)
    assert SECRET not in seal(SECRET)


def test_a_sealed_secret_does_not_open_with_another_key_or_when_it_was_changed(settings):
    sealed = seal(SECRET)
    with pytest.raises(Unreadable):
        unseal(sealed[:-4] + ("AAA=" if sealed[-4:] != "AAA=" else "BBB="))

    settings.SECRET_KEY = NEW_KEY

    with pytest.raises(Unreadable, match="SECRET_KEY"):
        unseal(sealed)


@pytest.mark.django_db
def test_reseal_moves_all_secrets_to_the_new_key(world, settings):
    row = hook(world, "https://hooks.example/")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW_KEY
    out = StringIO()

    call_command("reseal", stdout=out)

    settings.SECRET_KEY_FALLBACKS = []
    row.refresh_from_db()
    assert unseal(row.sealed_secret) == SECRET
    assert "1 secret" in out.getvalue()


@pytest.mark.django_db
def test_reseal_names_what_it_cannot_read_and_keeps_it(world, settings):
    row = hook(world, "https://hooks.example/")
    settings.SECRET_KEY = NEW_KEY
    out = StringIO()

    with pytest.raises(SystemExit):
        call_command("reseal", stdout=out)

    assert str(row.pk) in out.getvalue()
    assert WebhookSubscription.objects.get().sealed_secret == row.sealed_secret


def test_made_up_secrets_are_the_standards():
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()


@pytest.mark.parametrize("secret", ["whsec_", "whsec_???", "whsec_dG9vIHNob3J0", "whsec_" + "QUFB" * 30])
def test_a_secret_that_only_looks_like_the_standards_is_refused(secret: str):
    with pytest.raises(BadSecret):
        key_of(secret)


@pytest.mark.django_db
def test_old_events_are_deleted_with_their_deliveries(world, receiver, afternoon, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    push_due()
    time_machine.shift(KEPT_FOR - timedelta(hours=1))
    assert WebhooksKeeper().tidy(clock.now(), 100) == 0
    time_machine.shift(timedelta(hours=2))

    assert WebhooksKeeper().tidy(clock.now(), 100) == 1

    assert not WebhookEvent.objects.exists()
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db
def test_an_old_event_stays_while_it_is_under_way(world, receiver, afternoon, time_machine):
    hook(world, receiver, "deploy.*")
    news(world)
    time_machine.shift(KEPT_FOR + timedelta(hours=1))

    assert WebhooksKeeper().tidy(clock.now(), 100) == 0


@pytest.mark.django_db
def test_an_intent_is_not_settled_while_a_program_is_still_to_be_told(world, receiver, kept):
    hook(world, receiver, "intent.completed")
    gate = open_gate(world)
    say(gate, world.ana)
    announce_due()
    while deliver_due():
        pass
    assert settled([gate.intent_id]) == set()

    push_due()

    assert settled([gate.intent_id]) == {gate.intent_id}


@pytest.mark.django_db
def test_admins_see_what_became_of_each_delivery_and_no_secret(world, receiver, client, afternoon):
    hook(world, receiver, "deploy.*")
    news(world)
    receiver.always = "500"
    push_due()
    client.force_login(Person.objects.create_superuser("root@acme.example", "root's own password", name="Root"))

    log = client.get("/admin/notifications/webhookdelivery/").content.decode()
    one = client.get(f"/admin/notifications/webhooksubscription/{only().subscription_id}/change/").content.decode()

    assert "The receiver answered 500." in log
    assert "deploy.finished" in log
    assert receiver.url in one
    assert SECRET not in one
    assert WebhookSubscription.objects.get().sealed_secret not in one


@pytest.mark.django_db
@pytest.mark.parametrize("model", ["webhooksubscription", "webhookevent", "webhookdelivery"])
def test_admins_change_nothing_there(world, receiver, client, model: str):
    hook(world, receiver, "deploy.*")
    news(world)
    client.force_login(Person.objects.create_superuser("root@acme.example", "root's own password", name="Root"))

    assert client.get(f"/admin/notifications/{model}/add/").status_code == 403
    assert client.get(f"/admin/notifications/{model}/").status_code == 200
