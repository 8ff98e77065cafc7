"""Guessing passwords is made slow: failed log-ins are counted by name and address, and by address alone.

In: an open session, the name that was tried and the address it came from. Out: nothing, or TooManyError with the seconds to wait.
Counts stand in the store, so that several processes count together and a restart forgets nothing. A name is never locked for
everybody: whoever knows it could lock its owner out.
"""

from __future__ import annotations

import hashlib
import time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import FanzhaError
from serving.store.tables_people import AttemptRow

# Five mistakes are human; then a minute, doubled with every further one up to an hour: some 30 guesses a day.
FREE = 5
FIRST_SECONDS = 60
MOST_SECONDS = 3600
# An office behind one address has several people who mistype.
FREE_ADDRESS = 50
# A count is forgotten after a quiet day.
FORGOTTEN_SECONDS = 86_400


class TooManyError(FanzhaError):
    """Too many in too short a time; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, found: str, *, retry_after: int, where: str = "", advice: str = "") -> None:
        super().__init__(found, where=where, advice=advice or f"{retry_after} 秒后再试")
        self.retry_after = retry_after


def check(session: Session, name: str, address: str) -> None:
    """Raises TooManyError while this name from this address, or this address, has to wait."""
    at = time.time()
    for key in _keys(name, address):
        row = session.get(AttemptRow, key)
        # A block longer than any can be is from before the clock was set back.
        if row is not None and at < row.blocked_until <= at + MOST_SECONDS:
            raise TooManyError("登录失败次数太多", retry_after=int(row.blocked_until - at) + 1, where="登录")


def failed(session: Session, name: str, address: str) -> None:
    """Count a failure; after `FREE` of them the next ones have to wait."""
    at = time.time()
    session.execute(sa.delete(AttemptRow).where(AttemptRow.last < at - FORGOTTEN_SECONDS))
    for key, free in zip(_keys(name, address), (FREE, FREE_ADDRESS), strict=True):
        row = session.get(AttemptRow, key)
        if row is None:
            row = AttemptRow(key=key, failures=0, last=at, blocked_until=0.0)
            session.add(row)
        row.failures, row.last = row.failures + 1, at
        if row.failures >= free:
            row.blocked_until = at + min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(row.failures - free, 10))
    session.flush()


def succeeded(session: Session, name: str, address: str) -> None:
    """Forget the failures of this name from this address; those of the address stay."""
    session.execute(sa.delete(AttemptRow).where(AttemptRow.key == _keys(name, address)[0]))


def _keys(name: str, address: str) -> tuple[str, str]:
    """Hashes: the table names nobody, also not whoever typed a password into the field of the name."""
    return tuple(
        hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in (f"{name}\n{address}", address)
    )  # type: ignore[return-value]
