"""Being away: begun and ended by the person or an admin, recorded, never longer than is good, never in a circle."""

from __future__ import annotations

from datetime import datetime, timedelta

from approvals.away import overlapping
from approvals.directory import deciders_named
from approvals.models import Absence, Membership, Person
from intents import clock
from intents.errors import Conflict, Invalid
from intents.models import Workspace
from intents.services.configuration import recorded
from intents.services.durable import durable

LONGEST = timedelta(days=180)
FURTHEST = timedelta(days=366)


def start_absence(
    workspace: Workspace, person: Person, starts_at: datetime, ends_at: datetime, delegate: Person | None, *, actor: str
) -> Absence:
    """Let this person be away, with somebody to be asked instead. Invalid or Conflict in words if that cannot be.

    Open gates hear of it when it begins, from the next sweep.
    """
    with durable():
        _hold(workspace, person, delegate)
        starts_at = max(starts_at, clock.now())
        check_absence(workspace, person, starts_at, ends_at, delegate)
        row = Absence(workspace=workspace, person=person, starts_at=starts_at, ends_at=ends_at, delegate=delegate)
        with recorded(actor, lambda: Absence.objects.filter(pk=row.pk)):
            row.save()
    return row


def end_absence(absence: Absence, *, actor: str) -> None:
    """End it now, or call it off before it began. Ending it again changes nothing."""
    with durable(), recorded(actor, lambda: Absence.objects.filter(pk=absence.pk), verb="ended"):
        rows = Absence.objects.filter(pk=absence.pk, ended_at=None, ends_at__gt=clock.now())
        rows.update(ended_at=clock.now())
    absence.refresh_from_db()


def accept_absence(absence: Absence, person: Person) -> None:
    """The delegate agrees to stand in. From then on they do not decide on what the absent person asks for.

    Open gates hear of it from the next sweep. Again changes nothing; Conflict if it is over or names somebody else.
    """
    with durable(), recorded(person.actor, lambda: Absence.objects.filter(pk=absence.pk), verb="accepted"):
        rows = Absence.objects.filter(pk=absence.pk, delegate=person, ended_at=None, ends_at__gt=clock.now())
        if not rows.exists():
            raise Conflict("You are asked instead of nobody by that absence any more.", code="absence_over")
        rows.filter(accepted_at=None).update(accepted_at=clock.now(), applied_at=None)
    absence.refresh_from_db()


def check_absence(
    workspace: Workspace, person: Person, starts_at: datetime, ends_at: datetime, delegate: Person | None
) -> None:
    """Invalid or Conflict with what is wrong about it."""
    if ends_at <= starts_at:
        raise Invalid("An absence ends after it starts, and not in the past.", code="bad_absence")
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            f"An absence takes at most {LONGEST.days} days. Who is away for longer is deactivated by an admin.",
            code="absence_too_long",
        )
    if starts_at > clock.now() + FURTHEST:
        raise Invalid(f"An absence starts within {FURTHEST.days} days.", code="bad_absence")
    if not Membership.objects.filter(workspace=workspace, person=person, is_active=True).exists():
        raise Invalid(f"{person.email} is no member of {workspace}.", code="no_member")
    meanwhile = overlapping(workspace.pk, starts_at, ends_at)
    own = meanwhile.filter(person=person).first()
    if own is not None:
        raise Conflict(f"There is an absence in that time already: {own}. End that one first.", code="already_absent")
    if delegate is not None:
        _check_delegate(workspace, person, delegate)
        other = meanwhile.filter(person=delegate).first()
        if other is not None:
            raise Conflict(
                f"{delegate.email} is away in that time, too: {other}. Nobody stands in for who stands in.",
                code="delegate_absent",
            )


def relied_on_by(absence: Absence) -> list[Absence]:
    """Whose delegate this person is in that time: from then on nobody is asked instead of those."""
    meanwhile = overlapping(absence.workspace_id, absence.starts_at, absence.ends_at)
    return list(meanwhile.filter(delegate=absence.person).select_related("person"))


def _check_delegate(workspace: Workspace, person: Person, delegate: Person) -> None:
    if delegate.pk == person.pk:
        raise Invalid("Nobody is their own delegate.", code="bad_delegate")
    if not deciders_named(workspace, [delegate.actor]):
        raise Invalid(f"{delegate.email} may not decide in {workspace}: name somebody who may.", code="bad_delegate")


def _hold(workspace: Workspace, *people: Person | None) -> None:
    """One at a time for these people: two absences at once could name each other."""
    wanted = [person.pk for person in people if person]
    rows = Membership.objects.select_for_update(no_key=True).filter(workspace=workspace, person__in=wanted)
    list(rows.order_by("pk"))
