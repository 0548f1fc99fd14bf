"""Deliveries and channel accounts, for looking at. Nothing here is written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from notifications import admin_mail, admin_slack, admin_webhooks
from notifications.fates import in_words
from notifications.models import ChannelAccount, Delivery

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
else:
    Admin = admin.ModelAdmin


__all__ = ["admin_mail", "admin_slack", "admin_webhooks"]


def _nobody(*_: object, **__: object) -> bool:
    return False


class ReadOnly(Admin):
    """Rows that only the program writes: nobody adds, changes or deletes any."""

    has_add_permission = has_change_permission = has_delete_permission = _nobody


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Who was told what, when, and how that went."""

    list_display = ("created_at", "what", "address", "channel", "fate", "workspace")
    list_filter = ("status", "purpose", "channel", "workspace", "created_at")
    search_fields = ("=address", "=intent__id", "=gate_id", "reference")
    list_select_related = ("workspace",)
    ordering = ("-created_at", "-pk")
    show_full_result_count = False

    @admin.display(description="message", ordering="purpose")
    def what(self, row: Delivery) -> str:
        """The purpose in words."""
        return str(row.get_purpose_display())

    @admin.display(description="what became of it", ordering="status")
    def fate(self, row: Delivery) -> str:
        """The status in words, with the reason if there is one."""
        return in_words(row)


@admin.register(ChannelAccount)
class ChannelAccountAdmin(ReadOnly):
    """Channels that are in trouble, and until when they rest."""

    list_display = ("channel", "failures", "blocked_until", "why")
