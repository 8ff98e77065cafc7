"""Where a case that is only retold stands: with the case that it is likest to.

In: ids of cases, in an open write transaction (the caller holds `changes.lock`). Out: ids of the incidents that gained or lost one. What an
article of another kind says of a case founds no incident and joins none to another. It stands where the case stands that its best link
leads to, whichever of them came first, and waits without an incident while there is none. A person's word goes before the machine's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.incident import Decision
from serving import sourced
from serving.standing import PERSON
from serving.store.tables import ArticleRow, CaseRow, LinkRow

# Links of these decisions hold two cases together.
JOINS: tuple[Decision, ...] = ("reprint", "same")
# Tables, not entities: asked for nearly every case that is filed.
_CASES, _LINKS, _ARTICLES = (sa.inspect(row).local_table for row in (CaseRow, LinkRow, ArticleRow))
_TOLD_BY = (_ARTICLES.c.document_id == _CASES.c.document_id) & (_ARTICLES.c.number == _CASES.c.article)
_RETOLD = (
    sa.select(_CASES.c.id, _CASES.c.incident_id)
    .join(_ARTICLES, _TOLD_BY)
    .where(_CASES.c.id.in_(sa.bindparam("names", expanding=True)), _ARTICLES.c.kind != taxonomy.CASE)
)
_IN_INCIDENTS = (
    sa.select(_CASES.c.id)
    .join(_ARTICLES, _TOLD_BY)
    .where(_CASES.c.incident_id.in_(sa.bindparam("incidents", expanding=True)), _ARTICLES.c.kind != taxonomy.CASE)
)
_MOVES = sa.update(_CASES).where(_CASES.c.id == sa.bindparam("own")).values(incident_id=sa.bindparam("home"))


def _leading(near: sa.Column[Any], far: sa.Column[Any]) -> sa.Select[Any]:
    """Links of cases to such as are told and have an incident: the case, that incident, and what the link says."""
    return (
        sa.select(near.label("name"), _CASES.c.incident_id, _LINKS.c.decision, _LINKS.c.score, _LINKS.c.data)
        .join_from(_LINKS, _CASES, _CASES.c.id == far)
        .join(_ARTICLES, _TOLD_BY)
        .where(
            near.in_(sa.bindparam("names", expanding=True)), _CASES.c.incident_id.is_not(None), _ARTICLES.c.kind == taxonomy.CASE
        )
    )  # fmt: skip


_LINKED = (_leading(_LINKS.c.first, _LINKS.c.second), _leading(_LINKS.c.second, _LINKS.c.first))


def among(session: Session, case_ids: Collection[str]) -> set[str]:
    """Which of these cases are only retold."""
    return set(_homes(session, case_ids))


def place(session: Session, case_ids: Collection[str]) -> set[str]:
    """Put those of these cases that are only retold where they belong; returns the incidents that gained or lost one."""
    touched: set[str] = set()
    for some in sourced.chunks(sorted(case_ids)):
        homes = _homes(session, some)
        if not homes:
            continue
        links: dict[str, list[Any]] = defaultdict(list)
        for row in (row for asked in _LINKED for row in session.execute(asked, {"names": sorted(homes)})):
            links[row.name].append(row)
        moves = [
            {"own": name, "home": best} for name, home in homes.items() if (best := _best(links[name])) != home
        ]  # fmt: skip
        if moves:
            session.execute(_MOVES, moves)
            touched |= {incident for move in moves for incident in (move["home"], homes[move["own"]]) if incident}
    return touched


def place_in(session: Session, incident_ids: Iterable[str]) -> set[str]:
    """The same for all that stand in these incidents, after other cases left them or came to them."""
    names = sorted(incident_ids)
    found = [
        name for some in sourced.chunks(names) for name in session.scalars(_IN_INCIDENTS, {"incidents": list(some)})
    ]
    return place(session, found)


def _homes(session: Session, case_ids: Collection[str]) -> dict[str, str | None]:
    """Of those that are only retold: the incident of each."""
    found: dict[str, str | None] = {}
    for some in sourced.chunks(sorted(case_ids)):
        found |= dict(session.execute(_RETOLD, {"names": list(some)}).all())
    return found


def _best(links: Iterable[Any]) -> str | None:
    """The incident that the best of these links leads to: a person's before the machine's, ties to the smaller id; none that a person shut."""
    links = list(links)
    said = [link.data["decided_by"].startswith(PERSON) for link in links]
    shut = {link.incident_id for link, person in zip(links, said, strict=True) if person and link.decision == "apart"}
    ranked = sorted(
        (not person, -link.score, link.incident_id)
        for link, person in zip(links, said, strict=True)
        if link.decision in JOINS and link.incident_id not in shut
    )
    return ranked[0][-1] if ranked else None
