"""Hard-wrapped lines back to paragraphs: newspaper columns, PDF pages, mail.

In: the lines of a page. Out: `Block`s, one a paragraph or heading. Ordinary pages, where a line is a paragraph, pass through.
It only joins; which block is whose article is decided in `nlp.page`.

Widths are in Chinese characters: an ASCII character and a space count half.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nlp.aligned import Aligned, join
from nlp.credits import read_closing, read_credit_line, read_opening
from nlp.markup import Line

# Two open neighbours of a column are this alike: 83 and 90 % of the pairs on the two seed pages (1.5: 72 and 75 %, 3.5: 92 and 95 %).
# With 3.5 the highest `wrapped_share` of an unwrapped web article rises from 0.49 to 0.61.
ALIKE = 2.5
# A page is hard-wrapped when this share of its characters stands in columns. Of 2,425 articles from the web (news_toutiao, news_ccbps,
# Sogou) that have five lines or more the highest reaches 0.49; of 200 pages set by tests/newspaper.py the lowest has 0.73.
WRAPPED_SHARE = 0.6
FEWEST_LINES = 5
FEWEST_PIECES = 12  # of a line whose breaks became spaces
_MOST_PIECES = 10_000  # more is no page
_STOP_INSIDE = re.compile(r"[。，、；：“”](?=.)")
_NARROWEST, _WIDEST = 5.0, 62.0
_CLOSED = re.compile(r"[。！？!?…；;]\s?[”’」』）)】\"']{0,3}$|(?<=[A-Za-z])\.$")
_SENTENCE_SIGN = re.compile(r"[。；;]|[，,].*[，,]")
_OPENER = re.compile(
    r"——|[■□◆◇●○▲△▼★☆※]|编者按|[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十\d]{1,3}[）)]|第[一二三四五六七八九十]{1,3}[，、章节条步]|案例[一二三四五六七八九十\d]"
    r"|\d{1,2}[、.．](?!\d)|[①-⑳]|【"
)
_ASCII_WORD = re.compile(r"[A-Za-z0-9,;:)]")
_LAYOUT_SPACE = re.compile(
    r"(?<=[\u4e00-\u9fff，。、；：！？”“’‘）（》《\d]) (?=[\u4e00-\u9fff，。、；：！？”“’‘）（》《\d])"
)


@dataclass(slots=True)
class Block:
    """A paragraph or a heading of a page, in page order."""

    aligned: Aligned
    heading: bool = False
    gap: int = 0
    lines: int = 1
    marked: bool = False  # a Markdown heading or a bold line of its own
    open: bool = False  # ends in the middle of a sentence
    fresh: bool = False  # found to begin another subject than the block before

    @property
    def text(self) -> str:
        return self.aligned.text


def width(text: str) -> float:
    """Width in Chinese characters. Quotation marks count 0.7: composed full width in some papers, squeezed in others."""
    narrow = sum(1 for character in text if character < "\u2000")
    quotes = sum(1 for character in text if "\u2018" <= character <= "\u201d")
    return len(text) - 0.5 * narrow - 0.3 * quotes


def wrapped_share(lines: Sequence[Line]) -> float:
    """Share of the characters that stand in columns: lines that end in mid-sentence, as wide as their neighbours."""
    total = sum(len(line.text) for line in lines)
    if not total:
        return 0.0
    widths = [width(line.text) if len(line.text) <= 130 else 999.0 for line in lines]
    broken = [not line.heading and not _CLOSED.search(line.text) for line in lines]
    for index, line in enumerate(lines[1:]):
        if _OPENER.match(line.text):
            broken[index] = False  # a list
    # Poem-like posts (one clause a line) have lines of like width now and then, but hardly a stop inside the line.
    stops = [_STOP_INSIDE.search(line.text) is not None for line in lines]
    inside = [False] * len(lines)
    for index in range(len(lines) - 1):
        if not broken[index] or not _NARROWEST <= widths[index] <= _WIDEST or not (stops[index] or stops[index + 1]):
            continue
        here, following = widths[index], widths[index + 1]
        indent = 0.0 if index and broken[index - 1] else 2.0  # a paragraph's first line has lost it
        alike = -ALIKE <= following - here <= ALIKE + indent
        last = index > 0 and broken[index - 1] and abs(here - widths[index - 1]) <= ALIKE and following <= here + ALIKE
        two = not broken[index + 1] and following < here  # a paragraph of two lines
        if alike or last or two:
            inside[index] = inside[index + 1] = True
    return sum(len(line.text) for line, yes in zip(lines, inside, strict=True) if yes) / total


def is_wrapped(lines: Sequence[Line], form: str = "") -> bool:
    """Whether the page's lines are cut by the column and not by the writer."""
    if len(lines) < FEWEST_LINES or sum(len(line.text) for line in lines) > 70 * len(lines):
        return False
    return wrapped_share(lines) >= (WRAPPED_SHARE / 2 if form in ("newspaper", "pdf") else WRAPPED_SHARE)


def cut_at_spaces(lines: Sequence[Line]) -> list[Line]:
    """Lines whose breaks were replaced by spaces, cut there again; all others as they are.

    Of 328 lines of ordinary texts with five spaces or more one has pieces as even as a column's (they were), the others reach a
    `wrapped_share` of 0.41; newspaper pages have 0.85 and more.
    """
    found: list[Line] = []
    for line in lines:
        pieces = _pieces(line) if len(line.text) > 200 and FEWEST_PIECES <= line.text.count(" ") <= _MOST_PIECES else []
        found += pieces if len(pieces) >= FEWEST_PIECES and is_wrapped(pieces) else [line]
    return found


def _pieces(line: Line) -> list[Line]:
    pieces: list[Line] = []
    for hit in re.finditer(r"[^ ]+", line.text):
        piece = replace(line, aligned=line.aligned.cut(*hit.span()))
        pieces.append(replace(piece, gap=0, indented=False) if pieces else piece)
    return pieces


def unwrap(lines: Sequence[Line], form: str = "") -> tuple[list[Block], bool]:
    """The page's blocks, and whether its lines were hard-wrapped."""
    if not is_wrapped(lines, form):
        return [_plain(line) for line in lines], False
    return _join_wrapped(lines), True


def _plain(line: Line) -> Block:
    return Block(line.aligned, line.heading, line.gap, 1, line.headed or line.bold)


class _Column:
    """The lines of a wrapped page with what the joins are decided on."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.texts = [line.text for line in lines]
        self.widths = [width(despaced(line.aligned).text) for line in lines]
        # Letters set wide fill the column whatever their number.
        self.spaced = [
            len(despaced(line.aligned).text) < 0.85 * len(line.text) and read_credit_line(line.text) is None
            for line in lines
        ]
        gaps = sum(1 for line in lines[1:] if line.gap)
        self.always_gap = gaps >= 0.7 * max(1, len(lines) - 1)
        self.gaps_mean = gaps >= 0.1 * len(lines) and not self.always_gap
        indents = sum(line.indented for line in lines)
        self.indent_means = 0 < indents <= 0.5 * len(lines)
        self.closed = [bool(_CLOSED.search(text) or read_closing(text)) for text in self.texts]
        self.credit = [read_credit_line(text) is not None or bool(_opening_credit(text)) for text in self.texts]
        self.titles = self._lines_above_bylines()
        self.repeated = {text for text, count in Counter(self.texts).items() if count > 1 and len(text) >= 6}

    def _lines_above_bylines(self) -> set[int]:
        """Up to three lines between the end of a sentence and a byline: the headline that the byline stands under."""
        found: set[int] = set()
        for index, text in enumerate(self.texts):
            credits = read_credit_line(text) if self.credit[index] else None
            if not credits or credits[0].part != "byline":
                continue
            run: list[int] = []
            at = index - 1
            while (
                at >= 0
                and len(run) < 4
                and not self.texts[at].endswith(("。", "。”", "）", ")"))
                and not self.credit[at]
            ):
                run.append(at)
                at -= 1
            if run and len(run) < 4 and sum(len(self.texts[place].replace(" ", "")) for place in run) <= 45:
                found.update(run)
        return found

    def column(self, index: int) -> float:
        """Width of the column around a line: the widest of its near neighbours that are not wide headlines of their own."""
        near = [self.widths[at] for at in range(max(0, index - 2), min(len(self.lines), index + 3)) if at != index]
        return sorted(near)[-2] if len(near) > 1 else (near or [0.0])[0]

    def paragraph_start(self, index: int) -> bool:
        """Whether a line is narrower than its column by the two characters of a lost indent, and the next one is not."""
        if index + 1 >= len(self.lines) or self.spaced[index] or self.credit[index + 1] or self.closed[index]:
            return False
        following = self.widths[index + 1]
        if (
            index + 2 < len(self.lines)
            and 1.4 <= self.widths[index + 2] - following <= 3.6
            and not self.closed[index + 1]
        ):
            return False  # the next line is the one that has lost its indent
        return 1.4 <= following - self.widths[index] <= 3.6 and following >= self.column(index + 1) - ALIKE

    def gap_means(self, index: int) -> bool:
        """Whether an empty line before `index` parts paragraphs: in some columns every second line is followed by one."""
        if not self.gaps_mean or not self.lines[index].gap:
            return False
        near = [
            at for at in range(max(1, index - 8), min(len(self.lines), index + 9)) if at != index and self.lines[at].gap
        ]
        broken = sum(1 for at in near if not self.closed[at - 1] and _SENTENCE_SIGN.search(self.texts[at - 1]))
        return broken < 0.4 * max(1, len(near))


def _join_wrapped(lines: Sequence[Line]) -> list[Block]:
    column = _Column(lines)
    blocks: list[Block] = []
    group = [0]
    for index in range(1, len(lines)):
        verdict = _border(column, group, index)
        if verdict:
            blocks.append(_block(column, group, verdict == "heading"))
            group = []
        group.append(index)
    if group:
        blocks.append(_block(column, group, _headline(column, group)))
    return blocks


def _border(column: _Column, group: list[int], index: int) -> str:
    """ "heading" or "paragraph" when `index` begins a new block after the lines of `group`, "" when it goes on."""
    last = index - 1
    line = column.lines[index]
    headline = _headline(column, group)
    name = "heading" if headline else "paragraph"
    # 1. What can only begin a block, or stand alone.
    if (index in column.titles) != (last in column.titles):
        return "heading" if last in column.titles else name
    if index in column.titles and not line.gap:
        return ""
    if line.heading or column.lines[last].heading:
        return "heading" if column.lines[last].heading else name
    if column.credit[index] and not _two_line_credit(column, last, index):
        return name
    if (
        column.credit[last]
        and read_credit_line(column.texts[last]) is not None
        and not _two_line_credit(column, last, index)
    ):
        return name
    if column.indent_means and line.indented:
        return name
    if line.gap >= 2 and not column.always_gap:
        return name
    # 2. After the end of a sentence.
    if column.closed[last]:
        if _OPENER.match(column.texts[index]) or column.gap_means(index) or read_closing(column.texts[last]):
            return name
        if _lone_headline(column, index):
            return name
        full = column.column(last) if len(group) == 1 else max(column.widths[at] for at in group[-12:])
        if column.widths[last] < full - ALIKE and not column.spaced[last]:
            return name
        if len(group) == 1 and abs(column.widths[last] - column.widths[index]) > 2 * ALIKE:
            return name
        return name if column.paragraph_start(index) and not (column.gaps_mean and not line.gap) else ""
    # 3. In mid-sentence: only after a headline.
    if not headline:
        return ""
    if column.gap_means(index):
        return "heading"
    if column.texts[last] in column.repeated or "".join(column.texts[at] for at in group) in column.repeated:
        return "heading"
    if column.gaps_mean and not line.gap:
        return ""
    body = column.column(index)
    if column.widths[last] <= 0.75 * column.widths[index] or (
        len(group) == 1 and line.gap and column.widths[index] <= 0.7 * body
    ):
        return "heading"
    if column.paragraph_start(index):
        narrow, full = column.widths[index], column.widths[index + 1]
        if column.widths[last] > narrow + 0.9 or column.widths[last] < full - ALIKE:
            return "heading"
    if _OPENER.match(column.texts[index]):
        return "heading"
    # A headline of two lines set apart from the one before it by an empty line.
    if line.gap and index + 1 < len(column.lines) and not column.lines[index + 1].gap and not column.closed[index]:
        return "heading"
    return ""


def _headline(column: _Column, group: list[int]) -> bool:
    """Whether the lines read like a headline so far: few, short, no sentence in them."""
    if len(group) > 3:
        return False
    if all(at in column.titles for at in group):
        return True
    text = "".join(column.texts[at] for at in group)
    if _SENTENCE_SIGN.search(text) or column.credit[group[-1]]:
        return False
    if re.search(r"[，、：,的了和与在是被把将从对为]$", text):
        return False
    last = group[-1]
    if len(group) == 1 and "，" in text and last + 1 < len(column.lines) and text not in column.repeated:
        like_next = abs(column.widths[last] - column.widths[last + 1]) <= ALIKE
        if like_next and (last == 0 or abs(column.widths[last] - column.widths[last - 1]) <= ALIKE):
            return False
    if column.paragraph_start(group[0]) and (len(group) > 1 or not _CLOSED.search(text)):
        return False
    return sum(column.widths[at] for at in group) <= 45 and not text.startswith("——")


def _lone_headline(column: _Column, index: int) -> bool:
    """Whether a short line after the end of a sentence is a headline and not the paragraph's last line."""
    if index + 1 >= len(column.lines) or not _headline(column, [index]):
        return False
    if column.credit[index + 1]:
        return True
    short = column.widths[index] < column.column(index) - ALIKE and not column.spaced[index]
    return short and not column.closed[index]


def _two_line_credit(column: _Column, last: int, index: int) -> bool:
    """`新华社发` on one line, `王甲 作` on the next."""
    return not column.lines[index].gap and re.fullmatch(r"(?:新华社|中新社)发", column.texts[last].strip()) is not None


def _opening_credit(text: str) -> bool:
    return any(credit.part == "dateline" for credit in read_opening(text))


def _block(column: _Column, group: list[int], heading: bool) -> Block:
    parts = [despaced(column.lines[at].aligned) if column.spaced[at] else column.lines[at].aligned for at in group]
    separators = [
        " " if _ASCII_WORD.match(left.text[-1:]) and re.match("[A-Za-z]", right.text[:1]) else ""
        for left, right in pairwise(parts)
    ]
    first = column.lines[group[0]]
    aligned = join(parts, separators).strip()
    heading = heading and read_credit_line(aligned.text) is None
    is_open = not column.closed[group[-1]] and not heading
    return Block(aligned, heading, first.gap, len(group), first.heading or first.bold, is_open)


def despaced(aligned: Aligned) -> Aligned:
    """Without the spaces that set letters wide: 谨 防 上 当 → 谨防上当. 丁 丙 (two letters) and 11月 1日 stay as they are."""
    text = aligned.text
    if text.count(" ") < 3:
        return aligned
    spaces = [hit.start() for hit in _LAYOUT_SPACE.finditer(text)]
    chain: list[int] = []
    dropped: list[tuple[int, int]] = []
    for index, place in enumerate(spaces):
        chain.append(place)
        following = spaces[index + 1] if index + 1 < len(spaces) else -9
        between = text[place + 1 : following]
        if following > 0 and (following - place <= 3 or between.isdigit()):
            continue
        if len(chain) >= 3:
            dropped += [(at, at + 1) for at in chain]
        chain = []
    return aligned.drop(dropped)
