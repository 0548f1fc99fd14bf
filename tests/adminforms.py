"""What a browser posts from the admin's forms of policies, chains and schedules, given what they are to say."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Model

from approvals.adminforms import chain, gate, policy, schedule

Posted = dict[str, Any]


def policy_fields(body: dict[str, Any], **fields: Any) -> Posted:
    """A policy's form filled in with this body."""
    form = policy.PolicyForm()
    parts = policy.Gates(prefix="gates", initial=[gate.initial_of(each) for each in body.get("gates", [])])
    return {"position": 10, "is_active": "on", **_posted(form, policy._initial(body)), **_parts(parts), **fields}


def chain_fields(body: dict[str, Any], **fields: Any) -> Posted:
    """The same of a chain."""
    parts = chain.Steps(prefix="steps", initial=[chain._step_initial(each) for each in body["steps"]])
    return {**_posted(chain.ChainForm(), chain._initial(body)), **_parts(parts), **fields}


def schedule_fields(body: dict[str, Any], **fields: Any) -> Posted:
    """The same of a schedule."""
    parts = schedule.Layers(prefix="layers", initial=body["layers"])
    return {**_posted(schedule.ScheduleForm(), {"zone": body["zone"]}), **_parts(parts), **fields}


def _parts(parts: Any) -> Posted:
    posted = _values(parts.management_form)
    for form in parts:
        posted |= _values(form)
    return posted


def _posted(form: Any, initial: dict[str, Any]) -> Posted:
    for name, value in initial.items():
        form.fields[name].initial = value
    return {name: value for name, value in _values(form).items() if name in initial}


def _values(form: forms.BaseForm) -> Posted:
    """As a browser sends them: no unticked boxes, no None."""
    found = {field.html_name: field.value() for field in form}
    found = {name: value.pk if isinstance(value, Model) else value for name, value in found.items()}
    said = {name: value for name, value in found.items() if value is not None and value is not False and value != []}
    return {name: "on" if value is True else value for name, value in said.items()}
