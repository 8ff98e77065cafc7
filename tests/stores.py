"""An empty store for a test: SQLite, or a new database on the server that FANZHA_TEST_POSTGRES names (see test_postgres.py)."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from serving.store import Store, open_store
from serving.store.tables import Base


def fresh_store(folder: Path) -> Store:
    """A store of its own for one test."""
    return open_store(fresh_address(folder))


def fresh_address(folder: Path) -> str:
    """The address of an empty database: a new SQLite file, or a new database on the server of the tests."""
    server = os.environ.get("FANZHA_TEST_POSTGRES")
    if not server:
        return f"sqlite:///{folder}/{secrets.token_hex(4)}/store.db"
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Under ICU's Chinese order, as on many servers: "-" and "~" count for nothing in it unless a column says otherwise.
        modern = connection.dialect.server_version_info >= (15,)
        order = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh-CN'" if modern else ""
        connection.execute(sa.text(f"CREATE DATABASE {name} {order}"))
    engine.dispose()
    return f"{server}/{name}"


def empty_address(folder: Path) -> str:
    """The address of a store with nothing in it that is up to date: made once a process and database, copied for everybody."""
    return copied(_empty(os.environ.get("FANZHA_TEST_POSTGRES", "")), folder)


def copied(address: str, folder: Path) -> str:
    """The address of a copy of the store at `address`, which nobody has open."""
    url = sa.make_url(address)
    if url.get_backend_name() == "sqlite":
        copy = folder / secrets.token_hex(4) / "store.db"
        copy.parent.mkdir(parents=True)
        shutil.copy(str(url.database), copy)
        return f"sqlite:///{copy}"
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


@cache
def _empty(_server: str) -> str:
    folder = Path(tempfile.mkdtemp(prefix="fanzha-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = fresh_store(folder)
    address = address_of(store)
    store.close()  # folds the journal into the file
    return address


def address_of(store: Store) -> str:
    """The address by which another process opens this store."""
    return store.engine.url.render_as_string(hide_password=False)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table by its key, as Python values; the full-text index, which follows from the texts, left out."""
    with store.reading() as session:
        return {
            table.name: [tuple(row) for row in session.execute(sa.select(table).order_by(*table.primary_key.columns))]
            for table in Base.metadata.sorted_tables
            if table.name not in ("search_keys", "incident_words")
        }
