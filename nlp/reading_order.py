"""The parts of a page put together to articles: whose headline is whose, which column goes on where.

In: a `Page` and its borders. Out: `Section`s in the order in which they begin on the page, each with its blocks in reading order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from nlp.blockmarks import Page
from nlp.borders import SHORTEST
from nlp.cohesion import coverage, likeness, pairs
from nlp.unwrap import Block

# A part without headline, opening or credit of its own belongs to the one before it up to this length (characters).
REMAINDER = 150
# A part without a head is joined to one without an end from this likeness on (halves of one article: 0.39 and 0.32; two articles of one
# subject: 0.24).
SAME = 0.28
# The same where the first part stops in mid-sentence or with a headline that has no text, or where no third part of the page is half
# as like: short parts share few words.
SAME_BROKEN = 0.12
ALONE = 2.5
# Columns run on within a page: parts farther apart than this are not compared, nor is more than this of their text (characters).
_REACH = 16
_COMPARED = 4000
_KICKER = re.compile(r"系列报道|之[一二三四五六七八九十]$|专栏|特刊|专版|记者手记|新闻链接|相关链接|编者按")


@dataclass(slots=True)
class Section:
    """The blocks of one article, in reading order; `titles` are those of `blocks` that head it."""

    blocks: list[Block]
    titles: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """A stretch of the page that belongs together, with its headlines before and after its text."""

    blocks: list[int]
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


def put_together(page: Page, borders: set[int]) -> list[Section]:
    """The articles of a page that is cut at `borders` (indices of blocks)."""
    if not page.blocks:
        return []
    parts = _parts(page, borders)
    _share_headlines(page, parts)
    parts = _absorb(page, parts)
    return [_section(page, group) for group in _join_out_of_order(page, parts)]


def _parts(page: Page, borders: set[int]) -> list[Part]:
    edges = [0, *sorted(borders - {0}), len(page.blocks)]
    return [Part(list(range(start, end))) for start, end in pairwise(edges) if start < end]


def _share_headlines(page: Page, parts: list[Part]) -> None:
    """Give the headlines between two parts to the one they speak of; those in doubt to the one below, as papers are read."""
    for left, right in pairwise(parts):
        tail = _take(page, left.blocks, from_end=True)
        head = _take(page, right.blocks, from_end=False)
        run = tail + head
        left_text, right_text = pairs(_body(page, left)), pairs(_body(page, right))
        scores = [
            coverage(words, left_text) - coverage(words, right_text)
            for words in (pairs(page.blocks[at].text) for at in run)
        ]
        # The first `cut` go up, the rest down: the cut with the greatest gain; on a tie the one nearest to the border.
        gains = [0.0, *accumulate(scores)]
        best = max(range(len(run) + 1), key=lambda cut: (round(gains[cut], 2), -abs(cut - len(tail))))
        if not right_text:
            best = len(run)
        left.below += run[:best]
        right.above = run[best:] + right.above
    if len(parts) > 1:  # display lines at the foot of the page
        parts[-1].below += _take(page, parts[-1].blocks, from_end=True)


def _take(page: Page, places: list[int], *, from_end: bool) -> list[int]:
    """Take the headlines at one end of `places` out of it."""
    ordered = places[::-1] if from_end else places
    count = next((count for count, at in enumerate(ordered) if page.sorts[at] != "heading"), len(places))
    low, high = (len(places) - count, len(places)) if from_end else (0, count)
    taken = places[low:high]
    del places[low:high]
    return taken


def _body(page: Page, part: Part) -> str:
    text = page.gather([at for at in part.blocks if page.sorts[at] != "heading"]) or page.gather(part.blocks)
    return text if len(text) <= _COMPARED else text[: _COMPARED // 2] + text[-_COMPARED // 2 :]


def _absorb(page: Page, parts: list[Part]) -> list[Part]:
    """Parts that say nothing of their own (a headline with a draughtsman's credit, display lines) go to the neighbour they speak of."""
    kept: list[Part] = []
    for index, part in enumerate(parts):
        if kept and _is_remainder(page, part):
            kept[-1].below += [*part.blocks, *part.below]
            continue
        if _told(page, part) >= SHORTEST or len(parts) == 1:
            kept.append(part)
            continue
        words = pairs(page.gather([*part.above, *part.blocks, *part.below]))
        following = parts[index + 1] if index + 1 < len(parts) else None
        left = coverage(words, pairs(_body(page, kept[-1]))) if kept else -1.0
        right = coverage(words, pairs(_body(page, following))) if following else -1.0
        if kept and left >= right:
            kept[-1].below += [*part.above, *part.blocks, *part.below]
        elif following:
            following.above = [*part.above, *part.blocks, *part.below, *following.above]
        else:
            kept.append(part)
    return kept


def _told(page: Page, part: Part) -> int:
    return sum(page.said(at, at + 1) for at in part.blocks)


def _is_remainder(page: Page, part: Part) -> bool:
    signs = part.above or any(
        page.ends[at] or page.sorts[at] == "opening" or page.blocks[at].fresh for at in part.blocks
    )
    return not signs and not part.below and _told(page, part) < REMAINDER


def _join_out_of_order(page: Page, parts: list[Part]) -> list[list[Part]]:
    """Groups of parts, each one article in reading order. A part without a head follows the part that breaks off."""
    words = [pairs(_body(page, part)) for part in parts]
    heads = [_head(page, part) for part in parts]
    groups: list[list[int]] = [[index] for index in range(len(parts))]
    for index, part in enumerate(parts):
        best, score = -1, 0.0
        if heads[index] == 2 or (heads[index] and _has_end(page, part)):
            continue
        near = range(max(0, index - _REACH), min(len(parts), index + _REACH + 1))
        alikes = {other: likeness(words[index], words[other]) for other in near if other != index}
        for other, alike in alikes.items():
            candidate = parts[other]
            # Right after it would be the page's own order: then the cut between them was right.
            if index == other + 1 or not groups[other] or _has_end(page, candidate):
                continue
            # Of two halves without a headline the one that ends the article is the second.
            if heads[other] < heads[index] or (
                heads[other] == heads[index] and not (heads[index] == 0 and _has_end(page, part))
            ):
                continue
            others = [like for third, like in alikes.items() if third != other]
            alone = bool(others) and alike >= ALONE * max(others)
            if alike > score and alike >= (SAME_BROKEN if _broken(page, candidate) or alone else SAME):
                best, score = other, alike
        if best >= 0 and index in groups[index]:
            groups[best] += groups[index]
            groups[index] = []
    ordered = [group for group in groups if group]
    ordered.sort(key=min)
    return [[parts[index] for index in group] for group in ordered]


def _head(page: Page, part: Part) -> int:
    """How surely an article begins here: 2 an opening or a byline, 1 a headline, 0 running text."""
    begin = [page.sorts[at] for at in (*part.above, *part.blocks)]
    while begin and begin[0] == "heading":
        begin.pop(0)
    if begin[:1] == ["credit_line"] or begin[:1] == ["opening"]:
        return 2
    if part.above:
        return 1
    # A title below its text heads it as well.
    return 1 if any(page.sorts[at] == "heading" for at in part.below) else 0


def _broken(page: Page, part: Part) -> bool:
    """Whether a part stops in mid-sentence, or with a headline whose text is elsewhere."""
    return bool(part.above and part.below) or any(page.blocks[at].open for at in part.blocks[-1:])


def _has_end(page: Page, part: Part) -> bool:
    return any(page.ends[at] for at in part.blocks)


def _section(page: Page, group: list[Part]) -> Section:
    titles = _best_headlines(page, group)
    order: list[int] = []
    later: list[int] = []
    for index, part in enumerate(group):
        order += [*part.above, *part.blocks]
        if index == 0 and len(group) > 1 and not part.above:
            later += part.below  # display lines after the first part stand below the whole
        else:
            order += part.below
    order += later
    if not titles:
        titles = _headline_below_lead(page, group[0])
    plain = [at for at in titles if not _KICKER.search(page.blocks[at].text)]
    return Section([page.blocks[at] for at in order], [page.blocks[at] for at in plain or titles])


def _best_headlines(page: Page, group: list[Part]) -> list[int]:
    """The headlines above the first part or below the last: those that speak of the text; of two such the longer."""
    words = pairs("\n".join(_body(page, part) for part in group))
    above = [at for at in group[0].above if page.sorts[at] == "heading"]
    below: list[int] = []
    for place, at in enumerate(group[-1].below):
        if page.sorts[at] in ("photo", "credit_line"):
            below = []  # what stood above the credit was a caption
        elif page.sorts[at] == "heading" and (
            place == 0 or below or page.sorts[group[-1].below[place - 1]] == "heading"
        ):
            below.append(at)
    if not above or not below or len(group) > 1:
        return above or ([] if len(group) > 1 else below)

    def weight(run: list[int]) -> float:
        headline = page.gather(run)
        return min(coverage(pairs(headline), words), 0.8) * min(len(headline), 16)

    return below if weight(below) > 1.5 * weight(above) else above


def _headline_below_lead(page: Page, part: Part) -> list[int]:
    """The headlines that follow a lead of at most 300 characters."""
    found: list[int] = []
    said = 0
    for at in part.blocks[:8]:
        if page.sorts[at] == "heading":
            found.append(at)
        elif found or said + len(page.blocks[at].text) > 300:
            break
        else:
            said += len(page.blocks[at].text)
    return found
