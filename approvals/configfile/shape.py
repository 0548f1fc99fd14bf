"""The sections of a configuration file, and their outer shapes; what is inside is checked where it is saved. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from approvals.configfile.reading import Path

SETTINGS: dict[str, type] = {"unmatched": str, "default_approvers": list, "changers_wait": bool}
NAMED = ("teams", "schedules", "chains")
SECTIONS = ("settings", *NAMED, "policies")
ORDERED = "policies"


def faults_of(document: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each place that has another shape than a configuration file, with a sentence."""
    for section, content in document.items():
        if section not in SECTIONS:
            yield (section,), f"There is no section {section!r}; there are {', '.join(SECTIONS)}."
        elif section == "settings":
            yield from _settings(content)
        elif section == ORDERED:
            yield from _policies(content)
        else:
            yield from _named(section, content)


def body_of(entry: dict[str, Any]) -> dict[str, Any]:
    """A policy's own body: without its name and its switch, which stand beside it in the file."""
    return {key: value for key, value in entry.items() if key not in ("name", "active")}


def _settings(content: Any) -> Iterator[tuple[Path, str]]:
    if not isinstance(content, dict):
        yield ("settings",), f"settings is a mapping of {', '.join(SETTINGS)}."
        return
    for name, value in content.items():
        wanted = SETTINGS.get(name)
        if wanted is None:
            yield ("settings", name), f"There is no setting {name!r}; there are {', '.join(SETTINGS)}."
        elif not _is(value, wanted):
            yield ("settings", name), f"{name} has to be {_WORDS[wanted]}."


def _named(section: str, content: Any) -> Iterator[tuple[Path, str]]:
    if not isinstance(content, dict):
        yield (section,), f"{section} is a mapping: each name, and what it says."
        return
    inner = list if section == "teams" else dict
    for name, body in content.items():
        if not _is(body, inner):
            yield (section, name), f"{name!r} has to be {_WORDS[inner]}."


def _policies(content: Any) -> Iterator[tuple[Path, str]]:
    if not isinstance(content, list):
        yield ("policies",), "policies is a list; the first match decides."
        return
    seen: set[str] = set()
    for number, entry in enumerate(content):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(entry.get("active", True), bool):
            yield (
                ("policies", number),
                "A policy is a mapping with name, active (true or false), match, action, gates.",
            )
        elif name in seen:
            yield ("policies", number), f"The policy {name!r} stands here twice."
        else:
            seen.add(name)


def _is(value: Any, wanted: type) -> bool:
    """Lists are lists of texts."""
    if isinstance(value, list):
        return wanted is list and all(isinstance(item, str) for item in value)
    return isinstance(value, wanted)


_WORDS: dict[type, str] = {str: "a text", list: "a list of texts", bool: "true or false", dict: "a mapping"}
