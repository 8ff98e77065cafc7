"""Which incidents are asked for, and whether one fitted before or after a change: for followers with a filter.

In: a filter, lines of the log, who asks. Out: how an incident moved. Facets stand in the log itself; words are looked for in the index where
the state is the present one, else in the state that was kept (`serving.snapshots`). A state that was erased may have held anything: it
is taken to have fitted, so that a follower drops what he may have, and hears of nothing that the log does not tell everybody.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving import changes
from serving.found_by import text_of
from serving.store.feed_tables import VersionRow
from serving.store.incident_index import index_for
from serving.store.search import holds
from serving.store.tables import ChangeRow, IncidentRow

# How an incident stands to a filter by a change: it came in, it stayed in, it left.
Movement = Literal["entered", "within", "left"]


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents; every field narrows. `place`: code or prefix of one (41, 4113, 411381; trailing 00 pairs count as open).

    Dates are ISO, as short as a year, and mean the time of the case (of publication where the text tells none). Sums are fen and
    mean the loss. `words`: all must be found. `kinds`: kinds of articles; incidents come from cases only.
    """

    labels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    place: str = ""
    since: str = ""
    until: str = ""
    loss_min_fen: int | None = None
    loss_max_fen: int | None = None
    words: str = ""
    status: str = ""
    basis: str = ""
    tlp: str = ""


def code_range(place: str) -> tuple[str, str]:
    """The half-open range of codes under a place: 411300 → 4113, 4114; 4113 the same; 41 → 41, 42."""
    prefix = place.strip()
    while len(prefix) > 2 and len(prefix) % 2 == 0 and prefix.endswith("00"):
        prefix = prefix[:-2]
    return prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)


def date_branches(wanted: IncidentFilter) -> list[Callable[[Any], list[Any]]]:
    """What the days of a filter ask of an incident's columns: of each of these at least one condition, which may have an index of its own."""

    def since(row: Any) -> list[Any]:
        # A date less precise than asked may lie inside: 2024 fits since 2024-05.
        shorter = [wanted.since[:cut] for cut in (4, 7) if len(wanted.since) > cut]
        untold = row.last_date.is_(None)
        branches = [row.last_date >= wanted.since, untold & (row.published_last >= wanted.since)]
        return branches + ([row.last_date.in_(shorter)] if shorter else [])

    def until(row: Any) -> list[Any]:
        end = wanted.until + "~"  # after every longer date that begins so (the columns compare by byte)
        return [row.first_date <= end, row.last_date.is_(None) & (row.published_last <= end)]

    return [since] * bool(wanted.since) + [until] * bool(wanted.until)


def lost(wanted: IncidentFilter, row: Any) -> list[Any]:
    """What the sums of a filter ask of an incident's columns."""
    least = [] if wanted.loss_min_fen is None else [row.loss_max_fen >= wanted.loss_min_fen]
    return least if wanted.loss_max_fen is None else [*least, row.loss_min_fen <= wanted.loss_max_fen]


def movements(
    session: Session, wanted: IncidentFilter, rows: Sequence[ChangeRow], viewer: str
) -> dict[int, Movement]:  # fmt: skip
    """By number, how the incident of each change moved; without those that fitted neither before nor after.

    To a reader a side on which it was not public does not count.
    """
    full = mask.sees_all(viewer)
    fitting: dict[int, list[bool]] = {}
    for row in rows:
        sides = (row.summary.get("before"), row.summary.get("after"))
        fitting[row.sequence] = [
            bool(side) and (full or side["public"]) and side_fits(wanted, side, full) for side in sides
        ]
    if wanted.words.strip():
        _narrow_by_words(session, wanted.words, rows, fitting)
    names: dict[tuple[bool, ...], Movement] = {
        (False, True): "entered",
        (True, True): "within",
        (True, False): "left",
    }
    return {number: names[tuple(sides)] for number, sides in fitting.items() if any(sides)}


def _narrow_by_words(session: Session, words: str, rows: Sequence[ChangeRow], fitting: dict[int, list[bool]]) -> None:
    """Strike the sides whose text does not hold the words."""
    wanted = {row.sequence: row.incident_id for row in rows if any(fitting[row.sequence])}
    # 1. What stands so today is asked of the index.
    standing = sa.select(IncidentRow.sequence).where(IncidentRow.sequence.in_(wanted), IncidentRow.withdrawn.is_(False))
    present = session.scalars(standing).all()
    held = index_for(session).holding(session, words, present)
    # 2. What was replaced, of what was kept; each state is read once, though it ends one change and begins another.
    columns = (VersionRow.sequence, VersionRow.until, VersionRow.data)
    kept = sa.select(*columns).where(VersionRow.until.in_(wanted) | VersionRow.sequence.in_(wanted))
    before: dict[int, bool] = {}
    after: dict[int, bool] = {number: number in held for number in present}
    for start, until, data in session.execute(kept):
        told = data is None or holds(text_of(json.loads(zlib.decompress(data))), words)
        before[until] = after[start] = told
    for number in wanted:
        fitting[number][0] &= before.get(number, True)
        fitting[number][1] &= after.get(number, True)


def side_fits(wanted: IncidentFilter, side: dict[str, Any], full: bool) -> bool:
    """The conditions of `queries.conditions` on the facets of a change, words aside. full: with the places that readers are not told."""
    published = side.get("published")
    last, first = side["last_date"] or published, side["first_date"] or published
    shorter = [wanted.since[:cut] for cut in (4, 7) if len(wanted.since) > cut and side["last_date"]]
    low, high = code_range(wanted.place) if wanted.place.strip() else ("", "~")
    codes = [*side["codes"], *(side.get(changes.INNER, ()) if full else ())]
    loss_min, loss_max = side["loss_min_fen"], side["loss_max_fen"]
    return (
        (not wanted.labels or side["label"] in wanted.labels)
        and (not wanted.kinds or "case" in wanted.kinds)
        and (not wanted.status or side["status"] == wanted.status)
        and (not wanted.basis or side["basis"] == wanted.basis)
        and (not wanted.tlp or side.get("tlp") == wanted.tlp)
        and (not wanted.place.strip() or any(low <= code < high for code in codes))
        and (not wanted.since or (last is not None and (last >= wanted.since or last in shorter)))
        and (not wanted.until or (first is not None and first <= wanted.until + "~"))
        and (wanted.loss_min_fen is None or (loss_max is not None and loss_max >= wanted.loss_min_fen))
        and (wanted.loss_max_fen is None or (loss_min is not None and loss_min <= wanted.loss_max_fen))
    )
