"""Writing a configuration file, the same for the same rules, and what differs between two of them. Pure."""

from __future__ import annotations

from difflib import unified_diff
from typing import Any

import yaml

from approvals.configfile.dialect import CoreDumper


def write(document: dict[str, Any]) -> str:
    """The document as YAML, names in the order in which they are given."""
    return str(
        yaml.dump(document, Dumper=CoreDumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    )


def difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    """A unified diff of both as they are written; "" if they say the same."""
    old, new = (write(document).splitlines(keepends=True) for document in (before, after))
    return "".join(unified_diff(old, new, "now", "file", n=2))
