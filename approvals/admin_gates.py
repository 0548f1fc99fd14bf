"""Gates and decisions in the admin: for looking at, and for answering through `decide` like everywhere else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.admin_actions import answer_all
from approvals.directory import label
from approvals.models import Decision, DecisionText, Gate, GateAsk, Seat
from approvals.outcomes import OutcomeClass
from intents.admin_base import ReadOnly, ReadOnlyInline, pretty


class IsOpenFilter(admin.SimpleListFilter):
    """Open or closed."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Two choices."""
        return [("open", "open"), ("closed", "closed")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The gates in that state."""
        return queryset if self.value() is None else queryset.filter(closed_at__isnull=self.value() == "open")


class AskInline(ReadOnlyInline):
    """What is asked."""

    model = GateAsk
    fields = ("description", "outcomes", "form_schema", "comment_required", "evidence_required", "earlier")
    readonly_fields = fields


class SeatInline(ReadOnlyInline):
    """Who may decide, and whether they were told."""

    model = Seat
    fields = ("line", "person", "told_at", "unreachable", "gone")
    readonly_fields = fields


class DecisionInline(ReadOnlyInline):
    """The answers."""

    model = Decision
    fields = ("at", "person", "outcome", "via", "strength", "digest", "taken_back_at")
    readonly_fields = fields
    ordering = ("at",)


@admin.register(Gate)
class GateAdmin(ReadOnly):
    """Every gate, whom it waits for, and how it ended."""

    list_display = ("title", "state", "page", "intent_type", "who", "workspace", "opened_at", "expires_at")
    list_filter = (IsOpenFilter, "outcome", "task_type", "workspace", "opened_at")
    list_select_related = ("intent", "workspace", "terms")
    search_fields = ("title", "=id", "=intent__id", "intent__intent_type")
    ordering = ("-opened_at",)
    inlines = (AskInline, SeatInline, DecisionInline)
    readonly_fields = ("page", "rules")
    actions = ("approve", "reject")
    fields = (
        "page", "title", "task_type", "workspace", "intent", "source", "digest", "opened_at", "expires_at", "closed_at",
        "outcome", "outcome_class", "reason", "progress", "rules",
    )  # fmt: skip

    @admin.display(ordering="outcome")
    def state(self, row: Gate) -> str:
        """Open, or its outcome."""
        return "open" if row.is_open else row.outcome

    @admin.display(description="type", ordering="intent__intent_type")
    def intent_type(self, row: Gate) -> str:
        """What kind of thing it is about."""
        return row.intent.intent_type

    @admin.display(description="who must agree")
    def who(self, row: Gate) -> str:
        """The requirement in one line."""
        return "; ".join(f"{entry['need']} of {label(entry['who'])}" for entry in row.terms.body["requirement"])

    @admin.display(description="page")
    def page(self, row: Gate) -> SafeString:
        """The gate's own page."""
        return format_html('<a href="{}">Open</a>', reverse("gate", args=[row.pk]))

    @admin.display(description="terms")
    def rules(self, row: Gate) -> SafeString:
        """The rules that it was opened with."""
        return pretty(row.terms.body)

    @admin.action(description="Approve the selected gates …", permissions=["view"])
    def approve(self, request: HttpRequest, rows: Any) -> Any:
        """A page between shows each one and asks for the reason."""
        return answer_all(request, rows, OutcomeClass.YES)

    @admin.action(description="Reject the selected gates …", permissions=["view"])
    def reject(self, request: HttpRequest, rows: Any) -> Any:
        """The same for a no."""
        return answer_all(request, rows, OutcomeClass.NO)


class DecisionTextInline(ReadOnlyInline):
    """The words of a decision."""

    model = DecisionText
    fields = ("comment", "fields", "evidence")
    readonly_fields = fields


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """Who answered what, where, and how sure it is that it was them."""

    list_display = ("at", "person", "outcome", "gate", "via", "strength", "taken_back_at")
    list_filter = ("outcome_class", "via", "strength", "at")
    list_select_related = ("person", "gate")
    search_fields = ("person__email", "=gate__id", "gate__title")
    ordering = ("-at",)
    inlines = (DecisionTextInline,)
