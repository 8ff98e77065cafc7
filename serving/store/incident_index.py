"""The index that lists of incidents are found by: words and facets of each, under the numbers that lists are sorted by.

In: an incident's numbers, text and facets; a query. Out: numbers, newest first, and no more of them than are asked for. It ranks nothing.

An incident stands here under the number of its last change, where analysts find it, and under that of the last change that readers may see,
where they do; mostly the two are one number and one entry, for both. A list is sorted by these very numbers, so that its first page is the
first numbers that fit: no database needs to collect a million of them for fifty. SQLite: FTS5 walks its lists from either end. PostgreSQL:
GIN knows no order; entries carry the stretch of numbers they lie in (`STRETCHES`) as lexemes, and the newest stretch is asked first; how
much it holds says how long the next one must be.

Facets (type, place, year, status, sum …) are told in steps (`facets`, `asked_facets`): what fits is among what they find, days and sums
are looked at afterwards (`serving.index_pages`). What is often asked together, a type in a province, is one facet besides. Words and pairs
of letters are those of `serving.store.search`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving import data_key
from serving.store.search import (
    VECTOR_LENGTH,
    as_vector,
    blind,
    fts5_query,
    letters,
    lexeme,
    lexemes,
    matches,
    pairs,
    vector_query,
)
from serving.store.tables import IncidentWordsRow

READER, ANALYST = "reader", "analyst"
SQLITE_INDEX = 'CREATE VIRTUAL TABLE search_index_incidents USING fts5(words, pairs, facets, tokenize="unicode61 remove_diacritics 0")'
# The columns of an incident that facets are made of, its places aside.
FACETS = (
    "label", "status", "basis", "tlp", "last_date", "first_date", "published_last", "loss_max_fen", "loss_min_fen",
)  # fmt: skip
# Digits of a code that are a facet; other beginnings are asked for with a star.
LEVELS = (2, 4, 6, 9, 12)
# A sum is told to a power of four: 1,000 to 4,000 yuan are one step. What is above 4**30 fen is as good as endless. Asked for are 43
# million yuan and more, 655 yuan and less: few lose so much, few of whom it is written so little.
STEP, STEPS = 4, 30
LARGE, SMALL = 16, 7
# Years that are facets; one before or after them is told, and asked for, as the first or last of them.
YEARS = range(1990, 2041)
# Years that are asked for one by one: of a span no longer than this, what happened in any of them. More of them are most of what there is.
SPAN = 3
# Years back from which on a list of the newest would pass by most of what there is before it comes to them, and little is older.
OLD = 10
# Bits of a number below a stretch: 512, 8,192 and 131,072 numbers.
STRETCHES = (9, 13, 17)
# Of which at most about so many are named in one question: GIN goes through all the numbers of stretches that are each shorter than the
# shortest of the other lists, however long they are together. (Seventeen of 8,192 instead of a province's 30,000.)
NAMED = 4
# Numbers looked through first. Half of all entries hold the commonest word, one in 5,000 a county and a type: those are asked for once more.
NEWEST = 2048
# What is taken from SQLite at once where a page needs a second look, then four times as many.
TAKEN, MOST_TAKEN = 400, 12_800
_PLAIN = re.compile(r"[^0-9a-z]")
_WORDS = sa.inspect(IncidentWordsRow).local_table
_PUT = sa.text(
    "INSERT INTO search_index_incidents (rowid, words, pairs, facets) VALUES (:number, :words, :pairs, :facets)"
)
_GONE = sa.text("DELETE FROM search_index_incidents WHERE rowid = :number")

Facets = Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query. words: as typed, "" for none; facets: of each of these at least one must be told (a star: one that begins so)."""

    words: str
    facets: Sequence[Facets]


class IncidentIndex(Protocol):
    """What it can do on either database."""

    def put(self, session: Session, number: int, text: str, told: Facets, private: bool) -> None:
        """Let an incident be found under this number, by its text and facets. private: by tokens, where there is a data key."""

    def remove(self, session: Session, numbers: Iterable[int]) -> None:
        """Let nothing be found under these numbers; harmless where nothing stands."""

    def newest(self, session: Session, asked: Asked, below: int | None, first: int) -> Iterator[list[int]]:
        """All numbers below `below` that fit, newest first, in pieces of about `first` and more; nothing where no word can be looked for."""

    def numbers(self, asked: Asked) -> sa.Select[tuple[int]] | None:
        """The same as a selectable in no order, to be put into `IN (...)`; None where no word can be looked for."""

    def holding(self, session: Session, query: str, numbers: Collection[int]) -> set[int]:
        """Under which of these few numbers stands every term of `query`."""


def index_for(session: Session) -> IncidentIndex:
    """The index of this database."""
    return Fts5Incidents() if session.get_bind().dialect.name == "sqlite" else VectorIncidents()


def facets(
    columns: Mapping[str, Any], codes: Collection[str], inner: Collection[str], viewers: Iterable[str]
) -> list[str]:
    """The facets of an incident's columns. codes: places that readers find it by; inner: all of them; viewers: who finds this entry.

    A place says who finds the entry by it: both, readers only (outer), analysts only (inner). Who asks for a place needs not ask for the viewer
    too, whom half of all entries tell.
    """
    seen_by = set(viewers)
    found = [f"viewer{viewer}" for viewer in sorted(seen_by)]
    found += [_plain(name, columns[name]) for name in ("label", "status", "basis", "tlp")]
    for name, told in _places(set(codes), set(inner), seen_by).items():
        found += sorted({f"{name}{_spelled(code[:level])}" for code in told for level in LEVELS if len(code) >= level})
        found += sorted({_typed(name, code[: LEVELS[0]], columns["label"]) for code in told if len(code) >= LEVELS[0]})
    ends = _ends(columns)
    found += [f"{name}{_year(told)}" for name, told in ends.items() if told]
    if all(ends.values()):  # the end is before the beginning where texts disagree
        first, last = sorted(map(_year, ends.values()))
        found += [f"during{year}" for year in range(first, last + 1)]
    for name, column in (("most", "loss_max_fen"), ("least", "loss_min_fen")):
        if columns[column] is not None:
            found.append(f"{name}{_step(columns[column])}")
    return found


def _places(codes: set[str], inner: set[str], viewers: set[str]) -> dict[str, set[str]]:
    if viewers == {READER}:
        return {"outer": codes}
    return {"inner": codes | inner} if READER not in viewers else {"place": codes, "inner": inner - codes}


def asked_facets(wanted: Any, place: str, viewer: str) -> list[list[str]]:
    """What a filter (`serving.fitting.IncidentFilter`) asks of the facets: all that fits tells them. place: the code's beginning, "" for any;
    viewer: READER or ANALYST."""
    found = [] if place else [[f"viewer{viewer}"]]
    names = ("place", "outer") if viewer == READER else ("place", "inner")
    if wanted.labels and len(place) == LEVELS[0]:
        found.append([_typed(name, place, label) for name in names for label in wanted.labels])
    else:
        found += [[_plain("label", label) for label in wanted.labels]] * bool(wanted.labels)
        star = "" if len(place) in LEVELS else "*"
        found += [[f"{name}{_spelled(place)}{star}" for name in names]] * bool(place)
    for name in ("status", "basis", "tlp"):
        found += [[_plain(name, getattr(wanted, name))]] * bool(getattr(wanted, name))
    if wanted.since and wanted.until:
        years = range(_year(wanted.since), _year(wanted.until) + 1)
        found += [[f"during{year}" for year in years]] * (0 < len(years) <= SPAN)
    # What many fit is left to the second look: to put a dozen long lists together costs ten times as much.
    this_year = datetime.now(UTC).year
    if wanted.since and (year := _year(wanted.since)) > this_year:
        found.append([f"last{later}" for later in YEARS if later >= year])
    if wanted.until and (year := _year(wanted.until)) <= this_year - OLD:
        found.append([f"first{earlier}" for earlier in YEARS if earlier <= year])
    if wanted.loss_min_fen is not None and (step := _step(wanted.loss_min_fen)) >= LARGE:
        found.append([f"most{larger}" for larger in range(step, STEPS + 1)])
    if wanted.loss_max_fen is not None and (step := _step(wanted.loss_max_fen)) <= SMALL:
        found.append([f"least{smaller}" for smaller in range(step + 1)])
    return found


def _ends(columns: Mapping[str, Any]) -> dict[str, str]:
    """The years that `since` and `until` are held against (see `serving.fitting.date_branches`)."""
    published = columns["published_last"] or ""
    last = columns["last_date"] or published
    first = columns["first_date"] or ("" if columns["last_date"] else published)
    return {"last": last, "first": first}


def _year(date: str) -> int:
    """Its year among `YEARS`; what begins with no year (--04-13) is compared by byte elsewhere, and stands before every year."""
    told = int(date[:4]) if date[:4].isdecimal() and date[:4].isascii() else 0
    return min(max(told, YEARS[0]), YEARS[-1])


def _step(fen: int) -> int:
    step = 0
    while fen >= STEP and step < STEPS:
        fen, step = fen // STEP, step + 1
    return step


def _typed(name: str, place: str, label: str) -> str:
    return f"{name}{_spelled(place)}of{_spelled(label)}"


def _plain(name: str, value: str) -> str:
    return f"{name}{_spelled(value or '')}"


def _spelled(value: str) -> str:
    """A value as one word of letters and digits, which no tokenizer cuts: investment_fraud → investmentz5fzfraud."""
    return _PLAIN.sub(lambda found: f"z{ord(found[0]):x}z", value)


class Fts5Incidents:
    """SQLite FTS5: three columns, the row's number is the incident's."""

    def put(self, session: Session, number: int, text: str, told: Facets, private: bool) -> None:
        """See IncidentIndex.put."""
        from nlp.segment import tokens

        hidden = private and bool(data_key.keys())
        session.execute(_PUT, {
            "number": number, "words": " ".join(blind(text) if hidden else tokens(text)), "pairs": "" if hidden else pairs(text),
            "facets": " ".join(told),
        })  # fmt: skip

    def remove(self, session: Session, numbers: Iterable[int]) -> None:
        """See IncidentIndex.remove."""
        for number in numbers:
            session.execute(_GONE, {"number": number})

    def newest(self, session: Session, asked: Asked, below: int | None, first: int) -> Iterator[list[int]]:
        """See IncidentIndex.newest."""
        match, most = fts5_match(asked), first
        rows = sa.text(
            "SELECT rowid FROM search_index_incidents WHERE search_index_incidents MATCH :match AND rowid < :below "
            "ORDER BY rowid DESC LIMIT :most"
        )
        below = below if below is not None else 2**62
        while match is not None:
            found = list(session.scalars(rows, {"match": match, "below": below, "most": most}))
            yield found
            if len(found) < most:
                return
            below, most = found[-1], min(4 * most, MOST_TAKEN)

    def numbers(self, asked: Asked) -> sa.Select[tuple[int]] | None:
        """See IncidentIndex.numbers."""
        match = fts5_match(asked)
        if match is None:
            return None
        rows = sa.text("SELECT rowid FROM search_index_incidents WHERE search_index_incidents MATCH :match")
        found = rows.bindparams(match=match).columns(sa.column("rowid", sa.Integer)).subquery()
        return sa.select(found.c.rowid)

    def holding(self, session: Session, query: str, numbers: Collection[int]) -> set[int]:
        """See IncidentIndex.holding."""
        match = fts5_query(query)
        if match is None or not numbers:
            return set()
        rows = sa.text(
            "SELECT rowid FROM search_index_incidents WHERE search_index_incidents MATCH :match AND rowid IN :numbers"
        )
        wanted = rows.bindparams(sa.bindparam("numbers", expanding=True))
        return set(session.scalars(wanted, {"match": match, "numbers": list(numbers)}))


def fts5_match(asked: Asked) -> str | None:
    """A query as an FTS5 expression; None where no word can be looked for."""
    words = fts5_query(asked.words) if asked.words.strip() else ""
    if words is None:
        return None
    told = [f"facets : ({' OR '.join(map(_fts5_facet, some))})" for some in asked.facets]
    return " AND ".join([*told, *([f"({words})"] if words else [])])


def _fts5_facet(facet: str) -> str:
    return f'"{facet[:-1]}" *' if facet.endswith("*") else f'"{facet}"'


class VectorIncidents:
    """PostgreSQL: words, pairs, facets (#) and stretches (~) as lexemes of one tsvector under GIN, phrases looked at letter for letter.

    One tsquery for all of it: GIN then reads the shortest of the lists and skips through the others.
    """

    def put(self, session: Session, number: int, text: str, told: Facets, private: bool) -> None:
        """See IncidentIndex.put."""
        hidden = private and bool(data_key.keys())
        words = blind(text[:VECTOR_LENGTH]) if hidden else lexemes(text)
        vector = as_vector(sorted({*words, *vector_facets(number, told)}))
        row = {"number": number, "text": "" if hidden else letters(text), "vector": vector}
        session.execute(sa.insert(_WORDS).values(**row))

    def remove(self, session: Session, numbers: Iterable[int]) -> None:
        """See IncidentIndex.remove."""
        session.execute(sa.delete(_WORDS).where(_WORDS.c.number.in_(list(numbers))))

    def newest(self, session: Session, asked: Asked, below: int | None, first: int) -> Iterator[list[int]]:
        """See IncidentIndex.newest."""
        match = _tsquery(asked)
        if match is None:
            return
        high = (below if below is not None else (session.scalar(sa.select(sa.func.max(_WORDS.c.number))) or 0) + 1) - 1
        length, seen, told, aim = NEWEST, 0, 0, first
        while high >= 1:
            low, found = _stretch(session, match, high, length)
            yield found
            # As long as `aim` of them take where they are no rarer than so far; where there were none, all that is left.
            seen, told, high = seen + high - low + 1, told + len(found), low - 1
            length, aim = -(-aim * seen // told) if told else high, 4 * aim

    def numbers(self, asked: Asked) -> sa.Select[tuple[int]] | None:
        """See IncidentIndex.numbers."""
        match = _tsquery(asked)
        return (
            None if match is None else sa.select(_WORDS.c.number).where(matches(_WORDS.c.vector, match[0]), *match[1])
        )

    def holding(self, session: Session, query: str, numbers: Collection[int]) -> set[int]:
        """See IncidentIndex.holding."""
        found = self.numbers(Asked(query, ()))
        return (
            set() if found is None or not numbers else set(session.scalars(found.where(_WORDS.c.number.in_(numbers))))
        )


def _stretch(
    session: Session, match: tuple[str, list[sa.ColumnElement[bool]]], high: int, length: int
) -> tuple[int, list[int]]:  # fmt: skip
    """The lowest of at least `length` numbers up to `high`, or 1, and which of all these fit, newest first."""
    here, checks = match
    level = next((bits for bits in STRETCHES if length <= NAMED << bits), None)
    low = 1
    if level is not None:  # whole stretches but for the newest
        low = max(1, high - length + 1) >> level << level
        named = [f"~{level}:{at}" for at in range(low >> level, (high >> level) + 1)]
        here = f"{here} & ({' | '.join(map(lexeme, named))})"
    # An expression, not the key: that would be walked all along for the sake of its order or of its bounds.
    number = _WORDS.c.number + 0
    query = sa.select(_WORDS.c.number).where(matches(_WORDS.c.vector, here), number >= low, number <= high, *checks)
    return low, list(session.scalars(query.order_by(number.desc())))


def vector_facets(number: int, told: Facets) -> list[str]:
    """Facets and stretches as they stand among the lexemes: no word and no pair of letters begins with # or ~."""
    return [f"#{facet}" for facet in told] + [f"~{bits}:{number >> bits}" for bits in STRETCHES]


def _tsquery(asked: Asked) -> tuple[str, list[sa.ColumnElement[bool]]] | None:
    words = vector_query(asked.words, _WORDS.c.vector, _WORDS.c.text) if asked.words.strip() else ("", [])
    if words is None:
        return None
    told = [f"({' | '.join(map(_vector_facet, some))})" for some in asked.facets]
    return " & ".join([*told, *([words[0]] if words[0] else [])]), words[1]


def _vector_facet(facet: str) -> str:
    return f"{lexeme('#' + facet[:-1])}:*" if facet.endswith("*") else lexeme(f"#{facet}")
