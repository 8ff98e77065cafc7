"""Is the database itself in trouble, or is it this statement? SQLAlchemy's OperationalError means both.

In: an error of SQLAlchemy. Out: whether waiting may help (server gone, disk full, file locked), as against what will fail again
however often it is tried (a statement that the database cannot carry out), which is the fault of one document or of ours.
"""

from __future__ import annotations

import sqlalchemy as sa

# Primary result codes of SQLite (https://www.sqlite.org/rescode.html): PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT,
# FULL, CANTOPEN, PROTOCOL, NOTADB.
_SQLITE = frozenset((3, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26))
# Classes of SQLSTATE (PostgreSQL, appendix A): connection, transaction rolled back (deadlock, serialisation), resources, object in use,
# operator intervention, system error. 25006: the server has become a read-only standby.
_POSTGRES = ("08", "40", "53", "55", "57", "58", "25006")


def is_outage(error: BaseException) -> bool:
    """True where the same may work later; an error without a code of the database is taken for a lost connection."""
    if isinstance(error, sa.exc.TimeoutError):  # every connection of the pool is in use
        return True
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, sa.exc.InterfaceError):
        return True
    number = getattr(error.orig, "sqlite_errorcode", None)
    if number is not None:
        return (number & 0xFF) in _SQLITE
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_POSTGRES)
    return isinstance(error, sa.exc.OperationalError)
