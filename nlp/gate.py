"""The gate in front of the full reading: a published article that is plainly about something else is read no further.

In: the text of an article, and a model's quick look at it. Out: None where it may tell of scams; else how surely it does not, and the
verdict that is recorded. It has to fail twice: no word of the field stands in it (nlp/lexicon/gate.txt), and the model's lexical table,
which knows what scams are told like without such words, is sure of it too; where a single word stands (a budget
tells of 转账, too) the table has to be surer. A spelling that evades, 薇❤, 刷-单, is always read.
Words and figures: `python -m training.gate_words`. Complaints never come here: people tell what was done to them in words of their own,
and none of them may be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

from nlp import taxonomy
from nlp.records import Verdict
from nlp.spelling import find_evasive, fold

# Who said it, where a model's name stands else. The number changes with the words.
NAME = "gate 2"
# Out of fold and cleaned, as the gate meets them, articles about scams without a word of the field get 0.39 at most from the table, one aside
# (0.604), and with a single word 0.895: of 2,562 annotated ones none is let go, at least 0.9985 with 95 % confidence. Ordinary news gets 0.9 and
# more in two of three cases once it is cleaned of its boilerplate, 0.7 and more nearly always.
SURE = 0.7
SURE_WITH_A_WORD = 0.95


def count_words(text: str) -> int:
    """How many different words of the field stand in this text: 0, 1, or 2 for more; a spelling that evades counts for two."""
    folded = fold(text).lower()
    found: set[str] = set()
    for _, word in _words().iter(folded):
        found.add(word)
        if len(found) == 2:
            return 2
    return 2 if find_evasive(folded) else len(found)


def has_word(text: str) -> bool:
    """Does any word of the field stand in this text?"""
    return count_words(text) > 0


def surely_unrelated(text: str, glance: Callable[[str], float | None]) -> float | None:
    """The probability with which this text is about something else, SURE at least; None where it has to be read.

    glance: the probability that a model's quick look gives to "unrelated", None for a model that has none; asked only up to one word.
    """
    words = count_words(text)
    if words > 1:
        return None
    probability = glance(text)
    return None if probability is None or probability < (SURE_WITH_A_WORD if words else SURE) else probability


def verdict(probability: float) -> Verdict:
    """What is recorded of an article that does not pass: the gate said so, and no label was judged."""
    return Verdict(
        kind="unrelated",
        kind_confidence=round(probability, 6),
        label=taxonomy.load().empty.id,
        confidence=0.0,
        labels={},
        model=NAME,
    )


@cache
def words() -> tuple[str, ...]:
    """The words of the field, in the order of the file."""
    lines = resources.files("nlp.lexicon").joinpath("gate.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def _words() -> Any:
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for word in words():
        automaton.add_word(fold(word).lower(), word)
    automaton.make_automaton()
    return automaton
