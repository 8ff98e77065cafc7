"""The dictionary that texts are cut by: jieba's words, the field's and the names of divisions, with how often each occurs.

In: words with frequencies. Out: how often a word occurs, and all words that stand in a text. Held as one automaton of an Aho-Corasick search
(349,718 words, 20 MB) and not as jieba's dict of words and their beginnings (79 MB, with the strings); it finds all words of a text in
one walk in C. It cuts nothing (`nlp.segment`).
"""

from __future__ import annotations

from math import inf, log
from typing import Any

# A word's value is the place of its frequency among all that occur and, in the lowest bits, its length: the search tells where a word
# ends, not where it begins.
_LENGTH_BITS = 8
_LENGTH = (1 << _LENGTH_BITS) - 1


class Dictionary:
    """Words and how often they occur, for jieba in the place of its dict. `add` all words, then `finish`, then ask.

    `total`: the sum of all numbers that were added, also of those that were overwritten, as jieba counts it. The words are held and
    looked for from their ends, so that those that begin at the last character of a text are met first, as the best way is found.
    """

    def __init__(self) -> None:
        import ahocorasick

        self.total = 0
        self._automaton: Any = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        self._numbers: dict[int, int] = {}  # frequency → its place
        self._oftens: list[int] = []
        self._scores: list[float] = []

    def add(self, word: str, often: int) -> None:
        """A word of at most 255 characters that occurs so often, once or more; one that is there already takes the new number."""
        if (place := self._numbers.get(often)) is None:
            place = self._numbers[often] = len(self._oftens)
            self._oftens.append(often)
        self._automaton.add_word(word[::-1], place << _LENGTH_BITS | len(word))
        self.total += often

    def finish(self) -> None:
        """No word comes any more."""
        self._automaton.make_automaton()
        total = log(self.total)
        self._scores = [log(often) - total for often in self._oftens]

    def get(self, word: str, default: int = 0) -> int:
        """How often the word occurs, `default` where it is none."""
        value = int(self._automaton.get(word[::-1], -1))
        return default if value < 0 else self._oftens[value >> _LENGTH_BITS]

    def best_way(self, sentence: str, route: dict[int, tuple[float, int]]) -> None:
        """Write jieba's `route`: for every character the score of the best way from there to the end, and where its first word ends."""
        scores, at = self._scores, len(sentence) - 1
        alone = log(1) - log(self.total)
        route[len(sentence)] = (0.0, 0)
        # The score of the way behind `at`; the best way from `at`, and where its first word ends.
        behind, best, last = 0.0, -inf, at
        for back, value in self._automaton.iter(sentence[::-1]):
            start = len(sentence) - 1 - back
            while at > start:  # all words that begin at `at` were met
                behind = best if best > -inf else alone + behind
                route[at] = (behind, last)
                at -= 1
                best, last = -inf, at
            end = start + (value & _LENGTH)
            # Of two ways equally good the longer word, as in jieba: the search gives the longest first.
            if (score := scores[value >> _LENGTH_BITS] + route[end][0]) > best:
                best, last = score, end - 1
        while at >= 0:
            behind = best if best > -inf else alone + behind
            route[at] = (behind, last)
            at -= 1
            best, last = -inf, at
