"""Overrides of schedules in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from approvals.adminforms.refusals import refused_in_words
from approvals.models import Override, Person, Schedule
from approvals.services import schedules
from intents.admin_base import Recorded

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Override]
else:
    ModelForm = forms.ModelForm


class OverrideForm(ModelForm):
    """Refused in words for whatever makes no sense."""

    class Meta:
        model = Override
        fields = ("schedule", "person", "starts_at", "ends_at")

    def clean(self) -> dict[str, Any] | None:
        """As the service does it."""
        cleaned = super().clean() or {}
        if all(cleaned.get(name) for name in self.Meta.fields):
            refused_in_words(lambda: schedules.check_override(**cleaned))
            if self.instance._state.adding:
                refused_in_words(lambda: schedules.check_room(cleaned["schedule"], 1))
        return cleaned


@admin.register(Override)
class OverrideAdmin(Recorded):
    """Single stretches of time in which somebody else is on call. Of several at one moment the one made last counts."""

    form = OverrideForm
    list_display = ("schedule", "person", "starts_at", "ends_at", "author")
    list_filter = ("schedule__workspace", "schedule")
    list_select_related = ("schedule", "person", "author")
    autocomplete_fields = ("person", "schedule")
    date_hierarchy = "starts_at"

    def save_model(self, request: HttpRequest, obj: Override, form: Any, change: bool) -> None:
        """With whoever made it; open gates hear of it within seconds."""
        if not change and isinstance(request.user, Person):
            obj.author = request.user
        super().save_model(request, obj, form, change)
        schedules.unsettle(obj.schedule)

    def delete_model(self, request: HttpRequest, obj: Override) -> None:
        """Whoever has the turn is on call again."""
        super().delete_model(request, obj)
        schedules.unsettle(obj.schedule)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """The same for several."""
        concerned = list(Schedule.objects.filter(overrides__in=queryset).distinct())
        super().delete_queryset(request, queryset)
        for schedule in concerned:
            schedules.unsettle(schedule)
