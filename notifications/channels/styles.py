"""The style sheet of a mail, moved into its elements: many mail clients read no other. Pure.

Only the rules for dark rooms stay a sheet; without them a client shows the light ones, or turns the colours itself.
"""

from __future__ import annotations

from css_inline import CSSInliner

INLINER = CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
"""It fetches nothing: what a program wrote is escaped, and could name no sheet if it were not."""


def inlined(html: str) -> str:
    """The same mail with its styles in place."""
    return INLINER.inline(html)
