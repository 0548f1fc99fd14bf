"""How text that a program wrote is shown, so that what a person reads is what is there."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from intents.digest import canonical
from intents.text import Step, one_line, path_text, visible

__all__ = ["Kind", "Row", "mixed_script_words", "one_line", "path_text", "payload_rows", "visible"]

Kind = Literal["text", "number", "boolean", "null", "empty"]

# Greek letters that pass for Latin ones. The others (as in Δt, λx, 5 μs) stand beside Latin in honest text.
_GREEK_LOOKALIKES = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορτυχωϲϳϹͿ")
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


@dataclass(frozen=True)
class Row:
    """One leaf of a payload: where it is, what kind it is, and its whole text."""

    path: str
    kind: Kind
    text: str


def mixed_script_words(text: str) -> list[str]:
    """The words that mix look-alike alphabets (as a Latin word with a Cyrillic letter in it), each once, in order.

    Invisible characters do not end a word, or they would hide the mix.
    """
    if text.isascii():
        return []
    words = dict.fromkeys(_words(text))
    return [word for word in words if _is_mixed(word)]


def payload_rows(value: Any) -> list[Row]:
    """Every leaf of a JSON value in its own order and in full; numbers as the digest reads them."""
    return list(_rows(value, ()))


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if character.isalnum() or unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf"):
            word += character
        elif word:
            yield word
            word = ""
    if word:
        yield word


def _is_mixed(word: str) -> bool:
    if word.isascii():
        return False
    return len({_script(character) for character in word} - {None}) > 1


@lru_cache(maxsize=4096)
def _script(character: str) -> str | None:
    """The alphabet that the character's Unicode name begins with, if it is one of those that look alike."""
    script = unicodedata.name(character, "").removeprefix("FULLWIDTH ").partition(" ")[0]
    if script == "GREEK" and unicodedata.normalize("NFD", character)[0] not in _GREEK_LOOKALIKES:
        return None
    return script if script in _SCRIPTS else None


def _rows(value: Any, steps: tuple[Step, ...]) -> Iterator[Row]:
    if isinstance(value, dict) and value:
        for name, child in value.items():
            yield from _rows(child, (*steps, name))
    elif isinstance(value, list | tuple) and value:
        for index, child in enumerate(value):
            yield from _rows(child, (*steps, index))
    else:
        kind, text = _leaf(value)
        yield Row(path_text(steps), kind, text)


def _leaf(value: Any) -> tuple[Kind, str]:
    if isinstance(value, str):
        return ("text", visible(value)) if value else ("empty", '""')
    if isinstance(value, dict | list | tuple):
        return "empty", "{}" if isinstance(value, dict) else "[]"
    if value is None:
        return "null", "null"
    if isinstance(value, bool):
        return "boolean", "true" if value else "false"
    return "number", canonical(value).decode()
