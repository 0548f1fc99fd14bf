"""Escalation chains in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from approvals.adminforms.chain import ChainForm, chain_body
from approvals.adminforms.versioned import Versioned
from approvals.models import Chain, ChainVersion, Person
from approvals.services.chains import write_version


@admin.register(Chain)
class ChainAdmin(Versioned):
    """Whom to tell after whom, and how often to remind. Policies name it; gates that are open keep what they had."""

    form = ChainForm
    version_model, parent = ChainVersion, "chain"
    list_display = ("name", "steps", "version", "workspace")
    list_filter = ("workspace",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    readonly_fields = ("version",)
    fieldsets = (
        (None, {"fields": ("workspace", "name", "version")}),
        ("Again, and if a step leads to nobody", {"fields": ("repeat", "repeat_after", "last_resort")}),
        (
            "Business hours",
            {"classes": ("collapse",), "fields": ("zone", "days", "opens", "closes", "holidays", "passing")},
        ),
    )

    def write(self, row: Chain, body: dict[str, Any], author: Person | None) -> Chain:
        """A new version."""
        return write_version(row.workspace, row.name, body, author=author)

    @admin.display
    def steps(self, row: Chain) -> int:
        """How many."""
        return len(chain_body(row).get("steps", []))
