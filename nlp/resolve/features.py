"""What a case is recognised by, read off its record once: names, places, sums, counts, dates, organisations.

In: a `SourcedCase`. Out: a `Features` record. It compares nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from nlp.extract.platforms import usual_names
from nlp.incident import SourcedCase
from nlp.records import Account, Amount, Case, Contact, Count, Moment, Organisation, Place, Platform

_FILLERS = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
# Roles of places that say where the case happened, not where somebody else lives or deals were made.
_SCENE = frozenset(("scene", "victim_home", "handling_police", ""))
# Digits from which a sum is a fingerprint: two cases of a city and a month may both lose 2.8万, hardly 28,300 yuan.
MARK = 3
HOTLINE = 7  # digits; 110, 96110 and 10086 are nobody's own
# Features kept, by the identity of the record they were read from, which is kept with them: about 12 kB each.
KEPT = 2000
_read: dict[int, tuple[Case, Features]] = {}


@dataclass(frozen=True, slots=True)
class Features:
    """`places` are paths without fillers; `sums` (role, min, max) in yuan; `counts` (what, min, max); `days` ISO starts without the clock:
    2024-03-09, 2024-03, 2024, and --03-09 where the text gives no year.

    `figures`: all exact sums of any role, yuan, and `marks` those that are as good as a fingerprint; `handles`: accounts, contacts and
    names of apps that a text gives as this case's own, not 微信, 96110 and their like.
    """

    label: str
    suspects: frozenset[str]
    victims: frozenset[str]
    places: frozenset[tuple[str, ...]]
    codes: frozenset[str]
    sums: frozenset[tuple[str, Decimal, Decimal]]
    counts: frozenset[tuple[str, int, int]]
    days: frozenset[str]
    organisations: frozenset[str]
    tactics: frozenset[str]
    marks: frozenset[Decimal]
    figures: frozenset[Decimal]
    handles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sketch:
    """All that comparing wants of a case, a tenth of its record: stores keep thousands at hand. `signature`: as in `SourcedCase`."""

    case_id: str
    document_id: str
    article_title: str
    signature: Sequence[int]
    features: Features
    article: int = 0
    retold: bool = False


def sketch(sourced: SourcedCase | Sketch) -> Sketch:
    """The sketch of a case; of a sketch, itself."""
    if isinstance(sourced, Sketch):
        return sourced
    document = sourced.source.document_id
    features = read_features(sourced.case)
    return Sketch(
        sourced.case_id, document, sourced.article_title, sourced.signature, features, sourced.article, sourced.retold
    )


def draw(
    case_id: str, document_id: str, article_title: str, signature: Sequence[int], case: Case, *, article: int = 0, retold: bool = False
) -> Sketch:  # fmt: skip
    """A sketch to be kept: packed small, its features read anew and kept nowhere else."""
    packed = array("Q", signature)  # 64 numbers of 8 bytes, not 64 objects of 32
    return Sketch(case_id, document_id, article_title, packed, _read_features(case), article, retold)


def path(region: str) -> tuple[str, ...]:
    """河南省/南阳市/邓州市 as a tuple without the filler levels of municipalities (重庆市/重庆市/巴南区 → 重庆市, 巴南区)."""
    parts: list[str] = []
    for part in region.split("/"):
        if part and part not in _FILLERS and part not in parts:
            parts.append(part)
    return tuple(parts)


def keep_at_most(cases: int) -> None:
    """Keep the features of so many cases in this process instead: for one that has to stay small."""
    global KEPT  # noqa: PLW0603 - what is kept is kept once a process
    KEPT = cases


def read_features(case: Case) -> Features:
    """The features of one case; kept, for a case is compared with dozens of others."""
    kept = _read.get(id(case))
    if kept is not None and kept[0] is case:
        return kept[1]
    features = _read_features(case)
    while len(_read) >= KEPT:
        _read.pop(next(iter(_read)), None)
    _read[id(case)] = (case, features)
    return features


def is_common(name: str) -> bool:
    """李某, 王女士, 小张, 阿强: what thousands are called in a month's news."""
    return name.endswith(("先生", "女士", "某某")) or (len(name) == 2 and (name[1] in "某*×" or name[0] in "小老阿"))


def significant(value: Decimal) -> int:
    """How many digits of a sum are not round: 3 of 81,900, 5 of 81,877, 2 of 38万."""
    return len(str(int(value)).rstrip("0"))


def _day(start: str) -> str:
    """The day of an ISO start; "" for one that gives neither year nor month (9日, 下午3点)."""
    if start.startswith("--"):
        return "" if start.startswith("---") else start[:7]
    return start[:10] if start[:4].isdigit() else ""


def dates(days: Iterable[str]) -> set[str]:
    """Month and day (03-09) of those that give both, whether with a year or without."""
    return {day[-5:] for day in days if len(day) == 10 or (len(day) == 7 and day.startswith("--"))}


def _read_features(case: Case) -> Features:
    people = {role: frozenset(p.name for p in case.persons if p.role == role) for role in ("suspect", "victim")}
    scenes = [m for m in case.places if m.role in _SCENE] or list(case.places)
    places = [m.value for m in scenes if isinstance(m.value, Place)]
    sums = [(m.role, m.value) for m in case.amounts if isinstance(m.value, Amount) and m.value.currency == "CNY"]
    handles = {m.value.number for m in case.accounts if isinstance(m.value, Account)}
    handles |= {m.value.address for m in case.contacts if isinstance(m.value, Contact)}
    handles |= {m.value.name for m in case.platforms if isinstance(m.value, Platform)} - usual_names()
    figures = frozenset(value.value_min for _, value in sums if value.value_min == value.value_max)
    return Features(
        label=case.label,
        suspects=people["suspect"],
        victims=people["victim"],
        places=frozenset(path(place.region) for place in places if place.region and not place.candidates),
        codes=frozenset(place.code for place in places if place.code),
        sums=frozenset((role, v.value_min, v.value_max) for role, v in sums if role in ("loss", "gain", "flow")),
        counts=frozenset(
            (m.value.what or m.value.unit, m.value.minimum, m.value.maximum)
            for m in case.counts
            if isinstance(m.value, Count) and m.value.minimum >= 20
        ),
        days=frozenset(day for m in case.times if isinstance(m.value, Moment) and (day := _day(m.value.start))),
        organisations=frozenset(
            m.value.name for m in case.organisations if isinstance(m.value, Organisation) and len(m.value.name) >= 6
        ),
        tactics=frozenset(case.tactics),
        marks=frozenset(value for value in figures if significant(value) >= MARK),
        figures=figures,
        handles=frozenset(handle for handle in handles if len(handle) >= (HOTLINE if handle.isdigit() else 3)),
    )
