"""What is told to whom, and how that went."""

from notifications.models.delivery import (
    ASKS,
    EMAIL,
    SLACK,
    WEBHOOK,
    ChannelAccount,
    Delivery,
    DeliveryStatus,
    KeptMail,
    Purpose,
)
from notifications.models.mail import LinkGeneration, StoppedAddress
from notifications.models.slack import (
    SlackCode,
    SlackInstallation,
    SlackLane,
    SlackLink,
    SlackMessage,
    SlackPress,
    SlackRoom,
)
from notifications.models.slackhome import SlackHome, SlackNote
from notifications.models.webhook import InboxWatch, WebhookDelivery, WebhookEvent, WebhookSubscription

__all__ = [
    "ASKS",
    "EMAIL",
    "SLACK",
    "WEBHOOK",
    "ChannelAccount",
    "Delivery",
    "DeliveryStatus",
    "InboxWatch",
    "KeptMail",
    "LinkGeneration",
    "Purpose",
    "SlackCode",
    "SlackHome",
    "SlackInstallation",
    "SlackLane",
    "SlackLink",
    "SlackMessage",
    "SlackNote",
    "SlackPress",
    "SlackRoom",
    "StoppedAddress",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookSubscription",
]
