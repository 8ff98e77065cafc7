"""What was taken out of the store is no longer in its files: deleted rows leave their bytes behind until the space is made anew.

In: a store, outside any transaction. Out: SQLite: the index's segments merged, the file written anew, the journal emptied; PostgreSQL: the
tables written anew. It takes as much free disk as the store is large and keeps others from writing meanwhile. Copies elsewhere (backups,
archived logs of the server, snapshots of a disk) are not touched.
"""

from __future__ import annotations

import sqlalchemy as sa

from serving.store.session import Store
from serving.store.tables import Base


def tidy(store: Store) -> None:
    """Write the store's files anew."""
    with store.engine.connect() as connection:
        if store.is_sqlite:
            # Past SQLAlchemy: VACUUM wants no transaction at all.
            raw = connection.connection.driver_connection
            assert raw is not None
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            for index in ("search_index", "search_index_incidents"):
                raw.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(sa.text(f'VACUUM FULL "{table.name}"'))
