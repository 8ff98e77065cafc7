"""Names that stand side by side joined to one place: 河南省 + 邓州市 + 构林镇 + 张坡村.

In: folded text and the hits of `nlp.extract.gazetteer`. Out: chains, each with what it can mean, narrowed by its own parts, and the
town, village or zone behind it. Does not look further than the chain; the document's other places are `nlp.extract.places`' part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from nlp.divisions import Division, Town, towns_of
from nlp.divisions.names import town_short
from nlp.divisions.table import table
from nlp.extract.gazetteer import Hit

# Not in a town's or village's name: the words of running text around it.
_PLAIN = r"[^\W\d_A-Za-z的在被和与及了是有为到从对将于向某该本]"
_TOWN = re.compile(
    rf"(?![几多各某两三一这那]个|[各某这那]|周边|附近|下面){_PLAIN}{{1,5}}?(?:镇(?!上|内|里|政府)|乡(?!下|村|里|亲|镇)|街道(?:办事处|办)?(?!上|两)|办事处|苏木)"
)
_VILLAGE = re.compile(rf"{_PLAIN}{{1,6}}?(?:行政村|自然村|村(?!民|委|里|镇|支|干|上)|社区(?!民警|居|工|的))")
# 长宁县公安局双河镇派出所: the body of the county stands between the county and the town.
_BODY = re.compile("公安|分局|派出所|检察|法院|政府|民警|警方")
_TOWN_LIKE = re.compile("[镇乡街木区村社所办]")
_ZONE = re.compile(
    r"(?:[一-鿿]{2}(?=新区|工业园区))?(?:高新(?:技术)?(?:产业)?(?:开发)?区|经(?:济)?(?:技术)?开(?:发)?区|开发区|新区(?!域|别)|工业园区|新站区|保税区|示范区)"
)


@dataclass(slots=True)
class Chain:
    """text[start:end] names one place; `meanings` are the divisions it can be, one a lineage, likeliest first."""

    start: int
    end: int
    hits: list[Hit]
    meanings: tuple[Division, ...]
    foreign: str = ""
    below: list[str] = field(default_factory=list)  # town, village or zone behind the division
    level: str = ""  # town, village or zone's level where `below` is not empty
    town_code: str = ""

    @property
    def bare(self) -> bool:
        """A single short name with nothing behind it."""
        return len(self.hits) == 1 and self.hits[0].short and not self.below


def one_a_lineage(rows: Sequence[Division], year: int | None) -> tuple[Division, ...]:
    """The rows, one a lineage and one a path: the one that stood in `year`, else the one that stands, else the latest."""

    def rank(row: Division) -> tuple[bool, int]:
        return (year is None or not row.first <= year <= row.last, -row.last)

    lineages: dict[str, Division] = {}
    for row in sorted(rows, key=rank):
        lineages.setdefault(row.lineage, row)
    return tuple({row.path: row for row in lineages.values()}.values())


@lru_cache(maxsize=4096)
def town_names(code: str) -> dict[str, Town]:
    """Full and short names of the towns directly below a division."""
    names: dict[str, Town] = {}
    for town in towns_of(code):
        if short := town_short(town.name):
            names.setdefault(short, town)
        if town.name.endswith("街道"):
            names.setdefault(town.name[:-1], town)  # 杨园街派出所
            if code.endswith("00"):
                names.setdefault(town.name[:-2] + "区", town)  # 东莞市南城区: what people call 南城街道
    for town in towns_of(code):
        names[town.name] = town
    return names


@cache
def _counties_by_stem() -> dict[str, list[str]]:
    """Codes of counties by the first two and the first four digits, in the order of the table."""
    stems: dict[str, list[str]] = {}
    for code in table().current:
        if not code.endswith("00"):
            stems.setdefault(code[:2], []).append(code)
            stems.setdefault(code[:4], []).append(code)
    return stems


@lru_cache(maxsize=512)
def counties_of(code: str) -> tuple[str, ...]:
    """Codes of the counties of a city or municipality, and its own where towns stand directly below it."""
    stem = code[:4] if not code.endswith("0000") else code[:2]
    inside = tuple(_counties_by_stem().get(stem, ()))
    return (*inside, code) if towns_of(code) else inside


def _below(lower: Division, upper: Division) -> bool:
    return lower.path.startswith(f"{upper.path}/")


def build_chains(folded: str, hits: Sequence[Hit], year: int | None) -> list[Chain]:
    """Chains in the order of the text, not overlapping; each with the divisions it can mean in `year`."""
    chains: list[Chain] = []
    i = 0
    while i < len(hits):
        hit = hits[i]
        i += 1
        if hit.foreign:
            chains.append(Chain(hit.start, hit.end, [hit], (), hit.foreign))
            while i < len(hits) and hits[i].start == chains[-1].end and hits[i].foreign.startswith(f"{hit.foreign}/"):
                chains[-1].end, chains[-1].foreign = hits[i].end, hits[i].foreign
                chains[-1].hits.append(hits[i])
                i += 1
            continue
        rows: Sequence[Division] = hit.divisions
        parts = [hit]
        while i < len(hits) and folded[parts[-1].end : hits[i].start] in ("", " ") and not hits[i].foreign:
            narrowed = [low for low in hits[i].divisions if any(_below(low, up) for up in rows)]
            if not narrowed:
                break
            rows, parts = narrowed, [*parts, hits[i]]
            i += 1
        chain = Chain(parts[0].start, parts[-1].end, parts, one_a_lineage(rows, year))
        extend(folded, chain)
        chains.append(chain)
        while i < len(hits) and hits[i].start < chain.end:
            i += 1
    return chains


def extend(folded: str, chain: Chain) -> None:
    """Take in the zone, or the town and the village, that stand directly behind the chain's division."""
    division = chain.meanings[0] if chain.meanings else None
    if division is None or division.level == "province":
        return
    if division.level == "city" and (zone := _ZONE.match(folded, chain.end)):
        name = (
            zone.group()
            if chain.hits[-1].name.endswith(("市", "州")) or zone.group()[-2:] == "新区"
            else chain.hits[-1].name + zone.group()
        )
        chain.below, chain.level, chain.end = [name], "county", zone.end()
        return
    if len(chain.meanings) > 1 and len(chain.hits) == 1 and chain.hits[0].short:
        return  # 朝阳 + …: whose towns is not known yet
    town, length = _town_behind(folded, chain)
    if town is not None:
        chain.below, chain.level, chain.town_code = [town.name], "town", town.code
        chain.end += length
    elif not chain.bare and (match := _TOWN.match(folded, chain.end)) and not _BODY.search(match.group()):
        chain.below, chain.level, chain.end = (
            [re.sub("街道办事处|街道办|办事处", "街道", match.group())],
            "town",
            match.end(),
        )
    if (chain.below or (division.level == "county" and not chain.bare)) and (
        (match := _VILLAGE.match(folded, chain.end)) and not _BODY.search(match.group())
    ):
        chain.below, chain.level, chain.end = [*chain.below, match.group()], "village", match.end()


def _town_behind(folded: str, chain: Chain) -> tuple[Town | None, int]:
    """The known town that the text names directly behind the chain, and the length of its name there."""
    if not _TOWN_LIKE.search(folded, chain.end, chain.end + 12):
        return None, 0
    for division in chain.meanings:
        codes = counties_of(division.code) if division.level == "city" else (division.code,)
        found: tuple[Town | None, int] = (None, 0)
        several = False
        for code in codes:
            names = town_names(code)
            for length in range(min(8, len(folded) - chain.end), 1, -1):
                town = names.get(folded[chain.end : chain.end + length])
                full = town is not None and (
                    town.name == folded[chain.end : chain.end + length] or folded[chain.end + length - 1] == "区"
                )
                tail = folded[chain.end + length : chain.end + length + 3]
                if town is not None and (
                    full or (not chain.bare and tail.startswith(("派出所", "村", "社区", "办事处")))
                ):
                    several = found[0] is not None and length == found[1]
                    if length > found[1]:
                        found = (town, length)
                    break
        if found[0] is not None and not several:
            if division.level == "city" and found[0].parent != division.code:
                chain.meanings = (table().current[found[0].parent],)
            return found
    return None, 0
