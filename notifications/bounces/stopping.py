"""Addresses to which nothing is sent any more, until an admin lets it go on."""

from __future__ import annotations

from approvals.models import Person
from approvals.services.told import mark_reachable
from intents import clock
from intents.prepared import Prepared
from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.models import StoppedAddress

STOP = Prepared(
    lambda channel, address: StoppedAddress.objects.filter(channel=channel, address=address, lifted_at=None)
)


def stop(channel: str, address: str, why: str) -> None:
    """From now on nothing is sent there. Stopped already: nothing more happens."""
    StoppedAddress.objects.bulk_create(
        [StoppedAddress(channel=channel, address=address.lower(), why=why[:500], stopped_at=clock.now())],
        ignore_conflicts=True,
    )


def stop_of(channel: str, address: str) -> StoppedAddress | None:
    """The stop of this address, if there is one."""
    return STOP.first(channel=channel, address=address.lower())


def lift(stop: StoppedAddress, actor: str) -> bool:
    """Send there again. The chains of the workspaces of whoever has this address say who did it. False: it was so.

    Open gates wait for them again.
    """
    with durable():
        rows = StoppedAddress.objects.filter(pk=stop.pk, lifted_at=None)
        if not rows.update(lifted_at=clock.now(), lifted_by=actor):
            return False
        person = Person.objects.filter(email=stop.address).first()
        details = {"channel": stop.channel, "address": stop.address, "why": stop.why}
        for workspace in sorted(person.recorded_in()) if person else []:
            record_change(workspace, "stopped_address.lifted", actor, details)
    if person is not None:
        mark_reachable(person.pk)
    return True
