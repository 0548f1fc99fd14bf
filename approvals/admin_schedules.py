"""On-call schedules in the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from approvals.adminforms.schedule import ScheduleForm, schedule_body
from approvals.adminforms.versioned import Versioned
from approvals.models import Person, Schedule, ScheduleVersion
from approvals.rotas import roster_named
from approvals.services.schedules import write_version
from intents import clock

SHOWN = timedelta(days=14)


@admin.register(Schedule)
class ScheduleAdmin(Versioned):
    """Who is on call when. Requirements and chains name it; open gates hear of a change within seconds."""

    form = ScheduleForm
    version_model, parent = ScheduleVersion, "schedule"
    list_display = ("name", "layers", "on_call_now", "version", "workspace")
    list_filter = ("workspace",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    readonly_fields = ("version", "ahead")
    fields = ("workspace", "name", "zone", "version", "ahead")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What is reckoned is not typed."""
        return [*super().get_readonly_fields(request, obj), "ahead"]

    def write(self, row: Schedule, body: dict[str, Any], author: Person | None) -> Schedule:
        """A new version."""
        return write_version(row.workspace, row.name, body, author=author)

    @admin.display
    def layers(self, row: Schedule) -> int:
        """How many."""
        return len(schedule_body(row).get("layers", []))

    @admin.display(description="on call now")
    def on_call_now(self, row: Schedule) -> str:
        """The person, or nobody."""
        roster = roster_named(row.workspace, row.name, clock.now())
        return ((roster.on_call(clock.now()) if roster else None) or "nobody").removeprefix("person:")

    @admin.display(description="on call for the next 14 days")
    def ahead(self, row: Schedule) -> SafeString | str:
        """Each turn in the schedule's own time, overrides included."""
        now = clock.now()
        roster = None if row._state.adding else roster_named(row.workspace, row.name, now)
        if roster is None:
            return "Nobody yet: save it first."
        zone = roster.rota.zone
        lines = [
            (f"{shift.starts_at.astimezone(zone):%a %d %b %H:%M}", (shift.person or "nobody").removeprefix("person:"))
            for shift in roster.shifts(now, now + SHOWN)
        ]
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td></tr>", lines)
        return format_html("<table><thead><tr><th>from ({})</th><th>person</th></tr></thead>{}</table>", zone.key, rows)
