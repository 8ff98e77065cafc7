"""The divisions as tables: loaded once, on first use, from the compact files beside this module.

In: counties.tsv.gz, towns.tsv.gz, abroad.tsv. Out: `Division` records by code, by name and by path; towns by county and by name.
Province to town; villages are not stored. Decides nothing about texts.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from nlp.divisions.names import short_names, town_short
from nlp.errors import NotFoundError

STILL = 9999  # last year of a division that still stands
MUNICIPALITIES = ("11", "12", "31", "50")
# Cities without counties: their towns stand directly below them (东莞市, 中山市, 儋州市, 嘉峪关市).
_ALIASES = {"昆区": "150203", "察右中旗": "150927", "察右前旗": "150926", "察右后旗": "150928", "喀左县": "211324"}


@dataclass(frozen=True, slots=True)
class Division:
    """A province, city or county as it stood from `first` to `last` (years, inclusive; last 9999: still).

    `lineage` is one code for the same ground over time: 杭州市/余杭市 and 杭州市/余杭区 share it.
    """

    code: str  # six digits
    path: str  # "河南省/南阳市/邓州市"
    first: int
    last: int
    lineage: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def level(self) -> str:
        """province, city or county; 澄迈县 and 重庆市/巴南区 are counties although only one name stands before them."""
        depth = self.path.count("/")
        return "province" if depth == 0 else "city" if depth == 1 and self.code.endswith("00") else "county"


@dataclass(frozen=True, slots=True)
class Town:
    """A town, township or street office: nine-digit code, name, code of the county (or city) it belongs to."""

    code: str
    name: str
    parent: str


@dataclass(frozen=True)
class Table:
    """All divisions from province to county, indexed."""

    current: Mapping[str, Division]  # by code, those that stand
    former: Mapping[str, tuple[Division, ...]]  # by code, those that stood, latest first
    by_name: Mapping[str, tuple[Division, ...]]  # full and short names; those that stand first, then the latest


def _lines(file: str) -> Iterator[str]:
    data = resources.files("nlp.divisions").joinpath(file).read_bytes()
    text = gzip.decompress(data) if file.endswith(".gz") else data
    return (line for line in text.decode().splitlines() if line and not line.startswith("#"))


@cache
def table() -> Table:
    """The table, read on first use (about 40 ms)."""
    current: dict[str, Division] = {}
    former: dict[str, list[Division]] = {}
    by_name: dict[str, list[Division]] = {}
    for line in _lines("counties.tsv.gz"):
        code, path, first, last, lineage = line.split("\t")
        division = Division(code, path, int(first), int(last) if last else STILL, lineage)
        if last:
            former.setdefault(code, []).append(division)
        else:
            current[code] = division
        name = division.name
        for form in (name, *short_names(name)):
            by_name.setdefault(form, []).append(division)
    for alias, code in _ALIASES.items():
        by_name.setdefault(alias, []).append(current[code])
    latest_first = {code: tuple(sorted(rows, key=lambda row: -row.last)) for code, rows in former.items()}
    ordered = {name: tuple(sorted(rows, key=lambda row: (-row.last, row.code))) for name, rows in by_name.items()}
    return Table(current, latest_first, ordered)


@cache
def _towns() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Parent code → "001东华门街道 002景山街道"; name, full or short → those lines' "110101001东华门街道" (about 80 ms, on first use)."""
    by_parent: dict[str, str] = {}
    by_name: dict[str, list[str]] = {}
    for line in _lines("towns.tsv.gz"):
        parent, names = line.split("\t")
        by_parent[parent] = names
        for item in names.split(" "):
            name, row = item[3:], parent + item
            by_name.setdefault(name, []).append(row)
            if short := town_short(name):
                by_name.setdefault(short, []).append(row)
    return by_parent, by_name


def _town(row: str) -> Town:
    return Town(row[:9], row[9:], row[:6])


@cache
def towns_of(code: str) -> tuple[Town, ...]:
    """The towns directly below the county, or city without counties, of this six-digit code."""
    names = _towns()[0].get(code)
    return tuple(_town(code + item) for item in names.split(" ")) if names else ()


def towns_named(name: str) -> tuple[Town, ...]:
    """All towns of China that are called so, in full (泗泾镇) or short (泗泾)."""
    return tuple(_town(row) for row in _towns()[1].get(name, ()))


@cache
def abroad() -> Mapping[str, str]:
    """Name of a foreign country, region or city → path: 金边 → 柬埔寨/金边; 缅北 → 缅甸/缅北."""
    return dict(line.split("\t") for line in _lines("abroad.tsv"))


@cache
def blockers() -> tuple[str, ...]:
    """Ordinary words that hold a place's name and mean no place: 大同小异, 三明治."""
    return tuple(_lines("blockers.txt.gz"))


@cache
def ordinary() -> frozenset[str]:
    """Short names that are first of all words: 合作, 公安, 富裕, 资源, 和平. Never a place without a cue."""
    return frozenset(word for line in _lines("ordinary.txt") for word in line.split())


def lookup(code: str, year: int | None = None) -> str:
    """The path of a six-digit code (province, city, county) or nine-digit town code, as it stood in `year` (default: now).

    A code that no longer stands gives its last path. Raises NotFoundError for a code that never stood since 1980.
    """
    rows = table()
    if len(code) == 9:
        for town in towns_of(code[:6]):
            if town.code == code:
                return f"{lookup(code[:6], year)}/{town.name}"
    stood = ((rows.current[code],) if code in rows.current else ()) + rows.former.get(code, ())
    for division in stood:
        if year is not None and division.first <= year <= division.last:
            return division.path
    if not stood:
        raise NotFoundError(f"没有行政区划代码 {code}", expected="六位（省、市、县）或九位（乡镇）代码")
    return stood[0].path


def find(name: str, year: int | None = None) -> tuple[Division, ...]:
    """Divisions that a name or path can mean, the likeliest first; empty when none does.

    "邓州", "邓州市", "河南省/南阳市/邓州市", "河南/邓州" all find 411381. With `year`, those that stood then come first,
    else those that stand now; one entry a lineage.
    """
    *parents, last = [part for part in name.split("/") if part]
    rows = table().by_name.get(last, ())
    for parent in parents:
        above = table().by_name.get(parent, ())
        names = {division.name for division in above} or {parent}
        rows = tuple(row for row in rows if names & set(row.path.split("/")[:-1]))

    def rank(division: Division) -> tuple[bool, int]:
        return (year is not None and not division.first <= year <= division.last, -division.last)

    best: dict[str, Division] = {}
    for division in sorted(rows, key=rank):
        best.setdefault(division.lineage, division)
    return tuple(best.values())


def words() -> Iterator[str]:
    """Names of provinces, cities and counties for a segmenter's lexicon: full, and short where the short form is no ordinary word."""
    seen = set()
    for division in table().current.values():
        for form in (division.name, *short_names(division.name)):
            if len(form) >= 2 and form not in seen and form not in ordinary():
                seen.add(form)
                yield form
    yield from (name for name in abroad() if len(name) >= 2 and name not in seen)
