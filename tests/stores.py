"""An empty store for a test: SQLite, or a new database on the server that FANZHA_TEST_POSTGRES names (see test_postgres.py)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import sqlalchemy as sa

from serving.store import Store, open_store


def fresh_store(folder: Path) -> Store:
    """A store of its own for one test."""
    server = os.environ.get("FANZHA_TEST_POSTGRES")
    if not server:
        return open_store(f"sqlite:///{folder}/store.db")
    name = f"test_{secrets.token_hex(6)}"
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Under ICU's Chinese order, as on many servers: "-" and "~" count for nothing in it unless a column says otherwise.
        modern = connection.dialect.server_version_info >= (15,)
        order = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'zh-CN'" if modern else ""
        connection.execute(sa.text(f"CREATE DATABASE {name} {order}"))
    engine.dispose()
    return open_store(f"{server}/{name}")
