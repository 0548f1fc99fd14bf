"""People: who they are, where they are members, in which teams, and how they prove it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models

from approvals.chains.checking import check_channels
from approvals.rulebook.words import RuleRefused
from intents import clock
from intents.ids import new_id
from intents.models import Workspace


class PersonManager(BaseUserManager["Person"]):
    """Makes people; e-mail addresses are compared in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """A person with this address. Without a password they cannot sign in by one."""
        person = self.model(email=email.strip().lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Person:
        """A person who may use the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Person:
        """Sign-in looks people up without regard to case."""
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who can sign in. What they may do is in their `Membership` of a workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="May open the admin.")
    is_sample = models.BooleanField(default=False, help_text="Made by the first start; never mailed for real.")
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Open gates hear of it soon after if this person is deactivated, or active again."""
        is_new, fields = self._state.adding, kwargs.get("update_fields")
        super().save(*args, **kwargs)
        if not is_new and (fields is None or "is_active" in fields):
            self.memberships.update(unsettled_since=clock.now())

    def clean(self) -> None:
        """Addresses are kept in lower case, also from the admin: one mailbox is one person with one vote."""
        super().clean()
        self.email = self.email.strip().lower()

    @property
    def ref(self) -> str:
        """The opaque id by which the lower app knows this person."""
        return str(self.id)

    @property
    def actor(self) -> str:
        """How records name this person."""
        return f"person:{self.email}"

    def recorded_in(self) -> set[uuid.UUID]:
        """Where they are a member; whoever may open the admin concerns every workspace."""
        if self.is_staff or self.is_superuser:
            return set(Workspace.objects.values_list("pk", flat=True))
        return set(self.memberships.values_list("workspace_id", flat=True))


class Membership(models.Model):
    """A person's rights in one workspace. Eligible to decide = active person, active membership, `can_decide`.

    `unsettled_since`: it changed, and open gates have not all heard of it yet.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    is_active = models.BooleanField(default=True)
    can_decide = models.BooleanField(default=True)
    can_break_glass = models.BooleanField(default=False)
    is_admin = models.BooleanField(default=False)
    channels = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        help_text='On which channels this person is told, and how many seconds later, as in ["slack", {"email": 600}]. '
        "Empty: on all that there are. A chain's step may say otherwise.",
    )
    unsettled_since = models.DateTimeField(null=True, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "workspace"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.person.email} in {self.workspace}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Open gates hear of it soon after if this person may not decide by it, or may again."""
        if not self._state.adding:
            self.unsettled_since = clock.now()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Channels are written as in a step of a chain."""
        super().clean()
        try:
            check_channels(self.channels, "channels")
        except RuleRefused as error:
            raise ValidationError({"channels": str(error)}) from error


class Team(models.Model):
    """A list of people in a workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="teams")
    name = models.SlugField(max_length=63)
    people = models.ManyToManyField(Person, related_name="teams", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="team_name")]

    def __str__(self) -> str:
        return f"team:{self.name}"


class PersonalToken(models.Model):
    """A person's own credential for the API and the CLI: at most 90 days, and deciding only if asked for."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=120)
    can_decide = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SignInLink(models.Model):
    """A link that signs its person in once, from loopback, within 15 minutes. Only the first start makes one."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
