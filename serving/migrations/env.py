"""Alembic's entry: runs the scripts on the connection that `serving.migrations.run` hands over, in its transaction."""

from alembic import context

from serving.store import tables_people  # noqa: F401 - its tables are part of the schema
from serving.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
