"""Every text of the console stands at 4.5:1 or more on its ground (WCAG 2.2 AA), read from the style sheet itself."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT

SHEET = (ROOT / "serving" / "console" / "static" / "console.css").read_text(encoding="utf-8")
# Colour of the text, and the grounds it stands on.
PAIRS = [
    ("ink", ("page", "card", "sunk", "t0", "t1")), ("soft", ("page", "card", "sunk", "t0")),
    ("accent", ("page", "card", "sunk", "accent-ground")), ("alarm", ("card", "alarm-ground")), ("warn", ("card", "warn-ground")),
    ("good", ("page", "card")), ("card", ("accent",)),
]  # fmt: skip
# Steps of the tile map with the colour of their words.
TILES = {
    "light": {"t2": "#10212f", "t3": "#ffffff", "t4": "#ffffff"},
    "dark": {"t2": "#ffffff", "t3": "#0d1a26", "t4": "#0d1a26"},
}


def colours(theme: str) -> dict[str, str]:
    head = ":root{" if theme == "light" else ":root[data-theme=dark]{"
    block = SHEET[SHEET.index(head) + len(head) :]
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})", block[: block.index("}")]))


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_the_standard_s():
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_stand_out_from_their_ground(theme):
    known = colours(theme)
    weak = {
        (text, ground): round(contrast(known[text], known[ground]), 2)
        for text, grounds in PAIRS
        for ground in grounds
        if contrast(known[text], known[ground]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_tiles_stand_out(theme):
    known = colours(theme)
    found = {step: round(contrast(words, known[step]), 2) for step, words in TILES[theme].items()}
    # The fourth step is always dark on light or light on dark; the third is the hard one.
    assert {step: value for step, value in found.items() if value < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_borders_of_controls_can_be_seen(theme):
    known = colours(theme)
    assert min(contrast(known["edge"], known[ground]) for ground in ("card", "page")) >= 3
