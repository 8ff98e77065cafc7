"""Windows on a long text: at most a few pieces that begin and end at sentence borders, from beginning, middle and end.

In: a text and two limits, in characters and in pieces. Out: the pieces, in the text's order. It does not count tokens: the
character limit is set by whoever trained the model so that a piece fits its positions (about 1.5 characters a token).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

# A sentence ends after one of these; runs such as ……！ or 。” end once.
_END = re.compile(r"[。！？!?；;\n]+[”’」』）)】]?")


def borders(text: str) -> list[int]:
    """Character offsets at which a sentence begins or the text ends, growing, from 0 to len(text)."""
    found = [0, *(match.end() for match in _END.finditer(text)), len(text)]
    return sorted(set(found))


def cut_windows(text: str, limit: int, most: int) -> list[str]:
    """Pieces of `text` of at most `limit` characters, at most `most` of them; `text` alone where it is short enough.

    While the pieces suffice they follow one another without a gap. A longer text gives its beginning, its end, and what
    lies evenly between; a sentence longer than `limit` is cut inside. Raises ValueError for limits below 1.
    """
    return [text[start:end] for start, end in place_windows(text, limit, most)]


def place_windows(text: str, limit: int, most: int) -> list[tuple[int, int]]:
    """Where the pieces of `cut_windows` stand: (start, end) in characters of `text`, end exclusive; the blanks around it are in none."""
    if limit < 1 or most < 1:
        raise ValueError(f"limit {limit} and most {most} have to be at least 1")
    base = len(text) - len(text.lstrip())
    text = text.strip()
    if len(text) <= limit:
        return [(base, base + len(text))]
    marks = borders(text)
    pieces: list[tuple[int, int]] = []
    start = 0
    while start < len(text) and len(pieces) <= most:
        end = _last_border(marks, start, limit)
        pieces.append((start, end))
        start = end
    if len(pieces) > most:
        pieces = pieces[:1]
        for index in range(1, most):
            wanted = index * (len(text) - limit) // (most - 1)
            start = _next_border(marks, wanted, limit)
            end = len(text) if index == most - 1 else _last_border(marks, start, limit)
            pieces.append((start, end))
    kept = [(base + start, base + end) for start, end in pieces if text[start:end].strip()]
    return kept or [(base, base)]


def _last_border(marks: list[int], start: int, limit: int) -> int:
    """Where a piece that begins at `start` ends: the last border within `limit`, or in mid-sentence where there is none."""
    index = bisect_right(marks, start + limit) - 1
    return marks[index] if marks[index] > start else min(start + limit, marks[-1])


def _next_border(marks: list[int], wanted: int, limit: int) -> int:
    """The first border at or after `wanted`, unless it lies more than half a piece away."""
    border = marks[min(bisect_left(marks, wanted), len(marks) - 1)]
    return border if border - wanted <= limit // 2 and border < marks[-1] else wanted
