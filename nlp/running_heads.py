"""Running heads and page numbers out: the lines that a PDF repeats at the edge of every page.

In: the lines of a document and where its pages begin. Out: the lines without those that stand at the head or foot of at least
two pages and differ in numbers only (某某检察 2025年第3期 / 第2版 / - 2 -), and without bare page numbers. It keeps the first telling of
nothing: a running head is the paper's name, not the article's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

from nlp.markup import Line

EDGE = 3  # lines looked at from either edge of a page; heads of more lines are rare and would swallow titles
_NUMBER = re.compile(r"[0-9０-９一二三四五六七八九十百]+")
_PAGE_NUMBER = re.compile(r"[-—–·•\s]*(?:第\s?)?[0-9０-９]{1,4}(?:\s?[页版]|\s?/\s?[0-9]{1,4})?[-—–·•\s]*")


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
