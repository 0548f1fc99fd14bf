"""Intents with their steps and events, and the workspaces' chains: for looking at only."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from intents.admin_base import ReadOnly, ReadOnlyInline, pretty
from intents.clock import iso
from intents.masking import shown_payload
from intents.models import Event, Intent, Step, WorkspaceEntry
from intents.receiptreads import newest_receipt
from intents.services.changes import details_of_entry
from intents.services.checkpoints import CHANGE
from intents.services.record import details_of
from intents.services.verify import chain_fits


class StepInline(ReadOnlyInline):
    """The plan's steps, in order."""

    model = Step
    fields = ("position", "name", "kind", "source", "status", "agent_address", "attempt", "started_at", "ended_at")
    readonly_fields = fields
    ordering = ("position",)


class EventInline(ReadOnlyInline):
    """The history, in order."""

    model = Event
    fields = ("seq", "event_type", "status", "actor", "at", "said")
    readonly_fields = fields
    ordering = ("seq",)

    @admin.display(description="details")
    def said(self, row: Event) -> SafeString:
        """The details, unless they were purged."""
        return pretty(details_of(row))


@admin.register(Intent)
class IntentAdmin(ReadOnly):
    """Requests of programs, with plan, steps, history, and whether the chain of the history fits."""

    list_display = ("intent_type", "status", "waiting_reason", "sender", "to_agent", "workspace", "created_at")
    list_filter = ("status", "waiting_reason", "workspace", "created_at")
    list_select_related = ("sender__service_account", "workspace")
    search_fields = ("=id", "intent_type", "to_agent", "=correlation_id")
    ordering = ("-created_at",)
    inlines = (StepInline, EventInline)
    fields = (
        "page", "intent_type", "to_agent", "status", "waiting_reason", "pending_with", "workspace", "sender",
        "requester", "excluded", "created_at", "updated_at", "deadline_at", "ended_at", "wake_at", "due_since",
        "failures", "receipt", "history_fits", "payload", "plan", "warnings", "outcome",
    )  # fmt: skip
    readonly_fields = ("page", "receipt", "history_fits", "payload", "plan", "warnings", "outcome")

    @admin.display(description="page")
    def page(self, row: Intent) -> SafeString:
        """The page that its people see."""
        return format_html('<a href="{}">{}</a>', reverse("intent", args=[row.pk]), row.pk)

    @admin.display
    def receipt(self, row: Intent) -> str:
        """Whether what was approved was done; never the receipt itself."""
        found = newest_receipt(row.pk)
        if found is None:
            return "-"
        used = f"used {iso(found.used.at)} by {found.used.by}" if found.used else "not used"
        return f"issued {iso(found.issued_at)}, {used}"

    @admin.display(description="history fits", boolean=True)
    def history_fits(self, row: Intent) -> bool:
        """Whether every event's keyed hash fits the one before it."""
        return chain_fits(row)

    @admin.display
    def payload(self, row: Intent) -> SafeString:
        """As it was sent, without what is secret."""
        return pretty(shown_payload(row.texts))

    @admin.display
    def plan(self, row: Intent) -> SafeString:
        """The steps with their sources, and why policies matched or not."""
        return pretty(row.texts.plan)

    @admin.display
    def warnings(self, row: Intent) -> SafeString:
        """What the sender was warned of."""
        return pretty(row.texts.warnings)

    @admin.display
    def outcome(self, row: Intent) -> SafeString | str:
        """The terminal details, once there are any."""
        return pretty(json.loads(row.texts.result)) if row.texts.result else "-"


class CheckpointsFilter(admin.SimpleListFilter):
    """There is one a minute: they would hide the rest."""

    title = "checkpoints"
    parameter_name = "checkpoints"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Without them unless asked."""
        return [("shown", "shown too")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Without them, or all."""
        return queryset if self.value() else queryset.exclude(change=CHANGE)


@admin.register(WorkspaceEntry)
class WorkspaceEntryAdmin(ReadOnly):
    """Each workspace's own chain: who changed what, and checkpoints. Entries are never changed and never deleted."""

    list_display = ("at", "change", "actor", "workspace", "seq")
    list_filter = (CheckpointsFilter, "workspace", "at")
    list_select_related = ("workspace",)
    search_fields = ("change", "actor")
    ordering = ("-id",)
    fields = ("workspace", "seq", "change", "at", "actor", "said", "previous_hash", "hash")
    readonly_fields = ("said",)

    @admin.display(description="details")
    def said(self, row: WorkspaceEntry) -> SafeString:
        """What there was before, and after."""
        return pretty(details_of_entry(row))


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The history of everything. Events are never changed and never deleted."""

    list_display = ("at", "event_type", "actor", "status", "intent", "seq")
    list_filter = ("event_type", "status", "at")
    list_select_related = ("intent",)
    search_fields = ("=intent__id", "actor")
    ordering = ("-id",)
    readonly_fields = ("said",)

    @admin.display(description="details")
    def said(self, row: Event) -> SafeString:
        """The details, unless they were purged."""
        return pretty(details_of(row))
