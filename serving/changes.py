"""The feed's sequence: the one place where a change gets its number.

In: an open write transaction and what changed. Out: a row of `changes` whose number has no gap and grows in commit order.
The number is taken from a counter row by UPDATE … RETURNING inside the transaction: the row stays locked until commit
(SQLite: the whole file is, since BEGIN IMMEDIATE), so a later number can only be committed later, and a rollback gives
the number back. It decides nothing about incidents.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.store.tables import ChangeRow, Counter

ChangeKind = Literal[
    "created", "revised", "split", "merged", "withdrawn", "expired", "marked", "restricted", "restored"
]
# After these an incident is gone for those who heard of it; `redirect` or `summary.into` says where to, when there is a where.
TOMBSTONES = ("merged", "withdrawn", "expired", "restricted")
_SEQUENCE = "sequence"
# Asked for every document: put together once, and of tables, for an entity costs more than its row.
_COUNTERS, _CHANGES = (sa.inspect(row).local_table for row in (Counter, ChangeRow))
_LOCK = sa.select(_COUNTERS.c.value).where(_COUNTERS.c.name == _SEQUENCE).with_for_update()
_NEXT = (
    sa.update(_COUNTERS)
    .where(_COUNTERS.c.name == _SEQUENCE)
    .values(value=_COUNTERS.c.value + 1)
    .returning(_COUNTERS.c.value)
)
_AT = sa.select(_CHANGES.c.at).where(_CHANGES.c.sequence == sa.bindparam("number"))
# The key of a change's facets for codes of places that readers are not told: victims' homes.
INNER = "inner"


def lock(session: Session) -> None:
    """Let no other writer resolve or number anything until this transaction ends. Taken before cases are compared."""
    session.execute(_LOCK)


def next_number(session: Session) -> int:
    """The next number of the sequence, ours once the transaction commits."""
    return int(session.execute(_NEXT).scalar_one())


def last_number(session: Session) -> int:
    """The newest committed number, 0 for an empty feed."""
    return session.scalar(sa.select(Counter.value).where(Counter.name == _SEQUENCE)) or 0


def record(
    session: Session,
    number: int,
    incident_id: str,
    kind: ChangeKind,
    revision: int,
    *,
    reader_revision: int | None,
    summary: dict[str, Any],
    redirect: str | None = None,
) -> None:
    """Write the line of the feed that has this `number` (of `next_number`).

    reader_revision: readers may see the line, and this is the revision it makes to them; None: they may not. summary: {"before":
    facets | None, "after": facets | None}, by which a filtered follower is told that an incident came into or left the filter, and
    "into": ids that a split made, "parent": the incident that this one was split from. redirect: where a merged incident went.
    """
    values = {
        "sequence": number, "incident_id": incident_id, "kind": kind, "revision": revision, "at": _moment(session, number),
        "redirect": redirect, "public": reader_revision is not None, "reader_revision": reader_revision, "summary": summary,
    }  # fmt: skip
    session.execute(_CHANGES.insert(), values)


def _moment(session: Session, number: int) -> str:
    """Now, to the microsecond, and after the moment of the change before: TAXII asks for what came "after" a moment.

    Clocks of several machines differ and step back; what hangs on the order hangs on the number.
    """
    before = session.scalar(_AT, {"number": number - 1})
    moment = datetime.now(UTC)
    if before is not None:
        moment = max(moment, datetime.fromisoformat(before) + timedelta(microseconds=1))
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def number_at(session: Session, moment: datetime) -> int:
    """The number of the last change at or before `moment` (with a zone), 0 where there is none: moments grow with the numbers."""
    low, high = 0, last_number(session)
    while low < high:
        middle = (low + high + 1) // 2
        at = session.scalar(sa.select(ChangeRow.at).where(ChangeRow.sequence == middle))
        if at is not None and datetime.fromisoformat(at) <= moment:
            low = middle
        else:
            high = middle - 1
    return low
