"""Imports as a whole: every row with what became of it, and the way back.

In: an open write transaction, documents and refusals as the readers yield them. Out: batch rows. A row that is refused leaves its
reason (found, where, expected, advice) and nothing else in the store; the rest of the import goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from nlp.errors import ConflictError, FanzhaError, InputError, NotFoundError
from nlp.records import Document
from serving import inbox, incidents
from serving.store import identity, locks
from serving.store.tables import BatchEntryRow, BatchRow, InboxRow

UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing came to. `kept`: documents that another import brought too."""

    withdrawn: int
    kept: int
    changes: tuple[int, ...]


def start(session: Session, source: str, nature: str = "") -> str:
    """Begin an import; returns its id. source: what is read, for people. nature: complaint, published, "" for mixed."""
    batch_id = identity.batch_id()
    session.add(BatchRow(id=batch_id, source=source[:2000], nature=nature, started_at=identity.now()))
    session.flush()
    return batch_id


def add(session: Session, batch_id: str, items: Sequence[Document | InputError]) -> list[BatchEntryRow]:
    """Accept documents and note refusals, one row each, numbered on from the last; returns the rows.

    Raises ConflictError where the import was undone meanwhile: what came in now, nobody could take back.
    """
    locks.whole_inbox(session)
    batch = _held(session, batch_id)
    if batch.state == UNDONE:
        raise ConflictError("这次导入已经撤销，余下的没有收", where=batch_id, advice="要收，就再导入一次")
    last = session.scalar(sa.select(sa.func.max(BatchEntryRow.number)).where(BatchEntryRow.batch_id == batch_id)) or 0
    rows = []
    for number, item in enumerate(items, start=last + 1):
        row = BatchEntryRow(batch_id=batch_id, number=number, state="refused", name="", document_id=None)
        if isinstance(item, Document):
            row.name = item.doc_id[:500]
            try:
                accepted = inbox.accept(session, item, batch=batch_id)
                row.state, row.document_id = accepted.outcome, accepted.document_id
            except (InputError, ConflictError) as error:
                row.error = explain(error)
        else:
            row.name, row.error = item.where[:500], explain(item)
        batch.new += row.state == "new"
        batch.already += row.state == "already"
        batch.refused += row.state == "refused"
        rows.append(row)
    session.add_all(rows)
    session.flush()
    return rows


def finish(session: Session, batch_id: str) -> BatchRow:
    """All rows are in; what they wait for now is analysis. One that was undone meanwhile stays undone."""
    batch = _held(session, batch_id)
    if batch.state != UNDONE:
        batch.state, batch.finished_at = "finished", identity.now()
    session.flush()
    return batch


def undo(session: Session, batch_id: str) -> Undone:
    """Take back what an import brought: its documents are withdrawn, incidents that hung on them alone become tombstones.

    A document that another import holds too stays, and belongs to that one from now on. Raises NotFoundError, and
    ConflictError when it was undone before.
    """
    batch = _held(session, batch_id)
    if batch.state == UNDONE:
        raise ConflictError("这次导入已经撤销过", where=batch_id)
    brought = list(
        session.scalars(
            sa.select(BatchEntryRow.document_id)
            .where(BatchEntryRow.batch_id == batch_id, BatchEntryRow.state == "new")
            .order_by(BatchEntryRow.number)
        )
    )
    # 1. What another import that still stands brought as well.
    mine, other, live = aliased(BatchEntryRow), aliased(BatchEntryRow), aliased(BatchRow)
    heirs = {
        document_id: (other_batch, other_number)
        for document_id, other_batch, other_number in session.execute(
            sa.select(other.document_id, other.batch_id, other.number)
            .join(mine, mine.document_id == other.document_id)
            .join(live, live.id == other.batch_id)
            .where(mine.batch_id == batch_id, mine.state == "new", other.batch_id != batch_id, live.state != UNDONE)
            .order_by(live.started_at.desc(), other.number.desc())
        )
    }
    for document_id, (heir, heir_number) in heirs.items():
        row, inheriting = session.get_one(BatchEntryRow, (heir, heir_number)), get(session, heir)
        if row.state == "already":  # what it counts is what its rows say
            inheriting.already, inheriting.new = inheriting.already - 1, inheriting.new + 1
        row.state = "new"
        session.execute(sa.update(InboxRow).where(InboxRow.document_id == document_id).values(batch_id=heir))
    # 2. The rest goes.
    gone = [document_id for document_id in brought if document_id and document_id not in heirs]
    numbers = incidents.withdraw_documents(session, gone)
    batch.state, batch.finished_at = UNDONE, identity.now()
    session.flush()
    return Undone(len(gone), len(heirs), tuple(numbers))


def get(session: Session, batch_id: str) -> BatchRow:
    """The import with this id. Raises NotFoundError."""
    row = session.get(BatchRow, batch_id)
    if row is None:
        raise NotFoundError("没有这次导入", where=batch_id, advice="fanzha batches list 列出全部导入")
    return row


def _held(session: Session, batch_id: str) -> BatchRow:
    """The same, for us alone until the transaction ends (SQLite has one writer anyhow), as it stands now."""
    row = session.get(BatchRow, batch_id, with_for_update=True, populate_existing=True)
    return row if row is not None else get(session, batch_id)


def listing(session: Session, *, limit: int = 50) -> Sequence[BatchRow]:
    """The newest imports first."""
    return session.scalars(sa.select(BatchRow).order_by(BatchRow.started_at.desc(), BatchRow.id).limit(limit)).all()


def rows(
    session: Session, batch_id: str, *, state: str = "", after: int = 0, limit: int = 500
) -> Sequence[BatchEntryRow]:
    """Rows of an import by number, those after `after`; `state` new, already or refused narrows."""
    query = sa.select(BatchEntryRow).where(BatchEntryRow.batch_id == batch_id, BatchEntryRow.number > after)
    if state:
        query = query.where(BatchEntryRow.state == state)
    return session.scalars(query.order_by(BatchEntryRow.number).limit(limit)).all()


def progress(session: Session, batch_id: str) -> dict[str, int]:
    """How far the documents that an import brought have got: inbox states and their numbers."""
    query = sa.select(InboxRow.state, sa.func.count()).where(InboxRow.batch_id == batch_id).group_by(InboxRow.state)
    return dict.fromkeys(inbox.STATES, 0) | {str(state): int(number) for state, number in session.execute(query)}


def view(batch: BatchRow) -> dict[str, Any]:
    """An import as JSON."""
    return {
        "id": batch.id, "source": batch.source, "nature": batch.nature, "state": batch.state, "new": batch.new,
        "already": batch.already, "refused": batch.refused, "started_at": batch.started_at, "finished_at": batch.finished_at,
    }  # fmt: skip


def explain(error: FanzhaError) -> dict[str, Any]:
    """A refusal as JSON."""
    return {
        "code": error.code, "found": error.found, "where": error.where, "expected": error.expected, "advice": error.advice,
    }  # fmt: skip


def sentence(error: dict[str, Any]) -> str:
    """A refusal from `explain` as the one line that people read."""
    return str(FanzhaError(error["found"], where=error["where"], expected=error["expected"], advice=error["advice"]))
