"""By which channels somebody wants to be told, in each of their workspaces."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from approvals.adminforms.chain import ChannelsField
from approvals.chains.checking import check_channels
from approvals.models import Membership, Person
from approvals.rules import RuleRefused
from approvals.views.guard import acts, signed_in
from intents.errors import NotFound
from notifications.channels.registry import CHANNELS

HINT = "Such as: slack, email after 10m. Empty: by all at once."


class Preference(forms.Form):
    """The channels in one workspace, in their order, each at once or later."""

    channels = ChannelsField(required=False, max_length=200, label="Tell me by", help_text=HINT)

    def clean_channels(self) -> Any:
        """Only channels that there are."""
        wanted = self.cleaned_data["channels"]
        try:
            check_channels(wanted, "Tell me by")
        except RuleRefused as error:
            raise ValidationError(str(error)) from error
        names = [name for each in wanted for name in ([each] if isinstance(each, str) else each)]
        if strange := [name for name in names if name not in CHANNELS]:
            raise ValidationError(f"There is no channel {strange[0]!r}; there are {', '.join(CHANNELS)}.")
        return wanted


def preferences_of(person: Person) -> list[tuple[Membership, Preference]]:
    """A form for each workspace."""
    return [(row, Preference(initial={"channels": row.channels})) for row in _own(person).order_by("workspace__org")]


@acts
@require_POST
@signed_in
def choose_channels(request: HttpRequest, person: Person) -> HttpResponse:
    """One's own wish, not a right: no entry of the record, and nobody waits a day for it."""
    membership = request.POST.get("membership", "")
    row = _own(person).filter(pk=membership).first() if membership.isdecimal() and len(membership) < 16 else None
    if row is None:
        raise NotFound("There is no such membership.")
    form = Preference(request.POST)
    if form.is_valid():
        Membership.objects.filter(pk=row.pk).update(channels=form.cleaned_data["channels"])
        messages.success(request, f"From now on you are told like this in {row.workspace}.")
    else:
        messages.error(request, " ".join(str(error) for error in form.errors["channels"]))
    return redirect("account")


def _own(person: Person) -> QuerySet[Membership]:
    return Membership.objects.filter(person=person, is_active=True).select_related("workspace")
