"""How much two stretches of text speak of the same things: pairs of characters that carry meaning, compared.

In: texts. Out: numbers from 0 to 1. No dictionary and no model, so it costs nothing to load; it knows topics, not facts.
"""

from __future__ import annotations

import math
import re
from collections import Counter

_HAN = re.compile("[\u4e00-\u9fff]+")
_EMPTY_WORDS = frozenset(
    "的了在是和与等为也不有人个这那其对将并及中上下一以他们我你她到就都而被把从要会能可还又很说着过给让用所之于或但年月日"
)


def pairs(text: str) -> Counter[str]:
    """Pairs of neighbouring Chinese characters, those with an empty word left out, with their counts."""
    counts: Counter[str] = Counter()
    for hit in _HAN.finditer(text.replace(" ", "").replace("\n", "")):
        run = hit.group()
        counts.update(
            run[at : at + 2]
            for at in range(len(run) - 1)
            if run[at] not in _EMPTY_WORDS and run[at + 1] not in _EMPTY_WORDS
        )
    return counts


def likeness(left: Counter[str], right: Counter[str]) -> float:
    """Cosine of the two, counts damped by a logarithm. Halves of one article: 0.1–0.4; two articles of a page: mostly below 0.1."""
    shared = sum((1 + math.log(left[pair])) * (1 + math.log(right[pair])) for pair in left.keys() & right.keys())
    if not shared:
        return 0.0
    norm = math.sqrt(_square(left) * _square(right))
    return shared / norm


def coverage(short: Counter[str], long: Counter[str]) -> float:
    """Share of the pairs of a headline that stand in a text; 0 for a headline without any."""
    total = sum(short.values())
    return sum(count for pair, count in short.items() if pair in long) / total if total else 0.0


def _square(counts: Counter[str]) -> float:
    return sum((1 + math.log(count)) ** 2 for count in counts.values())
