"""Following a `$ref` inside its own schema."""

from typing import Any
from urllib.parse import unquote


def resolve(root: Any, ref: str) -> Any:
    """What `#/...` points to (RFC 6901 in a URI fragment), or LookupError."""
    found = root
    for step in unquote(ref[1:]).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isascii() and name.isdigit() and len(name) < 6:
            found = found[int(name)]
        elif isinstance(found, dict):
            found = found[name]
        else:
            raise LookupError(ref)
    return found
