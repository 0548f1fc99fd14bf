"""One connection for the mails of a batch: what may happen to it between them, over a real server."""

from __future__ import annotations

import pytest

from notifications.deliver import deliver_due
from notifications.models import ChannelAccount, Delivery, DeliveryStatus
from tests.notifications.helpers import ask, fates

pytestmark = [pytest.mark.usefixtures("afternoon"), pytest.mark.django_db]
BEFORE, AFTER, LAST = "1@acme.example", "x@acme.example", "y@acme.example"
"""Those who joined together are told in the order of their addresses."""


def connections(smtp) -> list[str]:
    """Over which each mail came."""
    return [mail["X-Peer"] for mail in smtp.mails()]


def came_once(smtp, *addresses: str) -> bool:
    return sorted(mail["X-Recipient"] for mail in smtp.mails()) == sorted(addresses)


def test_mails_of_a_batch_come_over_one_connection_and_those_of_the_next_over_another(world, smtp):
    ask(world, BEFORE, AFTER, LAST)
    deliver_due(limit=2)
    deliver_due(limit=2)

    first, second, third = connections(smtp)

    assert first == second != third
    assert came_once(smtp, BEFORE, AFTER, LAST)


@pytest.mark.parametrize("script", ["drop", "full"])
def test_mails_go_on_at_once_over_another_connection_when_the_server_ends_the_first(world, smtp, script):
    """It hangs up between two mails; or it takes no more over one connection, and says so (421)."""
    ask(world, f"{script}@acme.example", AFTER, LAST)

    deliver_due()

    first, second, third = connections(smtp)
    assert first != second == third
    assert came_once(smtp, f"{script}@acme.example", AFTER, LAST)
    assert list(Delivery.objects.values_list("status", "attempt").distinct()) == [(DeliveryStatus.SENT, 1)]
    assert not ChannelAccount.objects.exists()


def test_mails_go_on_over_another_connection_when_a_recipient_is_refused_between_them(world, smtp):
    ask(world, BEFORE, "550@acme.example", AFTER)

    deliver_due()

    assert came_once(smtp, BEFORE, AFTER)
    assert len(set(connections(smtp))) == 2
    assert fates() == {BEFORE: DeliveryStatus.SENT, "550@acme.example": DeliveryStatus.DEAD, AFTER: DeliveryStatus.SENT}


def test_a_mail_that_is_turned_away_over_a_new_connection_too_waits_and_holds_up_no_other(world, smtp):
    ask(world, BEFORE, "421@acme.example", AFTER)

    deliver_due()

    assert came_once(smtp, BEFORE, AFTER)
    row = Delivery.objects.get(address="421@acme.example")
    assert (row.status, row.attempt, row.why) == (DeliveryStatus.QUEUED, 1, "421 4.3.2 not now")


def test_a_mail_that_may_have_been_taken_is_not_sent_at_once_again_when_the_connection_dies(world, smtp, time_machine):
    ask(world, BEFORE, "vanish-once@acme.example", AFTER)

    deliver_due()

    assert came_once(smtp, BEFORE, "vanish-once@acme.example")
    assert "Disconnected" in Delivery.objects.get(address="vanish-once@acme.example").why
    time_machine.shift(11)
    while deliver_due():
        pass
    assert set(fates().values()) == {DeliveryStatus.SENT}
    assert came_once(smtp, BEFORE, *["vanish-once@acme.example"] * 2, AFTER)
    assert len({mail["Message-ID"] for mail in smtp.mails()}) == 3
