"""How near a reader comes to the places of an incident: a complaint's no nearer than the county, a victim's home no nearer than the city.

In: an `Incident` as its sources tell it. Out: the same with its place facts cut, equal ones merged; and the names of villages and
streets that have to go from its quotes. It masks no text itself (`nlp.mask`) and knows no roles: analysts get the incident uncut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Literal

from nlp.incident import Fact, Incident
from nlp.records import Place
from nlp.resolve.features import path

Nearness = Literal["city", "county"]
# Their districts stand directly below them; the same holds for the two special administrative regions.
_ONE_LEVEL = ("北京市", "天津市", "上海市", "重庆市", "香港特别行政区", "澳门特别行政区")
# 4290xx: counties that a province governs itself (仙桃市): there is no city between.
_DIRECT = "90"


def depth(place: Place, to: Nearness) -> int:
    """How many parts of the path may be shown: 云南省/昆明市/盘龙区 has three, of which a city takes two."""
    parts = path(place.region)
    city = 1 if parts and parts[0] in _ONE_LEVEL else 2
    code = place.code
    if to == "city" or (code and code[2:4] == _DIRECT):
        return city
    # 东莞市 has towns and no counties: its own code ends with 00, and what follows in the path is a town.
    return city if code.endswith("00") and len(parts) > city else city + 1


def coarse(place: Place, to: Nearness) -> Place:
    """The place cut to its county or city, with the code of what is left; one that says no more than that stays as it is."""
    parts, shown = path(place.region), depth(place, to)
    if len(parts) <= shown:
        return replace(place, town_code="", candidates=tuple(coarse_path(each, to) for each in place.candidates))
    code = place.code
    if to == "city" and code and code[2:4] != _DIRECT:
        code = f"{code[:2]}0000" if shown == 1 else f"{code[:4]}00"
    level = "province" if shown == 1 else "city" if to == "city" or code.endswith("00") else "county"
    return Place("/".join(parts[:shown]), code, level)


def coarse_path(region: str, to: Nearness) -> str:
    """The same for a path without a code."""
    return "/".join(path(region)[: depth(Place(region), to)])


def for_readers(incident: Incident) -> Incident:
    """The incident with its places as near as a reader may come. Facts that become equal are one, with the evidence of all."""
    limits = _limits(incident)
    if not limits:
        return incident
    facts: list[Fact] = []
    merged: dict[tuple[str, str], int] = {}
    for number, fact in enumerate(incident.facts):
        if not isinstance(fact.value, Place):
            facts.append(fact)
            continue
        if number in limits:
            value = coarse(fact.value, limits[number])
            fact = replace(fact, value=value, text="/".join(path(value.region)) or "、".join(value.candidates))
        key = (fact.role, fact.text)
        if key in merged:
            first = facts[merged[key]]
            facts[merged[key]] = replace(
                first, evidence=first.evidence + fact.evidence, sources=max(first.sources, fact.sources)
            )
        else:
            merged[key] = len(facts)
            facts.append(fact)
    return replace(incident, facts=tuple(facts))


def localities(incident: Incident) -> Iterator[str]:
    """Names below the county, of places that a reader sees cut: 应举镇, 王家村. They go from quotes too."""
    limits = _limits(incident)
    for number in limits:
        value = incident.facts[number].value
        if isinstance(value, Place):
            for region in (value.region, *value.candidates):
                parts = path(region)
                yield from (part for part in parts[depth(replace(value, region=region), "county") :] if len(part) > 1)


def _limits(incident: Incident) -> dict[int, Nearness]:
    """Number of a place fact → how near a reader comes. A village that is told as a victim's home is nobody's scene either."""
    complaints = {source.document_id for source in incident.sources if source.nature == "complaint"}
    homes = {path(fact.value.region) for fact in incident.facts if _is_home(fact) and isinstance(fact.value, Place)}
    found: dict[int, Nearness] = {}
    for number, fact in enumerate(incident.facts):
        if not isinstance(fact.value, Place):
            continue
        if _is_home(fact):
            found[number] = "city"
        elif _only(fact, complaints) or _inside(fact.value, homes):
            found[number] = "county"
    return found


def _is_home(fact: Fact) -> bool:
    return fact.kind == "place" and fact.role == "victim_home"


def _only(fact: Fact, documents: Collection[str]) -> bool:
    return bool(fact.evidence) and all(each.document_id in documents for each in fact.evidence)


def _inside(place: Place, homes: Collection[tuple[str, ...]]) -> bool:
    """Does this place share a name below the county with a victim's home?"""
    parts, shown = path(place.region), depth(place, "county")
    return any(len(parts) > shown and parts[: shown + 1] == home[: shown + 1] for home in homes)
