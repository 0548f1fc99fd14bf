"""Reading `resume` and `resolve`."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from intents.lifecycle import Status
from intents.principal import Principal
from intents.wire.create import AnyObject, StrictInteger, StrictText
from intents.wire.forms import form_of, read
from intents.wire.unknown import unknown_warnings


class Expecting(serializers.Serializer[dict[str, Any]]):
    """What both bodies have. `owner_agent` is ignored: whoever's key it is acts."""

    expected_policy_generation = StrictInteger(min_value=0, required=False, allow_null=True)
    owner_agent = StrictText(max_length=383, required=False, allow_blank=True, allow_null=True)
    reason = StrictText(max_length=2000, required=False, allow_blank=True, allow_null=True)


class ResumeBody(Expecting):
    """A person's `task_result`; from a sender anything. An agent's body, but for `action`, is its result."""

    action = serializers.ChoiceField(choices=("complete", "fail"), required=False)
    task_result = AnyObject(required=False)
    gate_id = StrictText(max_length=64, required=False, allow_null=True)
    approve_current_step = serializers.BooleanField(required=False)


class ResolveBody(Expecting):
    """How it ends."""

    status = serializers.ChoiceField(
        choices=(Status.COMPLETED.value, Status.FAILED.value, Status.CANCELED.value),
        error_messages={
            "invalid_choice": "This must be COMPLETED, FAILED or CANCELED.",
            "required": "This must be COMPLETED, FAILED or CANCELED.",
        },
    )
    result = AnyObject(required=False, allow_null=True)
    error = AnyObject(required=False, allow_null=True)


def read_resolution(body: dict[str, Any]) -> list[str]:
    """Warnings; ValidationError for what cannot be meant."""
    read(ResolveBody, body)
    return unknown_warnings(body, form_of(ResolveBody))


def read_resume(principal: Principal, body: dict[str, Any]) -> list[str]:
    """Warnings; ValidationError for what cannot be meant. All of an agent's body is taken as it is: the result."""
    by_person = principal.person is not None and "task_result" in body
    if principal.agent is not None and not by_person:
        return []
    read(ResumeBody, body)
    return unknown_warnings(body, form_of(ResumeBody))
