"""Keys of the API: made (shown once), found by their prefix, checked, rotated, revoked.

A key reads fz_1a2b3c4d_…: the eight digits are its prefix, kept in clear, so that a key found in a log or a repository can be looked
up and revoked; the rest, 192 random bits, is kept as an Argon2 string only. In: an open session. Out: rows, and the key itself once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError, NotFoundError
from serving.people.passwords import fits_key, hash_key
from serving.people.who import RANKS, SCOPES, weaker
from serving.store.identity import now
from serving.store.tables_people import KeyRow, PersonRow

FORM = re.compile(r"fz_([0-9a-f]{8})_([A-Za-z0-9_-]{32})")
# A key that nobody renews for a year is one that nobody remembers.
DAYS = 365
DAYS_MOST = 1100
# After a rotation the old key still opens for a day: programs change keys one after the other.
OVERLAP_SECONDS = 86_400
_DAY = 86_400
# Keys that Argon2 has found right, by SHA-256: the row is read at every request, only the hashing is spared.
_KNOWN_MOST = 1000
_known: dict[str, str] = {}


def add(
    session: Session, person: PersonRow, *, name: str = "", role: str = "", scopes: Collection[str] = (), days: int = DAYS,
    replaces: str | None = None,
) -> tuple[KeyRow, str]:  # fmt: skip
    """A new key of this person, and the key itself, which is shown now and never again. `role` "" is the person's own.

    Raises InputError for a role above the person's, an unknown scope or a life of more than three years, ConflictError for
    somebody who was sent away.
    """
    role = role or person.role
    if role not in RANKS or RANKS.index(role) > RANKS.index(person.role):
        raise InputError(
            "密钥的角色不能高于本人", where="role", expected="、".join(RANKS[: RANKS.index(person.role) + 1])
        )
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise InputError(f"未知权限 {unknown[0][:20]}", where="scopes", expected="、".join(SCOPES))
    if not 1 <= days <= DAYS_MOST:
        raise InputError("期限不合要求", where="days", expected=f"1 到 {DAYS_MOST} 天")
    if not person.active:
        raise ConflictError("此人已停用", where=person.name)
    prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(24)
    row = KeyRow(
        id=f"k-{secrets.token_hex(8)}", prefix=prefix, secret=hash_key(secret), person_id=person.id, name=name[:120], role=role,
        scopes=sorted(scopes or SCOPES), created_at=now(), expires=time.time() + days * _DAY, revoked_at="", replaces=replaces,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row, f"fz_{prefix}_{secret}"


def opens(session: Session, key: str) -> tuple[KeyRow, PersonRow] | None:
    """The key and its owner, None for one that is unknown, expired, revoked, or whose owner was sent away."""
    found = FORM.fullmatch(key)
    row = session.scalar(sa.select(KeyRow).where(KeyRow.prefix == found[1])) if found else None
    if found is None or row is None or not _right(row, key, found[2]) or row.revoked_at or row.expires <= time.time():
        return None
    person = session.get_one(PersonRow, row.person_id)
    return (row, person) if person.active else None


def found_by(session: Session, name: str) -> KeyRow:
    """The key with this id, prefix or whole text (as it was found in a log). Raises NotFoundError."""
    whole = FORM.match(name)
    prefix = whole[1] if whole else name.removeprefix("fz_")[:8]
    row = session.scalar(sa.select(KeyRow).where((KeyRow.id == name) | (KeyRow.prefix == prefix)))
    if row is None:
        raise NotFoundError("没有这个密钥", where=name[:11], advice="fanzha people keys 列出全部")
    return row


def rotate(session: Session, row: KeyRow, days: int = DAYS) -> tuple[KeyRow, str]:
    """A new key in place of this one, with its role and scopes; the old one opens for another day. Raises ConflictError."""
    if row.revoked_at or row.expires <= time.time():
        raise ConflictError("密钥已失效", where=row.id, advice="请另发一个")
    person = session.get_one(PersonRow, row.person_id)
    role = weaker(row.role, person.role)
    made = add(session, person, name=row.name, role=role, scopes=row.scopes, days=days, replaces=row.id)
    row.expires = min(row.expires, time.time() + OVERLAP_SECONDS)
    session.flush()
    return made


def revoke(session: Session, row: KeyRow) -> None:
    """From now on this key opens nothing. Twice is harmless."""
    row.revoked_at = row.revoked_at or now()
    session.flush()


def listing(session: Session, person_id: str = "") -> Sequence[KeyRow]:
    """Keys, the newest first; of one person where given."""
    query = sa.select(KeyRow).order_by(KeyRow.created_at.desc(), KeyRow.id)
    return session.scalars(query.where(KeyRow.person_id == person_id) if person_id else query).all()


def view(row: KeyRow) -> dict[str, Any]:
    """A key as JSON: its prefix, never its secret."""
    expires = datetime.fromtimestamp(row.expires, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    state = "revoked" if row.revoked_at else "expired" if row.expires <= time.time() else "live"
    return {
        "id": row.id, "prefix": f"fz_{row.prefix}", "person_id": row.person_id, "name": row.name, "role": row.role,
        "scopes": list(row.scopes), "created_at": row.created_at, "expires_at": expires, "state": state,
    }  # fmt: skip


def _right(row: KeyRow, key: str, secret: str) -> bool:
    digest = hashlib.sha256(key.encode()).hexdigest()
    if _known.get(digest) == row.secret:
        return True
    if not fits_key(row.secret, secret):
        return False
    while len(_known) >= _KNOWN_MOST:
        _known.pop(next(iter(_known)), None)
    _known[digest] = row.secret
    return True
