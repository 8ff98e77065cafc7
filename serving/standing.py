"""People's rulings that stand: which cases each one speaks of now, and their links put back when a document is filed anew.

In: an open write transaction (the caller holds `changes.lock`), a merge or split as it is made; later a document whose cases were
taken out or filed anew. Out: rows that tie each ruling to cases, and a person's links between cases. A ruling speaks of a stretch of a
document's text, not of the number that a case had that day: the new case that covers most of that stretch is the heir. A stretch in
which no case is read any more keeps its row, for another reading may find one there. It moves no case (`serving.resolution` does).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.incident import Decision, Link
from serving import sourced
from serving.store import shapes
from serving.store.feed_tables import DecisionRow, RuledCaseRow
from serving.store.tables import ArticleRow, CaseRow, LinkRow

# How `Link.decided_by` of a person's word begins.
PERSON = "person:"
# What each sort of ruling says of a case on the one side and a case on the other.
WORDS: dict[str, Decision] = {"merge": "same", "split": "apart"}
# An heir shares at least this part of what both stretches cover together: half, so that of two new cases only one can inherit.
SHARED = 0.5
# Pairs looked through for one that no later ruling speaks of: two incidents of hundreds of cases have tens of thousands.
PAIRS = 1000
_RULINGS = sa.inspect(RuledCaseRow).local_table
_RULED = sa.select(_RULINGS.c.id).where(_RULINGS.c.document_id == sa.bindparam("document")).limit(1)


@dataclass(slots=True)
class _Sides:
    """The cases of one ruling that exist now. passing: those of them that are only retold, and hold nothing together."""

    moved: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)

    def parted(self, first: str, second: str) -> bool:
        """Does it speak of these two?"""
        return (first in self.moved and second in self.others) or (second in self.moved and first in self.others)

    def in_order(self, case_ids: Collection[str]) -> list[str]:
        """Those that are told before those that are only retold."""
        return sorted(case_ids, key=lambda case_id: (case_id in self.passing, case_id))


def remember(session: Session, decision: DecisionRow, moved: Sequence[str], others: Sequence[str]) -> None:
    """Write down which cases a ruling is about: those that it moves, and those that they came to or were taken from."""
    rows = [
        {"decision_id": decision.id, "document_id": document_id, "case_id": case_id, "moved": side, "start": start, "end": end}
        for side, case_ids in ((True, moved), (False, others))
        for some in sourced.chunks(case_ids)
        for case_id, document_id, (start, end) in _places(session, CaseRow.id.in_(some))
    ]  # fmt: skip
    if rows:
        session.execute(sa.insert(RuledCaseRow), rows)


def forget(session: Session, decision_id: int) -> None:
    """A ruling was taken back: it speaks of nothing any more."""
    session.execute(sa.delete(RuledCaseRow).where(RuledCaseRow.decision_id == decision_id))


def moved_by(session: Session, decision_id: int) -> list[str]:
    """The cases that a ruling moved, as far as they exist."""
    query = sa.select(RuledCaseRow.case_id).where(
        RuledCaseRow.decision_id == decision_id, RuledCaseRow.moved.is_(True), RuledCaseRow.case_id.is_not(None)
    )
    return sorted(set(session.scalars(query)))  # type: ignore[type-var]


def renew(session: Session, document_id: str) -> set[str]:
    """After the cases of a document were filed anew or taken out: heirs found, links of the rulings put back.

    Returns the cases that a person's link speaks of, before the machine has placed any of them (`resolution.attach` wants to know).
    """
    session.flush()  # what follows asks a table, which does not flush by itself
    if session.scalar(_RULED, {"document": document_id}) is None:  # nearly always, and asked for every document
        return set()
    of_cases = RuledCaseRow.decision_id.in_(sa.select(DecisionRow.id).where(DecisionRow.sort.in_(WORDS)))
    rows = session.scalars(sa.select(RuledCaseRow).where(RuledCaseRow.document_id == document_id, of_cases)).all()
    if not rows:
        return set()
    spans = {case_id: span for case_id, _, span in _places(session, CaseRow.document_id == document_id)}
    for row in rows:
        row.case_id = _heir(row, spans)
    session.flush()
    ours = set(spans)
    rulings = _around(session, {row.decision_id for row in rows})
    for number in sorted({row.decision_id for row in rows}):
        _speak(session, session.get_one(DecisionRow, number), rulings, ours)
    session.flush()
    return ours


def word_on(session: Session, first: str, second: str) -> DecisionRow | None:
    """The newest ruling that speaks of these two cases."""
    one, other = sa.orm.aliased(RuledCaseRow), sa.orm.aliased(RuledCaseRow)
    number = session.scalar(
        sa.select(sa.func.max(one.decision_id))
        .join(other, (other.decision_id == one.decision_id) & (other.moved != one.moved))
        .where(one.case_id == first, other.case_id == second)
    )
    return session.get(DecisionRow, number) if number is not None else None


def left_behind(session: Session, document_ids: Collection[str], now: str) -> list[DecisionRow]:
    """Rulings, not taken back, that speak of these former texts of a complaint, oldest first; what was ruled on its text `now`, too,
    has been thought of again and is left out. (What was said of one text is not put upon another: a person says it anew or not.)"""
    if not document_ids:
        return []

    def ruled(documents: Collection[str]) -> sa.Select[tuple[int]]:
        return sa.select(RuledCaseRow.decision_id).where(RuledCaseRow.document_id.in_(documents))

    standing = (DecisionRow.sort.in_(WORDS), DecisionRow.undone_at == "")
    again = (
        session.scalar(sa.select(sa.func.max(DecisionRow.id)).where(*standing, DecisionRow.id.in_(ruled([now])))) or 0
    )
    query = sa.select(DecisionRow).where(*standing, DecisionRow.id.in_(ruled(document_ids)), DecisionRow.id > again)
    return list(session.scalars(query.order_by(DecisionRow.id)))


def write_link(session: Session, first: str, second: str, decision: Decision, by: str) -> dict[str, object]:
    """Put a person's link in the place of what stands there; returns what is needed to take it back."""
    first, second = sorted((first, second))
    row = session.get(LinkRow, (first, second))
    before = {"first": first, "second": second, "link": row.data if row is not None else None}
    if row is not None:
        session.delete(row)
        session.flush()
    link = Link(first, second, 0.0, decision, decided_by=f"{PERSON}{by}")
    session.add(LinkRow(first=first, second=second, decision=decision, score=0.0, data=shapes.dump(link)))
    session.flush()
    return before


def _places(session: Session, which: sa.ColumnElement[bool]) -> Iterator[tuple[str, str, tuple[int, int]]]:
    """(case, document, (start, end)) in document offsets."""
    for row in session.execute(sa.select(CaseRow.id, CaseRow.document_id, CaseRow.data).where(which)):
        yield row.id, row.document_id, (row.data["start"], row.data["end"])


def _heir(row: RuledCaseRow, spans: Mapping[str, tuple[int, int]]) -> str | None:
    """The case that covers what the ruling spoke of; the one of the same number where two do equally well."""
    best, shared = None, SHARED
    for case_id in sorted(spans, key=lambda name: (name != row.case_id, name)):
        start, end = spans[case_id]
        common = min(end, row.end) - max(start, row.start)
        share = common / max(1, max(end, row.end) - min(start, row.start))
        if share > shared or (share == shared and best is None):
            best, shared = case_id, share
    return best


def _around(session: Session, numbers: Collection[int]) -> dict[int, _Sides]:
    """These rulings and those that speak of the same cases, by number."""
    theirs = sa.select(RuledCaseRow.case_id).where(
        RuledCaseRow.decision_id.in_(numbers), RuledCaseRow.case_id.is_not(None)
    )
    wanted = sa.select(RuledCaseRow.decision_id).where(RuledCaseRow.case_id.in_(theirs))
    found: dict[int, _Sides] = {number: _Sides() for number in numbers}
    query = (
        sa.select(RuledCaseRow.decision_id, RuledCaseRow.case_id, RuledCaseRow.moved, ArticleRow.kind)
        .join(CaseRow, CaseRow.id == RuledCaseRow.case_id)
        .join(ArticleRow, (ArticleRow.document_id == CaseRow.document_id) & (ArticleRow.number == CaseRow.article))
        .where(RuledCaseRow.decision_id.in_(wanted))
    )
    for number, case_id, moved, kind in session.execute(query):
        sides = found.setdefault(number, _Sides())
        (sides.moved if moved else sides.others).add(case_id)
        if kind != taxonomy.CASE:
            sides.passing.add(case_id)
    return found


def _speak(session: Session, decision: DecisionRow, rulings: Mapping[int, _Sides], ours: Collection[str]) -> None:
    """Put a ruling's links back: one for each of `ours`, and one at least between its two sides.

    No pair that a later ruling speaks of: the later word counts.
    """
    sides = rulings[decision.id]
    later = [told for number, told in rulings.items() if number > decision.id]

    def free(pairs: Iterator[tuple[str, str]]) -> tuple[str, str] | None:
        fitting = (
            pair
            for pair in islice(pairs, PAIRS)
            if pair[0] != pair[1] and not any(told.parted(*pair) for told in later)
        )
        return next(fitting, None)

    wanted = [
        free((case_id, other) for other in sides.in_order(across))
        for side, across in ((sides.moved, sides.others), (sides.others, sides.moved))
        for case_id in sorted(side & set(ours))
    ]
    told_of = [pair for pair in wanted if pair is not None and not sides.passing & set(pair)]
    if not told_of and not _stands(session, decision, sides.passing):
        wanted.append(free(product(sides.in_order(sides.moved), sides.in_order(sides.others))))
    told = {(entry["first"], entry["second"]): entry for entry in decision.details["links"]}
    for pair in {tuple(sorted(pair)) for pair in wanted if pair is not None}:
        before = write_link(session, *pair, WORDS[decision.sort], decision.by)
        # What the machine makes of the cases as they are read now is asked when the ruling is taken back.
        told[pair] = before | {"link": None, "anew": True}
    decision.details = decision.details | {"links": list(told.values())}


def _stands(session: Session, decision: DecisionRow, passing: Collection[str]) -> bool:
    """Is there a link of this ruling between its sides, from one case that is told to another?"""
    moved, others = (
        sa.select(RuledCaseRow.case_id).where(RuledCaseRow.decision_id == decision.id, RuledCaseRow.moved.is_(side))
        for side in (True, False)
    )
    between = sa.or_(
        LinkRow.first.in_(moved) & LinkRow.second.in_(others), LinkRow.first.in_(others) & LinkRow.second.in_(moved)
    )
    rows = session.execute(
        sa.select(LinkRow.first, LinkRow.second, LinkRow.data).where(LinkRow.decision == WORDS[decision.sort], between)
    )
    return any(
        data["decided_by"].startswith(PERSON) and first not in passing and second not in passing
        for first, second, data in rows
    )
