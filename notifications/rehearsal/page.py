"""The page of dry runs: an example and a moment above, what would happen below. For admins of a workspace."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from rest_framework.serializers import ValidationError as Misshapen

from approvals.models import Person
from approvals.rules import RuleRefused
from approvals.views.guard import signed_in
from intents import clock
from intents.errors import DomainError, NotFound
from intents.models import Workspace
from intents.strictjson import JsonRefused, parse
from notifications.rehearsal.drawing import ends_at, moments_of, strip_of
from notifications.rehearsal.stage import rehearse
from notifications.rehearsal.timeline import ending
from notifications.rehearsal.wire import read_dry_run

ACTS_HINT = "One a line, or none: +30m ana@acme.example approve"
NEVER = "never"
FILLED_IN = ("type", "to", "workspace", "draft_name", "draft_body", "draft_position")


class Example(forms.Form):
    """What is played. Texts are read by the same code as the API's."""

    workspace = forms.ModelChoiceField(Workspace.objects.none(), empty_label=None)
    type = forms.CharField(label="Type of the intent", max_length=255, initial="intent.infra.change.v1")
    to = forms.CharField(
        label="Sent to", max_length=383, initial="human", help_text="The address of an agent, or human."
    )
    payload = forms.CharField(
        initial='{"target": "prod"}', widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    )
    sender = forms.CharField(label="Sender", max_length=255, required=False, help_text="The name of a service account.")
    requested_by = forms.CharField(
        label="On whose behalf", max_length=254, required=False, help_text="The e-mail address of a member."
    )
    at = forms.CharField(label="When", max_length=40, initial="Sunday 03:00", help_text="Or 2026-12-06 03:00.")
    zone = forms.CharField(label="Time zone", max_length=64, initial="UTC", help_text="Such as Europe/Berlin.")
    agent = forms.CharField(
        label="Agents answer after", max_length=40, initial="1m", help_text="Or never: nobody listens."
    )
    agent_fails = forms.BooleanField(label="Agents report a failure", required=False)
    acts = forms.CharField(
        label="What people do",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=ACTS_HINT,
    )
    draft_name = forms.SlugField(max_length=63, required=False, widget=forms.HiddenInput)
    draft_body = forms.CharField(max_length=500_000, required=False, widget=forms.HiddenInput)
    draft_position = forms.IntegerField(min_value=0, max_value=1_000_000, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, workspaces: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["workspace"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = workspaces

    def clean_payload(self) -> Any:
        """The payload itself."""
        return _json(self.cleaned_data["payload"])

    def clean_draft_body(self) -> Any:
        """A policy's body, if one is tried that is not saved."""
        text = self.cleaned_data["draft_body"]
        return _json(text) if text else None

    def clean_acts(self) -> list[dict[str, str]]:
        """Line by line."""
        return [_act(line) for line in self.cleaned_data["acts"].splitlines() if line.strip()]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def dry_run(request: HttpRequest, person: Person) -> HttpResponse:
    """GET shows the form, POST plays it. Neither changes anything."""
    workspaces = Workspace.objects.filter(
        memberships__person=person, memberships__is_active=True, memberships__is_admin=True
    )
    if not workspaces.exists():
        raise NotFound("Dry runs are for admins.")
    played_now = request.POST if "at" in request.POST else None
    form = Example(played_now, workspaces=workspaces, initial=_first(request))
    played = _played(form) if form.is_bound and form.is_valid() else {}
    status = 422 if form.is_bound and not played else 200
    return render(request, "dry_run.html", {"form": form, **played}, status=status)


def _first(request: HttpRequest) -> dict[str, str]:
    """Links may fill in the example, and another page's form may bring a draft along."""
    given = {**request.GET.dict(), **request.POST.dict()}
    return {name: str(given[name]) for name in FILLED_IN if name in given}


def _played(form: Example) -> dict[str, Any]:
    """What the page shows below the form; nothing, and an error of the form, if it cannot be played."""
    try:
        script, zone, warnings = read_dry_run(_body(form.cleaned_data), clock.now())
        play = rehearse(form.cleaned_data["workspace"], script)
    except Misshapen as error:
        form.add_error(None, json.dumps(error.detail, default=str))
    except (DomainError, RuleRefused) as error:
        form.add_error(None, str(error))
    else:
        return {
            "play": play,
            "ending": ending(play),
            "zone": zone.key,
            "moments": moments_of(play, zone),
            "strip": strip_of(play),
            "ends": ends_at(play, zone),
            "warnings": [*warnings, *play.warnings],
        }
    return {}


def _body(data: dict[str, Any]) -> dict[str, Any]:
    intent = {"intent_type": data["type"], "to_agent": data["to"], "payload": data["payload"]}
    if data["requested_by"]:
        intent["requested_by"] = data["requested_by"]
    body: dict[str, Any] = {
        "intent": intent,
        "at": data["at"],
        "zone": data["zone"],
        "acts": data["acts"],
        "agent": {"after": None if data["agent"] == NEVER else data["agent"], "fails": data["agent_fails"]},
    }
    if data["sender"]:
        body["sender"] = data["sender"]
    if data["draft_name"] and data["draft_body"] is not None:
        draft = {"name": data["draft_name"], "body": data["draft_body"], "position": data["draft_position"] or 0}
        body["policies"] = [draft]
    return body


def _json(text: str) -> Any:
    try:
        return parse(text.encode())
    except JsonRefused as error:
        raise forms.ValidationError(f"This is not a JSON object that can be read: {error}") from error


def _act(line: str) -> dict[str, str]:
    parts = line.split(None, 3)
    if len(parts) < 3:
        raise forms.ValidationError(f"“{line.strip()[:80]}” is no act. {ACTS_HINT}")
    return dict(zip(("after", "who", "does", "comment"), parts, strict=False))
