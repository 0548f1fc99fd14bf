"""The colours of the stylesheet, measured: WCAG 2.2, 1.4.3 and 1.4.11, in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = (Path(settings.BASE_DIR) / "config/static/countersign/app.css").read_text()
TEXT = [
    (ink, ground)
    for ground in ("paper", "card", "well")
    for ink in ("ink", "soft", "accent", "accent-deep", "no", "yes", "back")
] + [
    ("yes", "yes-tint"),
    ("no", "no-tint"),
    ("back", "back-tint"),
    ("ink", "yes-tint"),
    ("ink", "no-tint"),
    ("ink", "back-tint"),
    ("ink", "tint"),
    ("accent", "tint"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-mark", "mark"),
]
SHAPES = [("edge", "card"), ("edge", "paper"), ("accent", "card"), ("accent", "paper"), ("yes", "card")]


def colours(scheme):
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), [(*p, 4.5) for p in TEXT] + [(*p, 3.0) for p in SHAPES])
def test_pair_has_enough_contrast(scheme, front, ground, least):
    found = colours(scheme)

    assert contrast(found[front], found[ground]) >= least


def test_stylesheet_uses_no_colour_beside_the_measured_ones():
    rules = re.sub(r":root \{.*?\}", "", CSS, flags=re.DOTALL)

    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rules)) <= {"#ffffff"}


def test_templates_have_no_inline_script_style_or_handler():
    for page in (Path(settings.BASE_DIR) / "templates").rglob("*.html"):
        if "mail" in page.parts:
            continue
        text = page.read_text()
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|hx-on|<script(?![^>]*\ssrc=)", text), page
