"""One process a source: who reads a source at the moment, so that two `fanzha watch` on one store fetch nothing twice.

In: a store, the names of sources. Out: which of them are ours for now, and who has the others. It fetches nothing. A lease is renewed while
its holder works and ends by itself when he does not; that of a process of this machine which no longer runs is free at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving.inbox import is_gone, this_worker
from serving.store import Store
from serving.store.watch_tables import WatchedSourceRow

# Longer than any one page takes (two minutes, and the wait that its host asks for), short enough that a lost machine is replaced soon.
SECONDS = 900.0


class Leases:
    """The sources that this process reads now; `elsewhere`: source → who reads it."""

    def __init__(self, store: Store, names: Iterable[str]) -> None:
        self.store = store
        self.ours: set[str] = set()
        self.elsewhere: dict[str, str] = {}
        with store.writing() as session:
            for name in sorted(set(names)):  # in one order, so that two never wait for each other
                if holder := take(session, name):
                    self.elsewhere[name] = holder
                else:
                    self.ours.add(name)
        self._renewed = time.monotonic()

    def keep(self) -> set[str]:
        """Renew what is ours when a good part of the time is over; what is still ours."""
        if time.monotonic() - self._renewed > SECONDS / 4:
            with self.store.writing() as session:
                lost = {name: holder for name in sorted(self.ours) if (holder := take(session, name))}
            self.ours -= set(lost)
            self.elsewhere |= lost
            self._renewed = time.monotonic()
        return self.ours

    def release(self) -> None:
        """Nobody need wait for what was read to its end."""
        with self.store.writing() as session:
            session.execute(sa.delete(WatchedSourceRow).where(WatchedSourceRow.holder == this_worker()))


def take(session: Session, name: str) -> str:
    """Make this source ours for `SECONDS`; "" when it is, else who has it."""
    if session.get_bind().dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    session.execute(insert(WatchedSourceRow).values(name=name, holder="", until=0.0).on_conflict_do_nothing())
    row = session.scalars(sa.select(WatchedSourceRow).where(WatchedSourceRow.name == name).with_for_update()).one()
    free = not row.holder or row.holder == this_worker() or row.until < time.time() or is_gone(row.holder)
    # A clock that was set back must not let a lease outlast its time.
    if not free and row.until <= time.time() + SECONDS:
        return row.holder
    row.holder, row.until = this_worker(), time.time() + SECONDS
    session.flush()
    return ""
