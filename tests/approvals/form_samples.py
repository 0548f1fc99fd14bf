"""Forms that several tests share."""

from typing import Any

Schema = dict[str, Any]


def form(required: list[str] | None = None, /, **properties: Any) -> Schema:
    return {"type": "object", "required": required or [], "properties": properties}


CHANGE = form(
    ["approval", "approved"],
    approved={"type": "boolean"},
    approval={
        "type": "object",
        "required": ["limit"],
        "additionalProperties": False,
        "properties": {
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "due": {"type": "string", "format": "date"},
        },
    },
    hosts={"type": "array", "uniqueItems": True, "maxItems": 3, "items": {"type": "string", "pattern": "^[a-z0-9-]+$"}},
    tier={"enum": ["gold", "silver"]},
)
