"""How text that a program wrote is shown, so that what a person reads is what is there."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from intents.digest import canonical

Kind = Literal["text", "number", "boolean", "null", "empty"]
Step = str | int

# Unicode's default-ignorable and blank characters that are not of a hidden category: joiners, Hangul and Khmer fillers,
# Mongolian selectors, the empty Braille cell, and all of plane 14 (tags and the variation selectors supplement).
_BLANK = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
_MAY_BE_HIDDEN = re.compile(r"[^\n\t -~\u00a1-\u00ac\u00ae-\u02ff]")
_SELECTORS = range(0xFE00, 0xFE10)
_PLAIN_KEY = re.compile(r"[^\s.\[\]\"\\]+(?: [^\s.\[\]\"\\]+)*")
# Greek letters that pass for Latin ones. The others (as in Δt, λx, 5 μs) stand beside Latin in honest text.
_GREEK_LOOKALIKES = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορτυχωϲϳϹͿ")
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


@dataclass(frozen=True)
class Row:
    """One leaf of a payload: where it is, what kind it is, and its whole text."""

    path: str
    kind: Kind
    text: str


def visible(text: str) -> str:
    """The text with everything that hides, reorders or is not drawn written out, as in `⟨U+202E⟩`.

    Newlines and tabs stay; what these characters do to a reader is in Unicode's reports 36 and 9.
    """
    shown: list[str] = []
    end = 0
    text = text.replace("\r\n", "\n")
    for found in _MAY_BE_HIDDEN.finditer(text):
        at = found.start()
        if _hides(text, at):
            shown += text[end:at], f"⟨U+{ord(text[at]):04X}⟩"
            end = at + 1
    return "".join(shown) + text[end:]


def one_line(text: str, limit: int = 200) -> str:
    """At most `limit` characters on one line, for subjects and headers: no kind of line break survives."""
    line = visible(" ".join(text.split()))
    if len(line) <= limit:
        return line
    kept = line[: max(limit - 1, 0)]
    if kept.rfind("⟨") > kept.rfind("⟩"):
        kept = kept[: kept.rfind("⟨")]
    return (kept.rstrip() + "…")[:limit]


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


def path_text(steps: tuple[Step, ...]) -> str:
    """Steps as `db.tables[0].name`; a name that could be mistaken for several steps is quoted, as in `["a.b"]`."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step) and visible(step) == step:
            path += f".{step}" if path else step
        else:
            path += f"[{_quoted(step)}]"
    return path


def _quoted(name: str) -> str:
    """A name that itself contains `⟨` cannot pass for one with an escape in it."""
    return visible(json.dumps(name, ensure_ascii=False).replace("⟨", "\\u27e8"))


def _hides(text: str, at: int) -> bool:
    character = text[at]
    if ord(character) in _SELECTORS:
        return not _is_presentation(text, at)
    code = ord(character)
    return unicodedata.category(character) in _HIDDEN_CATEGORIES or code & 0xFFFE == 0xFFFE or _is_blank(character)


def _is_blank(character: str) -> bool:
    """U+FFFC and U+FFFD are drawn; their neighbours and the noncharacters U+FDD0 to U+FDEF are not."""
    if character in "\ufffc\ufffd":
        return False
    return _BLANK.match(character) is not None or "\ufdd0" <= character <= "\ufdef"


def _is_presentation(text: str, at: int) -> bool:
    """Selectors 15 and 16 may follow a symbol once (an emoji); elsewhere selectors only smuggle data."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] not in "\ufe0e\ufe0f" or not before:
        return False
    if before.isascii():
        return before in "#*0123456789" and after == "\u20e3"
    return unicodedata.category(before)[0] in "SP"


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
