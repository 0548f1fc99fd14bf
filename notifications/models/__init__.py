"""What is told to whom, and how that went."""

from notifications.models.delivery import (
    ASKS,
    EMAIL,
    WEBHOOK,
    ChannelAccount,
    Delivery,
    DeliveryStatus,
    KeptMail,
    Purpose,
)
from notifications.models.mail import LinkGeneration
from notifications.models.webhook import InboxWatch, WebhookDelivery, WebhookEvent, WebhookSubscription

__all__ = [
    "ASKS",
    "EMAIL",
    "WEBHOOK",
    "ChannelAccount",
    "Delivery",
    "DeliveryStatus",
    "InboxWatch",
    "KeptMail",
    "LinkGeneration",
    "Purpose",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookSubscription",
]
