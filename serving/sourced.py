"""Cases out of the store as `nlp.resolve` wants them.

In: case ids or an incident id. Out: `SourcedCase`s of documents that are not withdrawn, or their `Sketch`es. It resolves nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp import taxonomy
from nlp.incident import Source, SourcedCase
from nlp.records import Case
from nlp.resolve import Sketch, draw, features
from serving.store import shapes
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, ReportRow

# Values in one IN (...): SQLite takes 32,766 since 3.32, PostgreSQL 65,535; a thousand keeps the statement readable in logs.
CHUNK = 1000
# Sketches kept for comparing; about 4 kB each. A store of more cases reads the others again, a tenth of a millisecond each.
KEPT = 20_000

# Characters of text kept for building incidents anew: of 5,000 complaints, two bytes each, so 8 MB and twice as much in records.
KEPT_CHARACTERS = 4_000_000
# What a record weighs beside its text, in characters: a complaint's is about this long.
_RECORD = 500


@dataclass(frozen=True, slots=True)
class _Body:
    case: Case
    text: str
    signature: tuple[int, ...]


class _Bodies:
    """Bodies of cases by (id, stamp), the oldest dropped first. Threads share it: a lost entry is read again."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], _Body] = {}
        self._characters = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str]) -> _Body | None:
        return self._held.get(key)

    def drop(self, key: tuple[str, str]) -> None:
        """Forget one; harmless where it is not held."""
        with self._lock:
            if (gone := self._held.pop(key, None)) is not None:
                self._characters -= len(gone.text) + _RECORD

    def put(self, key: tuple[str, str], case: Case, text: str, signature: tuple[int, ...]) -> _Body:
        body = _Body(case, text, signature)
        weight = len(text) + _RECORD
        if weight * 10 > KEPT_CHARACTERS:  # one huge page must not drive out everything else
            return body
        with self._lock:
            if key not in self._held:
                self._held[key] = body
                self._characters += weight
            while self._characters > KEPT_CHARACTERS:
                gone = self._held.pop(next(iter(self._held)))
                self._characters -= len(gone.text) + _RECORD
        return body


_bodies = _Bodies()


def keep_at_most(cases: int, characters: int) -> None:
    """Keep so many sketches and so many characters of text in this process instead: for one that has to stay small."""
    global KEPT, KEPT_CHARACTERS
    KEPT, KEPT_CHARACTERS = cases, characters
    features.keep_at_most(min(cases, features.KEPT))


_kept: dict[tuple[str, str], Sketch] = {}
_CASES, _DOCUMENTS, _ARTICLES = (sa.inspect(row).local_table for row in (CaseRow, DocumentRow, ArticleRow))
_LIGHT = (
    sa.select(
        _CASES.c.id, _CASES.c.stamp, _CASES.c.label, _CASES.c.data, _CASES.c.signature, _CASES.c.document_id, _CASES.c.article,
        _ARTICLES.c.title, _ARTICLES.c.kind,
    )
    .join(_DOCUMENTS, _DOCUMENTS.c.id == _CASES.c.document_id)
    .join(_ARTICLES, (_ARTICLES.c.document_id == _CASES.c.document_id) & (_ARTICLES.c.number == _CASES.c.article))
    .where(_DOCUMENTS.c.withdrawn.is_(False), _CASES.c.id.in_(sa.bindparam("names", expanding=True)))
)  # fmt: skip
# What may change without the case: read every time. Columns, not entities: ten thousand incidents are rebuilt in an import, and
# ORM objects cost more than their rows.
_HEAD = (
    sa.select(
        CaseRow.id, CaseRow.stamp, CaseRow.document_id, DocumentRow.doc_id, DocumentRow.nature, ArticleRow.title,
        DocumentRow.title.label("document_title"), DocumentRow.publisher.label("document_publisher"),
        DocumentRow.published.label("document_published"), DocumentRow.url, DocumentRow.licence, ArticleRow.published,
        ArticleRow.publisher, ArticleRow.review, ArticleRow.model, ArticleRow.kind, CaseRow.article, ReportRow.reviewed_by,
    )
    .join(DocumentRow, DocumentRow.id == CaseRow.document_id)
    .join(ArticleRow, (ArticleRow.document_id == CaseRow.document_id) & (ArticleRow.number == CaseRow.article))
    .where(DocumentRow.withdrawn.is_(False))
    .outerjoin(ReportRow, (ReportRow.document_id == DocumentRow.id) & (ReportRow.state != "withdrawn"))
)  # fmt: skip
_OF_INCIDENT = _HEAD.where(CaseRow.incident_id == sa.bindparam("incident")).order_by(CaseRow.id)
_STAMPS = sa.select(_CASES.c.id, _CASES.c.stamp).where(_CASES.c.id.in_(sa.bindparam("names", expanding=True)))
_BODY = sa.select(CaseRow.id, CaseRow.stamp, CaseRow.label, CaseRow.data, CaseRow.signature, DocumentRow.text).join(
    DocumentRow, DocumentRow.id == CaseRow.document_id
)


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """`values` in runs of at most `CHUNK`."""
    for at in range(0, len(values), CHUNK):
        yield values[at : at + CHUNK]


def to_compare(
    session: Session, case_ids: Sequence[str], stamps: Mapping[str, str] | None = None
) -> dict[str, Sketch]:  # fmt: skip
    """Sketches of the cases with these ids by id. stamps: theirs, where they were read already in this transaction.

    What was read is kept in the process: candidates come up again and again, and reading one costs ten times comparing it.
    """
    if stamps is None:
        stamps = {}
        for some in chunks(case_ids):
            stamps |= dict(session.execute(_STAMPS, {"names": list(some)}).all())
    found: dict[str, Sketch] = {}
    missing: list[str] = []
    for case_id in case_ids:
        if (stamp := stamps.get(case_id)) is None:
            continue
        if (kept := _kept.get((case_id, stamp))) is not None:
            found[case_id] = kept
        else:
            missing.append(case_id)
    for some in chunks(missing):
        for row in session.execute(_LIGHT, {"names": list(some)}):
            found[row.id] = _keep(_light(row), row.stamp)
    return found


def note(
    case_id: str, stamp: str, case: Case, text: str, signature: tuple[int, ...], *, document_id: str, title: str, article: int,
    retold: bool,
) -> None:  # fmt: skip
    """Keep a case that is just being filed, with its document's text: reading it back at once cost more than writing it.

    Kept under its stamp, so that a transaction that is rolled back leaves nothing wrong behind.
    """
    _bodies.drop((case_id, stamp))
    _bodies.put((case_id, stamp), case, text, signature)
    _keep(draw(case_id, document_id, title, signature, case, article=article, retold=retold), stamp)


def _keep(drawn: Sketch, stamp: str) -> Sketch:
    while len(_kept) >= KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[drawn.case_id, stamp] = drawn
    return drawn


def _case(row: Any) -> Case:
    """The record with the label that it has now; its data keep the one that was said."""
    return shapes.load_case({**row.data, "label": row.label})


def _light(row: Any) -> Sketch:
    return draw(
        row.id,
        row.document_id,
        row.title,
        row.signature,
        _case(row),
        article=row.article,
        retold=row.kind != taxonomy.CASE,
    )


def for_readers(session: Session, case_ids: Sequence[str]) -> set[str]:
    """Which of these cases readers may be told of: those of published documents, and of complaints that a person reviewed."""
    found: set[str] = set()
    for some in chunks(case_ids):
        rows = session.execute(_HEAD.where(CaseRow.id.in_(some)))
        found |= {row.id for row in rows if row.nature == "published" or row.reviewed_by}
    return found


def of_incident(session: Session, incident_id: str) -> list[SourcedCase]:
    """The cases of an incident in the order of their ids, with the texts that evidence is quoted from.

    Records and texts are kept in the process while they fit `KEPT_CHARACTERS`: an incident of thousands of complaints is built
    anew with every one that joins, and reading all of them again cost fifty times building.
    """
    rows = session.execute(_OF_INCIDENT, {"incident": incident_id}).all()
    bodies = {row.id: found for row in rows if (found := _bodies.get((row.id, row.stamp))) is not None}
    for some in chunks([row.id for row in rows if row.id not in bodies]):
        for row in session.execute(_BODY.where(CaseRow.id.in_(some))):
            bodies[row.id] = _bodies.put((row.id, row.stamp), _case(row), row.text, tuple(row.signature))
    return [_sourced(row, bodies[row.id]) for row in rows]


def _sourced(row: Any, body: _Body) -> SourcedCase:
    return SourcedCase(
        case_id=row.id,
        source=Source(
            document_id=row.document_id, doc_id=row.doc_id, title=row.document_title, publisher=row.document_publisher,
            url=row.url, published=row.document_published, nature=row.nature, reviewed=bool(row.reviewed_by), licence=row.licence,
        ),
        case=body.case,
        text=body.text,
        article_title=row.title,
        article_published=row.published,
        publisher=row.publisher,
        review=row.review,
        model=row.model,
        signature=body.signature,
        article=row.article,
        retold=row.kind != taxonomy.CASE,
    )  # fmt: skip
