"""Who may call an endpoint: each view declares it per method, and `ApiView` asks before anything else is done."""

from __future__ import annotations

from dataclasses import dataclass

from intents.errors import DomainError, Forbidden
from intents.principal import Principal

SCOPES = ("send", "work", "provision")
MEMBER, DECIDER, ADMINISTRATOR = "member", "decider", "admin"
MACHINE = "Only a person decides: send a personal token as Authorization: Bearer."
MAY_NOT_DECIDE = "This token may not decide. Make one with the right to decide."


@dataclass(frozen=True)
class Access:
    """Anybody (`public`), or a key with one of `scopes`, or a person (`right`: member, decider, admin)."""

    scopes: tuple[str, ...] = ()
    right: str = ""
    public: bool = False

    def check(self, principal: Principal | None) -> None:
        """Forbidden unless the key or the person of this principal may call; which rows they see comes later."""
        if self.public or (principal is not None and (self._by_key(principal) or self._by_person(principal))):
            return
        raise self._refusal(principal)

    @property
    def words(self) -> str:
        """As docs/api.md says it."""
        key = ["key"] if self.scopes == SCOPES else [f"`{scope}`" for scope in self.scopes]
        person = {"": [], MEMBER: ["person"], DECIDER: ["person who decides"], ADMINISTRATOR: ["admin"]}[self.right]
        return "anybody" if self.public else ", ".join(key + person)

    def _by_key(self, principal: Principal) -> bool:
        return any(principal.has(scope) for scope in self.scopes)

    def _by_person(self, principal: Principal) -> bool:
        person = principal.person
        if person is None:
            return False
        return {"": False, MEMBER: True, DECIDER: person.can_decide, ADMINISTRATOR: person.is_admin}[self.right]

    def _refusal(self, principal: Principal | None) -> DomainError:
        """What to use instead. Where people alone may call, a machine is told so."""
        is_person = principal is not None and principal.person is not None
        if self.right == DECIDER and is_person:
            return Forbidden(MAY_NOT_DECIDE, code="invalid_actor_scope")
        if self.right == DECIDER:
            return Forbidden(MACHINE, code="human_step")
        if not self.scopes and not is_person:
            return Forbidden("This is for people: send a personal token as Bearer.", code="missing_actor_token")
        wanted = [f"an API key with the scope '{scope}'" for scope in self.scopes]
        wanted += ["an admin's personal token"] if self.right == ADMINISTRATOR else []
        wanted += ["a personal token"] if self.right == MEMBER else []
        return Forbidden(f"This needs {' or '.join(wanted)}.", code="invalid_scope")


ANYBODY = Access(public=True)
KEY_OR_PERSON = Access(SCOPES, MEMBER)
SEND = Access(("send",))
WORK = Access(("work",))
SEND_OR_WORK = Access(("send", "work"))
SEND_OR_PERSON = Access(("send",), MEMBER)
SEND_OR_ADMIN = Access(("send",), ADMINISTRATOR)
SEND_WORK_OR_PERSON = Access(("send", "work"), MEMBER)
WORK_OR_PERSON = Access(("work",), MEMBER)
PROVISION_OR_ADMIN = Access(("provision",), ADMINISTRATOR)
PERSON = Access(right=MEMBER)
PERSON_WHO_DECIDES = Access(right=DECIDER)
ADMIN = Access(right=ADMINISTRATOR)
