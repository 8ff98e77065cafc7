"""Runs the migration scripts on an open connection.

In: a connection inside a transaction of the caller. Out: the schema at HEAD, its rows filled, uncommitted. It opens and commits nothing.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from serving.migrations import HEAD

# The revision since which cases have the keys of today (`nlp.resolve.blocking`). Who changes what a key says raises it to the newest.
KEYED = "0095"


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an ini file: the scripts beside this module, the caller's connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`. Raises StoreError when the store, or the revision, is of a newer program."""
    from serving.store.session import StoreError, schema_version

    # Stores from before 0010 hold incidents that were built without the names of their pages.
    before = schema_version(connection)
    older = before is not None and not _names_pages(connection)
    _check_references(connection, "IMMEDIATE")
    try:
        command.upgrade(configuration(connection), revision)
    except CommandError as error:
        raise StoreError(
            f"事件库版本为 {schema_version(connection) or revision}，本程序不认识",
            expected=f"不新于 {HEAD}",
            advice="请升级 fanzha 后再打开",
        ) from error
    _check_references(connection, "DEFERRED")
    if before is not None and before < KEYED <= (schema_version(connection) or ""):
        _key_anew(connection)
    if older:
        _build_anew(connection)


def _check_references(connection: Connection, when: str) -> None:
    """PostgreSQL alters no table with references that wait for their check, as those of rows that a restore put in just now do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET CONSTRAINTS ALL {when}")


def _key_anew(connection: Connection) -> None:
    """Give every case the keys that this program looks up: an old case must meet a new one under the same key."""
    from sqlalchemy.orm import Session

    from serving import changes, resolution

    with Session(connection, expire_on_commit=False) as session:
        changes.lock(session)
        resolution.key_anew(session)
        session.flush()


def _names_pages(connection: Connection) -> bool:
    return "names" in {column["name"] for column in inspect(connection).get_columns("documents")}


def _build_anew(connection: Connection) -> None:
    """Name what the documents name and build every incident again, so that what older programs stored is masked as new rows are.

    Followers of the feed are told of every incident that came out otherwise.
    """
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    from serving import changes, filing, incidents
    from serving.store.tables import IncidentRow

    with Session(connection, expire_on_commit=False) as session:
        changes.lock(session)
        filing.name_all(session)
        standing = session.scalars(select(IncidentRow.id).where(IncidentRow.withdrawn.is_(False))).all()
        incidents.rebuild(session, standing)
        session.flush()
