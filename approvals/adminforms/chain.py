"""An escalation chain as a form, and each of its steps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from approvals.adminforms.parts import Groups, PartForm, bodies_of
from approvals.adminforms.refusals import refused_in_words
from approvals.adminforms.values import NamesField, SpanField
from approvals.chains.body import MOST_REMINDERS
from approvals.chains.checking import MOST_ROUNDS, MOST_STEPS, RISKS
from approvals.chains.hours import DAYS
from approvals.models import Chain, ChainVersion
from approvals.services.chains import checked
from approvals.spans import NotASpan, seconds_of, span_text

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Chain]
else:
    ModelForm = forms.ModelForm

LATER = re.compile(r"^(\S+)\s+after\s+(\S+)$")


class ChannelsField(forms.CharField):
    """`slack, email after 10m`: the channels of a step, at once or later."""

    def prepare_value(self, value: Any) -> Any:
        """As an admin writes it."""
        return ", ".join(_channel_text(each) for each in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The list that chains hold."""
        return [_channel(part.strip()) for part in super().clean(value).split(",") if part.strip()]


class StepForm(PartForm):
    """One step: after how long, whom to tell, and how often to remind them."""

    GROUPS: ClassVar[Groups] = (
        ("", ("after", "who", "remind_after", "remind_every", "remind_most")),
        ("Channels", ("channels", "post")),
    )
    after = SpanField(
        required=False, label="After", help_text="From the step before it, such as 2h. The first: from the opening."
    )
    who = NamesField(
        required=False,
        label="Tell",
        help_text="team:…, person:e-mail, schedule:…, all among those who may decide. Empty: all who may.",
    )
    remind_after = SpanField(required=False, label="Remind them after", help_text="Such as 30m; empty for never.")
    remind_every = SpanField(required=False, label="Then every", help_text="Empty: the same time again.")
    remind_most = forms.IntegerField(min_value=1, max_value=MOST_REMINDERS, required=False, label="At most")
    channels = ChannelsField(
        required=False, label="By", help_text="slack, email after 10m. Empty: as each person prefers.", max_length=200
    )

    post = NamesField(
        required=False,
        label="Also post it to",
        help_text="Slack channels of /setup/slack, such as slack:#oncall, from this step on.",
    )

    def body(self) -> dict[str, Any]:
        """The step as the chain stores it."""
        data = self.cleaned_data
        step = {key: data[key] for key in ("after", "who", "channels", "post") if data[key]}
        if data["remind_after"]:
            every, most = data["remind_every"] or data["remind_after"], data["remind_most"]
            step["remind"] = {"after": data["remind_after"], "every": every} | ({"most": most} if most else {})
        return step


Steps = forms.formset_factory(StepForm, extra=3, max_num=MOST_STEPS, absolute_max=2 * MOST_STEPS, can_delete=True)


class ChainForm(ModelForm):
    """The row's own fields, and what the newest version says. `parts` are the forms of its steps."""

    repeat = forms.IntegerField(min_value=0, max_value=MOST_ROUNDS, initial=0, label="Run it again, times")
    repeat_after = SpanField(required=False, label="Again after", help_text="From the last step, such as 2h.")
    last_resort = NamesField(required=False, label="Last resort", help_text="Told at once if a step leads to nobody.")
    zone = forms.CharField(required=False, max_length=64, label="Business hours in", help_text="Such as Europe/Berlin.")
    days = forms.MultipleChoiceField(
        choices=[(day, day) for day in DAYS], required=False, widget=forms.CheckboxSelectMultiple, label="On"
    )
    opens = forms.CharField(required=False, max_length=5, label="From", help_text="Such as 09:00.")
    closes = forms.CharField(required=False, max_length=5, label="To", help_text="Such as 18:00; 24:00 is midnight.")
    holidays = forms.CharField(required=False, max_length=10, label="Not on holidays of", help_text="Such as DE-BE.")
    passing = forms.MultipleChoiceField(
        choices=[(risk, risk) for risk in RISKS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Not held at risk",
        help_text="Outside of business hours nobody is told before they begin again, but for these risks.",
    )
    part_name = "Step"
    consequences = None

    class Meta:
        model = Chain
        fields = ("workspace", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = chain_body(self.instance)
        for name, value in _initial(self.stored).items():
            self.fields[name].initial = value
        shown = [_step_initial(step) for step in self.stored.get("steps", [])]
        self.parts = Steps(self.data if self.is_bound else None, prefix="steps", initial=shown)

    def clean(self) -> dict[str, Any] | None:
        """The whole body, checked as every other way of saving it does."""
        cleaned = super().clean() or {}
        if not self.parts.is_valid():
            raise ValidationError("One of the steps cannot be saved: see below.")
        workspace = cleaned.get("workspace") or getattr(self.instance, "workspace", None)
        name = cleaned.get("name") or self.instance.name
        if not self.errors and workspace is not None:
            body = self._body(cleaned)
            cleaned["body"] = refused_in_words(lambda: checked(workspace, name, body))
        return cleaned

    def has_changed(self) -> bool:
        """Also where only a step did."""
        return super().has_changed() or self.parts.has_changed()

    def _body(self, data: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {"steps": bodies_of(self.parts)}
        body |= {key: data[key] for key in ("repeat", "repeat_after", "last_resort") if data[key]}
        return body | ({"hours": _hours(data)} if data["zone"] or data["days"] else {})


def chain_body(chain: Chain) -> dict[str, Any]:
    """What the newest version says; nothing for a chain that has none."""
    row = ChainVersion.objects.filter(chain_id=chain.pk, number=chain.version).first() if chain.version else None
    return row.body if row else {}


def _hours(data: dict[str, Any]) -> dict[str, Any]:
    hours = {"zone": data["zone"], "days": data["days"], "from": data["opens"], "to": data["closes"]}
    hours |= {"holidays": data["holidays"]} if data["holidays"] else {}
    return hours | ({"pass": data["passing"]} if data["passing"] else {})


def _initial(body: dict[str, Any]) -> dict[str, Any]:
    hours = body.get("hours") or {}
    return {
        "repeat": body.get("repeat", 0),
        "repeat_after": body.get("repeat_after"),
        "last_resort": body.get("last_resort", []),
        "zone": hours.get("zone", ""),
        "days": hours.get("days", []),
        "opens": hours.get("from", ""),
        "closes": hours.get("to", ""),
        "holidays": hours.get("holidays", ""),
        "passing": hours.get("pass", []),
    }


def _step_initial(step: dict[str, Any]) -> dict[str, Any]:
    remind = step.get("remind") or {}
    return {
        "after": step.get("after", 0),
        "who": step.get("who", []),
        "channels": step.get("channels", []),
        "post": step.get("post", []),
        "remind_after": remind.get("after"),
        "remind_every": remind.get("every"),
        "remind_most": remind.get("most"),
    }


def _channel(text: str) -> Any:
    found = LATER.match(text)
    if found is None:
        return text
    try:
        return {found[1]: seconds_of(found[2])}
    except NotASpan as error:
        raise ValidationError(str(error)) from error


def _channel_text(channel: Any) -> str:
    if isinstance(channel, str):
        return channel
    return next(f"{name} after {span_text(later)}" for name, later in channel.items())
