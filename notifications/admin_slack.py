"""Slack apps, links and messages, for looking at. Apps are set up at /setup/slack, links by their people."""

from __future__ import annotations

from django.contrib import admin

from intents.admin_base import ReadOnly
from notifications.models import SlackInstallation, SlackLink, SlackMessage, SlackRoom


@admin.register(SlackInstallation)
class SlackInstallationAdmin(ReadOnly):
    """Which workspace speaks to which Slack team, and what is wrong."""

    list_display = (
        "workspace",
        "team_name",
        "team_id",
        "app_id",
        "secrets_at",
        "fault",
        "heard_at",
        "listened_at",
        "socket_fault",
    )
    list_select_related = ("workspace",)
    exclude = ("sealed_bot_token", "sealed_signing_secret", "sealed_app_token")


@admin.register(SlackRoom)
class SlackRoomAdmin(ReadOnly):
    """To which channels requests may be posted, and what is wrong. They are added at /setup/slack."""

    list_display = ("name", "slack_name", "workspace", "channel_id", "is_private", "is_shared", "fault", "fault_at")
    list_filter = ("workspace",)
    list_select_related = ("workspace",)


@admin.register(SlackLink)
class SlackLinkAdmin(ReadOnly):
    """Whose Slack account is whose."""

    list_display = ("person", "user_name", "team_name", "linked_at", "ended_at")
    list_filter = ("team_name",)
    list_select_related = ("person",)
    search_fields = ("person__email", "=user_id", "user_name")


@admin.register(SlackMessage)
class SlackMessageAdmin(ReadOnly):
    """Which messages stand where, and whether they are true."""

    list_display = ("posted_at", "delivery", "channel", "ts", "due_at", "gone", "why")
    list_select_related = ("delivery",)
    search_fields = ("=intent__id", "=gate_id", "=channel")
    ordering = ("-posted_at", "-pk")
    show_full_result_count = False
