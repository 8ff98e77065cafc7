"""Where one article of a page ends and the next begins.

In: a `Page`. Out: indices of the blocks that begin a new part. It neither names the articles nor orders their parts
(`nlp.reading_order`).
"""

from __future__ import annotations

from nlp.blockmarks import INTRODUCTION, SERIES, Page
from nlp.cohesion import coverage, likeness, pairs

# A part has to say this much to be an article (characters). The shortest picture captions of a page have about 60.
SHORTEST = 45
# Where 1,200 characters on both sides of a headline are less alike than this, the subject has changed. Measured on pages: two articles
# 0.03–0.08, sections of one article 0.10–0.41; with less text on one side the sections, too, fall to 0.04.
CHANGED = 0.09
CHANGED_SHORT = 0.03
# The same on a page without any other sign of a second article.
CHANGED_ALONE = 0.03
# The same where two headlines follow each other: the first has lost its text, so a border is likely.
CHANGED_DOUBLE = 0.14
# After a picture's credit the text goes on with the same article from this likeness on (a caption and the article after it: 0.01).
PICTURE = 0.05


def find_borders(page: Page) -> set[int]:
    """The borders of a page: first by credits and openings, then, where there are any, by headlines and change of subject."""
    borders = hard_borders(page)
    if borders:  # a page of several articles: softer signs count as well
        borders |= _summed_up(page, borders)
        return borders | _changes(page, borders)
    return _changes(page, borders, alone=True)


def hard_borders(page: Page) -> set[int]:
    """Indices of blocks that begin a new part: after an end, before an opening and the headlines above it."""
    borders: set[int] = set()
    sorts = page.sorts
    for index in range(1, len(sorts)):
        if page.blocks[index].fresh:
            borders.add(index)
        if sorts[index] == "opening" or (sorts[index] == "credit_line" and sorts[index - 1] == "heading"):
            begin = index
            while begin > 0 and sorts[begin - 1] == "heading":
                begin -= 1
            noted = INTRODUCTION.match(page.blocks[begin - 1].text) is not None
            introduced = sorts[begin - 1] == "opening" and (noted or sorts[index] == "credit_line")
            if begin > 0 and page.said(0, begin) >= SHORTEST and not introduced:
                borders.add(begin)
    for index in range(1, len(sorts)):
        tells = sorts[index] in ("text", "heading", "opening") or len(page.blocks[index].text) >= SHORTEST
        if tells and index not in borders and _ends_here(page, index, borders):
            borders.add(index)
    return {border for border in borders if page.said(border, len(sorts)) >= SHORTEST or sorts[border] == "heading"}


def _ends_here(page: Page, index: int, borders: set[int]) -> bool:
    """Whether the credit before `index` ends an article: an agency's does; a photographer's may stand in the middle of one."""
    ends = {page.ends[index - 1]}
    at = index - 1
    while (
        at > max(0, index - 6)
        and page.sorts[at] in ("photo", "credit_line", "end")
        and len(page.blocks[at].text) < SHORTEST
    ):
        at -= 1  # a picture's credit below the text's own
        ends.add(page.ends[at])
    end = next((end for end in ("agency", "source", "byline", "photo") if end in ends), "")
    if end in ("agency", ""):
        return end == "agency"
    before, after = page.near(index - 1, -1, borders, 1200), page.near(index, 1, borders, 1200)
    if end == "source" and len(before) < 200:
        return False  # above the text
    alike = likeness(pairs(before), pairs(after))
    headed = page.sorts[index] in ("heading", "opening")
    if end == "photo":
        return alike < (CHANGED if headed else PICTURE)
    return alike < (0.2 if headed else CHANGED)


def _summed_up(page: Page, borders: set[int]) -> set[int]:
    """Borders after headlines that say what stands before them and not what follows: titles below their text."""
    found: set[int] = set()
    for first, last in page.headline_runs():
        if first == 0 or last >= len(page.blocks) or first in borders or last in borders:
            continue
        headline = pairs(page.gather(range(first, last)))
        before = coverage(headline, pairs(page.near(first - 1, -1, borders, 900)))
        after = coverage(headline, pairs(page.near(last, 1, borders, 400)))
        if sum(headline.values()) >= 5 and before >= 0.7 and after <= 0.5 * before:
            found.add(last)
    return found


def _changes(page: Page, borders: set[int], *, alone: bool = False) -> set[int]:
    """Borders at headlines where the texts on both sides have nothing in common. `alone`: no other sign speaks for a border."""
    found: set[int] = set()
    for first, last in page.headline_runs():
        if first == 0 or last >= len(page.blocks) or any(at in borders for at in range(first, last + 1)):
            continue
        if page.sorts[first - 1] == "opening" and INTRODUCTION.match(page.blocks[first - 1].text):
            continue
        if any(SERIES.match(page.blocks[at].text) for at in range(first, last)):
            continue
        edges = borders | found
        before, after = page.near(first - 1, -1, edges, 1200), page.near(last, 1, edges, 1200)
        if min(len(before), len(after)) < 120:
            continue
        long_enough = min(len(before), len(after)) >= 500
        threshold = CHANGED_SHORT if not long_enough else CHANGED_DOUBLE if last - first > 1 else CHANGED
        if alone:
            threshold = CHANGED_ALONE if min(len(before), len(after)) >= 250 else 0.0
        if likeness(pairs(before), pairs(after)) < threshold:
            found.add(first)
    return found
