"""Admin pages of what is kept in versions: each save that changes it makes one, and any of them can be restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from approvals.adminforms.refusals import REFUSALS
from approvals.configfile.writing import difference
from approvals.models import Person
from intents import clock
from intents.admin_base import Kept
from intents.services.configuration import record_differences, snapshot


@dataclass(frozen=True)
class Shown:
    """One version on the page: what it changed of the one before it, as a unified diff of YAML."""

    number: int
    author: str
    at: Any
    changed: tuple[tuple[str, str], ...]


class Versioned(Kept):
    """`version_model` holds the bodies, `parent` is its name for the row; `write` makes a new version."""

    version_model: ClassVar[type[Model]]
    parent: ClassVar[str]
    change_form_template = "admin/versioned_form.html"

    def write(self, row: Any, body: dict[str, Any], author: Person | None) -> Any:
        """Save this body as the newest; a refusal in words otherwise. The caller records it."""
        raise NotImplementedError

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Others refer to it by its name."""
        return ["workspace", "name", "version"] if obj else ["version"]

    def get_urls(self) -> list[Any]:
        """The page of versions."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_versions"
        return [
            path("<path:pk>/versions/", self.admin_site.admin_view(self.versions_view), name=name),
            *super().get_urls(),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A changed body is a new version; otherwise only the row's own fields change."""
        form.said_before = snapshot(self._stored(obj.pk))
        body = form.cleaned_data["body"]
        if change and body == self.newest(obj):
            obj.save()
            return
        saved = self.write(obj, body, author_of(request))
        obj.pk, obj.version = saved.pk, saved.version
        obj._state.adding = False

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """A check is no error."""
        if getattr(context["adminform"].form, "consequences", None) is not None:
            context["errors"] = None
        return super().render_change_form(request, context, *args, **kwargs)

    def newest(self, row: Any) -> dict[str, Any] | None:
        """What it says now."""
        return self._bodies(row).get(row.version)

    def versions_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """All versions, the newest first; POST restores one of them as a new version."""
        row = get_object_or_404(self.model, pk=pk)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            return self._restore(request, row)
        context = self.admin_site.each_context(request) | {
            "title": f"Versions of {row}",
            "opts": self.opts,
            "row": row,
            "now": clock.now(),
            "versions": self._shown(row),
            "may_change": self.has_change_permission(request, row),
        }
        return TemplateResponse(request, "admin/versions.html", context)

    def _restore(self, request: HttpRequest, row: Any) -> HttpResponse:
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        number = request.POST.get("number", "")
        body = self._bodies(row).get(int(number)) if number.isdecimal() else None
        if body is None:
            messages.error(request, "There is no such version.")
        else:
            self._write_again(request, row, body, number)
        return redirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_versions", args=[row.pk]))

    def _write_again(self, request: HttpRequest, row: Any, body: dict[str, Any], number: str) -> None:
        author, before = author_of(request), snapshot(self._stored(row.pk))
        try:
            with transaction.atomic():
                saved = self.write(row, body, author)
                record_differences(author.actor if author else "", before, snapshot(self._stored(row.pk)))
        except REFUSALS as error:
            messages.error(request, f"Version {number} cannot be restored: {error}")
        else:
            messages.success(request, f"Version {number} is restored, as version {saved.version}.")

    def _rows(self, row: Any) -> list[Any]:
        rows = self.version_model._default_manager.filter(**{self.parent: row})
        return list(rows.select_related("author").order_by("number"))

    def _bodies(self, row: Any) -> dict[int, dict[str, Any]]:
        return {version.number: version.body for version in self._rows(row)}

    def _shown(self, row: Any) -> list[Shown]:
        shown: list[Shown] = []
        before: dict[str, Any] = {}
        for version in self._rows(row):
            lines = difference(before, version.body).splitlines()[2:]
            author = version.author.name if version.author else "the server or an operator"
            changed = tuple((TONES.get(line[:1], ""), line) for line in lines)
            shown.append(Shown(version.number, author, version.created_at, changed))
            before = version.body
        return shown[::-1]


TONES = {"+": "plus", "-": "minus", "@": "place"}


def author_of(request: HttpRequest) -> Person | None:
    """Who is signed in."""
    return request.user if isinstance(request.user, Person) else None
