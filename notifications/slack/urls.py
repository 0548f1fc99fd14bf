"""The addresses of Slack's set-up and of linking accounts."""

from __future__ import annotations

from django.urls import path

from notifications.slack import account, roomsetup, setup
from notifications.slack.inbound import views

urlpatterns = [
    path("slack/events", views.events),
    path("slack/interactions", views.interactions),
    path("slack/commands", views.commands),
    path("setup/slack", setup.setup, name="slack_setup"),
    path("setup/slack/remove", setup.remove, name="slack_remove"),
    path("setup/slack/channels", roomsetup.add, name="slack_room_add"),
    path("setup/slack/channels/remove", roomsetup.remove, name="slack_room_remove"),
    path("account/slack", account.account, name="slack_account"),
    path("account/slack/code", account.make_code, name="slack_code"),
    path("account/slack/confirm", account.confirm_link, name="slack_confirm"),
    path("account/slack/unlink", account.unlink_account, name="slack_unlink"),
]
