"""The secrets of webhooks, sealed."""

from __future__ import annotations

from notifications.sealing import Sealer, Unreadable

__all__ = ["Unreadable", "reseal", "seal", "unseal"]

_SEALER = Sealer(b"countersign: secrets of webhooks, 1")
seal, unseal, reseal = _SEALER.seal, _SEALER.unseal, _SEALER.reseal
