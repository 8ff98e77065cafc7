"""Newspaper pages set by a machine from any articles: columns, lost indents, headlines above or below, credits, columns out of order.

Used by the tests with invented articles, and with real ones where ../shared is present, to see that pages nobody looked at split well.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

_NO_LINE_START = set("，。、；：！？”’）》】…")


@dataclass(frozen=True)
class Piece:
    """An article to be set: headline and paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """How a page is set. `gaps`: empty lines "paragraphs", "always" (after every line) or "never"."""

    width: int = 18
    gaps: str = "paragraphs"
    titles_below: bool = False
    spaced_titles: bool = False
    credit: str = "end"  # "end", "opening", "byline", "none"
    out_of_order: bool = False


def draw(chance: random.Random) -> Layout:
    """A layout by chance."""
    credit = chance.choice(["end", "opening", "byline", "byline", "mixed"])
    return Layout(
        width=chance.randint(12, 26),
        gaps=chance.choice(["paragraphs", "always", "never"]),
        titles_below=credit == "end" and chance.random() < 0.4,
        spaced_titles=chance.random() < 0.25,
        credit=credit,
        out_of_order=chance.random() < 0.3,
    )


def wrap(paragraph: str, width: int, *, indent: int = 2) -> list[str]:
    """The lines of a paragraph in a column; the first is shorter by the indent that extraction lost."""
    lines: list[str] = []
    line, limit = "", float(width - indent)
    room = 0.0
    for character in paragraph:
        size = 0.5 if character < "\u2000" else 1.0
        if room + size > limit and character not in _NO_LINE_START:
            lines.append(line)
            line, room, limit = "", 0.0, float(width)
        line += character
        room += size
    return [*lines, line] if line else lines


def compose(pieces: list[Piece], layout: Layout, chance: random.Random) -> tuple[str, list[int]]:
    """The page's text, and for each character of it the number of its article (-1 for line breaks, credits and spaces put in)."""
    lines: list[tuple[str, int, int]] = []  # text, article, empty lines before

    def put(texts: list[str], owner: int, gap: int) -> None:
        for at, text in enumerate(texts):
            between = {"always": 1, "paragraphs": gap if at == 0 else 0, "never": 0}[layout.gaps]
            lines.append((text, owner, between))

    def set_title(number: int, piece: Piece) -> None:
        title = piece.title
        cut = len(title) if len(title) <= layout.width else (len(title) + 1) // 2
        texts = [part for part in (title[:cut], title[cut:]) if part]
        if layout.spaced_titles:
            texts = [" ".join(text) for text in texts]
        first = len(lines)
        put(texts, number, 1)
        for at in range(first + 1, len(lines)):  # a headline's lines stand together
            lines[at] = (lines[at][0], number, 0)

    tail: tuple[int, list[str]] | None = None
    if layout.out_of_order:
        number = chance.randrange(len(pieces))
        paragraphs = pieces[number].paragraphs
        if len(paragraphs) >= 6:
            half = len(paragraphs) // 2
            tail = (number, list(paragraphs[half:]))
            for paragraph in tail[1][:-1]:
                put(wrap(paragraph, layout.width), number, 1)
            put(wrap(tail[1][-1], layout.width), number, 1)
            put(["（据新华社电）"], -1, 1)
    for number, piece in enumerate(pieces):
        credit = chance.choice(["end", "opening", "byline"]) if layout.credit == "mixed" else layout.credit
        cut_short = tail is not None and tail[0] == number
        paragraphs = list(piece.paragraphs[: len(piece.paragraphs) // 2] if cut_short else piece.paragraphs)
        if not layout.titles_below:
            set_title(number, piece)
        if credit == "byline" and not layout.titles_below:
            put(["□ 本报记者 王一甲 通讯员 李乙"], -1, 1)
        if credit == "opening":
            paragraphs[0] = "本报讯（记者 王一甲）" + paragraphs[0]
        for paragraph in paragraphs:
            put(wrap(paragraph, layout.width), number, 1)
        if (credit == "end" or layout.titles_below) and not cut_short:
            put(["（据新华社电）"], -1, 1)
        if layout.titles_below:
            set_title(number, piece)
    text, owners = "", []
    for at, (line, owner, gap) in enumerate(lines):
        breaks = "\n" * (gap + 1 if at else 0)
        text += breaks + line
        owners += [-1] * len(breaks) + [owner] * len(line)
    return text, owners


def agreement(owners: list[int], found: list[tuple[int, ...]]) -> float:
    """B-cubed F1 of the grouping of characters: 1.0 when every article holds its own characters and no others."""
    given = {place: number for number, offsets in enumerate(found) for place in offsets}
    pairs: dict[tuple[int, int], int] = {}
    gold: dict[int, int] = {}
    cluster: dict[int, int] = {}
    for place, owner in enumerate(owners):
        if owner < 0 or place not in given:
            continue
        key = (owner, given[place])
        pairs[key] = pairs.get(key, 0) + 1
        gold[owner] = gold.get(owner, 0) + 1
        cluster[given[place]] = cluster.get(given[place], 0) + 1
    total = sum(pairs.values())
    if not total:
        return 0.0
    precision = sum(count * count / cluster[key[1]] for key, count in pairs.items()) / total
    recall = sum(count * count / gold[key[0]] for key, count in pairs.items()) / total
    return 2 * precision * recall / (precision + recall)
