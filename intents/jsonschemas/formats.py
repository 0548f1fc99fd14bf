"""The formats that are enforced. A format that is not listed here is a hint, as JSON Schema 2020-12 has it."""

from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv6Address

from intents.jsonschemas.patterns import compiled

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"


def _like(pattern: str) -> Callable[[str], bool]:
    program = compiled(pattern)
    return lambda text: program.search(text.encode()) is not None


def _parsed_by(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def parses(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return parses


_has_date = _parsed_by(date.fromisoformat)
_date_like = _like(_DATE)
_date_time_like = _like(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]" + _TIME)
_uri = _like(r'^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`\x00-\x1f]+$')
_email = _like(r"^[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+$")

FORMATS: dict[str, tuple[Callable[[str], bool], str]] = {
    "date": (lambda text: _date_like(text) and _has_date(text), "must be a date, such as 2026-01-31"),
    "date-time": (
        lambda text: _date_time_like(text) and _has_date(text[:10]),
        "must be a date and time with its offset, such as 2026-01-31T14:00:00Z",
    ),
    "time": (_like("^" + _TIME), "must be a time with its offset, such as 14:00:00Z"),
    "email": (_email, "must be an e-mail address"),
    "idn-email": (_email, "must be an e-mail address"),
    "uri": (_uri, "must be a full address, such as https://example.org/page"),
    "iri": (_uri, "must be a full address, such as https://example.org/page"),
    "uuid": (_like(r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"), "must be a UUID"),
    "ipv4": (_parsed_by(IPv4Address), "must be an IPv4 address"),
    "ipv6": (_parsed_by(IPv6Address), "must be an IPv6 address"),
}
