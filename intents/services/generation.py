"""Compare and set: an intent's policy generation, +1 for each change of its controls or policy."""

from __future__ import annotations

from typing import Any

from intents.errors import Conflict, Invalid
from intents.models import Intent


def check_generation(intent: Intent, body: dict[str, Any]) -> None:
    """Conflict if the caller expected another policy generation."""
    expected = body.get("expected_policy_generation")
    if expected is None:
        return
    if isinstance(expected, bool) or not isinstance(expected, int) or expected < 0:
        raise Invalid("expected_policy_generation must be a whole number of at least 0.", code="invalid_parameter")
    if expected != intent.policy_generation:
        details = {"reason": "stale_policy_generation", "policy_generation": intent.policy_generation}
        raise Conflict("The policy generation has moved on.", code="stale_policy_generation", details=details)
