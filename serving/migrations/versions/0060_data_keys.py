"""Which keys the store is sealed with; tactics of an incident beside its data, which may be sealed.

Revision ID: 0060
Revises: 0050
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0060"
down_revision = "0050"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("name", sa.String(length=8), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_keys")),
    )
    op.add_column("incidents", sa.Column("tactics", JSON, nullable=False, server_default="[]"))
    # Nothing is sealed in a store of an earlier version: its data are read as they lie.
    incidents = sa.table("incidents", sa.column("id", sa.String), sa.column("data", JSON), sa.column("tactics", JSON))
    bind = op.get_bind()
    after = ""
    while rows := bind.execute(
        sa.select(incidents.c.id, incidents.c.data).where(incidents.c.id > after).order_by(incidents.c.id).limit(500)
    ).all():
        for name, data in rows:
            if told := (data or {}).get("tactics"):
                bind.execute(sa.update(incidents).where(incidents.c.id == name).values(tactics=told))
        after = rows[-1][0]


def downgrade() -> None:
    op.drop_column("incidents", "tactics")
    op.drop_table("data_keys")
