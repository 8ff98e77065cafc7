"""Which claimed rows of the inbox somebody in this process really works on: what is claimed and not among them was forgotten.

In: the numbers of rows as they are claimed, finished and given back. Out: is this one in hand? It writes nothing.

A database that goes down leaves rows that say "working" under our name while nobody works on them: they could not be given back, or the
claim was committed and its answer never came. The lease would bring them back after ten minutes; this brings them back with the first
claim after the database has returned. A number is noted before the claim is committed, so that no other thread takes it for forgotten,
and struck out when the transaction is rolled back.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

_lock = threading.Lock()
_held: dict[str, set[int]] = {}  # by the address of the store


def take(session: Session, rows: Iterable[int]) -> None:
    """Note rows that are being claimed in this transaction; a rollback strikes them out."""
    address, taken = _address(session), frozenset(rows)
    with _lock:
        _held.setdefault(address, set()).update(taken)

    def rolled_back(_session: Session, previous: Any) -> None:
        if previous.parent is None:  # the whole transaction, no savepoint
            _strike(address, taken)

    sa.event.listen(session, "after_soft_rollback", rolled_back)


def release(engine: sa.Engine, rows: Iterable[int]) -> None:
    """Strike out rows that are finished or given back, or that could not be."""
    _strike(str(engine.url), rows)


def forgotten(session: Session, rows: Iterable[int]) -> list[int]:
    """Those of `rows`, claimed by this process, that nobody here works on."""
    with _lock:
        held = _held.get(_address(session), set())
        return [row for row in rows if row not in held]


def _strike(address: str, rows: Iterable[int]) -> None:
    with _lock:
        _held.get(address, set()).difference_update(rows)


def _address(session: Session) -> str:
    return str(session.get_bind().engine.url)
