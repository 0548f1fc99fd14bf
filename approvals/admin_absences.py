"""Absences in the admin: checked in words as on the person's own page; what was said stays, but can be ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from approvals.models import Absence
from approvals.services.absences import check_absence, end_absence
from intents import clock
from intents.admin_base import Kept, actor_of
from intents.errors import DomainError

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Absence]
else:
    ModelForm = forms.ModelForm


class AbsenceForm(ModelForm):
    """Refused in words, as on the person's own page."""

    class Meta:
        model = Absence
        fields = ("workspace", "person", "starts_at", "ends_at", "delegate")
        help_texts = {
            "ends_at": "At most 180 days later (UTC).",
            "delegate": "Told instead, wherever they have a seat themselves. They may decide, and are there then.",
        }

    def clean(self) -> dict[str, Any] | None:
        """As the service does it."""
        cleaned = super().clean() or {}
        if all(cleaned.get(name) for name in ("workspace", "person", "starts_at", "ends_at")):
            cleaned["starts_at"] = max(cleaned["starts_at"], clock.now())
            try:
                check_absence(**{name: cleaned[name] for name in self.Meta.fields})
            except DomainError as error:
                raise ValidationError(error.message) from error
        return cleaned


@admin.register(Absence)
class AbsenceAdmin(Kept):
    """Who is away, and who is asked instead. People say so themselves on /account/absence; they can be ended here."""

    form = AbsenceForm
    list_display = ("person", "workspace", "starts_at", "ends_at", "delegate", "ended_at")
    list_filter = ("workspace", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("person", "workspace", "delegate")
    search_fields = ("person__name", "person__email")
    autocomplete_fields = ("person", "delegate")
    actions = ("end_now",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One that was said stays as it is, but can be ended."""
        return obj is None and super().has_change_permission(request, obj)

    @admin.action(description="End the selected absences now", permissions=["change"])
    def end_now(self, request: HttpRequest, rows: Any) -> None:
        """They are told of new requests again."""
        for row in rows:
            end_absence(row, actor=actor_of(request))
        self.message_user(request, f"{len(rows)} absence{'' if len(rows) == 1 else 's'} ended.")
