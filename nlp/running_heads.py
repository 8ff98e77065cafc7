"""Running heads and page numbers out: the lines that a PDF repeats at the edge of every page.

In: the lines of a document and where its pages begin. Out: the lines without those that stand at the head or foot of at least
two pages and differ in numbers only (某某检察 2025年第3期 / 第2版 / - 2 -), and without bare page numbers. It keeps the first telling of
nothing: a running head is the paper's name, not the article's. Of a newspaper page, the line that says which page of which day it is and who
made it (A3　社会　2024年3月15日　星期五　责编：…); its day is given out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

from nlp.markup import Line

EDGE = 3  # lines looked at from either edge of a page; heads of more lines are rare and would swallow titles
_NUMBER = re.compile(r"[0-9０-９一二三四五六七八九十百]+")
_PAGE_NUMBER = re.compile(r"[-—–·•\s]*(?:第\s?)?[0-9０-９]{1,4}(?:\s?[页版]|\s?/\s?[0-9]{1,4})?[-—–·•\s]*")
# What stands in the line of a newspaper that says which page this is.
_DAY = re.compile(r"(20\d\d)年(\d{1,2})月(\d{1,2})日")
_FOLIO = (
    re.compile(r"星期[一二三四五六日天]"),
    re.compile(
        r"(?<![A-Za-z0-9])(?:[A-Z]\d{1,2}(?![A-Za-z0-9])版?|第?\s?(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s?版(?!式))"
    ),
    re.compile(r"(?:责编|责任编辑|编辑|美编|版式|版面|校对|组版|制图)\s?[:：]\s?[^\s:：]{1,20}"),
)
# Stands there as well, and in a notice or a complaint beside its day: it makes no line a folio.
_CONTACT = re.compile(r"(?:热线|电话|邮箱)\s?[:：]\s?[^\s:：]{1,20}")
_LETTER = re.compile(r"[^\W_]")


def _shape(text: str) -> str:
    return _NUMBER.sub("0", "".join(text.split()))


def drop_running_heads(lines: list[Line], page_starts: Sequence[int]) -> list[Line]:
    """Without running heads and page numbers; unchanged for fewer than two pages. `page_starts` are document offsets, growing."""
    if len(page_starts) < 2:
        return lines
    pages: dict[int, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        offsets = line.aligned.offsets()
        if offsets:
            pages[bisect_right(page_starts, offsets[0])].append(index)
    edges = {page: {*indices[:EDGE], *indices[-EDGE:]} for page, indices in pages.items()}
    shapes = Counter(shape for indices in edges.values() for shape in {_shape(lines[index].text) for index in indices})
    dropped = {
        index
        for indices in edges.values()
        for index in indices
        if shapes[_shape(lines[index].text)] >= 2 or _PAGE_NUMBER.fullmatch(lines[index].text)
    }
    return [line for index, line in enumerate(lines) if index not in dropped]


def take_folio(lines: list[Line]) -> tuple[list[Line], str]:
    """Without the line at the head or foot that says which page of a newspaper this is; and the day it names, ISO 8601, "" without one."""
    kept, day = [], ""
    for index, line in enumerate(lines):
        if EDGE <= index < len(lines) - EDGE or not _is_folio(line.text):
            kept.append(line)
        elif (found := _DAY.search(line.text)) is not None:
            day = day or _iso(*map(int, found.groups()))
    return kept, day


def _iso(year: int, month: int, day: int) -> str:
    """ISO 8601; "" for what is no day of the calendar."""
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""


def _is_folio(text: str) -> bool:
    """A day, and two of weekday, page and who made it; nothing else but the name of a section or a paper."""
    if len(text) > 80 or _DAY.search(text) is None or sum(mark.search(text) is not None for mark in _FOLIO) < 2:
        return False
    rest = _DAY.sub("", text)
    for mark in (*_FOLIO, _CONTACT):
        rest = mark.sub("", rest)
    return len("".join(_LETTER.findall(rest))) <= 16
