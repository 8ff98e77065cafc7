"""A PDF whose pages begin with a title of their own: each such page begins an article.

In: the lines of a document without running heads, and where its pages begin. Out: the lines in one part for each stretch of pages
that belongs together. Only whole pages are parted here; several articles on one page are `nlp.page`'s.

A page begins an article when the page before ends with a whole sentence, its own first line reads like a headline above a paragraph,
and what it says has little to do with what stands before (`nlp.cohesion`): a chapter heading at the top of a page parts nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from nlp.blockmarks import SERIES
from nlp.cohesion import likeness, pairs
from nlp.markup import Line
from nlp.reading_order import SAME

# Halves of one article lie between 0.1 and 0.4, two articles of a page mostly below 0.1 (nlp.cohesion); articles of one bulletin on one
# subject lie between. The title has said "article" already, so only what clearly goes on is kept together, as in `nlp.reading_order`.
LONGEST_TITLE = 40  # characters; one line of a column or two
FEWEST = 80  # characters on either side: less says too little to compare
_WHOLE = re.compile(r"[。！？!?…”》）)]\s*$")
_CUT_SHORT = re.compile(r"[。，、；,;]$")


def part_at_titled_pages(lines: Sequence[Line], page_starts: Sequence[int]) -> list[list[Line]]:
    """The lines in order, parted before each page that begins an article; one part for fewer than two pages.

    `page_starts` are offsets into the document's text, growing.
    """
    parts: list[list[Line]] = [[]]
    page_before = 0
    for index, line in enumerate(lines):
        offsets = line.aligned.offsets()
        page = bisect_right(page_starts, offsets[0]) if offsets else page_before
        if parts[-1] and page != page_before and _begins_article(parts[-1], lines[index:], page_starts, page):
            parts.append([])
        parts[-1].append(line)
        page_before = page
    return parts


def _begins_article(before: Sequence[Line], rest: Sequence[Line], page_starts: Sequence[int], page: int) -> bool:
    title, below = rest[0].text, rest[1:2]
    if not below or len(title) > LONGEST_TITLE or _CUT_SHORT.search(title) or SERIES.match(title):
        return False
    if rest[0].indented or not _WHOLE.search(before[-1].text) or not (below[0].indented or rest[0].heading):
        return False
    end = page_starts[page] if page < len(page_starts) else None
    of_page = [
        line.text for line in rest if end is None or not line.aligned.offsets() or line.aligned.offsets()[0] < end
    ]
    told, telling = "".join(line.text for line in before), "".join(of_page)
    return min(len(told), len(telling)) >= FEWEST and likeness(pairs(told), pairs(telling)) < SAME
