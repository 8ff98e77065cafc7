"""What an incident says of itself: values as text, totals, headline and summary.

In: values, facts, sourced cases. Out: text and small records. It merges nothing and decides nothing about identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nlp import taxonomy
from nlp.incident import Fact, SourcedCase, Total
from nlp.money import write_money
from nlp.records import (
    Account,
    Amount,
    Contact,
    Count,
    Moment,
    Organisation,
    Outcome,
    PersonName,
    Place,
    Platform,
    Value,
)
from nlp.resolve.features import path

ROLE_NAMES = {
    "loss": "损失",
    "gain": "违法所得",
    "flow": "涉案资金",
    "recovered": "追回",
    "frozen": "冻结",
    "fine": "罚金",
}
_OUTCOMES = {
    "detained": "刑事拘留", "arrested": "逮捕", "prosecuted": "移送起诉", "sentenced": "判刑", "fined": "罚款", "released": "取保候审",
}  # fmt: skip


def fact_text(value: Value) -> str:
    """A value as people write it; equal texts are one fact."""
    match value:
        case Amount():
            text = write_money(value.value_min, value.value_max, value.currency)
            return f"{text}/{value.per}" if value.per else text
        case Place():
            return "/".join(path(value.region)) or "、".join(value.candidates)
        case PersonName() | Organisation() | Platform():
            return value.name
        case Moment():
            return value.duration or (
                value.start if value.start == value.end or not value.end else f"{value.start}/{value.end}"
            )
        case Count():
            number = str(value.minimum) if value.minimum == value.maximum else f"{value.minimum}–{value.maximum}"
            return f"{number}{value.unit}"
        case Account():
            return value.number
        case Contact():
            return value.address
        case Outcome():
            months = f"{value.months_min}个月" if value.months_min else ""
            longer = f"至{value.months_max}个月" if value.months_max and value.months_max != value.months_min else ""
            return " ".join(
                part for part in (_OUTCOMES.get(value.sort, value.sort), f"{months}{longer}", value.charge) if part
            )


def case_total(sourced: SourcedCase, role: str) -> tuple[Decimal, Decimal] | None:
    """What one case says of one role of money, yuan: parts and repeats left out; a sum that covers the others is the total."""
    values = [
        (m.value.value_min, m.value.value_max)
        for m in sourced.case.amounts
        if m.role == role
        and isinstance(m.value, Amount)
        and m.value.currency == "CNY"
        and not m.value.part_of
        and not m.value.same_as
    ]
    if not values:
        return None
    largest = max(values, key=lambda value: value[1])
    rest = [value for value in values if value != largest]
    if sum((value[0] for value in rest), Decimal(0)) <= largest[1]:
        return largest
    return sum((v[0] for v in values), Decimal(0)), sum((v[1] for v in values), Decimal(0))


def total_of(cases: Sequence[SourcedCase], role: str) -> Total | None:
    """One role of money over all tellings: the bounds that most tellings give, ties to the newest; None where none tells.

    Tellings are not added: they speak of the same money. What the others say stands among the contradictions.
    """
    told = [(total, sourced.source.published) for sourced in cases if (total := case_total(sourced, role))]
    if not told:
        return None
    votes: dict[tuple[Decimal, Decimal], tuple[int, str]] = {}
    for total, published in told:
        count, newest = votes.get(total, (0, ""))
        votes[total] = (count + 1, max(newest, published))
    minimum, maximum = max(votes, key=lambda total: votes[total])
    return Total(role, minimum, maximum)


def headline(title: str, summary: str) -> str:
    """The article's title, else the beginning of the summary up to a clause border, at most 40 characters."""
    if title.strip():
        return title.strip()
    if len(summary) <= 40:
        return summary
    border = max(summary.rfind(mark, 0, 40) for mark in "，,；;。")
    return summary[:border] if border >= 12 else f"{summary[:39]}…"


def structured_summary(label: str, facts: Sequence[Fact], totals: Sequence[Total]) -> str:
    """One line from values alone: 2026年3月，云南省昆明市，刷单返利，损失3.2万元. No word of any source is in it."""
    days = sorted(
        fact.value.start for fact in facts if isinstance(fact.value, Moment) and fact.value.start[:2] in ("19", "20")
    )
    regions = [
        path(f.value.region)
        for f in facts
        if isinstance(f.value, Place) and f.role in ("scene", "victim_home", "handling_police")
    ]
    parts = []
    if days:
        year, _, rest = days[0].partition("-")
        parts.append(f"{year}年{int(rest[:2])}月" if rest[:2].isdigit() else f"{year}年")
    if regions:
        parts.append("".join(max(regions, key=len)[:2]))
    parts.append(taxonomy.load().name_of(label))
    parts += [f"{ROLE_NAMES[total.role]}{write_money(total.minimum, total.maximum)}" for total in totals[:2]]
    return "，".join(parts)
