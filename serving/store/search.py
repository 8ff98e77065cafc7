"""Words to documents: the full-text index behind one small interface. (That of incidents is `serving.store.incident_index`.)

In: a key and the text it is found by; a query. Out: a selectable of keys to put into `IN (...)`. It ranks nothing.

Two columns are indexed. `words` holds the search words of `nlp.segment.tokens` (jieba with our lexicon). `pairs` holds every
two neighbouring characters: jieba cuts "赔上百万" otherwise in a headline than alone, and a phrase of pairs still finds any piece
of it, prefixes and parts of numbers too. A query term matches when all its words are there, or when it stands there letter for
letter. (Single characters instead of pairs find as much, with posting lists some hundred times as long.)

What is private (a complaint, an incident that readers do not see) is indexed by keyed tokens of its words where there is a data key: each
once, in no order, without pairs. It is found by whole words then, not by pieces; pairs in their order would give the text away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from nlp.spelling import fold
from serving import data_key
from serving.store import sealed
from serving.store.tables import SearchKeyRow

# What the rows of `search_keys` are for; incidents once had theirs there, and their index has tables of its own now.
SORT = "document"
# A query of more terms than this is cut: each term costs one index look-up, and nobody types more.
TERMS = 16
# A tsvector holds one megabyte; 200,000 characters of distinct pairs stay below it.
VECTOR_LENGTH = 200_000
_TERM = re.compile(r"[^\s,，。;；、]{1,64}")
_LETTER = re.compile(r"[^\W_]")

# Needed for every document: put together once.
_KEYS = sa.inspect(SearchKeyRow).local_table
_NUMBER = sa.select(_KEYS.c.id).where(_KEYS.c.sort == SORT, _KEYS.c.key == sa.bindparam("key"))
_FOUND_BY = sa.text("INSERT INTO search_index (rowid, words, pairs) VALUES (:number, :words, :pairs)")
_GONE = sa.delete(_KEYS).where(_KEYS.c.sort == SORT, _KEYS.c.key == sa.bindparam("key_"))

# Texts whose words are kept: those of two batches that are prepared before they are filed. A long text's words would fill megabytes.
PREPARED = 64
PREPARED_CHARACTERS = 20_000

SQLITE_INDEX = 'CREATE VIRTUAL TABLE search_index USING fts5(words, pairs, tokenize="unicode61 remove_diacritics 0")'


class Search(Protocol):
    """What an index can do: FTS5 on SQLite, tsvector on PostgreSQL."""

    def put(self, session: Session, key: str, text: str, private: bool = False) -> None:
        """Let `key` be found by `text`; replaces what it was found by before. private: by tokens, where there is a data key."""

    def remove(self, session: Session, key: str) -> None:
        """Let `key` no longer be found; harmless when it is not there."""

    def keys(self, query: str) -> sa.Select[tuple[str]] | None:
        """The keys whose text holds every term of `query`; None when the query holds no searchable term."""


def search_for(dialect: str) -> Search:
    """The index of this database."""
    return Fts5Search() if dialect == "sqlite" else VectorSearch()


@lru_cache(PREPARED)
def _kept_words(text: str) -> tuple[str, ...]:
    from nlp.segment import tokens

    return tuple(tokens(text))


def words_of(text: str) -> tuple[str, ...]:
    """The search words of a text; those of the last `PREPARED` texts are kept, unless they are long."""
    return _kept_words(text) if len(text) <= PREPARED_CHARACTERS else _kept_words.__wrapped__(text)


def prepare(texts: Sequence[str]) -> None:
    """Find the search words of texts that will be filed together, so that filing them, under the lock that all filing waits for, does not."""
    for text in texts[:PREPARED]:
        if len(text) <= PREPARED_CHARACTERS:
            words_of(text)


def letters(text: str) -> str:
    """The letters, digits and Chinese characters of `text`, folded, in lower case, nothing between them: 微信 WX-88 → 微信wx88."""
    return "".join(_LETTER.findall(fold(text).lower()))


def pairs(text: str) -> str:
    """Every two neighbouring letters of `text` as words: 杀猪盘 → 杀猪 猪盘. A single letter stands for itself."""
    return paired(letters(text))


def paired(spelled: str) -> str:
    """The same of letters that are in a row already."""
    return " ".join(spelled[at : at + 2] for at in range(len(spelled) - 1)) or spelled


class Fts5Search:
    """SQLite FTS5."""

    def put(self, session: Session, key: str, text: str, private: bool = False) -> None:
        """See Search.put."""
        self.remove(session, key)
        (number,) = session.execute(_KEYS.insert(), {"sort": SORT, "key": key}).inserted_primary_key  # type: ignore[attr-defined]
        session.execute(
            _FOUND_BY,
            {"number": number, "words": " ".join(blind(text)), "pairs": ""}
            if private and data_key.keys()
            else {"number": number, "words": " ".join(words_of(text)), "pairs": pairs(text)},
        )

    def remove(self, session: Session, key: str) -> None:
        """See Search.remove."""
        number = self._number(session, key)
        if number is not None:
            session.execute(sa.text("DELETE FROM search_index WHERE rowid = :number"), {"number": number})
            session.execute(sa.delete(SearchKeyRow).where(SearchKeyRow.id == number))

    def keys(self, query: str) -> sa.Select[tuple[str]] | None:
        """See Search.keys."""
        match = fts5_query(query)
        if match is None:
            return None
        rows = sa.text("SELECT rowid FROM search_index WHERE search_index MATCH :match").bindparams(match=match)
        found = rows.columns(sa.column("rowid", sa.Integer)).subquery()
        return sa.select(SearchKeyRow.key).where(
            SearchKeyRow.sort == SORT, SearchKeyRow.id.in_(sa.select(found.c.rowid))
        )

    def _number(self, session: Session, key: str) -> int | None:
        return session.scalar(_NUMBER, {"sort": SORT, "key": key})


class VectorSearch:
    """PostgreSQL: words and pairs as lexemes of a tsvector (GIN), phrases checked letter for letter.

    The lexemes are ours and carry no positions: PostgreSQL's parsers cut Chinese by the server's locale, and its positions end at
    16,383, in the middle of a long page.
    """

    def put(self, session: Session, key: str, text: str, private: bool = False) -> None:
        """See Search.put."""
        self.remove(session, key)
        hidden = private and bool(data_key.keys())
        row = {
            "sort": SORT,
            "key": key,
            "text": "" if hidden else letters(text),
            "vector": as_vector(blind(text[:VECTOR_LENGTH]) if hidden else lexemes(text)),
        }
        session.execute(sa.insert(_KEYS).values(**row))

    def remove(self, session: Session, key: str) -> None:
        """See Search.remove."""
        session.execute(_GONE, {"key_": key})

    def keys(self, query: str) -> sa.Select[tuple[str]] | None:
        """See Search.keys."""
        asked = vector_query(query, SearchKeyRow.vector, SearchKeyRow.text)
        if asked is None:
            return None
        match, checks = asked
        return sa.select(SearchKeyRow.key).where(
            SearchKeyRow.sort == SORT, matches(SearchKeyRow.vector, match), *checks
        )


def vector_query(query: str, vector: Any, text: Any) -> tuple[str, list[sa.ColumnElement[bool]]] | None:
    """What a person typed as one tsquery over the lexemes of a text, and what is to be looked at letter by letter besides, for vectors
    tell no order; None if there is nothing to look for."""
    from nlp.segment import tokens

    parts: list[str] = []
    checks: list[sa.ColumnElement[bool]] = []
    for term in _TERM.findall(query)[:TERMS]:
        spelled = letters(term)
        if not spelled:
            continue
        # A single letter is looked for as the beginning of a pair.
        phrase = f"{lexeme(spelled)}:*" if len(spelled) == 1 else " & ".join(map(lexeme, pairs(term).split()))
        words = [lexeme(f"={letters(word)}") for word in tokens(term) if letters(word)]
        # A star asks for a beginning: the phrase finds it; the words would be too narrow.
        forms = [] if term.endswith("*") or not words else [" & ".join(words)]
        forms += [" & ".join(map(lexeme, asked)) for asked in _blind_forms(term)]
        parts.append(f"({' | '.join(f'({form})' for form in [phrase, *forms])})")
        if len(spelled) != 2:  # one pair is its own order
            there = text.contains(spelled, autoescape=True)
            checks.append(sa.or_(there, *(matches(vector, form) for form in forms)))
    return (" & ".join(parts), checks) if parts else None


def blind(text: str) -> list[str]:
    """The words of a private text as keyed tokens, in no order of the text's."""
    return sealed.blind(letters(word) for word in words_of(text) if letters(word))


def _blind_forms(term: str) -> list[list[str]]:
    """What a term's words are to the index of private texts: one list for each data key, none without."""
    from nlp.segment import tokens

    words = sorted({letters(word) for word in tokens(term) if letters(word)})
    forms = [sealed.tokens(word)[:-1] for word in words]  # the last form is the clear word
    return [list(asked) for asked in zip(*forms, strict=True)]


def lexemes(text: str) -> list[str]:
    """What PostgreSQL finds a text by: its words (=刷单) and its pairs of letters (刷单), each once."""
    text = text[:VECTOR_LENGTH]
    words = {f"={letters(word)}"[:200] for word in words_of(text) if letters(word)}
    return sorted(words | set(pairs(text).split()))


def as_vector(values: list[str]) -> sa.ColumnElement[Any]:
    """Lexemes as a tsvector."""
    return sa.func.array_to_tsvector(sa.cast(values, sa.ARRAY(sa.Text())))


def matches(vector: Any, asked: str) -> sa.ColumnElement[bool]:
    """Does a vector fit this tsquery?"""
    found: sa.ColumnElement[bool] = vector.op("@@", is_comparison=True)(sa.cast(asked, TSQUERY))
    return found


def lexeme(word: str) -> str:
    """A word as it stands in a tsquery."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


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
        forms = [] if term.endswith("*") or not words else [f"{{words}} : ({' AND '.join(words)})"]
        forms += [f"{{words}} : ({' AND '.join(map(_quoted, asked))})" for asked in _blind_forms(term)]
        parts.append(f"({' OR '.join([*forms, phrase])})")
    return " AND ".join(parts) or None


def holds(text: str, query: str) -> bool:
    """Would `text` be found by `query`? What the two indexes answer, said of a text that stands in neither, such as a former state."""
    from nlp.segment import tokens

    whole, words, asked = letters(text), None, False
    for term in _TERM.findall(query)[:TERMS]:
        spelled = letters(term)
        if not spelled:
            continue
        asked = True
        if spelled in whole:
            continue
        wanted = {letters(word) for word in tokens(term)} - {""}
        if term.endswith("*") or not wanted:
            return False
        if words is None:  # cut only where a term does not stand there letter for letter
            words = {letters(word) for word in tokens(text)}
        if not wanted <= words:
            return False
    return asked


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
