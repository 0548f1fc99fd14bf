"""What the admin sees of workspaces, machines and intents. Intents, steps and events are for looking at only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from intents import clock
from intents.clock import iso
from intents.models import Agent, ApiKey, Event, Intent, SemanticSchema, ServiceAccount, Step, Workspace, WorkspaceEntry
from intents.receiptreads import newest_receipt
from intents.services.changes import details_of_entry
from intents.services.checkpoints import CHANGE
from intents.services.configuration import Rows, record_differences, recorded, snapshot
from intents.services.record import details_of
from intents.services.verify import chain_fits

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin = admin.ModelAdmin
    Inline = admin.TabularInline


def nobody(*_: object, **__: object) -> bool:
    """A permission that no one has."""
    return False


def pretty(value: Any) -> SafeString:
    """JSON, indented, as preformatted text."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


class ReadOnly(Admin):
    """Rows that only the program writes: nobody adds, changes or deletes any."""

    has_add_permission = has_change_permission = has_delete_permission = nobody
    show_full_result_count = False


class ReadOnlyInline(Inline):
    """The same, inside another page."""

    has_add_permission = has_change_permission = has_delete_permission = nobody
    extra = 0
    can_delete = False


class Recorded(Admin):
    """Whatever is made, changed or deleted here enters the chains of its workspaces, in the same transaction.

    The page's own row, what it refers to, and the rows of its inlines; also several rows at once.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What the row says before."""
        form.said_before = snapshot(self._stored(obj.pk))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Django calls this last, after the row itself was saved."""
        inlines = [_rows_of(formset) for formset in formsets if formset.has_changed()]
        before = form.said_before | snapshot(*inlines)
        super().save_related(request, form, formsets, change)
        after = snapshot(self._stored(form.instance.pk), *inlines)
        record_differences(actor_of(request), before, after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """One row."""
        with recorded(actor_of(request), self._stored(obj.pk)):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The chosen rows."""
        with recorded(actor_of(request), self._stored(*queryset.values_list("pk", flat=True))):
            super().delete_queryset(request, queryset)

    def _stored(self, *pks: Any) -> Rows:
        return lambda: self.model._base_manager.filter(pk__in=pks)


def _rows_of(formset: Any) -> Rows:
    """All rows of an inline."""
    return lambda: formset.model._base_manager.filter(**{formset.fk.name: formset.instance})


def actor_of(request: HttpRequest) -> str:
    """How records name whoever is signed in."""
    return f"person:{request.user.get_username()}"


def revoke_all(request: HttpRequest, rows: QuerySet[Any]) -> int:
    """Revoke the chosen keys or tokens that are not revoked yet; how many that were."""
    chosen = rows.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))
    with recorded(actor_of(request), chosen.all, verb="revoked"):
        return int(chosen.filter(revoked_at=None).update(revoked_at=clock.now()))


class Kept(Recorded):
    """Rows that may be made and changed, but not deleted: the history refers to them."""

    has_delete_permission = nobody


@admin.register(Workspace)
class WorkspaceAdmin(Kept):
    """The isolation boundary. Its address stays what it is."""

    list_display = ("__str__", "unknown_agent_is_error", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Agents are addressed by it."""
        return ["org", "name"] if obj else []


@admin.register(Agent)
class AgentAdmin(Kept):
    """Programs that receive work, and when each was last seen."""

    list_display = ("address", "display_name", "is_active", "killed_at", "last_seen_at", "max_in_flight")
    list_filter = ("is_active", "workspace")
    search_fields = ("address", "display_name")
    readonly_fields = ("workspace", "name", "address", "cursor", "last_seen_at", "killed_at", "killed_by", "created_at")
    has_add_permission = nobody


@admin.register(ServiceAccount)
class ServiceAccountAdmin(ReadOnly):
    """The owners of machines' keys, and the people who answer for them."""

    list_display = ("name", "workspace", "agent", "created_at")
    list_filter = ("workspace",)
    search_fields = ("name",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    """Machines' credentials, never their secrets. They can be revoked here, and nothing else."""

    list_display = ("__str__", "workspace", "what_for", "agent", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("workspace", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("service_account", "workspace", "agent")
    search_fields = ("service_account__name", "hint")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.display(description="scopes")
    def what_for(self, row: ApiKey) -> str:
        """The scopes in one line."""
        return ", ".join(row.scopes)

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> None:
        """From now on they open nothing. What they sent goes on."""
        count = revoke_all(request, rows)
        self.message_user(request, f"{count} key{'' if count == 1 else 's'} revoked.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may change keys."""
        return request.user.has_perm("intents.change_apikey")


@admin.register(SemanticSchema)
class SemanticSchemaAdmin(ReadOnly):
    """What the payloads of intent types must look like, in all versions. They come over the API."""

    list_display = ("__str__", "workspace", "compatibility_mode", "is_active", "made_by", "created_at")
    list_filter = ("workspace", "is_active", "compatibility_mode")
    list_select_related = ("workspace",)
    search_fields = ("semantic_type", "schema_hash")
    ordering = ("semantic_type", "-version")


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
        """As it was sent."""
        return pretty(json.loads(row.texts.payload))

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
