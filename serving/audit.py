"""The audit log: who saw unmasked data, changed, exported, published, logged in. Lines are added and never changed or removed.

In: an open write session and what was done. Out: a line whose hash covers it and the hash of the line before; with FANZHA_SECRET the
hash is an HMAC, so that whoever can write into the database still cannot write a line that holds. `verify` names the first line that
was changed, moved or taken out. Lines hold names of those who act and ids of what they touched, never a text, name or number of a case.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving import secret
from serving.store.identity import now
from serving.store.tables import Counter
from serving.store.tables_people import AuditRow

COUNTER = "audit"
_PURPOSE = "audit"
_FIRST = "0" * 64
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: lines read, the last number and hash, and what is wrong ("" where nothing is)."""

    lines: int
    last: int
    hash: str
    wrong: str = ""


def record(
    session: Session, actor: str, role: str, action: str, object: str = "", *, detail: Mapping[str, Any] | None = None, request: str = ""
) -> int:  # fmt: skip
    """Write one line in the caller's transaction, so that what was done and its line are there together or not at all.

    The counter's row stays locked until the transaction ends: lines are chained in the order in which they are committed.
    """
    taken = sa.update(Counter).where(Counter.name == COUNTER).values(value=Counter.value + 1).returning(Counter.value)
    number = session.execute(taken).scalar_one()
    before = session.scalar(sa.select(AuditRow.hash).where(AuditRow.number == number - 1)) or _FIRST
    found = secret.keys(_PURPOSE)
    values = {
        "number": number, "at": now(), "actor": actor[:120], "role": role, "action": action, "object": object[:120],
        "request": request[:64], "detail": dict(detail or {}), "key": found[0].name if found else "",
    }  # fmt: skip
    session.execute(sa.insert(AuditRow), [values | {"hash": _hash(values, before, found[0].value if found else b"")}])
    return int(number)


def verify(session: Session, head: str = "") -> Verdict:
    """Read the whole log and check every line. head: "number:hash" as `fanzha audit head` printed it some day and as it was kept

    elsewhere: finds what was cut off at the end together with the counter, or written anew from there on.
    """
    known = {key.name: key.value for key in secret.keys(_PURPOSE)}
    asked_number, _, asked_hash = head.partition(":")
    before, last, lines, seen_head = _FIRST, 0, 0, not head
    while True:
        rows = session.scalars(
            sa.select(AuditRow).where(AuditRow.number > last).order_by(AuditRow.number).limit(_PAGE)
        ).all()
        if not rows:
            break
        for row in rows:
            if row.number != last + 1:
                gone = f"第 {last + 1} 行" if row.number == last + 2 else f"第 {last + 1} 至 {row.number - 1} 行"
                return Verdict(lines, last, before, f"{gone}缺失")
            if row.key and row.key not in known:
                return Verdict(
                    lines, last, before, f"第 {row.number} 行的密钥 {row.key} 不在 FANZHA_SECRET(_OLD) 中，无法核对"
                )
            if not hmac.compare_digest(_hash(_values(row), before, known.get(row.key, b"")), row.hash):
                return Verdict(lines, last, before, f"第 {row.number} 行被改动或换了位置")
            before, last, lines = row.hash, row.number, lines + 1
            if str(row.number) == asked_number:
                if row.hash != asked_hash:
                    return Verdict(lines, last, before, f"第 {row.number} 行与另存的记号不符，此前的记录被重写")
                seen_head = True
        session.expunge_all()
    counted = session.scalar(sa.select(Counter.value).where(Counter.name == COUNTER)) or 0
    if counted != last:
        return Verdict(lines, last, before, f"末尾缺 {counted - last} 行" if counted > last else "计数少于行数")
    return Verdict(lines, last, before, "" if seen_head else f"另存的第 {asked_number} 行已不在")


def listing(session: Session, *, actor: str = "", object: str = "", before: int | None = None, limit: int = 50) -> Sequence[AuditRow]:  # fmt: skip
    """The newest lines first; those of one person or about one thing."""
    query = sa.select(AuditRow).order_by(AuditRow.number.desc()).limit(limit)
    if actor:
        query = query.where(AuditRow.actor == actor)
    if object:
        query = query.where(AuditRow.object == object)
    return session.scalars(query if before is None else query.where(AuditRow.number < before)).all()


def view(row: AuditRow) -> dict[str, Any]:
    """A line as JSON."""
    return _values(row) | {"hash": row.hash}


def _values(row: AuditRow) -> dict[str, Any]:
    names = ("number", "at", "actor", "role", "action", "object", "request", "detail", "key")
    return {name: getattr(row, name) for name in names}


def _hash(values: Mapping[str, Any], before: str, key: bytes) -> str:
    """HMAC-SHA256 with a key, SHA-256 without one, over the line as canonical JSON behind the hash of the line before."""
    text = before + json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    content = text.encode("utf-8", "surrogatepass")
    return hmac.new(key, content, hashlib.sha256).hexdigest() if key else hashlib.sha256(content).hexdigest()
