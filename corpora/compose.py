"""Put a `Document` together. In: an intake, the text a reader found, and what it knows of it. Out: a `Document`.

The one place where text is made safe for everything behind it: line breaks become LF, lone surrogates (from JSON escapes or
damaged PDF fonts) U+FFFD, NUL a space. Otherwise not a character changes. Nothing is cleaned: that is nlp's work.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from corpora.intake import Intake, size_name, too_large
from corpora.private import sounds_private
from nlp.errors import InputError
from nlp.records import Document, Nature

_SURROGATES = re.compile(r"[\ud800-\udfff]")


def compose(
    intake: Intake,
    text: str,
    *,
    form: str,
    sha256: str,
    title: str = "",
    doc_id: str = "",
    nature: Nature = "published",
    encoding: str = "",
    metadata: Mapping[str, str] | None = None,
    url: str = "",
    publisher: str = "",
    published: str = "",
    fetched: str = "",
    licence: str = "",
) -> Document:
    """The document; raises InputError when its text is blank, TooLargeError when it is over `limits.text_bytes`.

    `text` is taken whole: a reader that has a title of its own to put before it has done so. `nature` is the reader's
    judgement, which the caller's (`intake.nature`) overrides.
    """
    text = plain(text)
    if not text.strip():
        raise InputError(
            "没有正文", where=intake.where, expected="有文字的内容", advice="请检查原文件是否为空或只有图片"
        )
    # A character is at least one byte, so short texts need no encoding to be measured.
    if len(text) * 4 > intake.limits.text_bytes and len(text.encode()) > intake.limits.text_bytes:
        raise too_large(
            intake.where,
            intake.limits.text_bytes,
            what=f"正文（{size_name(len(text.encode()))}）",
            advice="请按篇拆分后再读",
        )
    # A bare text that names no source may be a citizen's letter; everything else says itself what it is.
    unsigned = form in ("text", "docx", "pdf") and not (url or publisher or published)
    notes = {key: plain(value) for key, value in (metadata or {}).items() if value}
    if intake.container:
        notes.setdefault("container", intake.container)
    return Document(
        doc_id=plain(doc_id or intake.doc_id),
        text=text,
        title=one_line(title),
        form=form,
        nature=intake.nature or ("complaint" if unsigned and sounds_private(text) else nature),
        origin=plain(intake.origin),
        url=one_line(url or intake.url),
        publisher=one_line(publisher),
        published=published,
        fetched=fetched or intake.fetched,
        licence=one_line(licence),
        encoding=encoding,
        sha256=sha256,
        metadata=notes,
    )


def plain(text: str) -> str:
    """LF line breaks, no lone surrogates, no NUL; nothing else changes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text:
        text = text.replace("\x00", " ")
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def one_line(text: str) -> str:
    """A title or name on one line, ends trimmed."""
    return " ".join(plain(text).split()) if text else ""


def titled(title: str, body: str) -> str:
    """Title, newline, body; the body alone where there is no title."""
    return f"{title}\n{body}" if title else body


def digest(data: bytes) -> str:
    """SHA-256 of bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of_row(row: Mapping[str, Any]) -> str:
    """SHA-256 of a row's canonical JSON: keys sorted, no spaces, UTF-8. Columns in another order give the same."""
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return digest(canonical.encode("utf-8", errors="surrogatepass"))
