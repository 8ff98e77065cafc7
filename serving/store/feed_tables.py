"""Tables of the feed beside its log: what incidents were, who decided about them, where documents once belonged.

Rows hold data and no verbs. Registered with the other tables when `serving.store` is imported.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.sealed import SealedBytes, SealedJson, SealedText
from serving.store.tables import Base, BigKey, Id, Json, Moment, by_byte


class VersionRow(Base):
    """An incident as it was from `sequence` until just before `until`: written when a change replaces it.

    The present state stands in `incidents` alone. `data` is the zlib-compressed JSON of the incident's data, None once a document
    in it was withdrawn: a snapshot never brings back what was taken out.
    """

    __tablename__ = "incident_versions"
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[int] = mapped_column(BigInteger)
    incident_id: Mapped[str] = mapped_column(Id, index=True)
    revision: Mapped[int] = mapped_column(Integer)
    public: Mapped[bool] = mapped_column(Boolean)
    reader_sequence: Mapped[int | None] = mapped_column(BigInteger)
    reader_revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[str] = mapped_column(Moment)
    revised_at: Mapped[str] = mapped_column(Moment)
    reader_created_at: Mapped[str] = mapped_column(Moment, default="")
    reader_revised_at: Mapped[str] = mapped_column(Moment, default="")
    facets: Mapped[dict[str, Any]] = mapped_column(Json)
    data: Mapped[bytes | None] = mapped_column(SealedBytes("incident_versions.data"))
    __table_args__ = (Index("ix_incident_versions_until_sequence", "until", "sequence"),)


class MembershipRow(Base):
    """A document that is or once was told in an incident: when it is withdrawn, that incident's old versions are erased."""

    __tablename__ = "memberships"
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    incident_id: Mapped[str] = mapped_column(Id, primary_key=True)


class DecisionRow(Base):
    """What a person decided about incidents: sort is merge, split or mark. `undone_at` is "" while it holds.

    details: what was decided and what is needed to undo it.
    """

    __tablename__ = "decisions"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    incident_id: Mapped[str] = mapped_column(Id, index=True)
    sort: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(120))
    at: Mapped[str] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(SealedText("decisions.note"), default="")
    details: Mapped[dict[str, Any]] = mapped_column(SealedJson("decisions.details"))
    undone_by: Mapped[str] = mapped_column(String(120), default="")
    undone_at: Mapped[str] = mapped_column(Moment, default="")


class RuledCaseRow(Base):
    """A case that a standing merge or split speaks of: a stretch of a document (characters), and the case that is read there now.

    `moved`: on the side that the ruling moved, else on the side it came to or was taken from.
    """

    __tablename__ = "ruled_cases"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decisions.id"), index=True)
    document_id: Mapped[str] = mapped_column(Id, index=True)
    case_id: Mapped[str | None] = mapped_column(Id, index=True)
    moved: Mapped[bool] = mapped_column(Boolean)
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)


class WebhookRow(Base):
    """Somebody who is told of changes by POST. `after`: the last change that was lined up for him. state: active, disabled."""

    __tablename__ = "webhooks"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(SealedText("webhooks.secret", 120))
    viewer: Mapped[str] = mapped_column(String(16))
    wanted: Mapped[dict[str, Any]] = mapped_column(Json)
    by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[str] = mapped_column(Moment)
    state: Mapped[str] = mapped_column(String(16), default="active")
    after: Mapped[int] = mapped_column(BigInteger)


class DeliveryRow(Base):
    """One change for one webhook. state: waiting, sending, delivered, dead (given up, to be replayed)."""

    __tablename__ = "deliveries"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id"))
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due: Mapped[float] = mapped_column(
        Float, default=0.0
    )  # seconds since the epoch: when to send, or when a sender is lost
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[str] = mapped_column(Moment, default="")
    __table_args__ = (
        Index("ix_deliveries_webhook_id_sequence", "webhook_id", "sequence", unique=True),
        Index("ix_deliveries_state_due", "state", "due"),
    )


class DailyTotalRow(Base):
    """How many incidents of one type, day and place there are and what they lost: kept up with every change, never counted anew.

    `day` is as precise as the texts (2024, 2024-08, 2024-08-26), "" where nothing is told; `code` the main place's. Fen.
    """

    __tablename__ = "daily_totals"
    public: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    day: Mapped[str] = mapped_column(by_byte(32), primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True)
    code: Mapped[str] = mapped_column(by_byte(12), primary_key=True)
    incidents: Mapped[int] = mapped_column(BigInteger)
    with_loss: Mapped[int] = mapped_column(BigInteger)
    loss_min_fen: Mapped[int] = mapped_column(BigInteger)
    loss_max_fen: Mapped[int] = mapped_column(BigInteger)


class CoarseTotalRow(Base):
    """The same sums over wider groups, so that a question about years or provinces does not add up a million days.

    grain: which of `serving.statistics.GRAINS` the row belongs to; `day` and `code` are cut to its lengths.
    """

    __tablename__ = "coarse_totals"
    grain: Mapped[str] = mapped_column(String(16), primary_key=True)
    public: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    code: Mapped[str] = mapped_column(by_byte(12), primary_key=True)
    day: Mapped[str] = mapped_column(by_byte(32), primary_key=True)
    label: Mapped[str] = mapped_column(String(64), primary_key=True)
    incidents: Mapped[int] = mapped_column(BigInteger)
    with_loss: Mapped[int] = mapped_column(BigInteger)
    loss_min_fen: Mapped[int] = mapped_column(BigInteger)
    loss_max_fen: Mapped[int] = mapped_column(BigInteger)
