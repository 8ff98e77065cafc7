"""`fanzha backup`: every row of a store into one file, as it was at one moment, while others go on writing.

In: a connected store, a file name. Out: the file (`backup_file`), its manifest. One form for both databases: rows as JSON lines, read in
one snapshot (SQLite: a read transaction of WAL; PostgreSQL: REPEATABLE READ), so a backup of one is restored on the other. The schema is
read from the database itself, so a store that waits for its upgrade is saved as it is. Sealed columns stay sealed. The full-text
index is left out: it follows from the texts and is made anew by `restore`. Memory: a few thousand rows.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from serving import audit, changes, data_key
from serving.keeping import backup_file
from serving.keeping.backup_file import Manifest
from serving.store.identity import now
from serving.store.session import Store, StoreError, schema_version
from serving.store.tables import Base

# Made anew on restoring: search words. Alembic's version stands in the manifest.
LEFT_OUT = frozenset({"search_keys", "incident_words", "alembic_version"})
# Rows fetched at a time.
PAGE = 500


def write(store: Store, file: Path, *, actor: str, on_table: Callable[[str, int], None] | None = None) -> Manifest:
    """Save the store. Its audit log gets a line first, which is then in the backup. Raises StoreError, InputError, DataKeyError."""
    with store.reading() as session:
        version = schema_version(session.connection())
    if version is None:
        raise StoreError("这里没有事件库", where=store.address, advice="检查 --store")
    keys = data_key.keys()
    with backup_file.partial(file) as stream:
        if sa.inspect(store.engine).has_table("audit"):
            with store.writing() as session:
                audit.record(session, actor, "admin", "backup", file.name)
        with store.reading() as session:
            manifest = Manifest(
                id=f"k-{secrets.token_hex(8)}", program=importlib.metadata.version("fanzha"), made_at=now(),
                database=store.engine.dialect.name, schema=version, sequence=changes.last_number(session),
                audit=last_audited(session), sealed=keys[0].name if keys else "",
            )  # fmt: skip
            writer = backup_file.Writer(stream, manifest)
            for table in tables_of(session.connection()):
                binary = [column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)]
                writer.table(table.name, [column.name for column in table.columns], binary, _lines(session, table))
                if on_table:
                    on_table(table.name, manifest.tables[table.name].rows)
            writer.finish()
    return manifest


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """Our tables as the database has them, those that others refer to first."""
    known = set(sa.inspect(connection).get_table_names()) & set(Base.metadata.tables) - LEFT_OUT
    metadata = sa.MetaData()
    metadata.reflect(connection, only=sorted(known))
    return [table for table in metadata.sorted_tables if table.name in known]


def last_audited(session: Session) -> str:
    """ "number:hash" of the newest line of the audit log, as `fanzha audit head` prints it; "" where there is none."""
    if not sa.inspect(session.connection()).has_table("audit"):
        return ""
    rows = audit.listing(session, limit=1)
    return f"{rows[0].number}:{rows[0].hash}" if rows else ""


def _lines(session: Session, table: sa.Table) -> Iterator[bytes]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    for row in session.execute(query, execution_options={"yield_per": PAGE}):
        yield json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, (bytes, memoryview)) else value
