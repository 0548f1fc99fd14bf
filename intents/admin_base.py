"""What the admin's pages of all apps are made of: rows to look at only, and rows whose changes are recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from intents import clock
from intents.services.configuration import Rows, record_differences, recorded, snapshot

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin = admin.ModelAdmin
    Inline = admin.TabularInline


def nobody(*_: object, **__: object) -> bool:
    """A permission that no one has."""
    return False


def pretty(value: Any) -> SafeString:
    """JSON, indented, as preformatted text."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


class ReadOnly(Admin):
    """Rows that only the program writes: nobody adds, changes or deletes any."""

    has_add_permission = has_change_permission = has_delete_permission = nobody
    show_full_result_count = False


class ReadOnlyInline(Inline):
    """The same, inside another page."""

    has_add_permission = has_change_permission = has_delete_permission = nobody
    extra = 0
    can_delete = False


class Recorded(Admin):
    """Whatever is made, changed or deleted here enters the chains of its workspaces, in the same transaction.

    The page's own row, what it refers to, and the rows of its inlines; also several rows at once.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What the row says before."""
        form.said_before = snapshot(self._stored(obj.pk))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Django calls this last, after the row itself was saved."""
        inlines = [_rows_of(formset) for formset in formsets if formset.has_changed()]
        before = form.said_before | snapshot(*inlines)
        super().save_related(request, form, formsets, change)
        after = snapshot(self._stored(form.instance.pk), *inlines)
        record_differences(actor_of(request), before, after)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """One row."""
        with recorded(actor_of(request), self._stored(obj.pk)):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The chosen rows."""
        with recorded(actor_of(request), self._stored(*queryset.values_list("pk", flat=True))):
            super().delete_queryset(request, queryset)

    def _stored(self, *pks: Any) -> Rows:
        return lambda: self.model._base_manager.filter(pk__in=pks)


def _rows_of(formset: Any) -> Rows:
    """All rows of an inline."""
    return lambda: formset.model._base_manager.filter(**{formset.fk.name: formset.instance})


def actor_of(request: HttpRequest) -> str:
    """How records name whoever is signed in."""
    return f"person:{request.user.get_username()}"


def revoke_all(request: HttpRequest, rows: QuerySet[Any]) -> int:
    """Revoke the chosen keys or tokens that are not revoked yet; how many that were."""
    chosen = rows.model._base_manager.filter(pk__in=list(rows.values_list("pk", flat=True)))
    with recorded(actor_of(request), chosen.all, verb="revoked"):
        return int(chosen.filter(revoked_at=None).update(revoked_at=clock.now()))


class Kept(Recorded):
    """Rows that may be made and changed, but not deleted: the history refers to them."""

    has_delete_permission = nobody
