"""Whether anything stands in Slack about an intent: mostly asked before there is."""

from __future__ import annotations

from intents.prepared import Prepared
from notifications.models import SlackMessage

STANDS = Prepared(lambda intent: SlackMessage.objects.filter(intent=intent, gone=False)[:1])
