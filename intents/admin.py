"""What the admin sees of workspaces and machines."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from intents import admin_history
from intents.admin_base import Kept, ReadOnly, nobody, revoke_all
from intents.models import Agent, ApiKey, SemanticSchema, ServiceAccount, Workspace

__all__ = ["admin_history"]  # registers its pages


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
