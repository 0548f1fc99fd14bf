"""One gate of a policy as a form."""

from __future__ import annotations

from typing import Any

from django import forms

from approvals.adminforms.parts import PartForm
from approvals.adminforms.values import ChainField, JsonField, NamesField, RequirementField, SpanField
from approvals.rulebook.asks import LONGEST_INSTRUCTIONS, LONGEST_TITLE, TASK_TYPES
from approvals.strength import FRESH, NAMED, WORDS

PLACES = (
    ("before", "before the agent acts"),
    ("after", "after the agent has acted"),
    ("before-step", "before the step of a scenario that is named below"),
    ("after-step", "after the step of a scenario that is named below"),
)
COMMENTS = (
    ("", "a no, and whatever the request wants"),
    ("always", "every answer"),
    ("some", "the outcomes named below"),
)
STRENGTHS = (
    ("", "the usual: a sign-in for mail, a linked account in Slack, a personal token"),
    *((name, f"at least {WORDS[name]}") for name in NAMED),
    (FRESH, "a sign-in within the minutes below"),
)
RISKS = (("low", "low"), ("normal", "normal"), ("high", "high: asks twice, wants a fresh sign-in, never in bulk"))
PLAIN = ("title", "instructions", "outcomes", "form", "inform", "post", "editable", "fillable", "secret")
TIMES = ("deadline", "warn_before")


REMINDING = ("chain", "remind_after", "remind_every", "remind_most", "escalate_to", "warn_before")
ASKING = ("title", "instructions", "task_type", "outcomes", "form", "comments", "comment_on")
JUDGING = ("rejections", "exclude_previous", "inform", "post", "risk", "strength", "strength_minutes")
EXTENDING = ("extend_who", "extend_most")
GROUPS = (
    ("", ("place", "step", "requirement", "deadline", "on_timeout")),
    ("Reminders and escalation", REMINDING),
    ("What is asked", ASKING),
    ("Who and how sure", JUDGING),
    ("More time", EXTENDING),
    ("Fields of the payload", ("secret", "editable", "fillable")),
)


class GateForm(PartForm):
    """Every key of a gate. `form.body()` is what the policy stores; what is left empty is not in it."""

    GROUPS = GROUPS

    place = forms.ChoiceField(choices=PLACES, label="When it is asked")
    step = forms.CharField(max_length=64, required=False, label="Step", help_text="Only for a place around a step.")
    requirement = RequirementField(
        label="Who must agree",
        help_text="A line for each group, all to be met: 2 of team:sre. Names: team:…, person:e-mail, schedule:… "
        "(whoever is on call).",
    )
    rejections = forms.IntegerField(min_value=1, initial=1, label="Rejections that close it")
    deadline = SpanField(initial="1d", required=False, label="Time to answer", help_text="Such as 4h; at most 29d.")
    on_timeout = forms.CharField(
        initial="expire",
        max_length=64,
        label="On silence",
        help_text="expire: not approved. cancel, or one of its no outcomes: the same under that name. approve: only if "
        "everybody was told, and never at high risk.",
    )
    warn_before = SpanField(required=False, label="Warning before the end", help_text="Such as 15m; empty for none.")
    chain = ChainField(
        required=False, label="Escalation chain", help_text="The name of a saved chain (see Chains), or one as JSON."
    )
    remind_after = SpanField(required=False, label="First reminder after", help_text="Without a chain: such as 30m.")
    remind_every = SpanField(required=False, label="Then every", help_text="At least 1m.")
    remind_most = forms.IntegerField(min_value=1, max_value=20, required=False, label="At most")
    escalate_to = NamesField(
        required=False,
        label="Then escalate to",
        help_text="Whom to tell after the last reminder. They have to stand in “Who must agree”.",
    )
    title = forms.CharField(
        max_length=LONGEST_TITLE,
        required=False,
        label="Title",
        help_text="{type}, {target}, {sender}, {requester}, {workspace} and {payload.name} are filled in.",
    )
    instructions = forms.CharField(
        max_length=LONGEST_INSTRUCTIONS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        label="Instructions",
    )
    task_type = forms.ChoiceField(choices=[("", "approval"), *((name, name) for name in TASK_TYPES)], required=False)
    outcomes = JsonField(
        required=False, label="Outcomes of its own", help_text='[["approved", "yes"], ["rejected", "no"]]'
    )
    form = JsonField(required=False, label="Form to fill in", help_text="A JSON Schema.")
    comments = forms.ChoiceField(choices=COMMENTS, required=False, label="A comment is needed for")
    comment_on = NamesField(required=False, label="Outcomes with a comment")
    inform = NamesField(required=False, label="Also inform", help_text="They are told, and do not decide.")
    post = NamesField(
        required=False,
        label="Also post it to",
        help_text="Slack channels of /setup/slack, such as slack:#deploys. Everybody there reads it; only those who "
        "must agree decide.",
    )
    exclude_previous = forms.BooleanField(required=False, label="Not whoever approved an earlier gate of the intent")
    risk = forms.ChoiceField(choices=RISKS, initial="normal", label="Risk")
    strength = forms.ChoiceField(choices=STRENGTHS, required=False, label="A yes needs")
    strength_minutes = forms.IntegerField(min_value=1, max_value=1440, required=False, label="Minutes")
    extend_who = NamesField(required=False, label="Who may extend the time")
    extend_most = SpanField(required=False, label="By at most", help_text="In all, such as 2h.")
    secret = NamesField(required=False, label="Secret fields", help_text="payload.token: shown to nobody.")
    editable = NamesField(required=False, label="Fields an approver may change", help_text="Earlier votes become void.")
    fillable = NamesField(required=False, label="Fields an approver may fill in", help_text="And still approve.")

    def body(self) -> dict[str, Any]:
        """The gate as the policy stores it."""
        data = self.cleaned_data
        gate: dict[str, Any] = {"place": _place(data), "requirement": data["requirement"]}
        gate |= {key: data[key] for key in (*PLAIN, *TIMES, "task_type", "chain") if data.get(key)}
        gate |= {"rejections": data["rejections"]} if data["rejections"] != 1 else {}
        gate |= {"on_timeout": data["on_timeout"]} if data["on_timeout"] != "expire" else {}
        gate |= {"risk": data["risk"]} if data["risk"] != "normal" else {}
        gate |= {"exclude": ["previous_approvers"]} if data["exclude_previous"] else {}
        return gate | _comments(data) | _reminders(data) | _strength(data) | _extension(data)


def initial_of(gate: dict[str, Any]) -> dict[str, Any]:
    """What the form shows of a stored gate."""
    place = gate["place"]
    side, step = (place, "") if isinstance(place, str) else next((f"{side}-step", name) for side, name in place.items())
    comments = gate.get("comment_required", False)
    strength = gate.get("strength", "")
    remind, extend = gate.get("remind") or {}, gate.get("extend") or {}
    return {
        **{key: gate[key] for key in (*PLAIN, "task_type", "requirement", "escalate_to") if key in gate},
        **{key: gate.get(key) for key in TIMES},
        "place": side,
        "step": step,
        "rejections": gate.get("rejections", 1),
        "on_timeout": gate.get("on_timeout", "expire"),
        "risk": gate.get("risk", "normal"),
        "chain": gate.get("chain", ""),
        "comments": "some" if isinstance(comments, list) else "always" if comments else "",
        "comment_on": comments if isinstance(comments, list) else [],
        "exclude_previous": "previous_approvers" in gate.get("exclude", []),
        "strength": FRESH if isinstance(strength, dict) else strength,
        "strength_minutes": strength[FRESH] if isinstance(strength, dict) else None,
        "remind_after": remind.get("after"),
        "remind_every": remind.get("interval"),
        "remind_most": remind.get("max"),
        "extend_who": extend.get("who", []),
        "extend_most": extend.get("most"),
    }


def _place(data: dict[str, Any]) -> Any:
    side, _, around = data["place"].partition("-")
    return {side: data["step"]} if around else side


def _comments(data: dict[str, Any]) -> dict[str, Any]:
    wanted = {"always": True, "some": data["comment_on"]}.get(data["comments"])
    return {"comment_required": wanted} if wanted else {}


def _reminders(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if data["remind_after"]:
        parts = {"after": data["remind_after"], "interval": data["remind_every"], "max": data["remind_most"]}
        found["remind"] = {key: value for key, value in parts.items() if value}
    return found | ({"escalate_to": data["escalate_to"]} if data["escalate_to"] else {})


def _strength(data: dict[str, Any]) -> dict[str, Any]:
    if data["strength"] == FRESH:
        return {"strength": {FRESH: data["strength_minutes"] or 0}}
    return {"strength": data["strength"]} if data["strength"] else {}


def _extension(data: dict[str, Any]) -> dict[str, Any]:
    if not data["extend_who"] and not data["extend_most"]:
        return {}
    return {"extend": {"who": data["extend_who"], "most": data["extend_most"] or 0}}
