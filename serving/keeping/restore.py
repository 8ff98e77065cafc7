"""`fanzha restore`: a backup into an empty store on either database, all of it or nothing.

In: a file, the address of a store. Out: the store as it was saved, one line more in its audit log. The file is read through and
verified first. Then one transaction: 1. the schema as it was saved; 2. the rows; 3. the counts compared; 4. the schema brought up to
this program; 5. the full-text index made anew. Killed anywhere, the store is as before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import ConflictError
from serving import audit, changes, data_key
from serving.keeping import backup, backup_file, reindex
from serving.keeping.backup_file import BackupError, Manifest
from serving.migrations import HEAD
from serving.migrations.run import upgrade
from serving.store.session import Store, connected, schema_version

PAGE = 500


def restore(
    file: Path, url: str, *, actor: str, replace: bool = False, on_table: Callable[[str, int], None] | None = None
) -> Manifest:
    """Raises BackupError, StoreError, DataKeyError, and ConflictError for a store that holds something, unless it is to be replaced."""
    manifest, _ = backup_file.verify(file)
    if manifest.sealed:  # before anything is touched
        data_key.named(manifest.sealed)
    store = connected(url)
    try:
        with backup_file.reading(file) as archive, store.writing() as session:
            connection = session.connection()
            _make_room(connection, store, replace)
            upgrade(connection, manifest.schema)  # 1.
            tables = backup.tables_of(connection)
            for table in tables:  # 2.
                rows = backup_file.rows(archive, manifest, table.name) if table.name in manifest.tables else iter(())
                written = _fill(session, table, manifest, rows)
                if on_table:
                    on_table(table.name, written)
            _compare(session, tables, manifest)  # 3.
            if manifest.schema != HEAD:
                upgrade(connection)  # 4.
            reindex.everything(session)  # 5.
            audit.record(session, actor, "admin", "restored", manifest.id, detail={"made_at": manifest.made_at})
    finally:
        store.close()
    return manifest


def _make_room(connection: sa.Connection, store: Store, replace: bool) -> None:
    """An empty store: what is there goes if it may, the whole of it."""
    version = schema_version(connection)
    if version is not None:
        if not replace and _holds_something(connection):
            raise ConflictError(
                "这个事件库不是空的", where=store.address, expected="空的事件库",
                advice="换一个 --store；确要用备份取代其中的一切，加 --replace",
            )  # fmt: skip
        metadata = sa.MetaData()
        metadata.reflect(connection)
        if store.is_sqlite:
            # The index's shadow tables go with it, and SQLite looks at references only when the transaction ends.
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for index in ("search_index_incidents", "search_index"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {index}")
            for table in reversed(metadata.sorted_tables):
                if not table.name.startswith("search_index"):
                    connection.exec_driver_sql(f'DROP TABLE "{table.name}"')
        else:
            metadata.drop_all(connection)
            connection.exec_driver_sql("DROP FUNCTION IF EXISTS audit_append_only()")


def _holds_something(connection: sa.Connection) -> bool:
    """Any row but the counters that every new store has?"""
    for table in backup.tables_of(connection):
        if (
            table.name != "counters"
            and connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        ):
            return True
    return bool(changes.last_number(Session(connection)))


def _fill(session: Session, table: sa.Table, manifest: Manifest, rows: Iterator[list[Any]]) -> int:
    """Put the rows of one member into its table; returns how many."""
    member = manifest.tables.get(table.name)
    if table.name == "counters":  # a new store has its own
        session.execute(sa.delete(table))
    if member is None:
        return 0
    if missing := set(member.columns) - set(table.columns.keys()):
        raise BackupError(f"表 {table.name} 的列 {'、'.join(sorted(missing))} 在版本 {manifest.schema} 中没有")
    for column in table.columns:
        if isinstance(column.type, sa.JSON):
            column.type.none_as_null = True
    binary = {member.columns.index(name) for name in member.binary}
    written, waiting = 0, []
    for row in rows:
        values = [
            base64.b64decode(value) if at in binary and value is not None else value for at, value in enumerate(row)
        ]
        waiting.append(dict(zip(member.columns, values, strict=True)))
        if len(waiting) == PAGE:
            session.execute(sa.insert(table), waiting)
            written, waiting = written + len(waiting), []
    if waiting:
        session.execute(sa.insert(table), waiting)
    _go_on_counting(session, table)
    return written + len(waiting)


def _go_on_counting(session: Session, table: sa.Table) -> None:
    """PostgreSQL numbers rows from a sequence of its own: it goes on after what was put in."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        named = session.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
        if named:
            last = session.scalar(sa.select(sa.func.max(column)))
            session.execute(sa.select(sa.func.setval(named, last or 1, last is not None)))


def _compare(session: Session, tables: Sequence[sa.Table], manifest: Manifest) -> None:
    for table in tables:
        said = manifest.tables[table.name].rows if table.name in manifest.tables else 0
        found = session.scalar(sa.select(sa.func.count()).select_from(table))
        if found != said:
            raise BackupError(f"表 {table.name} 恢复出 {found} 行", expected=f"{said} 行")
    if changes.last_number(session) != manifest.sequence or backup.last_audited(session) != manifest.audit:
        raise BackupError("恢复出的变更序号或审计末行与清单不符", expected=f"序号 {manifest.sequence}")
