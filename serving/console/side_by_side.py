"""Two incidents field by field: what both tell, where they differ, what only one knows; and what the machine makes of the pair.

In: two incidents of the store and the viewer's role. Out: rows to draw. It decides nothing: a person does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.incident import Link
from nlp.resolve import compare
from serving import queries, sourced, views
from serving.console import wording
from serving.showing_words import KINDS, ROLES
from serving.store.tables import CaseRow

Agreement = Literal["agree", "differ", "one"]
# Cases of each side that are compared with each other: as many as the machine looks at before it merges two incidents.
CASES = 4
_PEOPLE = ("suspect", "victim")
_KINDS = ("account", "contact", "platform", "organisation")


@dataclass(frozen=True, slots=True)
class Row:
    """One field: what either side tells, and which of it both tell."""

    field: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    agreement: Agreement
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pair:
    """Another incident beside this one: its line, the fields, and the best link between cases of the two, if there is any."""

    line: dict[str, Any]
    rows: tuple[Row, ...]
    link: Link | None


def pair(session: Session, incident_id: str, other_id: str, viewer: str) -> Pair:
    """The two side by side, the other one as it is now (merged: where it went). Raises NotFoundError."""
    ours, theirs = (queries.get_incident(session, name, viewer=viewer) for name in (incident_id, other_id))
    views_of = [views.incident_view(row, viewer) for row in (ours, theirs)]
    sides = []
    for row in (ours, theirs):
        ids = sa.select(CaseRow.id).where(CaseRow.incident_id == row.id).order_by(CaseRow.id).limit(CASES)
        sides.append(sourced.to_compare(session, list(session.scalars(ids))).values())
    links = (
        [compare(*sorted(two, key=lambda case: case.case_id)) for two in product(*sides)]
        if ours.id != theirs.id
        else []
    )
    best = max(links, key=lambda link: link.score, default=None)
    return Pair(views.incident_line(theirs, viewer), tuple(fields(*views_of)), best)


def fields(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Row]:
    """The rows of two views; fields that neither tells are left out."""
    rows = [_texts("类型", [ours["label_name"]], [theirs["label_name"]])]
    rows.append(_days(ours, theirs))
    rows.append(_places(ours, theirs))
    rows += [_sums(role, ours, theirs) for role in wording.SUMS]
    for role in _PEOPLE:
        told = [[who["name"] for who in view["persons"] if who["role"] == role] for view in (ours, theirs)]
        rows.append(_texts(ROLES["person"][role], *told))
    for kind in _KINDS:
        told = [[fact["text"] for fact in view["facts"] if fact["kind"] == kind] for view in (ours, theirs)]
        rows.append(_texts(KINDS[kind], *told))
    rows.append(_texts("手法", ours["tactics"], theirs["tactics"]))
    return [row for row in rows if row is not None]


def _row(
    field: str, ours: Sequence[str], theirs: Sequence[str], agrees: bool, shared: Sequence[str] = ()
) -> Row | None:
    if not ours and not theirs:
        return None
    agreement: Agreement = "one" if not ours or not theirs else "agree" if agrees else "differ"
    return Row(field, tuple(dict.fromkeys(ours)), tuple(dict.fromkeys(theirs)), agreement, frozenset(shared))


def _texts(field: str, ours: Sequence[str], theirs: Sequence[str]) -> Row | None:
    both = set(ours) & set(theirs)
    return _row(field, ours, theirs, bool(both), tuple(both))


def _days(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Row | None:
    """Dates agree where one is as precise as the other's beginning, or the spans meet."""
    told = [
        [wording.days(view["first_date"], view["last_date"])] if view["first_date"] else [] for view in (ours, theirs)
    ]
    meets = False
    if told[0] and told[1]:
        (first, last), (begin, end) = (
            (view["first_date"], view["last_date"] or view["first_date"]) for view in (ours, theirs)
        )
        meets = first <= end + "~" and begin <= last + "~"
    return _row("案发", *told, meets)


def _places(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Row | None:
    """Places agree where one lies in the other."""
    told = [wording.places(view["places"]) for view in (ours, theirs)]
    shared = [
        place
        for mine, other in (told, told[::-1])
        for place in mine
        if any(f"{place}/".startswith(f"{far}/") or f"{far}/".startswith(f"{place}/") for far in other)
    ]
    return _row("地点", *told, bool(shared), shared)


def _sums(role: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Row | None:
    """Ranges agree where they meet."""
    bounds = [[(t["min"], t["max"]) for t in view["totals"] if t["role"] == role] for view in (ours, theirs)]
    meets = any(low <= high_ and low_ <= high for (low, high), (low_, high_) in product(*bounds))
    return _row(wording.SUMS[role], *([wording.money(*two) for two in told] for told in bounds), meets)
