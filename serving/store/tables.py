"""The tables of the store as SQLAlchemy 2 models; `serving/migrations` builds them, a test compares the two.

Rows hold data and no verbs. Ids are deterministic (see `serving.store.identity`), so storing the same thing twice is harmless.
Money is in fen (BigInteger); moments of our own are ISO 8601 UTC strings; dates of incidents are ISO dates as precise as the
text (`2024`, `2024-08`, `2024-08-26`), which sort as text. JSON columns hold what pydantic writes for the records of `nlp`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import JSON, BigInteger, Boolean, Float, ForeignKey, Index, Integer, MetaData, String, Text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from serving.store.sealed import SealedJson, SealedText

BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only under the name INTEGER
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Id = String(32)
Moment = String(32)


def by_byte(length: int) -> Any:
    """Text that is compared with bounds ("2024-05~", "42"): PostgreSQL's own collations pass over "-" and "~"."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can find it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Counter(Base):
    """A number that grows inside the write transaction: the feed's sequence (see `serving.changes`)."""

    __tablename__ = "counters"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class DataKeyRow(Base):
    """A key with which something in this store is sealed, by its name: none that is named here may be missing when it is opened."""

    __tablename__ = "data_keys"
    name: Mapped[str] = mapped_column(String(8), primary_key=True)
    since: Mapped[str] = mapped_column(Moment)


class DocumentRow(Base):
    """One thing as received. `withdrawn` documents keep their row and lose their cases."""

    __tablename__ = "documents"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    doc_id: Mapped[str] = mapped_column(Text, index=True)
    title: Mapped[str] = mapped_column(SealedText("documents.title"), default="")
    text: Mapped[str] = mapped_column(SealedText("documents.text"))
    form: Mapped[str] = mapped_column(String(32), default="text")
    nature: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text, default="")
    publisher: Mapped[str] = mapped_column(Text, default="")
    published: Mapped[str] = mapped_column(String(40), default="")
    fetched: Mapped[str] = mapped_column(String(40), default="")
    licence: Mapped[str] = mapped_column(Text, default="")
    encoding: Mapped[str] = mapped_column(String(40), default="")
    details: Mapped[dict[str, Any]] = mapped_column("metadata", SealedJson("documents.metadata"), default=dict)
    # Every name, number and address that its articles tell → how `nlp.mask` treats it (`nlp.named`); {} until it is analysed.
    names: Mapped[dict[str, str]] = mapped_column(SealedJson("documents.names"), default=dict, server_default="{}")
    stored_at: Mapped[str] = mapped_column(Moment)
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)
    # When its names and numbers were taken out, when its whole text was; "" while they stand.
    redacted_at: Mapped[str] = mapped_column(Moment, default="", server_default="")
    expired_at: Mapped[str] = mapped_column(Moment, default="", server_default="")
    # Groups of fields that went before the document (`serving.keeping.retention`): group → when.
    expired_fields: Mapped[dict[str, str]] = mapped_column(Json, default=dict, server_default="{}")
    __table_args__ = (Index("ix_documents_expired_at_stored_at", "expired_at", "stored_at"),)


class InboxRow(Base):
    """What was accepted, and how far it got: accepted → working → done | failed | set_aside. One row a document."""

    __tablename__ = "inbox"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), unique=True)
    nature: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="accepted")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    claimed_by: Mapped[str] = mapped_column(String(120), default="")
    claimed_at: Mapped[str] = mapped_column(Moment, default="")
    claimed_until: Mapped[float] = mapped_column(Float, default=0.0)  # seconds since the epoch
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))
    received_at: Mapped[str] = mapped_column(Moment)
    finished_at: Mapped[str] = mapped_column(Moment, default="")
    __table_args__ = (
        Index("ix_inbox_state_attempts_id", "state", "attempts", "id"),
        Index("ix_inbox_batch_id", "batch_id"),
    )


class ArticleRow(Base):
    """One article of a document with its analysis; `start`/`end` are document offsets. `label` may be a person's."""

    __tablename__ = "articles"
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    title: Mapped[str] = mapped_column(SealedText("articles.title"), default="")
    start: Mapped[int] = mapped_column(Integer)
    end: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(64))
    confidence: Mapped[float] = mapped_column(Float)
    review: Mapped[bool] = mapped_column(Boolean, default=False)
    model: Mapped[str] = mapped_column(String(120), default="")
    publisher: Mapped[str] = mapped_column(Text, default="")  # the article's own, else the document's
    published: Mapped[str] = mapped_column(String(40), default="")
    corrected_by: Mapped[str] = mapped_column(String(120), default="")
    analysis: Mapped[dict[str, Any]] = mapped_column(SealedJson("articles.analysis"))
    __table_args__ = (
        # By the document's id, which is a hash: the first ones of a type are a fair draw of it.
        Index("ix_articles_kind_label_document_id", "kind", "label", "document_id"),
        Index("ix_articles_review_confidence", "review", "confidence"),
    )


_WALK = (
    "withdrawn", "public", "last_date", "first_date", "published_last", "loss_max_fen", "loss_min_fen", "status", "basis", "tlp", "id",
)  # fmt: skip


class IncidentRow(Base):
    """One real case, resolved. `sequence` is that of its last change. `public`: may be served to readers at all.

    The `reader_` columns are those of the last change that readers may see: a complaint that nobody reviewed moves none of them.
    """

    __tablename__ = "incidents"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    revision: Mapped[int] = mapped_column(Integer)
    sequence: Mapped[int] = mapped_column(BigInteger, unique=True)
    label: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(SealedText("incidents.title"), default="")
    summary: Mapped[str] = mapped_column(SealedText("incidents.summary"), default="")
    status: Mapped[str] = mapped_column(String(16), default="")
    basis: Mapped[str] = mapped_column(String(16), default="")
    tlp: Mapped[str] = mapped_column(String(16), default="")
    reviewed: Mapped[bool] = mapped_column(Boolean, default=False)
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    loss_min_fen: Mapped[int | None] = mapped_column(BigInteger)
    loss_max_fen: Mapped[int | None] = mapped_column(BigInteger)
    sum_max_fen: Mapped[int | None] = mapped_column(BigInteger)  # largest CNY sum of any role
    first_date: Mapped[str | None] = mapped_column(by_byte(32))
    last_date: Mapped[str | None] = mapped_column(by_byte(32))
    published_last: Mapped[str | None] = mapped_column(by_byte(40))
    sources: Mapped[int] = mapped_column(Integer, default=0)
    place_code: Mapped[str | None] = mapped_column(by_byte(12))  # of the main place: where it happened
    data: Mapped[dict[str, Any]] = mapped_column(SealedJson("incidents.data"))
    tactics: Mapped[list[str]] = mapped_column(
        Json, default=list, server_default="[]"
    )  # beside sealed data, to be counted
    # Deferred: the incident merged into may be new in the same transaction.
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("incidents.id", deferrable=True, initially="DEFERRED"))
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[str] = mapped_column(Moment)
    revised_at: Mapped[str] = mapped_column(Moment)
    reader_sequence: Mapped[int | None] = mapped_column(BigInteger)
    reader_revision: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    reader_created_at: Mapped[str] = mapped_column(Moment, default="", server_default="")
    reader_revised_at: Mapped[str] = mapped_column(Moment, default="", server_default="")
    __table_args__ = (
        # Lists are walked along these and narrowed by what stands in them; the rows, of some kilobytes, are read for the page alone.
        *(
            Index(f"ix_incidents_walk_{'_'.join(lead)}", *lead, *rest, *_WALK)
            for lead, rest in (
                (("sequence",), ("label",)),
                (("reader_sequence",), ("label",)),
                (("label", "sequence"), ()),
                (("label", "reader_sequence"), ()),
            )
        ),
        # A new incident whose cases were assigned first: SQLite asks whether any was merged into it.
        Index(
            "ix_incidents_merged_into",
            "merged_into",
            sqlite_where=sa.text("merged_into IS NOT NULL"),
            postgresql_where=sa.text("merged_into IS NOT NULL"),
        ),
        Index("ix_incidents_first_date", "first_date"),
        # Incidents of which no day is told, by when they were published.
        Index("ix_incidents_last_date_published_last", "last_date", "published_last"),
        # With the number, so that a page of the table in this order is a stretch of the index.
        Index("ix_incidents_last_date", "last_date", "sequence"),
        Index("ix_incidents_loss_max_fen", "loss_max_fen", "sequence"),
        Index("ix_incidents_sources", "sources", "sequence"),
        # The console's overview is answered from this alone.
        Index(
            "ix_incidents_arrival",
            "created_at",
            "withdrawn",
            "public",
            "label",
            "loss_min_fen",
            "loss_max_fen",
            "last_date",
            "published_last",
        ),
    )


class CaseRow(Base):
    """One case told by one article; `data` is the record `nlp.records.Case`, `signature` the article's MinHash values."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    article: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    label: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(SealedJson("cases.data"))
    signature: Mapped[list[int]] = mapped_column(Json, default=list)
    stamp: Mapped[str] = mapped_column(
        String(16)
    )  # changes with `data`: a process may keep what it read under (id, stamp)
    # Deferred: cases are assigned first, their incident is built from all of them and written later in the transaction.
    incident_id: Mapped[str | None] = mapped_column(
        ForeignKey("incidents.id", deferrable=True, initially="DEFERRED"), index=True
    )


class CaseKeyRow(Base):
    """A blocking key of a case: cases that share one are compared, the newest first. `key` is a token where there is a data key."""

    __tablename__ = "case_keys"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200))
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    __table_args__ = (Index("ix_case_keys_key_id", "key", "id"), Index("ix_case_keys_case_id", "case_id"))


class LinkRow(Base):
    """Why two cases were joined or left undecided: `data` is the Link record (fields that agreed, contradicted, score)."""

    __tablename__ = "links"
    first: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    second: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(16))
    score: Mapped[float] = mapped_column(Float)
    data: Mapped[dict[str, Any]] = mapped_column(SealedJson("links.data"))
    __table_args__ = (Index("ix_links_second", "second"),)


class IncidentPlaceRow(Base):
    """A place of an incident by its six-digit code; a prefix of the code finds everything below it. `public`: for readers too."""

    __tablename__ = "incident_places"
    code: Mapped[str] = mapped_column(by_byte(12), primary_key=True)
    incident_id: Mapped[str] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    public: Mapped[bool] = mapped_column(Boolean, default=True, server_default=sa.true())
    __table_args__ = (Index("ix_incident_places_incident_id", "incident_id"),)


class ChangeRow(Base):
    """One line of the feed. `sequence` has no gap and grows in commit order. `public`: readers may see this line.

    kind: created, revised, split, merged, withdrawn, expired (retention), marked (another TLP), restricted (no longer for readers),
    restored. `reader_revision`: which revision of the incident this is to readers, None where they do not see the line.
    """

    __tablename__ = "changes"
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    incident_id: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(Integer)
    at: Mapped[str] = mapped_column(Moment)
    redirect: Mapped[str | None] = mapped_column(String(32))
    public: Mapped[bool] = mapped_column(Boolean, default=False)
    summary: Mapped[dict[str, Any]] = mapped_column(Json)
    reader_revision: Mapped[int | None] = mapped_column(Integer)


class ReportRow(Base):
    """A complaint as an anti-fraud centre sees it. state: received, analysed, corrected, withdrawn."""

    __tablename__ = "reports"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    idempotency_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="received")
    reviewed_by: Mapped[str] = mapped_column(String(120), default="")
    reviewed_at: Mapped[str] = mapped_column(Moment, default="")
    correction: Mapped[dict[str, Any] | None] = mapped_column(SealedJson("reports.correction"))
    received_at: Mapped[str] = mapped_column(Moment)
    # Complaints that wait for a person, and how many came in when.
    __table_args__ = (
        Index("ix_reports_reviewed_by_received_at", "reviewed_by", "received_at"),
        Index("ix_reports_received_at", "received_at"),
    )


class BatchRow(Base):
    """One import: a run of `fanzha ingest` or one upload. state: running, finished, undone."""

    __tablename__ = "batches"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    nature: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="running")
    new: Mapped[int] = mapped_column(Integer, default=0)
    already: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[str] = mapped_column(Moment, index=True)
    finished_at: Mapped[str] = mapped_column(Moment, default="")


class BatchEntryRow(Base):
    """One row of an import. state: new, already, refused (then `error` says found, where, expected, advice)."""

    __tablename__ = "batch_rows"
    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    document_id: Mapped[str | None] = mapped_column(ForeignKey("documents.id"), index=True)
    name: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)


class SearchKeyRow(Base):
    """The row number under which a document stands in the full-text index."""

    __tablename__ = "search_keys"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    sort: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(32))
    # PostgreSQL only: the letters of the text, and its words and pairs of letters as a vector.
    text: Mapped[str | None] = mapped_column(Text)
    vector: Mapped[Any] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"), nullable=True)
    # (Its GIN index is made by migration 0032, on PostgreSQL alone.)
    __table_args__ = (Index("ix_search_keys_sort_key", "sort", "key", unique=True),)


class IncidentWordsRow(Base):
    """PostgreSQL: what an incident is found by under one of its numbers (`serving.store.incident_index`). Empty on SQLite, where the FTS5
    table `search_index_incidents` holds the same."""

    __tablename__ = "incident_words"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    vector: Mapped[Any] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))
    # (Its GIN index is made by migration 0094, on PostgreSQL alone.)
