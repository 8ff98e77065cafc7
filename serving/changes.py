"""The feed's sequence: the one place where a change gets its number.

In: an open write transaction and what changed. Out: a row of `changes` whose number has no gap and grows in commit order.
The number is taken from a counter row by UPDATE … RETURNING inside the transaction: the row stays locked until commit
(SQLite: the whole file is, since BEGIN IMMEDIATE), so a later number can only be committed later, and a rollback gives
the number back. It decides nothing about incidents.
"""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.store.identity import now
from serving.store.tables import ChangeRow, Counter

ChangeKind = Literal["created", "revised", "merged", "withdrawn", "restricted", "restored"]
_SEQUENCE = "sequence"
# The key of a change's facets for codes of places that readers are not told: victims' homes.
INNER = "inner"


def lock(session: Session) -> None:
    """Let no other writer resolve or number anything until this transaction ends. Taken before cases are compared."""
    session.execute(sa.select(Counter.value).where(Counter.name == _SEQUENCE).with_for_update())


def next_number(session: Session) -> int:
    """The next number of the sequence, ours once the transaction commits."""
    taken = sa.update(Counter).where(Counter.name == _SEQUENCE).values(value=Counter.value + 1).returning(Counter.value)
    return session.execute(taken).scalar_one()


def last_number(session: Session) -> int:
    """The newest committed number, 0 for an empty feed."""
    return session.scalar(sa.select(Counter.value).where(Counter.name == _SEQUENCE)) or 0


def record(
    session: Session,
    incident_id: str,
    kind: ChangeKind,
    revision: int,
    *,
    public: bool,
    summary: dict[str, Any],
    redirect: str | None = None,
) -> int:
    """Write one line of the feed and return its number.

    public: readers may see the line. summary: {"before": facets | None, "after": facets | None}, by which a filtered
    follower is told that an incident came into or left the filter. redirect: where a merged incident went.
    """
    number = next_number(session)
    session.add(
        ChangeRow(
            sequence=number, incident_id=incident_id, kind=kind, revision=revision, at=now(), redirect=redirect,
            public=public, summary=summary,
        )
    )  # fmt: skip
    return number
