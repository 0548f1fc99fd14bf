"""What a message says, on whatever channel: server facts first, program text apart from them and marked as such."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.text import Row


@dataclass(frozen=True)
class Fact:
    """Something that the server knows, e.g. "Workspace": "acme/production". `minor`: for who looks twice."""

    label: str
    value: str
    minor: bool = False


@dataclass(frozen=True)
class Quote:
    """Words that a program wrote, or the person `by`. Shown quoted, with who wrote them, and never as a link."""

    label: str
    text: str
    by: str = ""


@dataclass(frozen=True)
class Table:
    """Values that a program wrote, as rows. `left_out` says in words what did not fit; "" if all is there."""

    title: str
    rows: tuple[Row, ...]
    left_out: str = ""


@dataclass(frozen=True)
class Content:
    """The view model of a message. `template` names the pair of mail templates that fits it; `policy` is the admin's.

    `decide_url` is its reader's own and goes into their mail alone, "" elsewhere; `yes_by_link`: it takes a yes.
    `push` is what a phone shows of it.
    """

    template: str
    subject: str
    headline: str
    reason: str
    facts: tuple[Fact, ...]
    url: str
    link: str
    decide_url: str = ""
    push: str = ""
    author: str = ""
    quotes: tuple[Quote, ...] = ()
    tables: tuple[Table, ...] = ()
    progress: tuple[str, ...] = ()
    silence: str = ""
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    policy: Quote | None = None
    yes_by_link: bool = False
    conditions: tuple[str, ...] = ()
