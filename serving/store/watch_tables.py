"""Tables of `fanzha watch`: pages that lists named and how far each got, hosts and when they may be asked again, who reads which source.

Rows hold data and no verbs. Registered with the other tables when `serving.store` is imported.
"""

from __future__ import annotations

from sqlalchemy import Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, BigKey, Id, Moment, by_byte


class WatchedRow(Base):
    """An address that is watched. sort: list (feed, sitemap, page of links) or page. state: waiting, had, failed, given_up.

    told: when its list said that it changed, had: what that was when it was last taken. digest: of the text that was taken last, so that
    a page whose advertisements changed is no new one. due: seconds since the epoch, before which it is not asked for.
    """

    __tablename__ = "watched"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(
        String(64), unique=True
    )  # SHA-256 of the address, which may be too long for an index
    url: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(200))
    sort: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    told: Mapped[str] = mapped_column(by_byte(40), default="")
    had: Mapped[str] = mapped_column(String(40), default="")
    published: Mapped[str] = mapped_column(String(40), default="")
    etag: Mapped[str] = mapped_column(Text, default="")
    modified: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    document_id: Mapped[str] = mapped_column(
        Id, default=""
    )  # no reference: the document may be erased, the page stays known
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    due: Mapped[float] = mapped_column(Float, default=0.0)
    error: Mapped[str] = mapped_column(Text, default="")
    fetched_at: Mapped[str] = mapped_column(Moment, default="")
    __table_args__ = (Index("ix_watched_source_sort_due", "source", "sort", "due"),)


class WatchedHostRow(Base):
    """A host (scheme, name, port): when it may be asked again, how often in a row it refused, and its robots.txt.

    robots: its text, None where it was not asked yet. robots_at: seconds since the epoch.
    """

    __tablename__ = "watched_hosts"
    origin: Mapped[str] = mapped_column(String(300), primary_key=True)
    not_before: Mapped[float] = mapped_column(Float, default=0.0)
    refusals: Mapped[int] = mapped_column(Integer, default=0)
    reason: Mapped[str] = mapped_column(Text, default="")
    robots: Mapped[str | None] = mapped_column(Text)
    robots_at: Mapped[float] = mapped_column(Float, default=0.0)


class WatchedSourceRow(Base):
    """A source that a process reads at the moment. holder: as in the inbox, host:pid:token; until: seconds since the epoch."""

    __tablename__ = "watched_sources"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120), default="")
    until: Mapped[float] = mapped_column(Float, default=0.0)
