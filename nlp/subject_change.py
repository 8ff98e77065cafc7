"""Where a running text changes its subject without a headline, a credit or a line break to say so.

In: the blocks of a page that is known to hold several articles. Out: the same blocks, cut where the texts on both sides have far less
in common than each has in itself; the block that begins another subject is `fresh`. Text tiling (Hearst 1997) with pairs of characters
for words. It does not judge whether a page holds several articles (`nlp.page`), nor what belongs together (`nlp.reading_order`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nlp.blockmarks import Page, cut_block
from nlp.cohesion import likeness, pairs
from nlp.unwrap import Block

# Characters compared on each side of a place, and the fewest that have to be there.
WINDOW = 1200
FEWEST = 300
# Likeness of the two sides, measured by the likeness of the halves of each side (geometric mean). The lowest value inside an article lies
# below this in 2 % of 602 articles from the web; between two of them in 74 % of the cases. Plain likeness: 40 % at the same 2 %.
CHANGED = 0.38
# Halves of a text less alike than this say nothing about what the text speaks of: lists, tables.
LOOSE = 0.05
# The place is sought again among the sentences this near (characters): windows of 1,200 do not tell neighbours apart.
_NEAR = 400
# Pairs of characters that a sentence has to have more in common with the other side before a paragraph is cut for it.
_PARAGRAPH = 3.0
# Every sentence end is tried in a stretch of up to 6,000 characters, in a longer one those 60 characters apart: the time it takes.
_STEP = 60
_SHORT = 6000
# A stretch without any credit, opening or end holds no more than this; beyond it the text is no page of a newspaper (characters, cuts).
_LONGEST = 20_000
_MOST = 8
_NONE: Counter[str] = Counter()
_CLOSED = re.compile(r"[。！？…；”’）)]\s*$")
_SENTENCE = re.compile(r"[^。！？]{0,2000}[。！？]{1,9}[”’）]?|[^。！？]{1,2000}")


@dataclass(slots=True)
class _Sentence:
    block: int  # index into the blocks
    start: int  # offset into the block's text
    length: int
    words: Counter[str]
    closed: bool  # ends like a sentence


def cut_where_subject_changes(page: Page, borders: set[int]) -> list[Block]:
    """The page's blocks, cut between its `borders` (indices of blocks that begin a part) wherever the subject changes."""
    edges = [0, *sorted(borders - {0}), len(page.blocks)]
    cuts: dict[int, list[int]] = {}
    for start, end in pairwise(edges):
        sentences = _sentences(page, range(start, end))
        for at in _Run(sentences).changes():
            cuts.setdefault(sentences[at].block, []).append(sentences[at].start)
    blocks: list[Block] = []
    for index, block in enumerate(page.blocks):
        places = cuts.get(index, [])
        pieces = cut_block(block, places)
        first = 0 if 0 in places else 1
        blocks += [replace(piece, fresh=True) if at >= first else piece for at, piece in enumerate(pieces)]
    return blocks


def _sentences(page: Page, places: Sequence[int]) -> list[_Sentence]:
    """The sentences of the blocks of text at `places`; none where there is more text than a page holds."""
    places = [at for at in places if page.sorts[at] not in ("heading", "credit_line")]
    if sum(len(page.blocks[at].text) for at in places) > _LONGEST:
        return []
    return [
        _Sentence(at, hit.start(), len(hit.group()), pairs(hit.group()), _CLOSED.search(hit.group()) is not None)
        for at in places
        for hit in _SENTENCE.finditer(page.blocks[at].text)
    ]


class _Run:
    """The sentences between two borders, with the values found so far: a cut changes only those near it."""

    def __init__(self, sentences: Sequence[_Sentence]) -> None:
        self.sentences = sentences
        self.known: dict[tuple[int, int, int], float] = {}

    def changes(self) -> list[int]:
        """Indices of the sentences that begin another subject, in order."""
        found: list[int] = []
        stretches = [(0, len(self.sentences))]
        while stretches and len(found) < _MOST:
            low, high = stretches.pop()
            at = self._change(low, high)
            if at:
                found.append(at)
                stretches += [(low, at), (at, high)]
        return sorted(found)

    def _change(self, low: int, high: int) -> int:
        """The sentence at which the stretch changes its subject most clearly; 0 where it does not."""
        lengths = [sentence.length for sentence in self.sentences[low:high]]
        before, whole, tried = 0, sum(lengths), -_STEP
        step = _STEP if whole > _SHORT else 0
        best, lowest = 0, CHANGED
        for at, length in enumerate(lengths, low):
            if FEWEST <= before <= whole - FEWEST and before - tried >= step:
                tried = before
                contrast = self._contrast(low, at, high)
                if contrast < lowest:
                    best, lowest = at, contrast
            before += length
        return self._settle(low, best, high) if best else 0

    def _contrast(self, low: int, at: int, high: int) -> float:
        low, high = self._reach(at, low, -1, WINDOW), self._reach(at, high, 1, WINDOW)
        key = (low, at, high)
        if key not in self.known:
            left, left_own = self._gather(low, at)
            right, right_own = self._gather(at, high)
            own = max(LOOSE, (left_own * right_own) ** 0.5)
            self.known[key] = likeness(left, right) / own
        return self.known[key]

    def _reach(self, at: int, edge: int, step: int, limit: int) -> int:
        """How far sentences of `limit` characters reach from `at`, not beyond `edge`."""
        told = 0
        while at != edge and told < limit:
            told += self.sentences[at if step > 0 else at - 1].length
            at += step
        return at

    def _gather(self, low: int, high: int) -> tuple[Counter[str], float]:
        """The words of some sentences, and how alike their two halves are."""
        middle = self._reach(low, high, 1, sum(sentence.length for sentence in self.sentences[low:high]) // 2)
        first, second = self._words(low, middle), self._words(middle, high)
        return first + second, likeness(first, second)

    def _words(self, low: int, high: int) -> Counter[str]:
        words: Counter[str] = Counter()
        for sentence in self.sentences[low:high]:
            words.update(sentence.words)
        return words

    def _settle(self, low: int, at: int, high: int) -> int:
        """The place nearby that leaves most sentences on the side they have more words in common with."""
        low, high = self._reach(at, low, -1, WINDOW), self._reach(at, high, 1, WINDOW)
        left, right = self._words(low, at), self._words(at, high)
        first, last = self._reach(at, low, -1, _NEAR), self._reach(at, high, 1, _NEAR)
        best, most, gain = at, float("-inf"), 0.0
        for place in range(first, last + 1):
            inside = low < place < high
            value = gain + (_PARAGRAPH if inside and self.sentences[place].start == 0 else 0.0)
            if inside and self.sentences[place - 1].closed and value > most:
                best, most = place, value
            if place < last:
                words = self.sentences[place].words
                on_left, on_right = (words, _NONE) if place < at else (_NONE, words)
                gain += sum((left[word] > on_left[word]) - (right[word] > on_right[word]) for word in words)
        return best
