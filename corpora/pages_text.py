"""Markdown, plain text and newspaper page text. In: a byte stream. Out: one `Document` whose text is the file's, as decoded.

Nothing is cut off, not the front matter either: offsets count in the file's own text (byte order mark taken away, CRLF become LF).
It tells the forms apart (wechat_markdown, newspaper, text); what is boilerplate is nlp's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from corpora.compose import compose, digest, plain
from corpora.decoding import decode
from corpora.front_matter import first_heading, read_head, repost_address
from corpora.intake import Intake, Yield, whole
from corpora.mojibake import undo_mojibake

_MARKDOWN = re.compile(
    r"^#{1,6}[ \t]+\S|!\[[^\]\n]{0,200}\]\(|\]\(https?://|(?<![*\d])\*\*[^*\s][^*\n]{0,80}\*\*(?!\*)", re.MULTILINE
)
_ENDS = "。！？…”’；：!?;:」』）"
# A column of a newspaper is 12–35 characters wide; text that is wrapped there breaks in the middle of sentences. Of the
# five seed pages the two newspapers break off 0.79 and 0.82 of their lines so, the three articles 0.08–0.30.
COLUMN_WIDTH = 45
BROKEN_LINES = 0.5
FEWEST_LINES = 12


def read_text(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The one document of a text or markdown file."""
    data = whole(stream, intake, intake.limits.text_bytes)
    yield text_document(data, intake)


def text_document(data: bytes, intake: Intake) -> Yield:
    """A document of these bytes; `metadata["repaired"]` says what had to be mended."""
    decoded = decode(data, intake.charset, where=intake.where)
    text, undone = undo_mojibake(plain(decoded.text))
    head = read_head(text)
    form = "wechat_markdown" if head.present else form_of_text(text)
    title = head.title or (first_heading(text) if form == "wechat_markdown" else "")
    repaired = "；".join(note for note in (decoded.repaired, undone) if note)
    return compose(
        intake,
        text,
        form=form,
        sha256=digest(data),
        title=title,
        encoding=decoded.encoding,
        metadata={**head.metadata, "repaired": repaired},
        url=head.url or repost_address(text),
        publisher=head.publisher,
        published=head.published,
        fetched=head.fetched,
        licence=head.licence,
    )


def form_of_text(text: str) -> str:
    """wechat_markdown, newspaper or text, judged by marks and by where lines end."""
    sample = text[:20_000]
    if _MARKDOWN.search(sample):
        return "wechat_markdown"
    lines = [line.strip() for line in sample.split("\n") if line.strip()]
    if len(lines) < FEWEST_LINES:
        return "text"
    narrow = [line for line in lines if len(line) <= COLUMN_WIDTH]
    broken = [line for line in narrow if line[-1] not in _ENDS and len(line) >= 8]
    if len(narrow) >= 0.9 * len(lines) and len(broken) >= BROKEN_LINES * len(lines):
        return "newspaper"
    return "text"
