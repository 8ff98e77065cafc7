"""The gate in front of the full reading: a published article that is plainly about something else is read no further.

In: the text of an article, and a model's quick look at it. Out: None where it may tell of scams; else how surely it does not, and the
verdict that is recorded. It has to fail twice: no word of the field stands in it (nlp/lexicon/gate.txt; a spelling that evades, 薇❤,
刷-单, counts as a word), and the model's lexical table, which knows what scams are told like without such words, is sure of it too.
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
NAME = "gate 1"
# Without a word of the field, the table gives texts about scams of voices that it never saw 0.26 at most; of 2,562 annotated ones none is let
# go out of fold (words alone: 73). Ordinary news as received gets 0.9 and more nearly always, cleaned of its boilerplate in two of three cases.
SURE = 0.9


def has_word(text: str) -> bool:
    """Does any word of the field stand in this text?"""
    folded = fold(text).lower()
    if next(iter(_words().iter(folded)), None) is not None:
        return True
    return bool(find_evasive(folded))


def surely_unrelated(text: str, glance: Callable[[str], float | None]) -> float | None:
    """The probability (SURE…1) with which this text is about something else; None where it has to be read.

    glance: the probability that a model's quick look gives to "unrelated", None for a model that has none; asked only without words.
    """
    if has_word(text):
        return None
    probability = glance(text)
    return None if probability is None or probability < SURE else probability


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
