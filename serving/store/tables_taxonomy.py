"""The tables of the taxonomy's versions: what people drafted and published, and which one was put in force when, by whom.

Rows hold data and no verbs. The shipped version stands in no row: it is a file of the program.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigKey, Json, Moment


class TaxonomyRow(Base):
    """A version. state: draft (one at a time), published, dropped. `base`: the version it was made from; `revision` counts its changes.

    `steps`: what was done to the base, in order (`serving.taxonomies.steps`), each with by and at; `content`: what came of it.
    """

    __tablename__ = "taxonomies"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(String(32), unique=True)
    base: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(Integer)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    content: Mapped[dict[str, Any]] = mapped_column(Json)
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[str] = mapped_column(Moment)


class TaxonomyActRow(Base):
    """A version was put in force: the last row says which one is. `before`: the one until then; `numbers`: what the preview said.

    `cursor`: the last document whose labels were brought over; `done_at` "" until all are.
    """

    __tablename__ = "taxonomy_acts"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    version: Mapped[str] = mapped_column(String(32))
    before: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[str] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(Text, default="")
    numbers: Mapped[dict[str, Any]] = mapped_column(Json)
    cursor: Mapped[str] = mapped_column(String(32), default="")
    done_at: Mapped[str] = mapped_column(Moment, default="")
