"""Coloured spans on a text: cut to lines, nested where they overlap, moved where masking made the text shorter.

In: a text and spans with offsets into it. Out: lines of events that a page or a terminal draws one after the other.
It knows nothing of what the spans mean and masks nothing itself: the masking is a function that the caller gives.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

# A masked stretch is looked for as far as this: wallets have 42 characters. Behind a longer one the clause shows no spans.
LONGEST_CHANGED = 64
# So many equal characters say that both texts go on alike; two are met by chance within a number.
AGREEING = 3
# Masks leave these marks alone. A colon may go with the blank behind 微信号：.
_CLAUSE = re.compile(r"[，。；！？、\n]")

# Escape sequences could rewrite the terminal, direction marks could turn what is read; each becomes one visible sign.
_STEERING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
_HIDDEN = dict.fromkeys(_STEERING, "\ufffd") | {0x09: " ", 0x0A: "\n", 0x85: " ", 0x2028: " ", 0x2029: " "}


@dataclass(frozen=True, slots=True)
class Span:
    """`start`..`end` of a text is a mention of this kind; `tag` stands beside it, `detail` is told on demand.

    `ref` names the mention for who draws it: its offsets in the document, "267-273".
    """

    start: int
    end: int
    kind: str
    tag: str = ""
    detail: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to draw: text, or the beginning or the end of a span."""

    what: Literal["text", "open", "close"]
    text: str = ""
    span: Span | None = None


def visible(text: str) -> str:
    """The text, as long as before, with everything that could steer a terminal or a page's direction made visible."""
    return text.translate(_HIDDEN).encode("utf-8", "replace").decode("utf-8")


def lines(text: str, spans: Iterable[Span]) -> list[list[Event]]:
    """The text line by line as events; spans that cross each other are cut so that each lies wholly in another or beside it.

    A span over several lines is drawn on each of them, its tag on the last.
    """
    rows: list[tuple[int, int, list[Span]]] = []
    start = 0
    for line in text.split("\n"):
        rows.append((start, start + len(line), []))
        start += len(line) + 1
    ordered = sorted((span for span in spans if span.start < span.end), key=lambda span: span.start)
    first = 0
    for span in ordered:
        while first < len(rows) and rows[first][1] <= span.start:
            first += 1
        number = first
        while number < len(rows) and rows[number][0] < span.end:
            begin, end, inside = rows[number]
            piece = replace(span, start=max(span.start, begin), end=min(span.end, end))
            if piece.start < piece.end:
                inside.append(piece if span.end <= end else replace(piece, tag=""))
            number += 1
    return [_events(text, begin, end, nest(inside)) for begin, end, inside in rows]


def nest(spans: Iterable[Span]) -> list[Span]:
    """The spans, outer before inner; one that begins inside another and ends behind it is cut there, its tag on the last part."""
    waiting = [(span.start, -span.end, number, span) for number, span in enumerate(spans)]
    heapq.heapify(waiting)
    open_ends: list[int] = []
    nested: list[Span] = []
    while waiting:
        _, _, number, span = heapq.heappop(waiting)
        while open_ends and open_ends[-1] <= span.start:
            open_ends.pop()
        if open_ends and open_ends[-1] < span.end:
            border = open_ends[-1]
            heapq.heappush(waiting, (border, -span.end, number, replace(span, start=border)))
            span = replace(span, end=border, tag="")
        nested.append(span)
        open_ends.append(span.end)
    return nested


def _events(text: str, begin: int, end: int, nested: Sequence[Span]) -> list[Event]:
    events: list[Event] = []
    stack: list[Span] = []
    here = begin

    def draw_to(place: int) -> None:
        nonlocal here
        if place > here:
            events.append(Event("text", text[here:place]))
            here = place

    for span in nested:
        while stack and stack[-1].end <= span.start:
            draw_to(stack[-1].end)
            events.append(Event("close", span=stack.pop()))
        draw_to(span.start)
        events.append(Event("open", span=span))
        stack.append(span)
    while stack:
        draw_to(stack[-1].end)
        events.append(Event("close", span=stack.pop()))
    draw_to(end)
    return events


def masked(
    text: str, spans: Sequence[Span], hidden: Iterable[tuple[int, int, str]], mask: Callable[[str], str]
) -> tuple[str, list[Span]]:
    """The text with `hidden` (start, end, what stands there instead) put in and then masked as a whole; the spans moved along.

    The text is exactly what `mask` gives, so nothing leaks between spans; a span whose place cannot be told is left out.
    1. What is hidden by itself; overlapping ones become one. 2. The whole text through `mask`. 3. Spans.
    """
    parts, first_starts, first_ends = [], [0] * (len(text) + 1), [0] * (len(text) + 1)  # 1.
    here, size = 0, 0
    for start, end, instead in [*_apart(hidden), (len(text), len(text), "")]:
        for place in range(here, start + 1):
            first_starts[place] = first_ends[place] = size + place - here
        parts += [text[here:start], instead]
        size += start - here
        for place in range(start + 1, end):
            first_starts[place], first_ends[place] = size, size + len(instead)
        size += len(instead)
        first_starts[end] = first_ends[end] = size
        here = end
    before = "".join(parts)
    after = mask(before)  # 2.
    starts, ends = _moved(before, after)
    kept = []  # 3.
    for span in spans:
        start, end = starts[first_starts[span.start]], ends[first_ends[span.end]]
        if 0 <= start < end:
            kept.append(replace(span, start=start, end=end))
    return after, kept


def _apart(hidden: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Sorted and disjoint: of two that overlap the longer one's text stands for both."""
    apart: list[tuple[int, int, str]] = []
    for start, end, instead in sorted(hidden, key=lambda found: (found[0], -found[1])):
        if apart and start < apart[-1][1]:
            if end > apart[-1][1]:
                apart[-1] = (apart[-1][0], end, apart[-1][2])
            continue
        if start < end:
            apart.append((start, end, instead))
    return apart


def _moved(before: str, after: str) -> tuple[list[int], list[int]]:
    """For every border in `before` its place in `after`, as the start and as the end of a span; -1 where it cannot be told."""
    old, new = _CLAUSE.split(before), _CLAUSE.split(after)
    if len(old) != len(new):  # a mark went with a masked name
        old, new = [before], [after]
    starts: list[int] = []
    ends: list[int] = []
    shift = 0
    for clause, changed in zip(old, new, strict=True):
        clause_starts, clause_ends = _aligned(clause, changed)
        starts += [place + shift if place >= 0 else -1 for place in clause_starts]
        ends += [place + shift if place >= 0 else -1 for place in clause_ends]
        shift += len(changed) + 1
    return starts, ends


def _aligned(old: str, new: str) -> tuple[list[int], list[int]]:
    """The places of the borders of one clause. Linear: difflib took 37 s for 250 telephone numbers on one line."""
    if old == new:
        return list(range(len(old) + 1)), list(range(len(old) + 1))
    starts, ends = [-1] * (len(old) + 1), [-1] * (len(old) + 1)
    starts[0] = ends[0] = i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            i, j = i + 1, j + 1
        else:
            step = _meeting(old, i, new, j)
            if step is None:
                break
            # Whatever begins or ends inside the changed stretch gets the whole of it.
            for border in range(i + 1, i + step[0]):
                starts[border], ends[border] = j, j + step[1]
            i, j = i + step[0], j + step[1]
        starts[i] = ends[i] = j
    starts[-1] = ends[-1] = len(new)
    return starts, ends


def _meeting(old: str, i: int, new: str, j: int) -> tuple[int, int] | None:
    """The shortest steps in both texts after which they agree again for a few characters or end together."""
    for reach in range(1, LONGEST_CHANGED + 1):
        # Most masks are as long as what they hide: (reach, reach) first, then one side shorter and shorter.
        for less in range(reach + 1):
            for a, b in ((reach, reach - less), (reach - less, reach)):
                left, right = old[i + a : i + a + AGREEING], new[j + b : j + b + AGREEING]
                if (
                    left == right
                    and i + a <= len(old)
                    and j + b <= len(new)
                    and (len(left) == AGREEING or i + a + len(left) == len(old))
                ):
                    return a, b
    return None


def reads_as(events: Iterable[Event]) -> str:
    """The text of a line of events."""
    return "".join(event.text for event in events)
