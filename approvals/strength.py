"""How sure it is who gives an answer, and what that is enough for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LINK = "link"
SIGN_IN_TO_ACCEPT = "The link in a mail can refuse, and not accept: sign in, then accept."


def link_accepts(terms: Mapping[str, Any]) -> bool:
    """True if a yes may come by the link in a mail: only where the policy says so, of a low risk."""
    return terms.get("strength") == LINK and terms.get("risk") == "low"
