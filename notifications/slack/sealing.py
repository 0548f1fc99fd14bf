"""The tokens and secrets of Slack apps, sealed."""

from __future__ import annotations

from notifications.sealing import Sealer

SEALER = Sealer(b"countersign: secrets of Slack, 1")
