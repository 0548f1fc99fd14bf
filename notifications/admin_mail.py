"""Addresses to which nothing is sent any more. An admin may let it go on, and the record says who did."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest

from approvals.models import Person
from intents.admin_base import ReadOnly
from notifications.bounces.stopping import lift
from notifications.models import StoppedAddress


@admin.register(StoppedAddress)
class StoppedAddressAdmin(ReadOnly):
    """Whose mail came back for good, or who complained, and why."""

    list_display = ("address", "channel", "why", "stopped_at", "lifted_at", "lifted_by")
    list_filter = ("channel", ("lifted_at", admin.EmptyFieldListFilter))
    search_fields = ("=address",)
    ordering = ("-stopped_at",)
    actions = ("send_again",)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        """Who may change these rows, though they do so by this action alone."""
        return request.user.has_perm("notifications.change_stoppedaddress")

    @admin.action(description="Send to these addresses again", permissions=["lift"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[StoppedAddress]) -> None:
        """From the next message on."""
        if not isinstance(request.user, Person):
            raise PermissionDenied
        actor = request.user.actor
        lifted = sum(lift(stop, actor) for stop in queryset)
        self.message_user(request, f"{lifted} of {len(queryset)} lifted: the next messages go there again.")
