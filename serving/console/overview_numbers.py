"""The figures of the overview: how much came in within a period and before it, of what, where, with which tricks, and what waits.

In: a session, a period, who asks. Out: plain numbers. The trend comes from the maintained totals; the rest is read of the rows themselves (an
index over the moment of arrival carries the figures, see migration 0020); the screen asks in the background and keeps an answer for a minute.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import mask
from serving import inbox, statistics
from serving.store.tables import ArticleRow, InboxRow, IncidentPlaceRow, IncidentRow, LinkRow, ReportRow

# Months of the trend, and types drawn by themselves; the rest is one colour.
MONTHS, TYPES = 24, 6
# Incidents whose tricks are counted for one period: the newest.
TRICKS_OF = 20_000
TRICKS = 8
# Incidents shown behind each trick, and among how many of the newest they are looked for.
BEHIND, BEHIND_OF = 2, 2_000
# A count of waiting things stops here.
WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Period:
    """`since`..`until` and the stretch of the same length before it, as the moments that rows carry (ISO 8601, UTC)."""

    days: int
    before: str
    before_until: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class Sum:
    """How many incidents, how much loss they tell of (yuan, bounds), and how many reports came in."""

    incidents: int
    loss_min: float
    loss_max: float
    reports: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a machine or a person."""

    unread: int  # accepted, not analysed
    failed: int
    reports: int  # complaints that nobody reviewed
    unsure: int  # articles whose type the machine is unsure of
    undecided: int  # pairs of cases that may be one


def period(days: int, now: datetime | None = None) -> Period:
    """The last `days` days, today with them, and the same stretch before, up to the same hour."""
    until = (now or datetime.now(UTC)).astimezone()
    since = until.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    back = timedelta(days=days)
    return Period(
        days, _moment(since - back), _moment(until - back), _moment(since), _moment(until + timedelta(minutes=1))
    )


def sums(session: Session, since: str, until: str, viewer: str) -> Sum:
    """What came into the store in this stretch; reports are counted for those who may see them."""
    low, high = sa.func.sum(IncidentRow.loss_min_fen), sa.func.sum(IncidentRow.loss_max_fen)
    seen = _seen(viewer, since, until)
    incidents, lowest, highest = session.execute(sa.select(sa.func.count(), low, high).where(*seen)).one()
    reports = 0
    if mask.sees_all(viewer):
        arrived = (ReportRow.received_at >= since, ReportRow.received_at < until, ReportRow.state != "withdrawn")
        reports = session.scalar(sa.select(sa.func.count()).where(*arrived)) or 0
    return Sum(incidents, float(lowest or 0) / 100, float(highest or 0) / 100, reports)


def trend(session: Session, viewer: str, now: datetime | None = None) -> tuple[list[str], dict[str, list[int]]]:
    """Months (2024-05 …) and type → incidents of each month, by the time of the case (of publication where none is told).

    From the maintained totals, which hold the day a case began.
    """
    today = (now or datetime.now(UTC)).astimezone()
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in statistics.totals(session, ("month", "label"), viewer=viewer):
        month, label = row.keys
        if len(month) == 7 and month <= today.strftime("%Y-%m"):
            counted[label][month] += row.incidents
    newest = max((month for months in counted.values() for month in months), default=today.strftime("%Y-%m"))
    months = _months_until(newest)
    drawn = {label: [found[month] for month in months] for label, found in counted.items()}
    return months, {label: row for label, row in sorted(drawn.items(), key=lambda item: -sum(item[1])) if any(row)}


def by_division(session: Session, since: str, until: str, viewer: str) -> dict[str, int]:
    """First four digits of a division's code → incidents that name it; two digits: the province as a whole."""
    codes = sa.select(IncidentPlaceRow.code, IncidentPlaceRow.incident_id).join(
        IncidentRow, IncidentRow.id == IncidentPlaceRow.incident_id
    )
    found: dict[str, set[str]] = defaultdict(set)
    for code, incident_id in session.execute(codes.where(*_seen(viewer, since, until))):
        if code[:2].isdecimal():
            found[code[:2]].add(incident_id)
            if code[2:4] != "00" and len(code) >= 6:
                # Municipalities have no cities below them: their districts stand there instead.
                found[code[:6] if code[:2] in ("11", "12", "31", "50") else code[:4]].add(incident_id)
    return {code: len(incidents) for code, incidents in found.items()}


def tricks(session: Session, asked: Period, viewer: str) -> list[tuple[str, int, int]]:
    """(trick, incidents in the period, in the one before), those that grew most first."""

    def counted(since: str, until: str) -> Counter[str]:
        query = sa.select(IncidentRow.tactics).where(*_seen(viewer, since, until))
        newest = query.order_by(IncidentRow.created_at.desc()).limit(TRICKS_OF)
        return Counter(name for names in session.scalars(newest) for name in names or ())

    after, before = counted(asked.since, asked.until), counted(asked.before, asked.before_until)
    grown = sorted(after, key=lambda name: (before[name] - after[name], -after[name], name))
    return [(name, after[name], before[name]) for name in grown[:TRICKS]]


def behind(session: Session, asked: Period, viewer: str, names: Sequence[str]) -> dict[str, list[str]]:
    """Trick → the ids of its newest incidents in the period, at most `BEHIND` each, looked for among the newest `BEHIND_OF`."""
    query = sa.select(IncidentRow.id, IncidentRow.tactics).where(*_seen(viewer, asked.since, asked.until))
    found: dict[str, list[str]] = {name: [] for name in names}
    for incident_id, told in session.execute(query.order_by(IncidentRow.created_at.desc()).limit(BEHIND_OF)):
        for name in told or ():
            if name in found and len(found[name]) < BEHIND:
                found[name].append(incident_id)
    return found


def waiting(session: Session) -> Waiting:
    """How long the queues are."""
    states = inbox.counts(session)

    def some(query: sa.Select[Any]) -> int:
        return session.scalar(sa.select(sa.func.count()).select_from(query.limit(WAITING).subquery())) or 0

    return Waiting(
        unread=states["accepted"] + states["working"],
        failed=states["failed"],
        reports=some(sa.select(ReportRow.id).where(ReportRow.reviewed_by == "", ReportRow.state != "withdrawn")),
        unsure=some(
            sa.select(ArticleRow.document_id).where(ArticleRow.review.is_(True), ArticleRow.corrected_by == "")
        ),
        undecided=some(sa.select(LinkRow.first).where(LinkRow.decision == "undecided")),
    )


def failures(session: Session, limit: int = 20) -> list[Mapping[str, str]]:
    """Documents that could not be analysed, newest first, with the reason."""
    rows = session.scalars(
        sa.select(InboxRow).where(InboxRow.state == "failed").order_by(InboxRow.id.desc()).limit(limit)
    )
    return [{"document_id": row.document_id, "error": row.error, "at": row.finished_at} for row in rows]


def _seen(viewer: str, since: str = "", until: str = "") -> list[Any]:
    asked: list[Any] = [IncidentRow.withdrawn.is_(False)]
    if since:
        asked += [IncidentRow.created_at >= since, IncidentRow.created_at < until]
    return asked if mask.sees_all(viewer) else [*asked, IncidentRow.public.is_(True)]


def _months_until(newest: str) -> list[str]:
    year, month = int(newest[:4]), int(newest[5:7])
    return [
        f"{(year * 12 + month - 1 - back) // 12}-{(year * 12 + month - 1 - back) % 12 + 1:02}"
        for back in range(MONTHS - 1, -1, -1)
    ]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
