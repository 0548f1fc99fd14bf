"""Subscriptions and what became of each delivery, for looking at. Changes go through the API, which records them."""

from __future__ import annotations

from django.contrib import admin

from intents.admin_base import ReadOnly
from notifications.fates import in_words
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription


@admin.register(WebhookSubscription)
class SubscriptionAdmin(ReadOnly):
    """Who is told of what, and which receivers are in trouble."""

    list_display = ("callback_url", "owner", "active", "failing_since", "blocked_until", "why", "workspace")
    list_filter = ("active", "workspace")
    search_fields = ("callback_url", "description", "=id")
    list_select_related = ("owner", "workspace")
    exclude = ("sealed_secret",)
    ordering = ("-created_at",)


@admin.register(WebhookEvent)
class EventAdmin(ReadOnly):
    """What there was to tell; its id is the `webhook-id` that receivers saw."""

    list_display = ("created_at", "event_type", "source", "actor", "id", "workspace")
    list_filter = ("workspace", "created_at")
    search_fields = ("=id", "=thread_id", "=event_type")
    list_select_related = ("workspace",)
    exclude = ("payload", "event")
    ordering = ("-created_at", "-pk")
    show_full_result_count = False


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnly):
    """Which event went where, when, and how that went."""

    list_display = ("queued_at", "event_type", "subscription", "fate", "tries", "event_id")
    list_filter = ("status", "subscription__workspace", "queued_at")
    search_fields = ("=event__id", "=thread_id", "subscription__callback_url")
    list_select_related = ("event", "subscription")
    ordering = ("-queued_at", "-pk")
    show_full_result_count = False

    @admin.display(description="event", ordering="event__event_type")
    def event_type(self, row: WebhookDelivery) -> str:
        """What happened."""
        return row.event.event_type

    @admin.display(description="what became of it", ordering="status")
    def fate(self, row: WebhookDelivery) -> str:
        """The status in words, with the reason if there is one."""
        return in_words(row)
