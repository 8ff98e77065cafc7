"""Words to documents and incidents: the full-text index behind one small interface, the only SQL of one database alone.

In: a key and the text it is found by; a query. Out: a selectable of keys to put into `IN (...)`. It ranks nothing.

Two columns are indexed. `words` holds the search words of `nlp.segment.tokens` (jieba with our lexicon). `pairs` holds every
two neighbouring characters: jieba cuts "赔上百万" otherwise in a headline than alone, and a phrase of pairs still finds any piece
of it, prefixes and parts of numbers too. A query term matches when all its words are there, or when it stands there letter for
letter. (Single characters instead of pairs find as much, with posting lists some hundred times as long.)
"""

from __future__ import annotations

import re
from typing import Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.spelling import fold
from serving.store.tables import SearchKeyRow

Sort = Literal["document", "incident"]
# A query of more terms than this is cut: each term costs one index look-up, and nobody types more.
TERMS = 16
_TERM = re.compile(r"[^\s,，。;；、]{1,64}")
_LETTER = re.compile(r"[^\W_]")

SQLITE_INDEX = 'CREATE VIRTUAL TABLE search_index USING fts5(words, pairs, tokenize="unicode61 remove_diacritics 0")'


class Search(Protocol):
    """What an index can do. Implemented for SQLite here; PostgreSQL's tsvector comes with the store of a real deployment."""

    def put(self, session: Session, sort: Sort, key: str, text: str) -> None:
        """Let `key` be found by `text`; replaces what it was found by before."""

    def remove(self, session: Session, sort: Sort, key: str) -> None:
        """Let `key` no longer be found; harmless when it is not there."""

    def keys(self, sort: Sort, query: str) -> sa.Select[tuple[str]] | None:
        """The keys whose text holds every term of `query`; None when the query holds no searchable term."""


def search_for(dialect: str) -> Search:
    """The index of this database."""
    return Fts5Search() if dialect == "sqlite" else PlainSearch()


def letters(text: str) -> str:
    """The letters, digits and Chinese characters of `text`, folded, in lower case, nothing between them: 微信 WX-88 → 微信wx88."""
    return "".join(_LETTER.findall(fold(text).lower()))


def pairs(text: str) -> str:
    """Every two neighbouring letters of `text` as words: 杀猪盘 → 杀猪 猪盘. A single letter stands for itself."""
    spelled = letters(text)
    return " ".join(spelled[at : at + 2] for at in range(len(spelled) - 1)) or spelled


class Fts5Search:
    """SQLite FTS5."""

    def put(self, session: Session, sort: Sort, key: str, text: str) -> None:
        """See Search.put."""
        from nlp.segment import tokens

        number = self._number(session, sort, key)
        if number is None:
            row = SearchKeyRow(sort=sort, key=key)
            session.add(row)
            session.flush()
            number = row.id
        else:
            session.execute(sa.text("DELETE FROM search_index WHERE rowid = :number"), {"number": number})
        session.execute(
            sa.text("INSERT INTO search_index (rowid, words, pairs) VALUES (:number, :words, :pairs)"),
            {"number": number, "words": " ".join(tokens(text)), "pairs": pairs(text)},
        )

    def remove(self, session: Session, sort: Sort, key: str) -> None:
        """See Search.remove."""
        number = self._number(session, sort, key)
        if number is not None:
            session.execute(sa.text("DELETE FROM search_index WHERE rowid = :number"), {"number": number})
            session.execute(sa.delete(SearchKeyRow).where(SearchKeyRow.id == number))

    def keys(self, sort: Sort, query: str) -> sa.Select[tuple[str]] | None:
        """See Search.keys."""
        match = fts5_query(query)
        if match is None:
            return None
        rows = sa.text("SELECT rowid FROM search_index WHERE search_index MATCH :match").bindparams(match=match)
        found = rows.columns(sa.column("rowid", sa.Integer)).subquery()
        return sa.select(SearchKeyRow.key).where(
            SearchKeyRow.sort == sort, SearchKeyRow.id.in_(sa.select(found.c.rowid))
        )

    def _number(self, session: Session, sort: Sort, key: str) -> int | None:
        return session.scalar(sa.select(SearchKeyRow.id).where(SearchKeyRow.sort == sort, SearchKeyRow.key == key))


class PlainSearch:
    """Databases without an index of ours yet: the folded text is kept beside the key and searched as it is."""

    def put(self, session: Session, sort: Sort, key: str, text: str) -> None:
        """See Search.put."""
        self.remove(session, sort, key)
        session.add(SearchKeyRow(sort=sort, key=key, text=fold(text).lower()))
        session.flush()

    def remove(self, session: Session, sort: Sort, key: str) -> None:
        """See Search.remove."""
        session.execute(sa.delete(SearchKeyRow).where(SearchKeyRow.sort == sort, SearchKeyRow.key == key))

    def keys(self, sort: Sort, query: str) -> sa.Select[tuple[str]] | None:
        """See Search.keys."""
        terms = [term for term in _TERM.findall(fold(query).lower())[:TERMS] if letters(term)]
        if not terms:
            return None
        holds = [SearchKeyRow.text.contains(term, autoescape=True) for term in terms]
        return sa.select(SearchKeyRow.key).where(SearchKeyRow.sort == sort, *holds)


def fts5_query(query: str) -> str | None:
    """An FTS5 expression for what a person typed, every word quoted; None if there is nothing to look for.

    A single letter is looked for as the beginning of a pair.
    """
    from nlp.segment import tokens

    parts: list[str] = []
    for term in _TERM.findall(query)[:TERMS]:
        spelled = letters(term)
        if not spelled:
            continue
        phrase = f"pairs : {_quoted(pairs(term))}{'*' if len(spelled) == 1 else ''}"
        words = [_quoted(word) for word in tokens(term) if letters(word)]
        # A star asks for a beginning: the phrase finds it; the words would be too narrow.
        parts.append(
            f"({phrase})" if term.endswith("*") or not words else f"({{words}} : ({' AND '.join(words)}) OR {phrase})"
        )
    return " AND ".join(parts) or None


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
