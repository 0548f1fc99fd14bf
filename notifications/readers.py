"""Who reads a message, by name: a person, or the channel that a post goes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from approvals.models import Person
from notifications.models import Delivery, SlackRoom


def names_of(rows: Sequence[Delivery], gone: str = "") -> Callable[[Delivery], str]:
    """What to call the reader of each of these, which are of one workspace; `gone`, or the address, if unknown."""
    people = dict(Person.objects.filter(pk__in={row.person_id for row in rows}).values_list("pk", "name"))
    posts = [row for row in rows if row.is_post]
    rooms = SlackRoom.objects.filter(workspace=posts[0].workspace_id) if posts else ()
    places = {room.address: f"#{room.name}" for room in rooms}

    def name_of(row: Delivery) -> str:
        if row.person_id is None:
            return places.get(row.address, row.address)
        return people.get(row.person_id, gone or row.address)

    return name_of
