"""The store: tables, transactions, full-text search. Nothing outside serving/ touches SQL.

store = open_store("sqlite:///data/fanzha.db")
with store.reading() as session: ...   # one consistent state
with store.writing() as session: ...   # commits at the end, all or nothing
"""

from serving.store import feed_tables as _feed_tables  # noqa: F401  (registers its tables)
from serving.store import tables_annotation as _tables_annotation  # noqa: F401
from serving.store import tables_taxonomy as _tables_taxonomy  # noqa: F401
from serving.store import watch_tables as _watch_tables  # noqa: F401
from serving.store.session import Store, StoreError, open_store, schema_version

__all__ = ["Store", "StoreError", "open_store", "schema_version"]
