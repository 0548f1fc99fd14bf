"""The one way out for everything but mail and Slack: https to public addresses, in ten seconds, without redirects."""

from notifications.outbound.client import Answer, Client, Unanswered
from notifications.outbound.target import Allowed, Refused, Target, read_url

__all__ = ["Allowed", "Answer", "Client", "Refused", "Target", "Unanswered", "read_url"]
