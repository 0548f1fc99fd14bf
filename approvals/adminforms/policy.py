"""A policy as a form: what it matches, what it does, and a form for each of its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from approvals.adminforms.consequences import MANY, Consequences, consequences_of, told_by
from approvals.adminforms.gate import GateForm, initial_of
from approvals.adminforms.parts import bodies_of
from approvals.adminforms.refusals import refused_in_words
from approvals.adminforms.values import NamesField
from approvals.models import Policy, PolicyVersion
from approvals.rulebook.body import LONGEST_NAME
from approvals.rules import check_body
from approvals.services.policies import check_workspace
from intents.models import Workspace

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Policy]
else:
    ModelForm = forms.ModelForm

ACTIONS = (
    ("require", "require: people must agree, at the gates below"),
    ("approve", "approve: let it pass without asking"),
    ("deny", "deny: end it at once, whatever other policies say"),
)
FAILURES = (("", "the intent fails"), ("ask", "people decide: retry, fail, or complete by hand"))
LISTS = ("senders", "targets")
Gates = forms.formset_factory(GateForm, extra=2, max_num=20, absolute_max=40, can_delete=True)


class PolicyForm(ModelForm):
    """The row's own fields, and what the newest version says. `parts` are the forms of its gates."""

    types = NamesField(
        label="Types of intents",
        widget=forms.TextInput(attrs={"size": 60}),
        help_text="In full, or a beginning with * at its end: intent.infra.*. Several are parted by commas.",
    )
    senders = NamesField(
        required=False, label="Only from", help_text="Names of service accounts, such as deploy-bot. Empty: from all."
    )
    targets = NamesField(
        required=False, label="Only to", help_text="Addresses, such as agent://acme/production/*. Empty: to all."
    )
    when = forms.CharField(
        required=False,
        max_length=2048,
        label="Only when",
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60, "class": "code", "spellcheck": "false"}),
        help_text="A condition in CEL over type, sender, requester, agent, payload, scenario, created_at and prior: "
        "payload.env == 'prod'. If it errs, require and deny count as matched, approve as not.",
    )
    action = forms.ChoiceField(choices=ACTIONS, label="What it does")
    go_on = forms.BooleanField(required=False, label="The next policy that matches counts, too")
    author_fields = NamesField(
        required=False, label="Payload fields that name authors", help_text="Whom they name cannot decide."
    )
    clean_up = forms.CharField(
        required=False, max_length=LONGEST_NAME, label="Clean-up step", help_text="May run after a refusal, alone."
    )
    on_agent_failure = forms.ChoiceField(choices=FAILURES, required=False, label="When the agent fails")

    part_name = "Gate"

    class Meta:
        model = Policy
        fields = ("workspace", "name", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.consequences: Consequences | None = None
        self.stored = body_of(self.instance)
        for name, value in _initial(self.stored).items():
            self.fields[name].initial = value
        shown = [initial_of(gate) for gate in self.stored.get("gates", [])]
        self.parts = Gates(self.data if self.is_bound else None, prefix="gates", initial=shown)

    def clean(self) -> dict[str, Any] | None:
        """The whole body, checked as every other way of saving it does."""
        cleaned = super().clean() or {}
        if not self.parts.is_valid():
            raise ValidationError("One of the gates cannot be saved: see below.")
        if {"types", "action"} <= cleaned.keys():
            cleaned["body"] = self._body(cleaned)
            refused_in_words(lambda: check_body(cleaned["body"]))
            workspace = cleaned.get("workspace") or self._workspace()
            if workspace is not None:
                refused_in_words(lambda: check_workspace(workspace, cleaned["body"]))
                self._weigh(workspace, cleaned)
        return cleaned

    def _weigh(self, workspace: Workspace, data: dict[str, Any]) -> None:
        """A check shows what saving would bring about; a crowd is only told of if somebody said that they mean it."""
        is_crowd = told_by(workspace, data["body"]) > MANY and "crowd" not in self.data
        if "_check" not in self.data and not is_crowd:
            return
        name, position = data.get("name") or self.instance.name, data.get("position") or 0
        self.consequences = consequences_of(workspace, name, data["body"], position)
        raise ValidationError("Nothing is saved yet.", code="checked")

    def has_changed(self) -> bool:
        """Also where only a gate did."""
        return super().has_changed() or self.parts.has_changed()

    def _body(self, data: dict[str, Any]) -> dict[str, Any]:
        """What was stored, if nothing of it was touched."""
        if self.stored and not ({*self.changed_data} - {*self.Meta.fields}) and not self.parts.has_changed():
            return self.stored
        match: dict[str, Any] = {"types": data["types"]} | {key: data[key] for key in LISTS if data[key]}
        match |= {"when": data["when"]} if data["when"].strip() else {}
        body: dict[str, Any] = {"match": match, "action": data["action"]}
        body |= {"continue": True} if data["go_on"] else {}
        body |= {key: data[key] for key in ("author_fields", "clean_up", "on_agent_failure") if data[key]}
        gates = bodies_of(self.parts)
        return body | ({"gates": gates} if gates else {})

    def _workspace(self) -> Workspace | None:
        return None if self.instance._state.adding else self.instance.workspace


def body_of(policy: Policy) -> dict[str, Any]:
    """What the newest version says; nothing for a policy that has none."""
    row = PolicyVersion.objects.filter(policy_id=policy.pk, number=policy.version).first() if policy.version else None
    return row.body if row else {}


def _initial(body: dict[str, Any]) -> dict[str, Any]:
    match = body.get("match", {})
    return {
        **{key: match.get(key, []) for key in ("types", *LISTS)},
        "when": match.get("when", ""),
        "action": body.get("action", "require"),
        "go_on": body.get("continue", False),
        "author_fields": body.get("author_fields", []),
        "clean_up": body.get("clean_up", ""),
        "on_agent_failure": body.get("on_agent_failure", "").replace("fail", ""),
    }
