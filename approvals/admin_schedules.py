"""On-call schedules in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from approvals.adminforms.schedule import ScheduleForm, schedule_body
from approvals.adminforms.versioned import Versioned
from approvals.models import Person, Schedule, ScheduleVersion
from approvals.services.schedules import write_version


@admin.register(Schedule)
class ScheduleAdmin(Versioned):
    """Who is on call when. Requirements and chains name it; open gates hear of a change within seconds."""

    form = ScheduleForm
    version_model, parent = ScheduleVersion, "schedule"
    list_display = ("name", "layers", "version", "workspace")
    list_filter = ("workspace",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    readonly_fields = ("version",)
    fields = ("workspace", "name", "zone", "version")

    def write(self, row: Schedule, body: dict[str, Any], author: Person | None) -> Schedule:
        """A new version."""
        return write_version(row.workspace, row.name, body, author=author)

    @admin.display
    def layers(self, row: Schedule) -> int:
        """How many."""
        return len(schedule_body(row).get("layers", []))
