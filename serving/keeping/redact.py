"""Takes names and numbers out of a document and out of all that was read from it; offsets stay true.

In: an open write session (the caller holds `changes.lock`), a document, values. Out: the document with ■ for every letter of them, its
articles and cases without the mentions that told them, filed anew; the incidents to rebuild. Values are looked for in the folded text
(full-width, traditional forms), with up to two signs between their letters (138 0000-1111); a number inside a longer one is another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import InputError
from nlp.incident import QUOTE_LENGTH
from nlp.records import Reading
from nlp.spelling import fold
from serving import filing, gone_texts, inbox, snapshots
from serving.store import identity, shapes
from serving.store.identity import now
from serving.store.search import letters, search_for
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, IncidentRow

COVER = "■"
# A quote is at most so long on either side of what it quotes.
AROUND = 2 * QUOTE_LENGTH
# Shorter ones stand in half of all texts by chance.
LEAST_NAME, LEAST_NUMBER = 2, 5


class Finder:
    """Finds values in texts and in records."""

    def __init__(self, values: Iterable[str]) -> None:
        """Raises InputError for a value too short to mean one person."""
        patterns = []
        for value in sorted({letters(value) for value in values}, key=len, reverse=True):
            if len(value) < (LEAST_NUMBER if value.isdigit() else LEAST_NAME):
                raise InputError(
                    f"{value!r} 太短",
                    where="姓名或号码",
                    expected=f"姓名至少 {LEAST_NAME} 字，号码至少 {LEAST_NUMBER} 位",
                )
            spread = r"[\W_]{0,2}".join(map(re.escape, value))
            patterns.append(rf"(?<!\d){spread}(?!\d)" if value.isdigit() else spread)
            if not value.isascii():  # as it stands in an address of the web
                patterns += [re.escape(quote(value.encode(name, "replace")).lower()) for name in ("utf-8", "gb18030")]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where a value stands in `text`; end exclusive."""
        if self._pattern is None or not text:
            return []
        folded = fold(text).lower()
        if len(folded) != len(text):  # a letter whose small form is two
            folded = fold(text)
        return [match.span() for match in self._pattern.finditer(folded)]

    def cover(self, text: str) -> str:
        """`text` with ■ for every letter of a value, of the same length."""
        for start, end in self.spans(text):
            text = text[:start] + COVER * (end - start) + text[end:]
        return text

    def tells(self, data: Any) -> bool:
        """Does a value stand in any text of `data`?"""
        if isinstance(data, str):
            return bool(self.spans(data))
        if isinstance(data, dict):
            return any(self.tells(key) or self.tells(value) for key, value in data.items())
        return isinstance(data, (list, tuple)) and any(map(self.tells, data))

    def without(self, data: Any) -> Any:
        """`data` without the mentions, persons and facts that tell a value, and ■ for it wherever else it stands."""
        if isinstance(data, str):
            return self.cover(data)
        if isinstance(data, dict):
            return {self.cover(key): self.without(value) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.without(item) for item in data if not (_is_told(item) and self.tells(item))]
        return data

    def covered_url(self, url: str) -> str:
        """The address, "" where a value stands in it, however it is written there."""
        return "" if self.tells(url) or self.tells(unquote(url)) else url


def redact(session: Session, document_id: str, finder: Finder) -> set[str]:
    """Returns the incidents to rebuild. A document that was withdrawn loses the values too; it stays withdrawn."""
    # 1. The document itself.
    row = session.get_one(DocumentRow, document_id)
    for name in ("text", "title", "doc_id", "origin", "publisher"):
        setattr(row, name, finder.cover(getattr(row, name)))
    row.url = finder.covered_url(row.url)
    row.details = finder.without(row.details)
    row.names = {name: sort for name, sort in row.names.items() if not finder.tells(name)}
    row.redacted_at = now()
    if gone_texts.is_gone(row):
        return _in_place(session, row, finder)
    # 2. What was read from it, filed anew: its cases find their incidents by what is left.
    told: dict[int, list[Any]] = {}
    for case in session.scalars(sa.select(CaseRow).where(CaseRow.document_id == document_id).order_by(CaseRow.number)):
        told.setdefault(case.article, []).append(shapes.load_case(finder.without(case.data)))
    articles = session.scalars(
        sa.select(ArticleRow).where(ArticleRow.document_id == document_id).order_by(ArticleRow.number)
    )
    analyses = [
        replace(shapes.load_analysis(finder.without(article.analysis)), cases=tuple(told.get(article.number, ())))
        for article in articles
    ]
    session.flush()
    snapshots.erase(session, [document_id])
    if row.withdrawn or not analyses:
        return set()
    document = inbox.as_document(row)
    return filing.file_reading(session, document_id, document, Reading(document.doc_id, tuple(analyses)))


def cover_text(session: Session, document_id: str, *, quotes: bool) -> set[str]:
    """Cover every letter of the text but those that incidents quote as evidence; quotes: those too. Returns the incidents to rebuild.

    What was read from it stays: places, sums, names, and the sketch by which the case is found. It is not filed anew, for all texts
    without letters are one text.
    """
    row = session.get_one(DocumentRow, document_id)
    cases = session.scalars(sa.select(CaseRow).where(CaseRow.document_id == document_id)).all()
    touched = {case.incident_id for case in cases if case.incident_id}
    kept: set[int] = set()
    if not quotes:
        for incident_id in sorted(touched):
            kept |= _quoted(session.get_one(IncidentRow, incident_id).data, row.text, document_id)
    row.text = "".join(c if at in kept or c.isspace() else COVER for at, c in enumerate(row.text))
    row.redacted_at = now()
    search = search_for(session.get_bind().dialect.name)
    search.put(session, document_id, row.text, private=row.nature == "complaint")
    for case in cases:  # what a process keeps of a case holds its text
        case.stamp = identity.stamp({**case.data, "text": now()}, case.signature)
    session.flush()
    snapshots.erase(session, [document_id])
    return set() if row.withdrawn else touched


def _quoted(data: Any, text: str, document_id: str) -> set[int]:
    """Offsets of the letters of `text` that stand in quotes of this document anywhere in `data`."""
    if isinstance(data, (list, tuple)):
        return set().union(*(_quoted(item, text, document_id) for item in data))
    if not isinstance(data, dict):
        return set()
    found = set().union(*(_quoted(item, text, document_id) for item in data.values()))
    if data.get("document_id") == document_id and data.get("quote"):
        # A quote has lost its white space; it stands around the mention.
        spread = r"\s*".join(map(re.escape, data["quote"]))
        for match in re.finditer(spread, text[max(0, data["start"] - AROUND) : data["end"] + AROUND]):
            first = max(0, data["start"] - AROUND)
            found |= set(range(first + match.start(), first + match.end()))
    return found


def _in_place(session: Session, row: DocumentRow, finder: Finder) -> set[str]:
    """A document whose text is gone: the records of it lose the values, its cases stay where they are."""
    touched = set()
    for article in session.scalars(sa.select(ArticleRow).where(ArticleRow.document_id == row.id)):
        article.title, article.analysis = finder.cover(article.title), finder.without(article.analysis)
    for case in session.scalars(sa.select(CaseRow).where(CaseRow.document_id == row.id)):
        case.data = finder.without(case.data)
        case.stamp = identity.stamp({**case.data, "text": now()}, case.signature)
        touched |= {case.incident_id} if case.incident_id else set()
    session.flush()
    snapshots.erase(session, [row.id])
    return set() if row.withdrawn else touched


def empty(session: Session, document_id: str, when: str) -> None:
    """Leave of a withdrawn document its id, hash, nature, dates and what became of it."""
    row = session.get_one(DocumentRow, document_id)
    row.text = row.title = row.url = row.origin = ""
    row.doc_id, row.details, row.names, row.expired_at = document_id, {}, {}, when


def _is_told(item: Any) -> bool:
    """Is it a mention, a person or a fact, which is taken out whole?"""
    return isinstance(item, dict) and ("surface" in item or ("name" in item and "mentions" in item))
