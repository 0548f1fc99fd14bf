"""What the forms of gates, steps and layers have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

Groups = tuple[tuple[str, tuple[str, ...]], ...]


class PartForm(forms.Form):
    """One of several parts of a body. `GROUPS`: titles and fields as the page shows them; the first is always open."""

    GROUPS: ClassVar[Groups] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_required_attribute = False

    def body(self) -> dict[str, Any]:
        """The part as it is stored; what is left empty is not in it."""
        raise NotImplementedError

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields for the page."""
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    @property
    def is_filled(self) -> bool:
        """True if this is a part at all, and not the empty form for one more."""
        return self.has_changed() or bool(self.initial)


def bodies_of(parts: Any) -> list[dict[str, Any]]:
    """What the valid forms say, without those that are to be removed."""
    return [form.body() for form in parts if form.is_filled and not form.cleaned_data.get("DELETE")]
