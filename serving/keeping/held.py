"""All that is held about one person: found, given out, taken out.

In: names and numbers of one person, a store. Out: `find`: every place in every table where one of them stands, with its words; `erase`: the
same places without them. Every row is read, no index is trusted: a right of the person does not depend on how jieba cut his name. Texts
keep their length (■), mentions and persons that told a value go, incidents are built anew and followers are told. Lines of the audit log
are never changed: they hold no text of a case; where one holds a value all the same, it is counted and said.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import InputError
from serving import audit, changes, incidents, secret, snapshots
from serving.keeping import redact
from serving.keeping.redact import Finder
from serving.store import Store
from serving.store.identity import now
from serving.store.incident_index import index_for
from serving.store.search import search_for
from serving.store.tables import Base, CaseRow, DocumentRow, IncidentRow, ReportRow, SearchKeyRow

PAGE = 200
# Letters around a value, where it is told.
AROUND = 40
# Tables of those who work here, and the log of what they did: another law, and never changed.
OURS = ("people", "api_keys", "logins", "attempts", "audit")
_INDEX = ("search_keys", "incident_words")


@dataclass(frozen=True, slots=True)
class Place:
    """One value in one column of one row. start, end: in the text of that column where it is one; words: what stands around it."""

    table: str
    key: str
    column: str
    words: str
    start: int | None = None
    end: int | None = None


@dataclass(slots=True)
class Held:
    """What was found. audited: lines of the audit log that hold a value."""

    places: list[Place] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    incidents: list[dict[str, Any]] = field(default_factory=list)
    audited: int = 0

    @property
    def document_ids(self) -> list[str]:
        """The documents in which a value stands, in their own row or in what was read from them."""
        return sorted({document["id"] for document in self.documents})


@dataclass(slots=True)
class Erased:
    """documents that lost values; incidents built anew or ended; places outside of these; the numbers of the changes."""

    documents: list[str] = field(default_factory=list)
    swept: int = 0
    changes: list[int] = field(default_factory=list)
    audited: int = 0


def find(session: Session, values: Sequence[str]) -> Held:
    """Raises InputError for a value that is too short."""
    finder, held = Finder(values), Held()
    for table, key, columns in _rows(session):
        for column, value in columns.items():
            found = list(_places(finder, table.name, key, column, value))
            if table.name == "audit":
                held.audited += bool(found)
            else:
                held.places += found
    told = {
        place.key.split(",")[0] for place in held.places if place.table in ("documents", "articles", "inbox", "reports")
    }
    cases = {place.key for place in held.places if place.table in ("cases", "case_keys")}
    told |= set(_some(session, CaseRow.document_id, CaseRow.id, sorted(cases)))
    told |= set(_some(session, ReportRow.document_id, ReportRow.id, sorted(told)))
    for row in _some(session, DocumentRow, DocumentRow.id, sorted(told)):
        held.documents.append(
            {"id": row.id, "doc_id": row.doc_id, "nature": row.nature, "title": row.title, "publisher": row.publisher,
             "published": row.published, "url": row.url, "received": row.stored_at, "withdrawn": row.withdrawn}
        )  # fmt: skip
    ids = held.document_ids
    for row in _some(session, ReportRow, ReportRow.document_id, ids):
        kept = ("id", "external_id", "document_id", "state", "received_at", "reviewed_by", "reviewed_at", "correction")
        held.reports.append({name: getattr(row, name) for name in kept})
    in_incidents = {place.key for place in held.places if place.table == "incidents"}
    in_incidents |= set(filter(None, _some(session, CaseRow.incident_id, CaseRow.document_id, ids)))
    for row in _some(session, IncidentRow, IncidentRow.id, sorted(in_incidents)):
        facts = [fact for fact in row.data.get("facts", ()) if finder.tells(fact)]
        held.incidents.append(
            {"id": row.id, "title": row.title, "label": row.label, "public": row.public, "facts": facts}
        )
    return held


def export(store: Store, values: Sequence[str], *, actor: str) -> dict[str, Any]:
    """What is held, as JSON; the audit log is told first, and of the values only a keyed token."""
    Finder(values)
    with store.writing() as session:
        audit.record(session, actor, "admin", "person_exported", _token(values))
    with store.reading() as session:
        held = find(session, values)
    places = [asdict(place) for place in held.places]
    return {"asked": list(values), "at": now(), "documents": held.documents, "reports": held.reports, "incidents": held.incidents,
            "places": places, "audit_lines": held.audited}  # fmt: skip


def erase(store: Store, values: Sequence[str], *, actor: str, reason: str, withdraw: bool = False) -> Erased:
    """Take the values out of everything; all of it or nothing. withdraw: the documents go whole, not only the values in them.

    Raises InputError without a reason. What is left in the file's free space is `tidy`'s.
    """
    if not reason.strip():
        raise InputError("没有写理由", where="--reason", expected="为什么抹除，如“本人申请，编号…”")
    finder = Finder(values)
    done = Erased()
    with store.writing() as session:
        changes.lock(session)
        held = find(session, values)
        done.documents, done.audited = held.document_ids, held.audited
        # 1. Documents, and what was read from them.
        touched: set[str] = set()
        if withdraw:
            done.changes += incidents.withdraw_documents(session, done.documents)
            for document_id in done.documents:
                redact.empty(session, document_id, now())
        else:
            for document_id in done.documents:
                touched |= redact.redact(session, document_id, finder)
            done.changes += incidents.rebuild(session, touched)
        session.flush()
        snapshots.erase(session, done.documents)
        # 2. Whatever else holds one: notes, refusals, old versions, links.
        done.swept = _sweep(session, finder)
        detail = {
            "reason": finder.cover(reason)[:500], "documents": len(done.documents), "swept": done.swept, "withdraw": withdraw,
        }  # fmt: skip
        audit.record(session, actor, "admin", "person_erased", _token(values), detail=detail)
    return done


def _token(values: Sequence[str]) -> str:
    """By which a later line about the same person is known; nothing without FANZHA_SECRET."""
    return secret.token("person", "\x1f".join(sorted(values)))


def _some(session: Session, what: Any, column: Any, values: Sequence[str]) -> Iterator[Any]:
    for at in range(0, len(values), PAGE):
        yield from session.scalars(sa.select(what).where(column.in_(values[at : at + PAGE])).order_by(column))


def _rows(session: Session) -> Iterator[tuple[sa.Table, str, dict[str, Any]]]:
    """Every row of every table but the index: (table, key, columns that hold text)."""
    for table in Base.metadata.sorted_tables:
        if table.name in _INDEX or (table.name in OURS and table.name != "audit"):
            continue
        columns = [column for column in table.columns if _holds_text(column)]
        if not columns:
            continue
        keys = list(table.primary_key.columns)
        query = sa.select(*[key.label(f"key_{key.key}") for key in keys], *columns).order_by(*keys)
        for row in session.execute(query, execution_options={"yield_per": PAGE}):
            found = dict(zip([column.name for column in columns], row[len(keys) :], strict=True))
            yield table, ",".join(map(str, row[: len(keys)])), found


def _holds_text(column: sa.Column[Any]) -> bool:
    sort: Any = column.type
    if isinstance(sort, sa.types.TypeDecorator):
        sort = sort.impl
    return isinstance(sort, (sa.String, sa.JSON, sa.LargeBinary))


def _places(finder: Finder, table: str, key: str, column: str, value: Any) -> Iterator[Place]:
    if isinstance(value, str):
        for start, end in finder.spans(value):
            words = value[max(0, start - AROUND) : end + AROUND]
            yield Place(table, key, column, words, start, end)
    elif value and finder.tells(plain := _unpacked(value)):
        yield from (Place(table, key, column, words) for words in _strings(finder, plain))


def _unpacked(value: Any) -> Any:
    """Old versions of incidents are packed JSON."""
    return json.loads(zlib.decompress(value)) if isinstance(value, (bytes, memoryview)) else value


def _strings(finder: Finder, data: Any) -> Iterator[str]:
    """The texts in `data` that hold a value, cut to what stands around it."""
    if isinstance(data, str):
        for start, end in finder.spans(data)[:1]:
            yield data[max(0, start - AROUND) : end + AROUND]
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _strings(finder, name)
            yield from _strings(finder, value)
    elif isinstance(data, (list, tuple)):
        for item in data:
            yield from _strings(finder, item)


def _sweep(session: Session, finder: Finder) -> int:
    """Cover what is left anywhere; returns in how many columns of rows."""
    count = 0
    for table in Base.metadata.sorted_tables:
        if table.name in OURS or table.name in _INDEX:
            continue
        columns = [
            column
            for column in table.columns
            if _holds_text(column) and not column.primary_key and not column.foreign_keys
        ]
        keys = list(table.primary_key.columns)
        if not columns or not keys:
            continue
        found = []
        for row in session.execute(sa.select(*keys, *columns), execution_options={"yield_per": PAGE}):
            new = {}
            for column, value in zip(columns, row[len(keys) :], strict=True):
                if value is not None and finder.tells(_unpacked(value)):
                    new[column.name] = _covered(finder, column, value)
            if new:
                found.append((row[: len(keys)], new))
        for key, new in found:
            where = [column == value for column, value in zip(keys, key, strict=True)]
            if table.name == "case_keys":  # nothing is looked up by what is covered
                session.execute(sa.delete(table).where(*where))
            else:
                session.execute(
                    sa.update(table).where(*where).values({table.c[name]: value for name, value in new.items()})
                )
            count += len(new)
        if table.name in ("documents", "incidents") and found:
            _unfind(session, table.name, [str(key[0]) for key, _ in found])
    return count


def _covered(finder: Finder, column: sa.Column[Any], value: Any) -> Any:
    """What stands instead: ■, nothing where a value must be unique, nothing of an old version."""
    if isinstance(value, (bytes, memoryview)) or (column.unique and column.nullable):
        return None
    if column.name == "url":
        return finder.covered_url(value)
    return finder.without(value)


def _unfind(session: Session, table: str, ids: Sequence[str]) -> None:
    """What was covered here was not filed anew: it is found no longer until it is."""
    search = search_for(session.get_bind().dialect.name)
    for name in ids:
        if table == "incidents":
            index_for(session).remove(session, incidents.numbers_of(session.get_one(IncidentRow, name)))
        elif session.scalar(
            sa.select(SearchKeyRow.id).where(SearchKeyRow.sort == "document", SearchKeyRow.key == name)
        ):
            search.remove(session, name)
