"""The views of the incident table that a person keeps: they follow him to every browser.

In: who, a name, what stands in the address. Out: rows; in the caller's transaction. Raises InputError. A reader who is not logged in is
nobody: his browser keeps his views for him (`static/console.js`).
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import InputError
from serving.store.identity import now
from serving.store.tables_people import SavedViewRow

# Views of one person; letters of a name and of a filter.
MOST, NAME, QUERY = 50, 60, 2000


def listed(session: Session, owner: str) -> dict[str, str]:
    """Name → query ("place=41&sort=-loss"), by name."""
    rows = session.execute(
        sa.select(SavedViewRow.name, SavedViewRow.query).where(SavedViewRow.owner == owner).order_by(SavedViewRow.name)
    )
    return dict(rows.all())  # type: ignore[arg-type]


def save(session: Session, owner: str, name: str, asked_for: dict[str, str]) -> None:
    """Keep a view; one of the same name is replaced. asked_for: what the filter's fields hold."""
    name, query = " ".join(name.split()), urlencode(asked_for)
    if not name or len(name) > NAME or "\0" in name:
        raise InputError("视图的名称不合要求", where=name[:NAME], expected=f"1 到 {NAME} 个字")
    if len(query) > QUERY:
        raise InputError("筛选条件太长", where=name, expected=f"不超过 {QUERY} 个字符", advice="减少词语后再存")
    row = session.get(SavedViewRow, (owner, name))
    held = session.scalar(sa.select(sa.func.count()).where(SavedViewRow.owner == owner)) or 0
    if row is None and held >= MOST:
        raise InputError(f"已存了 {MOST} 个视图", where=name, advice="先删除不用的")
    session.merge(SavedViewRow(owner=owner, name=name, query=query, saved_at=now()))


def delete(session: Session, owner: str, name: str) -> bool:
    """Forget a view; was there one?"""
    gone = session.execute(sa.delete(SavedViewRow).where(SavedViewRow.owner == owner, SavedViewRow.name == name))
    return bool(gone.rowcount)


def read(query: str) -> dict[str, str]:
    """A kept query as the fields of the filter."""
    return dict(parse_qsl(query))
