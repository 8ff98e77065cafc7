"""The tables of people: who may come in, by which key, who is logged in, who failed to, and what was done with whose right.

Rows hold data and no verbs. No password, key or log-in token stands here: only what Argon2 or SHA-256 makes of them. Moments that
are compared are seconds since the epoch (Float); those that people read are ISO 8601 UTC strings.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, Id, Json, Moment


class PersonRow(Base):
    """Somebody who works here. `password` is an Argon2 string, "" for one who has keys only."""

    __tablename__ = "people"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(Text, default="")
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[str] = mapped_column(Moment)
    changed_at: Mapped[str] = mapped_column(Moment)


class KeyRow(Base):
    """A key of the API. `prefix` is its first letters, by which it is found in lists and in what leaked; `secret` an Argon2 string."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    secret: Mapped[str] = mapped_column(Text)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    role: Mapped[str] = mapped_column(String(16))
    scopes: Mapped[list[str]] = mapped_column(Json)
    created_at: Mapped[str] = mapped_column(Moment)
    expires: Mapped[float] = mapped_column(Float)  # seconds since the epoch
    revoked_at: Mapped[str] = mapped_column(Moment, default="")
    replaces: Mapped[str | None] = mapped_column(String(32))


class LoginRow(Base):
    """Somebody who is logged in. `id` is SHA-256 of the token in his cookie."""

    __tablename__ = "logins"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    created_at: Mapped[str] = mapped_column(Moment)
    seen: Mapped[float] = mapped_column(Float)
    expires: Mapped[float] = mapped_column(Float)


class AttemptRow(Base):
    """Failed log-ins under one name from one address, or from one address under any name; `key` is a hash of both."""

    __tablename__ = "attempts"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    last: Mapped[float] = mapped_column(Float)
    blocked_until: Mapped[float] = mapped_column(Float, default=0.0)


class SavedViewRow(Base):
    """A view of the incident table that a person keeps: `query` is what stands behind the question mark of its address."""

    __tablename__ = "saved_views"
    owner: Mapped[str] = mapped_column(String(120), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    query: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[str] = mapped_column(Moment)


class AuditRow(Base):
    """One line of the audit log. `hash` covers the line and the `hash` of the one before; `key` names the key it was made with."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(Moment)
    actor: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(32))
    object: Mapped[str] = mapped_column(String(120), default="")
    request: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    key: Mapped[str] = mapped_column(String(16), default="")
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ix_audit_at", "at"), Index("ix_audit_object", "object"), Index("ix_audit_actor", "actor"))
