"""Towns that stand alone: 马鹿塘派出所, 高楼镇, 茶山公安分局, read in the counties that the document names.

In: folded text, its chains, and the divisions it names for sure. Out: chains, one a town, in the order of the text. A town is taken
from the counties that are named, else from the cities around them, else where all of China has one town of that name; two that
fit leave the name out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache

from nlp.divisions import Division, Town, towns_named
from nlp.divisions.table import MUNICIPALITIES, ordinary, table
from nlp.extract.place_chains import Chain, counties_of, town_names

# Cities whose towns stand directly below them; there, and only there, a town has a 公安分局: 东莞, 中山, 儋州, 嘉峪关.
WITHOUT_COUNTIES = ("441900", "442000", "460400", "620200")
_TOWN_END = re.compile(r"派出所|镇|乡|街道|街派出所|公安分局|警方")
_NOT_TOWN = re.compile(r"[村亲下里]")  # 乡村, 乡亲, 乡下, 乡里 behind 乡
_SUFFIXES = {"镇": 1, "乡": 1, "街道": 2, "街派出所": 1}
_TOWN_SIGNS = ("派出所", "镇", "街道")
_LONGEST = 8  # characters of a town's name; longer ones (苏木 of Inner Mongolia) are found behind their county only


@lru_cache(maxsize=256)
def _ring(codes: tuple[str, ...]) -> Mapping[str, Town | None]:
    """Town names of these counties; None for a name that two of them have."""
    names: dict[str, Town | None] = {}
    for code in codes:
        for name, town in town_names(code).items():
            names[name] = None if name in names and names[name] != town else town
    return names


def _rings(divisions: Sequence[Division]) -> tuple[Mapping[str, Town | None], Mapping[str, Town | None]]:
    """Towns of the counties named, and of all counties of the cities named or around them."""
    codes = {division.code for division in divisions}
    counties = {code for code in codes if not code.endswith("00")} | codes.intersection(WITHOUT_COUNTIES)
    cities = {
        f"{code[:2]}0000" if code[:2] in MUNICIPALITIES else f"{code[:4]}00"
        for code in codes
        if code[:2] in MUNICIPALITIES or not code.endswith("0000")
    }
    wider = {county for city in cities for county in counties_of(city)} | counties
    return _ring(tuple(sorted(counties))), _ring(tuple(sorted(wider)))


def may_be_town(folded: str, chain: Chain) -> bool:
    """A short county name in front of 派出所 or 镇 is a town's far more often: 河南派出所, 麒麟派出所, 城厢派出所, 双河镇."""
    return (chain.bare and folded.startswith(_TOWN_SIGNS, chain.end)) or (
        len(chain.hits) == 1 and chain.hits[0].ordinary
    )


def towns_alone(folded: str, chains: Sequence[Chain], divisions: Sequence[Division]) -> list[Chain]:
    """Chains of the towns that stand without their county in front; not overlapping other places of the text."""
    ends = [match for match in _TOWN_END.finditer(folded) if not _NOT_TOWN.match(folded, match.end())]
    if not ends:
        return []
    taken = sorted((chain.start, chain.end) for chain in chains if not may_be_town(folded, chain))
    starts = [start for start, _ in taken]
    near, wide = _rings(divisions)
    own = _ring(WITHOUT_COUNTIES)
    found: list[Chain] = []
    for match in ends:
        tail = match.group()
        end = match.start() + _SUFFIXES.get(tail, 0)
        last = bisect_right(starts, match.start() - 1) - 1
        floor = max(taken[last][1] if last >= 0 else 0, found[-1].end if found else 0)
        for begin in range(max(floor, end - _LONGEST), end - 1):
            name = folded[begin:end]
            if tail in ("公安分局", "警方"):
                town = own.get(name) if name not in table().by_name else None
            else:
                town = _town(name, near, wide, full=tail in ("镇", "乡", "街道"))
            if town is not None:
                division = table().current[town.parent]
                found.append(Chain(begin, end, [], (division,), below=[town.name], level="town", town_code=town.code))
                break
    return found


def _town(name: str, near: Mapping[str, Town | None], wide: Mapping[str, Town | None], *, full: bool) -> Town | None:
    """The town called `name` in the near ring, else in the wide one, else the only one of China; `full`: not by a short name."""
    for ring in (near, wide):
        if name in ring:
            town = ring[name]
            return town if town is None or not full or town.name == name else None
    named = towns_named(name)
    if len(named) != 1 or (full and named[0].name != name) or name in ordinary() or name in table().by_name:
        return None
    return named[0]
