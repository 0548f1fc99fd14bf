"""People, teams and rights in the admin. Gates and policies are registered by the modules beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from approvals import (
    admin_absences,
    admin_chains,
    admin_gates,
    admin_overrides,
    admin_policies,
    admin_schedules,
)
from approvals.admin_offboarding import off_board_all
from approvals.models import ApprovalSettings, Membership, Person, PersonalToken, Team
from approvals.services.people import recording_passwords
from approvals.views.signin import admin_sign_in, sign_out
from intents.admin_base import Kept, ReadOnly, Recorded, actor_of, nobody, revoke_all

if TYPE_CHECKING:
    Inline = admin.TabularInline[Any, Any]
else:
    Inline = admin.TabularInline

__all__ = [
    "admin_absences",
    "admin_chains",
    "admin_gates",
    "admin_overrides",
    "admin_policies",
    "admin_schedules",
]

admin.site.site_header = admin.site.site_title = "Countersign admin"
admin.site.index_title = "Everything that can be seen and set"
admin.site.login = admin_sign_in  # type: ignore[method-assign]  # one throttled door for all
admin.site.logout = sign_out  # type: ignore[method-assign, assignment]
admin.site.unregister(Group)
djangos_password_change = admin.site.password_change


def own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
    """Django's page for one's own password; the chains of one's workspaces say that it changed."""
    with recording_passwords(actor_of(request), request.user.pk):
        return djangos_password_change(request, extra_context)


admin.site.password_change = own_password  # type: ignore[method-assign]


class MembershipInline(Inline):
    """Where the person is a member, and what they may do there."""

    model = Membership
    extra = 0


@admin.register(Person)
class PersonAdmin(Recorded, UserAdmin):  # type: ignore[type-arg]  # generic only in its stubs
    """Who can sign in. Deactivate people who leave; the history keeps their names, so nobody is deleted."""

    list_display = ("name", "email", "is_active", "is_staff", "is_sample", "last_login")
    list_filter = ("is_active", "is_staff", "memberships__workspace")
    search_fields = ("name", "email")
    ordering = ("name",)
    inlines = (MembershipInline,)
    fieldsets = (
        (None, {"fields": ("name", "email", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "user_permissions")}),
        ("Dates", {"fields": ("joined_at", "last_login", "is_sample")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "email", "password1", "password2")}),)
    readonly_fields = ("joined_at", "last_login", "is_sample")
    filter_horizontal = ("user_permissions",)
    actions = ("off_board",)
    has_delete_permission = nobody

    @admin.action(description="Off-board the selected people", permissions=["change"])
    def off_board(self, request: HttpRequest, rows: QuerySet[Person]) -> HttpResponse | None:
        """A page between shows what will be mended."""
        return off_board_all(request, rows)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Somebody else's password, set here."""
        with recording_passwords(actor_of(request), id):
            return super().user_change_password(request, id, form_url)


@admin.register(Membership)
class MembershipAdmin(Kept):
    """Rights in a workspace. Deactivating one takes effect at once, on open gates too."""

    list_display = ("person", "workspace", "is_active", "can_decide", "can_break_glass", "is_admin")
    list_filter = ("workspace", "is_active", "can_decide", "is_admin")
    list_select_related = ("person", "workspace")
    search_fields = ("person__name", "person__email")
    autocomplete_fields = ("person",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A membership stays whose it is."""
        return ["person", "workspace"] if obj else []


@admin.register(Team)
class TeamAdmin(Recorded):
    """Lists of people. Policies name them as `team:name`."""

    list_display = ("name", "workspace", "members")
    list_filter = ("workspace",)
    search_fields = ("name",)
    filter_horizontal = ("people",)

    @admin.display
    def members(self, row: Team) -> str:
        """The names."""
        return ", ".join(row.people.values_list("name", flat=True)) or "nobody"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the workspace, which each row shows."""
        return super().get_queryset(request).select_related("workspace")


@admin.register(ApprovalSettings)
class ApprovalSettingsAdmin(Kept):
    """What happens to intents that no policy matches."""

    list_display = ("workspace", "unmatched", "default_approvers")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """They stay with their workspace."""
        return ["workspace"] if obj else []


@admin.register(PersonalToken)
class PersonalTokenAdmin(ReadOnly):
    """People's own credentials, never their secrets. They can be revoked here, and nothing else."""

    list_display = ("name", "person", "workspace", "can_decide", "expires_at", "revoked_at")
    list_filter = ("workspace", "can_decide", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("person", "workspace")
    search_fields = ("name", "person__email")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, rows: QuerySet[PersonalToken]) -> None:
        """From now on they open nothing."""
        count = revoke_all(request, rows)
        self.message_user(request, f"{count} token{'' if count == 1 else 's'} revoked.", messages.SUCCESS)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may change tokens."""
        return request.user.has_perm("approvals.change_personaltoken")
