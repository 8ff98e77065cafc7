"""What a case is recognised by, read off its record once: names, places, sums, counts, dates, organisations.

In: a `SourcedCase`. Out: a `Features` record. It compares nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from nlp.incident import SourcedCase
from nlp.records import Amount, Count, Moment, Organisation, Place

_FILLERS = frozenset(("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
# Roles of places that say where the case happened, not where somebody else lives or deals were made.
_SCENE = frozenset(("scene", "victim_home", "handling_police", ""))


@dataclass(frozen=True, slots=True)
class Features:
    """`places` are paths without fillers; `sums` (role, min, max) in yuan; `counts` (what, min, max); `days` ISO starts."""

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


def path(region: str) -> tuple[str, ...]:
    """河南省/南阳市/邓州市 as a tuple without the filler levels of municipalities (重庆市/重庆市/巴南区 → 重庆市, 巴南区)."""
    parts: list[str] = []
    for part in region.split("/"):
        if part and part not in _FILLERS and part not in parts:
            parts.append(part)
    return tuple(parts)


def read_features(sourced: SourcedCase) -> Features:
    """The features of one case."""
    case = sourced.case
    people = {role: frozenset(p.name for p in case.persons if p.role == role) for role in ("suspect", "victim")}
    scenes = [m for m in case.places if m.role in _SCENE] or list(case.places)
    places = [m.value for m in scenes if isinstance(m.value, Place)]
    return Features(
        label=case.label,
        suspects=people["suspect"],
        victims=people["victim"],
        places=frozenset(path(place.region) for place in places if place.region and not place.candidates),
        codes=frozenset(place.code for place in places if place.code),
        sums=frozenset(
            (m.role, m.value.value_min, m.value.value_max)
            for m in case.amounts
            if isinstance(m.value, Amount) and m.value.currency == "CNY" and m.role in ("loss", "gain", "flow")
        ),
        counts=frozenset(
            (m.value.what or m.value.unit, m.value.minimum, m.value.maximum)
            for m in case.counts
            if isinstance(m.value, Count) and m.value.minimum >= 20
        ),
        days=frozenset(m.value.start for m in case.times if isinstance(m.value, Moment) and m.value.start),
        organisations=frozenset(
            m.value.name for m in case.organisations if isinstance(m.value, Organisation) and len(m.value.name) >= 6
        ),
        tactics=frozenset(case.tactics),
    )
