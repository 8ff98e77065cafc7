"""Ids and moments: what everything in the store is called, always the same for the same thing.

In: what a row is made from. Out: short ids with a letter that says what they name: d- document, c- case, i- incident,
r- report, b- batch. 16 hex digits of SHA-256 (64 bits): at ten million documents the chance of one collision is below 3e-6.
Batches alone are random: the same files may be imported twice.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

_DIGITS = 16


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(text: str) -> str:
    """SHA-256 of a text as 64 hex digits; stands in where a document comes without the hash of its bytes."""
    return _digest(text)


def document_id(sha256: str) -> str:
    """The id of the document with these bytes."""
    return f"d-{sha256[:_DIGITS]}"


def case_id(document: str, article: int, number: int) -> str:
    """The id of the case `number` of the article `article` of a document (both counted from 0)."""
    return f"c-{_digest(document, str(article), str(number))[:_DIGITS]}"


def incident_id(founding_case: str, attempt: int = 0) -> str:
    """The id of the incident that a case founded; `attempt` grows where that id already names another incident."""
    return f"i-{_digest(founding_case, str(attempt))[:_DIGITS]}"


def report_id(external_id: str | None, document: str) -> str:
    """The id of a report: from the sender's own number where there is one, else from its first document."""
    return (
        f"r-{_digest('external', external_id)[:_DIGITS]}"
        if external_id
        else f"r-{_digest('document', document)[:_DIGITS]}"
    )


def stamp(*content: Any) -> str:
    """16 hex digits that change with JSON content."""
    return _digest(json.dumps(content, ensure_ascii=False, sort_keys=True))[:_DIGITS]


def batch_id() -> str:
    """A new id for an import."""
    return f"b-{secrets.token_hex(_DIGITS // 2)}"


def now() -> str:
    """This moment, ISO 8601 UTC to the millisecond. For people to read; no cursor or order hangs on it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
