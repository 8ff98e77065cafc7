"""Whether a number without a currency is a sum of money: 第一次7200，第二次14400, 让我赚20一箱; not 第2次, 1.8万村民, 尾号3460.

In: a folded text and its numbers with what the rules of `amounts` say of them. Out: which are sums. A linear model over the words beside, the
form of the number, the numbers before and after, and what the rules say; weights in `bare_sums.json` (`training.train_bare_sums` makes them).
Of the numbers that are sums the rules alone found 0.69 in voices that nothing was learned from, at 0.96 precision; the model finds 0.94 at 0.92.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from nlp.extract.linear import logit, logit_of, shipped_whether
from nlp.extract.money_words import (
    FREE_AFTER,
    MEASURE,
    MONEY_BEFORE,
    MONEY_RIGHT_BEFORE,
    MONEY_TOLD_BEFORE,
    NOT_A_SUM_BEFORE,
    PER_AFTER,
)
from nlp.extract.numerals import Number
from nlp.extract.surroundings import beside, traits

SURE = 0.6  # a number at least this likely is a sum
HARDLY = 0.05  # one that a rule takes and that is less likely is none
_BEFORE, _AFTER = 16, 14
_DIGITS = re.compile("[0-9]+")
_ENDS = "。！？；"


class Counted(Protocol):
    """A number of a text with bounds and, where one is written, a currency."""

    number: Number
    start: int
    end: int
    low: Decimal
    high: Decimal
    currency: str


def _form(found: Counted) -> list[str]:
    text = found.number.text
    return [
        f"digits:{len(str(int(found.high)))}",
        f"length:{min(len(text), 9)}",
        "arabic" if text[0].isascii() else "han",
        "round" if found.low % 100 == 0 else "odd",
        *(name for name, holds in (
            ("comma", "," in text),
            ("dot", "." in text),
            ("scaled", found.number.scaled),
            ("vague", bool(found.number.prefix.strip())),
            ("year", 1900 <= found.low <= 2100),
        ) if holds),
    ]  # fmt: skip


def describe(folded: str, found: Sequence[Counted], told: Sequence[bool]) -> list[list[str]]:
    """Feature names of each number without a currency, none for the others. told: what currencies, rules and lists say of each."""
    whole = (*traits(folded), f"sums:{min(6, sum(bool(one.currency) for one in found))}")
    columns: list[list[str]] = []
    for index, one in enumerate(found):
        if one.currency:
            columns.append([])
            continue
        before = folded[max(0, one.start - _BEFORE) : one.start]
        after = folded[one.end : one.end + _AFTER]
        for end in _ENDS:
            before, after = before.rpartition(end)[2], after.partition(end)[0]
        features = [
            *whole,
            *_form(one),
            *beside(_DIGITS.sub("0", before), _DIGITS.sub("0", after)),
            f"rule:{told[index]}",
            *(name for name, cue in (
                ("not", NOT_A_SUM_BEFORE), ("money", MONEY_BEFORE), ("right", MONEY_RIGHT_BEFORE), ("told", MONEY_TOLD_BEFORE)
            ) if cue.search(before)),
            *(name for name, cue in (("measure", MEASURE), ("free", FREE_AFTER), ("per", PER_AFTER)) if cue.match(folded, one.end)),
        ]  # fmt: skip
        for name, other in (("previous", index - 1), ("next", index + 1)):
            if 0 <= other < len(found):
                gap = folded[min(one.end, found[other].end) : max(one.start, found[other].start)]
                if len(gap) <= 16:
                    features.append(f"{name}:{found[other].currency or 'bare'}{told[other]}")
                if len(gap) <= 6:
                    features.append(f"{name}:{found[other].currency or 'bare'}{told[other]}:{_DIGITS.sub('0', gap)}")
        columns.append(features)
    return columns


def decide(folded: str, found: Sequence[Counted], told: Sequence[bool]) -> list[bool]:
    """Which of `found` are sums: those with a currency, and of the others what the model and the rules agree on or the model is sure of."""
    if all(one.currency for one in found):
        return list(told)
    weights = shipped_whether("bare_sums")
    decided = []
    for one, by_rule, features in zip(found, told, describe(folded, found, told), strict=True):
        if not one.currency:
            by_rule = logit(features, weights) >= logit_of(HARDLY if by_rule else SURE)
        decided.append(by_rule)
    return decided
