"""An on-call schedule as a form, and each of its layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from approvals.adminforms.parts import Groups, PartForm, bodies_of
from approvals.adminforms.refusals import refused_in_words
from approvals.adminforms.values import NamesField
from approvals.models import Schedule, ScheduleVersion
from approvals.oncall import DAYS
from approvals.schedulerules import LONGEST_TURN_HOURS, MOST_LAYERS, ROTATIONS, check_body
from approvals.services.schedules import with_known_people

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Schedule]
else:
    ModelForm = forms.ModelForm

WINDOW = re.compile(r"^(?:([a-z, ]+?)\s+)?(\d\d:\d\d)\s*-\s*(\d\d:\d\d)$")
WINDOW_HINT = "A line such as: sat, sun 00:00-24:00"


class WindowsField(forms.CharField):
    """The hours to which a layer is restricted, a line each: `mon, tue 09:00-17:00`."""

    widget = forms.Textarea(attrs={"rows": 2, "cols": 40})

    def prepare_value(self, value: Any) -> Any:
        """As an admin writes it."""
        if not isinstance(value, list):
            return value
        return "\n".join(f"{', '.join(each.get('days', []))} {each['from']}-{each['to']}".strip() for each in value)

    def clean(self, value: Any) -> Any:
        """The list that schedules hold."""
        return [_window(line.strip().lower()) for line in super().clean(value).splitlines() if line.strip()]


class LayerForm(PartForm):
    """One rotation: who takes turns, and when one hands over to the next."""

    GROUPS: ClassVar[Groups] = (
        ("", ("name", "people", "rotation", "handover", "start")),
        ("Other turns, an end, only at certain hours", ("every", "weekday", "until", "restrict")),
    )
    name = forms.CharField(max_length=60, required=False, label="Name")
    people = NamesField(label="People, in their order", help_text="Their e-mail addresses, parted by commas.")
    rotation = forms.ChoiceField(choices=[(name, name) for name in ROTATIONS], initial="weekly", label="Turns")
    handover = forms.CharField(max_length=5, initial="09:00", label="Hand-over at", help_text="In the schedule's zone.")
    start = forms.CharField(max_length=10, label="First turn begins on", help_text="Such as 2026-11-02.")
    every = forms.IntegerField(
        min_value=1, max_value=LONGEST_TURN_HOURS, required=False, label="Hours of a custom turn"
    )
    weekday = forms.ChoiceField(
        choices=[("", "that of the first turn"), *((day, day) for day in DAYS)], required=False, label="Weekday"
    )
    until = forms.CharField(max_length=10, required=False, label="Ends on")
    restrict = WindowsField(required=False, label="Only at", help_text=WINDOW_HINT)

    def body(self) -> dict[str, Any]:
        """The layer as the schedule stores it."""
        data = self.cleaned_data
        layer = {key: data[key] for key in ("people", "rotation", "handover", "start")}
        return layer | {key: data[key] for key in ("name", "every", "weekday", "until", "restrict") if data[key]}


Layers = forms.formset_factory(LayerForm, extra=2, max_num=MOST_LAYERS, absolute_max=2 * MOST_LAYERS, can_delete=True)


class ScheduleForm(ModelForm):
    """The row's own fields, and what the newest version says. `parts` are the forms of its layers."""

    zone = forms.CharField(max_length=64, initial="UTC", label="Time zone", help_text="Such as Europe/Berlin.")
    part_name = "Layer"
    consequences = None

    class Meta:
        model = Schedule
        fields = ("workspace", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = schedule_body(self.instance)
        self.fields["zone"].initial = stored.get("zone", "UTC")
        shown = stored.get("layers", [])
        self.parts = Layers(self.data if self.is_bound else None, prefix="layers", initial=shown)

    def clean(self) -> dict[str, Any] | None:
        """The whole body, checked as every other way of saving it does."""
        cleaned = super().clean() or {}
        if not self.parts.is_valid():
            raise ValidationError("One of the layers cannot be saved: see below.")
        workspace = cleaned.get("workspace") or getattr(self.instance, "workspace", None)
        if not self.errors and workspace is not None:
            body = {"zone": cleaned["zone"], "layers": bodies_of(self.parts)}
            refused_in_words(lambda: check_body(body))
            cleaned["body"] = refused_in_words(lambda: with_known_people(workspace, body))
        return cleaned

    def has_changed(self) -> bool:
        """Also where only a layer did."""
        return super().has_changed() or self.parts.has_changed()


def schedule_body(schedule: Schedule) -> dict[str, Any]:
    """What the newest version says; nothing for a schedule that has none."""
    rows = ScheduleVersion.objects.filter(schedule_id=schedule.pk, number=schedule.version)
    row = rows.first() if schedule.version else None
    return row.body if row else {}


def _window(line: str) -> dict[str, Any]:
    found = WINDOW.match(line)
    if found is None:
        raise ValidationError(f"“{line[:80]}” cannot be read. {WINDOW_HINT}")
    days = [day.strip() for day in (found[1] or "").split(",") if day.strip()]
    window: dict[str, Any] = {"from": found[2], "to": found[3]}
    return {"days": days, **window} if days else window
