"""The people: added, given another role or password, sent away. The first one is an administrator.

In: an open write session. Out: rows. Raises InputError, ConflictError, NotFoundError. It logs nobody in and writes no audit: the
callers (command line, API) do, in the same transaction.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError, NotFoundError
from serving.people.passwords import hash_password
from serving.people.who import RANKS
from serving.store.identity import now
from serving.store.tables_people import KeyRow, LoginRow, PersonRow

_NAME = re.compile(r"[\w.@-]{2,60}")


def add(session: Session, name: str, role: str, password: str = "") -> PersonRow:
    """A new person. `password` "" means: keys only. The first person must be an administrator, or nobody could add the others."""
    if not _NAME.fullmatch(name):
        raise InputError("名字不合要求", where="name", expected="2 到 60 个字母、汉字、数字或 . _ @ -")
    _check_role(role)
    if role != "admin" and session.scalar(sa.select(sa.func.count()).select_from(PersonRow)) == 0:
        raise InputError(
            "第一个人应是管理员", where="role", expected="admin", advice="fanzha people add 名字 --role admin"
        )
    if session.scalar(sa.select(PersonRow.id).where(PersonRow.name == name)):
        raise ConflictError("已有这个名字", where=name, advice="fanzha people list 列出全部")
    hashed = hash_password(password) if password else ""
    row = PersonRow(
        id=f"p-{secrets.token_hex(8)}", name=name, role=role, password=hashed, active=True, created_at=now(), changed_at=now()
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def named(session: Session, name: str) -> PersonRow:
    """The person with this name or id. Raises NotFoundError."""
    asked = PersonRow.id == name if re.fullmatch("p-[0-9a-f]{16}", name) else PersonRow.name == name
    row = session.scalar(sa.select(PersonRow).where(asked))
    if row is None:
        raise NotFoundError("没有这个人", where=name, advice="fanzha people list 列出全部")
    return row


def known(session: Session, name: str) -> bool:
    """Is this the name of somebody here, also of one who was sent away?"""
    return session.scalar(sa.select(PersonRow.id).where(PersonRow.name == name)) is not None


def change(session: Session, row: PersonRow, *, role: str = "", password: str = "", active: bool | None = None) -> None:
    """Another role or password, sent away or taken back. Who loses a right loses it at once: his log-ins end.

    Raises ConflictError for what would leave no administrator.
    """
    if role:
        _check_role(role)
    loses = row.role == "admin" and row.active and (role not in ("", "admin") or active is False)
    if loses and session.scalar(_admins().where(PersonRow.id != row.id)) == 0:
        raise ConflictError("这是最后一个管理员", where=row.name, advice="先让另一个人当管理员")
    row.role = role or row.role
    row.active = row.active if active is None else active
    if password:
        row.password = hash_password(password)
    row.changed_at = now()
    session.execute(sa.delete(LoginRow).where(LoginRow.person_id == row.id))
    if active is False:
        session.execute(
            sa.update(KeyRow).where(KeyRow.person_id == row.id, KeyRow.revoked_at == "").values(revoked_at=now())
        )
    session.flush()


def everybody(session: Session) -> Sequence[PersonRow]:
    """All people, also those who were sent away, by name."""
    return session.scalars(sa.select(PersonRow).order_by(PersonRow.name)).all()


def view(row: PersonRow) -> dict[str, Any]:
    """A person as JSON: never the password."""
    return {
        "id": row.id, "name": row.name, "role": row.role, "active": row.active, "has_password": bool(row.password),
        "created_at": row.created_at, "changed_at": row.changed_at,
    }  # fmt: skip


def _admins() -> sa.Select[tuple[int]]:
    admin = PersonRow.active.is_(True) & (PersonRow.role == "admin")
    return sa.select(sa.func.count()).select_from(PersonRow).where(admin)


def _check_role(role: str) -> None:
    if role not in RANKS:
        raise InputError(f"未知角色 {role[:20]}", where="role", expected="、".join(RANKS))
