"""Who may put things into the inbox at the same moment: no two transactions accept one document or one report number.

In: a write session. Out: nothing; locks last until the transaction ends. They are taken before the feed's counter (`changes.lock`), by
everybody: in the other order two wait for each other. SQLite needs none (BEGIN IMMEDIATE lets one writer in at a time). PostgreSQL: an
import takes the whole inbox for one chunk; single senders share it and lock what they name.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

_INBOX = 0x66616E7A  # "fanz"
_WHOLE = "fanzha_whole_inbox"


def whole_inbox(session: Session) -> None:
    """For a chunk of an import: nobody else accepts anything until it is in. One lock, so two imports never deadlock."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_INBOX, 0)))
        session.info[_WHOLE] = True


def named(session: Session, *names: str | None) -> None:
    """For one sender: nobody else accepts what goes by one of these names (document id, report number, key)."""
    if session.get_bind().dialect.name != "postgresql" or session.info.get(_WHOLE):
        return
    session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_INBOX, 0)))
    # In one order, so that two senders of the same names never wait for each other.
    for name in sorted({name for name in names if name}):
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_INBOX + 1, sa.func.hashtext(name))))
