"""How text that a program wrote is shown on one line, so that what a person reads is what is there. Pure."""

import json
import re
import unicodedata

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
