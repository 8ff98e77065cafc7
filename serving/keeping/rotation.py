"""`fanzha keys rotate-data`: everything in the store sealed with the key in use, page by page, killed anywhere and taken up again.

In: a store, FANZHA_DATA_KEY with the new key, FANZHA_DATA_KEY_OLD with the one that it replaces (none for a store that was clear). Out: rows
sealed anew, keys of cases and search words as tokens of the new key, the old key no longer noted in the store. Every page is a
transaction of its own; what is sealed with the new key already is passed over, so a run that was killed is simply run again, and others
may go on reading and writing meanwhile, if they have both keys too. 1. Columns. 2. Keys of cases. 3. Search words. 4. Is nothing left?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError, InputError
from nlp.resolve import blocking_keys
from serving import audit, data_key, sourced
from serving.keeping import reindex
from serving.store import Store, sealed
from serving.store.sealed import SealedBytes, SealedJson, SealedText
from serving.store.tables import Base, CaseKeyRow, CaseRow, DataKeyRow

PAGE = 200
# Rounds over what processes with the old key in front still wrote meanwhile.
ROUNDS = 3
OnTable = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Rotated:
    """The name of the key in use, how many rows were sealed anew, which keys are not needed any more."""

    key: str
    rows: int
    retired: tuple[str, ...]


def rotate(store: Store, *, actor: str, on_table: OnTable | None = None) -> Rotated:
    """Raises InputError without a key, DataKeyError for what none of the keys opens, ConflictError where old ones are still being used."""
    keys = data_key.keys()
    if not keys:
        raise InputError(
            "没有设数据密钥", where=data_key.VARIABLE, expected="新密钥",
            advice=f"新的放 {data_key.VARIABLE}，原来的（若有）放 {data_key.VARIABLE}_OLD",
        )  # fmt: skip
    total, indexed = 0, False
    for _ in range(ROUNDS):
        done = 0
        for table, columns in sealed_columns():  # 1.
            count = sum(_reseal(store, table, columns, keys[0].name))
            done += count
            if on_table:
                on_table(table.name, count)
        count = sum(_rekey(store))  # 2.
        if on_table:
            on_table("case_keys", count)
        total += done
        if indexed and not done and not count:
            break
        for step in (
            reindex.documents,
            reindex.incidents_,
        ):  # 3. Also where the columns were done by a run that was killed here.
            after: str | None = ""
            while after is not None:
                with store.writing() as session:
                    after = step(session, after)
        indexed = True
        if not done and not count:
            break
    else:
        raise ConflictError(  # 4.
            "还有进程在用旧密钥写入", where=store.address, expected=f"各进程的 {data_key.VARIABLE} 都是新密钥",
            advice="重启各进程后再运行一次；已换好的不会重做",
        )  # fmt: skip
    with store.writing() as session:
        old = sa.select(DataKeyRow.name).where(DataKeyRow.name != keys[0].name)
        retired = tuple(sorted(session.scalars(old)))
        session.execute(sa.delete(DataKeyRow).where(DataKeyRow.name.in_(retired)))
        detail = {"key": keys[0].name, "rows": total, "retired": list(retired)}
        audit.record(session, actor, "admin", "data_key_rotated", keys[0].name, detail=detail)
    return Rotated(keys[0].name, total, retired)


def sealed_columns() -> Iterator[tuple[sa.Table, list[sa.Column[Any]]]]:
    """Every table with sealed columns, and these."""
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, (SealedText, SealedJson, SealedBytes))]
        if columns:
            yield table, columns


def is_clear(session: Session) -> bool:
    """Is there a row that is sealed with no key? Reads stored values, opens none."""
    for _, columns in sealed_columns():
        for column in columns:
            stored = session.execute(
                sa.select(_stored(column)).where(column.is_not(None)), execution_options={"yield_per": PAGE}
            )
            if any(not sealed.key_of(value) for (value,) in stored):
                return True
    return False


def _stored(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The value as it lies in the database."""
    return sa.type_coerce(column, sa.LargeBinary() if isinstance(column.type, SealedBytes) else sa.Text())


def _reseal(store: Store, table: sa.Table, columns: list[sa.Column[Any]], key: str) -> Iterator[int]:
    """Seal what is clear or under another key, a page a transaction; yields how many rows."""
    names = list(table.primary_key.columns)
    last: tuple[Any, ...] | None = None
    while True:
        with store.writing() as session:
            stored = [_stored(column).label(f"stored_{column.key}") for column in columns]
            page = sa.select(*names, *stored).order_by(*names).limit(PAGE).with_for_update()
            if last is not None:
                page = page.where(sa.tuple_(*names) > sa.tuple_(*map(sa.literal, last)))
            rows = session.execute(page).all()
            stale = [
                row[: len(names)]
                for row in rows
                if any(value is not None and sealed.key_of(value) != key for value in row[len(names) :])
            ]
            for found in stale:
                where = [name == value for name, value in zip(names, found, strict=True)]
                values = session.execute(sa.select(*columns).where(*where)).one()  # opened
                fresh = {column.name: value for column, value in zip(columns, values, strict=True) if value is not None}
                session.execute(sa.update(table).where(*where).values(fresh))
        if not rows:
            return
        last = tuple(rows[-1][: len(names)])
        yield len(stale)


def _rekey(store: Store) -> Iterator[int]:
    """Bring the keys of cases under the new key, where they stand: their order is that of arrival."""
    after = ""
    while True:
        with store.writing() as session:
            ids = session.scalars(
                sa.select(CaseRow.id).where(CaseRow.id > after).order_by(CaseRow.id).limit(PAGE)
            ).all()
            cases = sourced.to_compare(session, ids)
            changed = 0
            for case_id, case in cases.items():
                forms = {}
                for plain in {key[:200] for key in blocking_keys(case)}:
                    forms |= dict.fromkeys(sealed.tokens(plain), sealed.token(plain))
                rows = session.execute(
                    sa.select(CaseKeyRow.id, CaseKeyRow.key).where(CaseKeyRow.case_id == case_id)
                ).all()
                for number, stored in rows:
                    if stored == forms.get(stored):
                        continue
                    changed += 1
                    which = CaseKeyRow.id == number
                    if stored in forms:
                        session.execute(sa.update(CaseKeyRow).where(which).values(key=forms[stored]))
                    else:  # a key of an earlier version of the resolver, which nothing looks up any more
                        session.execute(sa.delete(CaseKeyRow).where(which))
        if not ids:
            return
        after = ids[-1]
        yield changed
