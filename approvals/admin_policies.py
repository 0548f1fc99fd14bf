"""Policies in the admin: JSON in a text area, checked in words, and every save is a version of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.safestring import SafeString

from approvals.models import Person, Policy, PolicyVersion, Terms
from approvals.rules import RuleRefused, check_body
from approvals.services.policies import check_workspace, write_version
from intents.admin_base import Kept, ReadOnly, ReadOnlyInline, pretty
from intents.models import Workspace
from intents.services.configuration import snapshot
from intents.strictjson import JsonRefused, parse

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Policy]
else:
    ModelForm = forms.ModelForm

EXAMPLE = {
    "match": {"types": ["intent.infra.*"]},
    "action": "require",
    "gates": [{"place": "after", "requirement": [{"who": ["team:sre"], "need": 1}], "deadline": 3600}],
}


class PolicyForm(ModelForm):
    """The row's own fields, and what the newest version says."""

    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 22, "cols": 100, "spellcheck": "false", "class": "vLargeTextField code"}),
        help_text="JSON: match, action (require, approve or deny) and gates. Saving makes a new version; gates that "
        "are open keep the version that they were opened with.",
        strip=False,
    )

    class Meta:
        model = Policy
        fields = ("workspace", "name", "position", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].initial = json.dumps(body_of(self.instance), indent=2, ensure_ascii=False)

    def clean_body(self) -> Any:
        """The parsed body, if it has the shape of a policy."""
        try:
            body = parse(self.cleaned_data["body"].encode())
        except JsonRefused as error:
            raise ValidationError(f"This is not JSON that can be read: {error}") from error
        _refused_in_words(lambda: check_body(body))
        return body

    def clean(self) -> dict[str, Any] | None:
        """Whether somebody can ever meet each line, which depends on the workspace."""
        cleaned = super().clean()
        workspace = self.cleaned_data.get("workspace") or self._workspace()
        if workspace is not None and "body" in self.cleaned_data:
            try:
                _refused_in_words(lambda: check_workspace(workspace, self.cleaned_data["body"]))
            except ValidationError as error:
                self.add_error("body", error)
        return cleaned

    def _workspace(self) -> Workspace | None:
        return None if self.instance._state.adding else self.instance.workspace


class VersionInline(ReadOnlyInline):
    """All that the policy ever said, newest first."""

    model = PolicyVersion
    fields = ("number", "author", "created_at", "said")
    readonly_fields = fields
    ordering = ("-number",)

    @admin.display(description="what it said")
    def said(self, row: PolicyVersion) -> SafeString:
        """The body."""
        return pretty(row.body)


@admin.register(Policy)
class PolicyAdmin(Kept):
    """The ordered list: the first match decides. Switch a policy off instead of deleting it."""

    form = PolicyForm
    list_display = ("name", "position", "does", "types", "is_active", "version", "workspace")
    list_filter = ("workspace", "is_active")
    list_select_related = ("workspace",)
    search_fields = ("name",)
    inlines = (VersionInline,)
    readonly_fields = ("version",)
    fields = ("workspace", "name", "position", "is_active", "body", "version")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """History and gates refer to a policy by its name."""
        return ["workspace", "name", "version"] if obj else ["version"]

    def save_model(self, request: HttpRequest, obj: Policy, form: Any, change: bool) -> None:
        """A changed body is a new version; otherwise only the row's own fields change."""
        form.said_before = snapshot(self._stored(obj.pk))
        body = form.cleaned_data["body"]
        if change and body == body_of(obj):
            obj.save()
            return
        author = request.user if isinstance(request.user, Person) else None
        saved = write_version(obj.workspace, obj.name, body, position=obj.position, author=author)
        if saved.is_active != obj.is_active:
            Policy.objects.filter(pk=saved.pk).update(is_active=obj.is_active)
        obj.pk, obj.version = saved.pk, saved.version
        obj._state.adding = False

    @admin.display
    def does(self, row: Policy) -> str:
        """Its action and how many gates it wants."""
        body = body_of(row)
        gates = len(body.get("gates", []))
        return f"{body['action']} ({gates} gates)" if gates > 1 else str(body["action"])

    @admin.display
    def types(self, row: Policy) -> str:
        """The patterns that it matches."""
        return ", ".join(body_of(row)["match"]["types"])


@admin.register(Terms)
class TermsAdmin(ReadOnly):
    """The rules that gates were opened with, unique by content."""

    list_display = ("digest", "who")
    fields = ("digest", "said")
    readonly_fields = ("said",)

    @admin.display(description="who must agree")
    def who(self, row: Terms) -> str:
        """The requirement in one line."""
        return "; ".join(f"{entry['need']} of {', '.join(entry['who'])}" for entry in row.body["requirement"])

    @admin.display(description="terms")
    def said(self, row: Terms) -> SafeString:
        """The whole body."""
        return pretty(row.body)


def body_of(policy: Policy) -> dict[str, Any]:
    """What the newest version says; an example for a policy that has none."""
    row = PolicyVersion.objects.filter(policy_id=policy.pk, number=policy.version).first() if policy.version else None
    return row.body if row else EXAMPLE


def _refused_in_words(check: Any) -> None:
    """Run the check; a refusal becomes a sentence beside the field."""
    try:
        check()
    except RuleRefused as error:
        raise ValidationError(str(error)) from error
