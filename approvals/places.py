"""Places that a gate's `post` names, such as `slack:#deploys`. A higher app knows which there are, and registers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

FindTrouble = Callable[[UUID, Collection[str]], dict[str, str]]
"""Those of these places to which nothing could be posted from this workspace, each with a sentence."""
_finders: list[FindTrouble] = []


def register_places(find: FindTrouble) -> None:
    """Let `find` say what is wrong with places."""
    _finders[:] = [find]


def trouble_with(workspace_id: UUID, names: Collection[str]) -> dict[str, str]:
    """What is wrong with these, by name. Nothing is asked where none is named."""
    return _finders[0](workspace_id, names) if names and _finders else {}
