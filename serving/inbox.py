"""The inbox: a document is on disk before it is analysed, and what was accepted is finished however often we are killed.

In: documents. Out: rows that go accepted → working → done | failed | set_aside. It analyses nothing.

- `accept` writes document and inbox row in the caller's transaction; when that commits, the document is accepted.
- `claim` hands rows to one worker for a lease. A row comes back when the lease runs out, or at once when its worker was a
  process of this machine that is gone, or is this one, which could not give it back (`in_hand`).
- A document whose text went with time (`gone_texts`) is set aside; one that lost names while it was read is read again.
- A row whose worker died once is claimed alone from then on, so one poisonous document cannot take others with it, and after
  `MAX_ATTEMPTS` claims it is set aside with the reason.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import InputError
from nlp.records import Document
from serving import changes, gone_texts, in_hand, incidents, report_rows, resolution, retold
from serving.store import locks
from serving.store.identity import content_hash, document_id, now
from serving.store.search import search_for
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, InboxRow, ReportRow

# A batch of 32 newspaper pages takes seconds; ten minutes is a machine in trouble, not a slow one.
LEASE_SECONDS = 600
# Claims that ended in a dead process before a document is set aside. A row is alone from the second claim on, so reaching
# five means five deaths while this one document was being analysed.
MAX_ATTEMPTS = 5
# How names of a complaint are masked: whom it names is private, whatever his part (`nlp.named`).
KEPT_SORTS = ("suspect", "victim", "phone", "account", "contact", "locality")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# What a document says of itself, as against what became of it here.
_SAID = (
    "doc_id",
    "title",
    "text",
    "form",
    "origin",
    "url",
    "publisher",
    "published",
    "fetched",
    "licence",
    "encoding",
    "details",
)
# Needed for every document: put together once, and of tables, for an entity costs more than its row.
_DOCUMENTS, _INBOX = (sa.inspect(row).local_table for row in (DocumentRow, InboxRow))
_HAD = sa.select(_DOCUMENTS.c.withdrawn, _DOCUMENTS.c.nature).where(_DOCUMENTS.c.id == sa.bindparam("document"))
STATES = ("accepted", "working", "done", "failed", "set_aside")

Outcome = Literal["new", "already"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One document in our hands until the lease ends. `attempts` counts this claim; redacted_at: when it had last lost words by then."""

    inbox_id: int
    document_id: str
    attempts: int
    owner: str
    document: Document
    redacted_at: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one document: its id, whether it is new, and the report it belongs to when it is a complaint.

    restricted: it had been published, and is a complaint from now on. claim: it was handed to the worker who asked for it.
    """

    document_id: str
    outcome: Outcome
    report_id: str | None = None
    restricted: bool = False
    claim: Claim | None = None


def accept(
    session: Session,
    document: Document,
    *,
    batch: str | None = None,
    idempotency_key: str | None = None,
    body_hash: str = "",
    corrects: str | None = None,
    owner: str = "",
) -> Accepted:
    """Put a document into the store and the inbox, both or neither, in the transaction of `session`.

    The same bytes again change nothing, unless the document had been withdrawn: then it comes back. A complaint gets its
    report row here too; `corrects` names the report whose text this replaces. What comes as a complaint and was here as an article
    is a complaint from now on: readers lose it at once. What a live report said before it was corrected is had already.
    owner: a document that is new goes into this worker's hands at once, as if he had claimed it (`Accepted.claim`).
    Raises InputError for a text with nothing in it, ConflictError where its `external_id` is already taken by another complaint.
    """
    # 1. What it is called.
    document = _storable(document)
    if not document.text.strip():
        raise InputError("没有文字", where=document.origin or document.doc_id, expected="有内容的文章或投诉")
    digest = document.sha256 or content_hash(document.text)
    identity = document_id(digest)
    # 2. Had already? (What follows asks tables, which does not flush by itself.)
    session.flush()
    locks.named(session, identity, document.metadata.get("external_id"), idempotency_key)
    complaint = document.nature == "complaint"
    known = session.execute(_HAD, {"document": identity}).one_or_none()
    withdrawn = known.withdrawn if known else None
    if known and not withdrawn:
        if complaint and known.nature != "complaint":
            return _restrict(session, document, identity, idempotency_key, body_hash or digest)
        return Accepted(identity, "already", report_rows.of_document(session, identity))
    if complaint and withdrawn and not corrects and (report := report_rows.corrected(session, document, identity)):
        return Accepted(report.document_id, "already", report.id)
    # 3. A number already given to another complaint is refused before anything is written.
    report = report_rows.free(session, document, identity, corrects) if complaint else None
    # 4. The document, a complaint's report, and the inbox row, in one transaction.
    if withdrawn is None:
        session.execute(_DOCUMENTS.insert(), _row(document, identity, digest))
    else:
        row = session.get_one(DocumentRow, identity)
        row.withdrawn = False
        if (
            row.expired_at or row.redacted_at or row.expired_fields
        ):  # what it said went with time, or on somebody's word: it is received anew
            values = _row(document, identity, digest)
            for name in (*_SAID, "stored_at"):
                setattr(row, name, values["metadata" if name == "details" else name])
            row.expired_at, row.redacted_at, row.expired_fields = "", "", {}
        if complaint:  # it may have been an article before
            row.nature = "complaint"
    name = None
    if complaint:
        name = report_rows.file(session, report, document, identity, idempotency_key, body_hash or digest, corrects)
    number = _enqueue(session, identity, document.nature, batch, fresh=withdrawn is None, owner=owner)
    taken = Claim(number, identity, 1, owner, replace(document, sha256=digest)) if number is not None else None
    return Accepted(identity, "new", name, claim=taken)


def claim(
    session: Session,
    owner: str,
    *,
    limit: int = 32,
    only: Sequence[str] | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> list[Claim]:
    """Take up to `limit` waiting rows for `owner`, oldest first; `only` these documents where given.

    A row that was claimed before comes alone, before the fresh ones. Rows over `MAX_ATTEMPTS` are set aside on the way.
    """
    give_back_lost(session)
    waiting = sa.select(InboxRow).where(InboxRow.state == "accepted")
    if only is not None:
        waiting = waiting.where(InboxRow.document_id.in_(only))
    else:
        session.execute(
            sa.update(InboxRow)
            .where(InboxRow.state == "accepted", InboxRow.attempts >= MAX_ATTEMPTS)
            .values(
                state="set_aside",
                error=f"处理时进程中断 {MAX_ATTEMPTS} 次，已搁置；请单独检查此文档",
                finished_at=now(),
            )
        )
    waiting = waiting.with_for_update(skip_locked=True)
    claims: list[Claim] = []
    while not claims and (rows := _first(session, waiting, limit)):
        for row in rows:
            document = session.get_one(DocumentRow, row.document_id)
            if gone_texts.is_gone(document):
                row.state, row.error, row.finished_at = "set_aside", gone_texts.REASON, now()
                continue
            for column, value in _taken(owner, now(), lease_seconds).items():
                setattr(row, column, value)
            row.attempts += 1
            claims.append(
                Claim(row.id, row.document_id, row.attempts, owner, as_document(document), document.redacted_at)
            )
        session.flush()
    if owner == this_worker():
        in_hand.take(session, [claimed.inbox_id for claimed in claims])
    return claims


def _first(session: Session, waiting: sa.Select[tuple[InboxRow]], limit: int) -> Sequence[InboxRow]:
    rows = session.scalars(waiting.where(InboxRow.attempts > 0).order_by(InboxRow.id).limit(1)).all()
    return rows or session.scalars(waiting.where(InboxRow.attempts == 0).order_by(InboxRow.id).limit(limit)).all()


def finish(session: Session, claimed: Claim) -> bool:
    """Mark a claim done, in the transaction that stores its result. False: another worker has it now, store nothing."""
    return _close(session, claimed, state="done", error="", finished_at=now())


def fail(session: Session, claimed: Claim, reason: str) -> bool:
    """Mark a claim failed with its reason; the rest of the inbox goes on. False: it is no longer ours."""
    return _close(session, claimed, state="failed", error=reason[:2000], finished_at=now())


def give_back(session: Session, claims: Sequence[Claim]) -> None:
    """Return claims unfinished, as at a graceful stop: they count as never tried."""
    for claimed in claims:
        _close(session, claimed, state="accepted", attempts=claimed.attempts - 1, claimed_by="", claimed_until=0.0)


def give_back_lost(session: Session) -> int:
    """Return the rows of workers that are gone: lease over, a dead process of this machine, or forgotten by this one. How many."""
    now_seconds = time.time()
    returned = _return(
        session,
        # A lease that ends later than any lease can is from before the clock was set back.
        (InboxRow.claimed_until < now_seconds) | (InboxRow.claimed_until > now_seconds + 2 * LEASE_SECONDS),
    )
    for owner in session.scalars(sa.select(InboxRow.claimed_by).where(InboxRow.state == "working").distinct()).all():
        if is_gone(owner):
            returned += _return(session, InboxRow.claimed_by == owner)
    # 3. Ours, and nobody here works on them: the database was down when they were to be given back. They count as never tried.
    mine = sa.select(InboxRow.id, InboxRow.claimed_until).where(
        InboxRow.state == "working", InboxRow.claimed_by == this_worker()
    )
    leases = {int(row): float(until) for row, until in session.execute(mine)}
    for row in in_hand.forgotten(session, leases):
        same = (InboxRow.id == row) & (InboxRow.claimed_until == leases[row])  # not claimed anew in the meantime
        returned += _return(session, same, attempts=InboxRow.attempts - 1)
    return returned


def retry_failed(session: Session) -> int:
    """Put failed and set-aside rows back as if never tried, for instance after an upgrade; not those whose text is gone. How many."""
    readable = sa.exists().where(DocumentRow.id == InboxRow.document_id, gone_texts.stands())
    result = session.execute(
        sa.update(InboxRow)
        .where(InboxRow.state.in_(("failed", "set_aside")), readable)
        .values(state="accepted", attempts=0, error="", finished_at="")
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def counts(session: Session) -> dict[str, int]:
    """Rows by state, every state named."""
    found = session.execute(sa.select(InboxRow.state, sa.func.count()).group_by(InboxRow.state)).all()
    return dict.fromkeys(STATES, 0) | {str(state): int(number) for state, number in found}


def this_worker() -> str:
    """The name of this process as an owner of claims: host:pid:token, the last telling two processes of one pid apart."""
    return _worker_name(os.getpid())


@cache
def _worker_name(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{secrets.token_hex(4)}"


def is_gone(owner: str) -> bool:
    """Was `owner` a process of this machine that no longer runs? A worker of another machine is never known to be gone."""
    host, pid, _ = owner.rsplit(":", 2)
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    if int(pid) == os.getpid():
        return owner != this_worker()
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def as_document(row: DocumentRow) -> Document:
    """The record that was accepted."""
    return Document(
        doc_id=row.doc_id, text=row.text, title=row.title, form=row.form, nature=row.nature, origin=row.origin,  # type: ignore[arg-type]
        url=row.url, publisher=row.publisher, published=row.published, fetched=row.fetched, licence=row.licence,
        encoding=row.encoding, sha256=row.sha256, metadata=dict(row.details),
    )  # fmt: skip


def _restrict(
    session: Session, document: Document, identity: str, idempotency_key: str | None, body_hash: str
) -> Accepted:
    """Make a complaint of an article: report, nature, and its incidents anew, in this transaction."""
    changes.lock(session)
    report_name = report_rows.file(
        session, report_rows.free(session, document, identity, None), document, identity, idempotency_key, body_hash
    )
    row = session.get_one(DocumentRow, identity)
    row.nature, row.details = "complaint", {**row.details, **document.metadata}
    row.names = {name: sort if sort in KEPT_SORTS else "victim" for name, sort in row.names.items()}
    session.execute(sa.update(InboxRow).where(InboxRow.document_id == identity).values(nature="complaint"))
    if session.scalar(sa.select(ArticleRow.number).where(ArticleRow.document_id == identity).limit(1)) is not None:
        session.get_one(ReportRow, report_name).state = "analysed"
        search_for(session.get_bind().dialect.name).put(session, identity, row.text, private=True)
    session.flush()
    # Of a complaint nothing is retold: that goes, and what it tells itself is seen by fewer.
    case_ids = session.scalars(sa.select(CaseRow.id).where(CaseRow.document_id == identity)).all()
    touched = resolution.detach(session, sorted(retold.among(session, case_ids)))
    told = sa.select(CaseRow.incident_id).where(CaseRow.document_id == identity, CaseRow.incident_id.is_not(None))
    incidents.rebuild(session, touched | set(session.scalars(told)))
    return Accepted(identity, "already", report_name, restricted=True)


def _storable(document: Document) -> Document:
    """The document with what no database stores (NUL, half surrogates from broken JSON) as �; offsets stay."""
    plain = {
        name: _UNSTORABLE.sub("\ufffd", value)
        for name in Document.__slots__
        if isinstance(value := getattr(document, name), str) and _UNSTORABLE.search(value)
    }
    if any(_UNSTORABLE.search(f"{key}{value}") for key, value in document.metadata.items()):
        plain["metadata"] = {  # type: ignore[assignment]
            _UNSTORABLE.sub("\ufffd", key): _UNSTORABLE.sub("\ufffd", value) for key, value in document.metadata.items()
        }
    return replace(document, **plain) if plain else document  # type: ignore[arg-type]


def _row(document: Document, identity: str, digest: str) -> dict[str, object]:
    return {
        "id": identity, "sha256": digest, "doc_id": document.doc_id, "title": document.title, "text": document.text,
        "form": document.form, "nature": document.nature, "origin": document.origin, "url": document.url,
        "publisher": document.publisher, "published": document.published, "fetched": document.fetched,
        "licence": document.licence, "encoding": document.encoding, "metadata": dict(document.metadata), "stored_at": now(),
        "withdrawn": False,
    }  # fmt: skip


def _enqueue(session: Session, identity: str, nature: str, batch: str | None, *, fresh: bool, owner: str) -> int | None:
    """Put a document into the inbox; the number of its row where `owner` has it now: a new one, and only where he is named."""
    values = {
        "state": "accepted", "attempts": 0, "error": "", "claimed_by": "", "claimed_at": "", "claimed_until": 0.0,
        "batch_id": batch, "finished_at": "",
    }  # fmt: skip
    again = None if fresh else session.scalar(sa.select(InboxRow.id).where(InboxRow.document_id == identity))
    if again is not None:
        session.execute(sa.update(InboxRow).where(InboxRow.id == again).values(**values))
        return None
    moment = now()
    row = values | {"document_id": identity, "nature": nature, "received_at": moment}
    if owner and fresh:
        row |= _taken(owner, moment, LEASE_SECONDS) | {"attempts": 1}
    number = int(session.execute(_INBOX.insert(), row).inserted_primary_key[0])  # type: ignore[attr-defined]
    if not (owner and fresh):
        return None
    if owner == this_worker():
        in_hand.take(session, [number])
    return number


def _taken(owner: str, moment: str, seconds: float) -> dict[str, object]:
    """The columns of a row that is in a worker's hands."""
    return {
        "state": "working",
        "claimed_by": owner,
        "claimed_at": moment,
        "claimed_until": time.time() + seconds,
    }


def _return(session: Session, which: sa.ColumnElement[bool], **more: object) -> int:
    result = session.execute(
        sa.update(InboxRow)
        .where(InboxRow.state == "working", which)
        .values(state="accepted", claimed_by="", claimed_until=0.0, **more)
    )
    return result.rowcount  # type: ignore[attr-defined,no-any-return]


def _close(session: Session, claimed: Claim, **values: object) -> bool:
    ours = {"row": claimed.inbox_id, "worker": claimed.owner}
    result = session.execute(_closing(tuple(values)), ours | {f"new_{name}": value for name, value in values.items()})
    return bool(result.rowcount)  # type: ignore[attr-defined]


@cache
def _closing(columns: tuple[str, ...]) -> sa.Update:
    """The statement of `_close` that sets these columns, put together once."""
    ours = (_INBOX.c.id == sa.bindparam("row"), _INBOX.c.claimed_by == sa.bindparam("worker"))
    values = {name: sa.bindparam(f"new_{name}") for name in columns}
    return sa.update(_INBOX).where(*ours, _INBOX.c.state == "working").values(values)
