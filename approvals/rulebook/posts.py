"""Where else a gate's request is posted: places such as `slack:#deploys`, where several people read it."""

from __future__ import annotations

import re
from typing import Any

from approvals.rulebook.words import RuleRefused, check_texts

MOST_PLACES = 10
_PLACE = re.compile(r"[a-z][a-z0-9_]{0,15}:\S{1,90}")


def check_post(value: Any, where: str) -> None:
    """Names of places. Whether they exist is seen elsewhere."""
    check_texts(value, where, '["slack:#deploys"]')
    if len(value) > MOST_PLACES:
        raise RuleRefused(f"{where} lists at most {MOST_PLACES} places.")
    for name in value:
        if not _PLACE.fullmatch(name):
            raise RuleRefused(f"{where} names {name!r}; write a place such as slack:#deploys.")
