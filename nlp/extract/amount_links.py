"""Sums that are parts of others, and sums told twice. In: sums with roles, in order. Out: the same with `part_of` and `same_as` set.

same_as: the first telling of the same sum, also where one telling is rounded (被骗56万 … 共转账568700元). part_of: a payment of the loss it adds to,
one loss or flow of the total that the text gives (涉案累计3460元, 其中首名报案人460块). So a case's loss is added once: take what has neither
link (`distinct`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nlp.extract.amount_cues import find_cues
from nlp.records import Amount, Mention
from nlp.spelling import fold

# Roles whose sums can be totals; a payment counts towards a loss.
_FAMILY = {
    "loss": "loss",
    "payment": "loss",
    "flow": "flow",
    "gain": "gain",
    "frozen": "frozen",
    "recovered": "recovered",
}
_PART_WORDS = re.compile(
    r"(?:其中|单笔|单次|最高|最多|最大|首笔|第[一二三四五六七八九十\d]{1,2}[笔次]|分别|每[笔次单]|又|再次|另)[^，。；\n]{0,12}$"
)
_TOTAL_CUES = frozenset({"total", "involve"})
_ROUNDING = Decimal(
    "0.1"
)  # a rounded telling is off by at most a tenth: 十几万 for 15.2万 is a range, 56万 for 568700 is not


def _amount(mention: Mention) -> Amount:
    assert isinstance(mention.value, Amount)
    return mention.value


def _rounded(coarse: Amount, fine: Amount) -> bool:
    """Whether `coarse` is a rounded telling of `fine`: 1万余元 or 56万 of 568700. Not the other way round."""
    if coarse.currency != fine.currency or coarse.per or fine.per or fine.value_max <= 0:
        return False
    if coarse.value_min <= fine.value_min and fine.value_max <= coarse.value_max:
        return coarse.value_max - coarse.value_min > fine.value_max - fine.value_min
    if coarse.value_min != coarse.value_max or fine.value_min != fine.value_max:
        return False
    digits = str(int(coarse.value_max))
    zeros = len(digits) - len(digits.rstrip("0"))
    step = Decimal(10) ** zeros
    return (
        zeros >= 3
        and abs(fine.value_max - coarse.value_max) < step
        and abs(fine.value_max - coarse.value_max) <= _ROUNDING * coarse.value_max
    )


def _same(first: Mention, second: Mention) -> bool:
    a, b = _amount(first), _amount(second)
    if (a.value_min, a.value_max, a.currency, a.per) == (b.value_min, b.value_max, b.currency, b.per):
        return first.role == second.role
    return (
        first.role == second.role
        and first.role in _FAMILY
        and first.role != "payment"
        and (_rounded(a, b) or _rounded(b, a))
    )


def link(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """`mentions` (with ids and roles, in order) linked; every link names a mention of the list. Cost grows with sums × distinct sums (at most 60)."""
    folded = fold(text)
    firsts: list[Mention] = []
    linked: list[Mention] = []
    # 1. Tellings of one sum. Only the latest sixty distinct sums are compared: a list of a thousand prices stays linear.
    for mention in mentions:
        first = next((one for one in firsts[-60:] if _same(one, mention)), None)
        if first is None:
            firsts.append(mention)
            linked.append(mention)
        else:
            linked.append(replace(mention, value=replace(_amount(mention), same_as=_amount(first).id)))
    # 2. Totals: the largest sum of a family that a word of totals introduces, or the only loss that a payment can add to.
    totals: list[tuple[int, Mention]] = []
    for index, mention in enumerate(linked):
        if _FAMILY.get(mention.role) == mention.role and not _amount(mention).same_as:
            totals.append((index, mention))
    total_cued = {index: _has_total_cue(folded, mention) for index, mention in totals}
    for index, mention in enumerate(linked):
        amount = _amount(mention)
        family = _FAMILY.get(mention.role)
        if family is None or amount.same_as or amount.per:
            continue
        told_as_part = bool(_PART_WORDS.search(folded[max(0, mention.start - 20) : mention.start]))
        candidates = [
            (abs(at - index), total)
            for at, total in totals[-60:]
            if at != index
            and total.role == family
            and _amount(total).currency == amount.currency
            and _amount(total).value_min >= amount.value_max
            and (mention.role == "payment" or told_as_part or (total_cued[at] and not total_cued.get(index, False)))
        ]
        if candidates:
            nearest = min(candidates, key=lambda row: row[0])[1]
            linked[index] = replace(mention, value=replace(amount, part_of=_amount(nearest).id))
    return linked


def _has_total_cue(folded: str, mention: Mention) -> bool:
    return any(name in _TOTAL_CUES for name, _, _ in find_cues(folded, max(0, mention.start - 16), mention.start))


def distinct(mentions: Sequence[Mention]) -> list[Mention]:
    """One mention a sum, in its most precise telling (gold guide), in text order. A case lists these."""
    best: dict[str, Mention] = {}
    for mention in mentions:
        amount = _amount(mention)
        key = amount.same_as or amount.id
        known = best.get(key)
        if known is None or _width(amount) < _width(_amount(known)):
            best[key] = mention
    return sorted(best.values(), key=lambda mention: mention.start)


def _width(amount: Amount) -> tuple[Decimal, int]:
    digits = str(amount.value_max).replace(".", "").rstrip("0")
    return amount.value_max - amount.value_min, -len(digits)
