"""Policies in the admin: a form that explains itself, checked in words, and every save is a version of its own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from approvals.adminforms.consequences import posted_by
from approvals.adminforms.policy import PolicyForm, body_of
from approvals.adminforms.versioned import Versioned
from approvals.models import Person, Policy, PolicyVersion, Terms
from approvals.places import trouble_with
from approvals.services.policies import write_version
from approvals.text import visible
from intents.admin_base import ReadOnly, pretty


@admin.register(Policy)
class PolicyAdmin(Versioned):
    """The ordered list: the first match decides. Switch a policy off instead of deleting it."""

    form = PolicyForm
    version_model, parent = PolicyVersion, "policy"
    list_display = ("name", "position", "does", "types", "is_active", "version", "workspace")
    list_filter = ("workspace", "is_active")
    list_select_related = ("workspace",)
    search_fields = ("name",)
    readonly_fields = ("version",)
    fieldsets = (
        (None, {"fields": ("workspace", "name", "position", "is_active", "version")}),
        ("Which intents", {"fields": ("types", "senders", "targets", "when")}),
        ("What happens", {"fields": ("action", "go_on", "posts_to")}),
        ("Rarely needed", {"classes": ("collapse",), "fields": ("author_fields", "clean_up", "on_agent_failure")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Where it posts to follows from its gates."""
        return [*super().get_readonly_fields(request, obj), "posts_to"]

    def write(self, row: Policy, body: dict[str, Any], author: Person | None) -> Policy:
        """Also its switch, which is no part of the body."""
        saved = write_version(row.workspace, row.name, body, position=row.position, author=author)
        if saved.is_active != row.is_active:
            saved.is_active = row.is_active
            saved.save(update_fields=["is_active"])
        return saved

    @admin.display
    def does(self, row: Policy) -> str:
        """Its action and how many gates it wants."""
        body = body_of(row)
        gates = len(body.get("gates", []))
        return f"{body.get('action')} ({gates} gates)" if gates > 1 else str(body.get("action"))

    @admin.display(description="posts to")
    def posts_to(self, row: Policy) -> str:
        """The places, and what is wrong with each now."""
        places = posted_by(row.workspace, body_of(row)) if row.version else []
        wrong = trouble_with(row.workspace_id, places)
        return visible("; ".join(f"{place}: {wrong[place]}" if place in wrong else place for place in places)) or "-"

    @admin.display
    def types(self, row: Policy) -> str:
        """The patterns that it matches."""
        return ", ".join(body_of(row).get("match", {}).get("types", []))


@admin.register(Terms)
class TermsAdmin(ReadOnly):
    """The rules that gates were opened with, unique by content."""

    list_display = ("digest", "who")
    fields = ("digest", "said")
    readonly_fields = ("said",)

    @admin.display(description="who must agree")
    def who(self, row: Terms) -> str:
        """The requirement in one line."""
        return "; ".join(f"{entry['need']} of {', '.join(entry['who'])}" for entry in row.body["requirement"])

    @admin.display(description="terms")
    def said(self, row: Terms) -> SafeString:
        """The whole body."""
        return pretty(row.body)
