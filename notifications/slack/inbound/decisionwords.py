"""Does a text sound as if somebody wanted to decide by typing? Pure."""

from __future__ import annotations

import re

FIRST = frozenset(
    ("approve", "approved", "approving", "accept", "lgtm", "reject", "rejected", "deny", "denied", "decline", "confirm")
)
YES = frozenset(
    ("ok", "okay", "k", "y", "yes", "yep", "yeah", "sure", "go", "accepted", "agree", "agreed", "confirmed")
)
NO = frozenset(("no", "n", "nope", "declined", "refuse", "refused"))
SIGNS = frozenset(("+1", "-1", "thumbsup", "thumbsdown", "done", "submit", "👍", "👎", "✅", "❌"))
WHOLE = FIRST | YES | NO | SIGNS
PHRASES = frozenset(("go ahead", "ship it", "looks good", "looks good to me", "do it", "go for it", "sounds good"))
EDGES = re.compile(r"^[\s:*_~`'\"<(\[]+|[\s:*_~`'\".,!?;>)\]]+$")
FILLERS = frozenset(("please", "thanks", "thx", "from", "me", "i", "it", "this", "that"))


def sounds_like_an_answer(text: str) -> bool:
    """True for `approve`, `OK!`, `yes please`, `lgtm, thanks`, `:+1:`; not for a sentence that begins otherwise."""
    words = [EDGES.sub("", word) for word in text.lower().replace(",", " ").split()[:8]]
    words = [word for word in words if word]
    if not words:
        return False
    if words[0] in FIRST or " ".join(words) in PHRASES:
        return True
    meant = [word for word in words if word not in FILLERS]
    return bool(meant) and all(word in WHOLE for word in meant)
