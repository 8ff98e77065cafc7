"""A page of several articles into its articles: newspaper pages, pasted collections.

In: the blocks of a page in page order. Out: `Section`s, each the blocks of one article in reading order. An ordinary article is
one section, untouched. The signs are those of the trade, not of any topic: credits that end a text (（据…电）, 新华社发…作, 来源：…),
openings that begin one (本报讯, 据新华社电, a byline under a headline, 编者按), headlines, and which text a headline speaks of.

Steps
1. Mark what each block is (`nlp.blockmarks`).
2. Gate: is there a sign of a second article at all?
3. Cut after ends and before openings, where a headline sums up what stands before it (headlines below their text), and at headlines
   where the subject changes (`nlp.borders`).
4. Give each headline at a cut to the text it speaks of; join a part without a head to the part that breaks off without an end and
   speaks of the same: columns out of order (`nlp.reading_order`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nlp.blockmarks import INTRODUCTION, MARKED_BYLINE, SERIES, Page, break_at_credits
from nlp.borders import find_borders, hard_borders
from nlp.cohesion import likeness, pairs
from nlp.credits import read_credit_line
from nlp.reading_order import SAME, Section, put_together
from nlp.subject_change import cut_where_subject_changes
from nlp.unwrap import Block

# A source line in the middle of an ordinary page parts two texts only when both have this much to say (characters).
SUBSTANTIAL = 400
# An agency's credit or an opening in the middle of a page: the same.
FEWEST = 200
# How far around an opening its text is compared with what stands before it (characters).
REPEATED_WITHIN = 1200

_HEADLINE = re.compile(r"[^。；：:，,]{2,30}|[^。；]{4,28}[！？]")
_HEADLINE_ABOVE_OPENING = re.compile(r"[^。；]{2,60}")
_AGENCY_END = re.compile(r"[（(](?:据|摘自|原载|新华)[^（）()]{1,24}[）)]\s*$")


def split(blocks: Sequence[Block], wrapped: bool, form: str = "") -> list[Section]:
    """The page's articles, each in reading order, ordered by where they begin in the page.

    `wrapped` says that the lines were cut by a column: such a page can be a newspaper's. Any other page is one article, unless an
    agency's credit or a source line stands between two long texts.
    """
    page = Page(break_at_credits(blocks))
    several = _holds_several(page)
    if not wrapped and not several and form != "newspaper":
        return _split_collection(page)
    # Where the page's line breaks were mended or lost, headlines are known by their look, subjects by their words.
    page = Page(_infer_headlines(page, by_look=not wrapped))
    if several:
        page = Page(cut_where_subject_changes(page, hard_borders(page)))
    return put_together(page, find_borders(page))


def _holds_several(page: Page) -> bool:
    """Whether a text of some length ends with an agency's credit, or another opens (本报讯, □ 本报记者 …), with text before and after."""
    before, after = 0, sum(len(block.text) for block in page.blocks)
    for index, (block, sort, end) in enumerate(zip(page.blocks, page.sorts, page.ends, strict=True)):
        opens = sort == "opening" and not INTRODUCTION.match(block.text)
        if before >= FEWEST and after >= FEWEST and (opens or MARKED_BYLINE.match(block.text)):
            # A summary above its own text speaks of the same.
            told, opened = page.near(index - 1, -1, set(), REPEATED_WITHIN), page.near(index, 1, set(), REPEATED_WITHIN)
            if likeness(pairs(told), pairs(opened)) < SAME:
                return True
        before, after = before + len(block.text), after - len(block.text)
        if end == "agency" and before >= FEWEST and after >= FEWEST and _AGENCY_END.search(block.text):
            return True
    return False


def _infer_headlines(page: Page, *, by_look: bool) -> list[Block]:
    """The page's blocks, those marked as headings that stand above an opening or a byline, or (`by_look`) read like a headline."""
    blocks: list[Block] = []
    for block, sort, following in zip(page.blocks, page.sorts, [*page.sorts[1:], ""], strict=True):
        text = block.text
        headline = by_look and len(text) <= 30 and _HEADLINE.fullmatch(text) and not SERIES.match(text)
        if sort == "text" and (
            headline or (following in ("opening", "credit_line") and _HEADLINE_ABOVE_OPENING.fullmatch(text))
        ):
            block = replace(block, heading=True)
        blocks.append(block)
    return blocks


def _split_collection(page: Page) -> list[Section]:
    """Texts pasted one after the other: a source line that closes the first, and a second that does not go on with it."""
    sections: list[list[Block]] = [[]]
    said = 0
    for index, (block, sort) in enumerate(zip(page.blocks, page.sorts, strict=True)):
        sections[-1].append(block)
        said += len(block.text)
        closes = sort == "end" and read_credit_line(block.text) is not None and said >= SUBSTANTIAL
        if closes and _begins_another(page, index + 1):
            sections.append([])
            said = 0
    return [Section(blocks) for blocks in sections if blocks]


def _begins_another(page: Page, index: int) -> bool:
    rest = page.blocks[index:]
    if not rest or sum(len(block.text) for block in rest) < SUBSTANTIAL:
        return False
    if page.sorts[index] in ("end", "credit_line", "photo"):
        return False
    first = rest[0].text
    return len(first) >= 60 and not SERIES.match(first)
