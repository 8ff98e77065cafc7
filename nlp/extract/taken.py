"""Spans that another finder has claimed. In: spans. Out: whether a new span meets one of them. Order of claims: accounts,
contacts, amounts, times, counts; a bank card is never a sum, a sum never a count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from nlp.records import Mention


def spans(mentions: Iterable[Mention]) -> list[tuple[int, int]]:
    """(start, end) of the mentions, sorted, as the `taken` of the next finder."""
    return sorted((mention.start, mention.end) for mention in mentions)


def overlaps(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether start:end shares a character with one of the sorted spans of `taken` (they may nest, but rarely do)."""
    if not taken:
        return False
    index = bisect_right(taken, (end - 1, 1 << 60))
    # Three back are enough: claimed spans of one kind do not overlap, and three kinds claim before this one.
    return any(taken[i][0] < end and start < taken[i][1] for i in range(max(0, index - 3), index))
