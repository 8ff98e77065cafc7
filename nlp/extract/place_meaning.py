"""Which division an ambiguous name means: decided by the places that the document names for sure, nearest first.

In: folded text and its chains. Out: the chains with their meanings narrowed; two that remain stay, and the place is left open.
新华区 is that of the city named beside it; 濮阳 is the city, not the county below it; 新城区 and 长安区 together are 西安市's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from nlp.divisions import Division
from nlp.extract.place_chains import Chain
from nlp.extract.place_roles import POLICE

# A cue that makes a place of a name that is first of all a word: 万年警方, 家住资源的, 和平一群众.
_CUE_AFTER = re.compile(
    rf"{POLICE}|[市县区]?(?:法院|检察院|人民法院|市民|居民|一?群众|籍|人[，,）)]|一男子|一女子|某小区|等地|"
    r"的?[一-鿿]{1,2}(?:女士|先生|小姐)|的[一-鿿]某)"
)
_CUE_BEFORE = re.compile(r"(?:家住|住在|居住在|赶赴|远赴|奔赴|前往|籍贯|户籍)$")
_STEPS = 4  # neighbours looked at on each side for one of another place; bounds the work in a text of a million names


@dataclass(slots=True)
class Anchors:
    """The places that a document names for sure, indexed by path; positions in the order of the text."""

    divisions: dict[str, Division] = field(default_factory=dict)  # by path
    at: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # path → (position, lineage)
    under: dict[str, list[tuple[int, str]]] = field(default_factory=dict)  # path → those of the places below it
    strong: dict[str, list[tuple[int, str]]] = field(
        default_factory=dict
    )  # lineage → those named in full or with a cue

    first: int | None = None  # where a city or county is named first

    def add(self, position: int, division: Division, *, strong: bool) -> None:
        """Note that the text names `division` at `position`. A bare short name speaks for others, not for its own repetition."""
        row = (position, division.lineage)
        self.divisions.setdefault(division.path, division)
        self.at.setdefault(division.path, []).append(row)
        parts = division.path.split("/")
        if len(parts) > 1 and (self.first is None or position < self.first):
            self.first = position
        for depth in range(1, len(parts)):
            self.under.setdefault("/".join(parts[:depth]), []).append(row)
        if strong:
            self.strong.setdefault(division.lineage, []).append(row)

    def first_below_province(self) -> int | None:
        """Where the text first names a city or county for sure."""
        return self.first

    def support(self, division: Division, position: int) -> float:
        """How much the other places speak for `division` standing at `position`.

        Itself in full 4, its city or a place inside it 3, a county of its city 2, its province 1; up to 0.5 more for nearness.
        """
        city = division.path.rsplit("/", 1)[0]
        province = division.path.split("/", 1)[0]
        own = division.lineage
        speaking = (
            (4.0, self.strong.get(own, ()), ""),
            (3.0, self.at.get(city, ()) if "/" in division.path else (), own),
            (3.0, self.under.get(division.path, ()), own),
            (2.0, self.under.get(city, ()) if "/" in city else (), own),
            (1.0, self.at.get(province, ()), own),
            (1.0, self.under.get(province, ()), own),
        )
        for weight in (4.0, 3.0, 2.0, 1.0):
            near = [_nearness(rows, position, lineage) for value, rows, lineage in speaking if value == weight and rows]
            best = max((n for n in near if n > 0), default=0.0)
            if best:
                return weight + best
        return 0.0


def _nearness(rows: Sequence[tuple[int, str]], position: int, lineage: str) -> float:
    """0.5 and falling for the nearest row before `position`, 0.2 and falling for one behind; 0 where none is of another lineage."""
    here = bisect_left(rows, (position, ""))
    best = 0.0
    for step in range(1, _STEPS + 1):
        for index, value in ((here - step, 0.5), (here + step - 1, 0.2)):
            if 0 <= index < len(rows) and rows[index][0] != position and rows[index][1] != lineage:
                best = max(best, value / (1 + abs(position - rows[index][0]) / 200))
        if best:
            break
    return best


def cued(folded: str, chain: Chain) -> bool:
    """Police, court or people behind the name, or a home before it: a cue that the name is a place."""
    if chain.hits and chain.hits[0].name == "公安":
        return False  # 公安分局, 公安派出所: the cue is the word itself
    after = _CUE_AFTER.match(folded, chain.end)
    return bool(after or _CUE_BEFORE.search(folded, max(0, chain.start - 6), chain.start))


def sure_places(folded: str, chains: Sequence[Chain]) -> Anchors:
    """The chains whose meaning is sure from themselves."""
    anchors = Anchors()
    for chain in chains:
        if len(chain.meanings) == 1:
            with_cue = cued(folded, chain)
            if with_cue or not chain.hits[0].ordinary or len(chain.hits) > 1:
                anchors.add(chain.start, chain.meanings[0], strong=with_cue or not chain.bare)
    return anchors


def narrow(chains: Sequence[Chain], anchors: Anchors) -> None:
    """Narrow the meanings of ambiguous chains by the anchors, then by one another."""
    for chain in chains:
        if len(chain.meanings) > 1:
            chain.meanings = _narrowed(chain, anchors)
    _agree(chains)


def _narrowed(chain: Chain, anchors: Anchors) -> tuple[Division, ...]:
    # The city and a county of it by the same name: the city.
    paths = {row.path for row in chain.meanings}
    rows = [row for row in chain.meanings if not any(row.path.startswith(f"{path}/") for path in paths)]
    if len(rows) == 1:
        return tuple(rows)
    support = {row.path: anchors.support(row, chain.start) for row in rows}
    best = max(support.values())
    rows = [row for row in rows if support[row.path] == best]
    cities = [row for row in rows if row.level != "county"]
    # Nothing speaks for a county: 朝阳市 before 朝阳区.
    return tuple(cities) if len(cities) == 1 else tuple(rows)


def _agree(chains: Sequence[Chain]) -> None:
    """新城区 and 长安区 in one document: the city that has both, where only one has."""
    open_chains = [chain for chain in chains if len(chain.meanings) > 1 and not chain.bare]
    cities: dict[str, set[str]] = {}
    for chain in open_chains:
        for row in chain.meanings:
            cities.setdefault(row.path.rsplit("/", 1)[0], set()).add(chain.hits[-1].name)
    shared = [city for city, names in cities.items() if len(names) > 1]
    if len(shared) == 1:
        for chain in open_chains:
            chain.meanings = tuple(r for r in chain.meanings if r.path.rsplit("/", 1)[0] == shared[0]) or chain.meanings
