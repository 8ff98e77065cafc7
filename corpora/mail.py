"""E-mail (.eml). In: a byte stream. Out: one `Document` of subject, newline, body; then the documents of its attachments.

The plain body is preferred to the HTML one. Attachments of known forms are read like members of an archive
(`letter.eml!复印件.docx`), others are named in `metadata["attachments"]`. `published` is the mail's own date. A mail is
private until a person says otherwise: its nature is "complaint".
"""

from __future__ import annotations

import email
import email.header
import email.utils
import io
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from pathlib import PurePosixPath
from typing import BinaryIO

from corpora.compose import compose, digest, one_line, titled
from corpora.decoding import decode
from corpora.intake import Intake, MemberReader, Yield, refusing, whole
from corpora.mojibake import undo_mojibake
from nlp.errors import InputError

_EXPECTED = "完好的 .eml 邮件"


def read_mail(stream: BinaryIO, intake: Intake, read_member: MemberReader, known: frozenset[str]) -> Iterator[Yield]:
    """The mail and its attachments whose extension is in `known`; raises InputError for what is no mail."""
    data = whole(stream, intake, intake.limits.file_bytes)
    with refusing(intake.where, found="邮件无法解析", expected=_EXPECTED):
        message = email.message_from_bytes(data)
        parts = [part for part in message.walk() if not part.is_multipart()]
        subject = header_text(message, "subject")
        sender, receiver = header_text(message, "from"), header_text(message, "to")
        attached = [(name, part) for part in parts if (name := part_name(part))]
        marked = bool(message["from"] or message["subject"] or message["date"])
    if not marked:
        raise InputError("没有邮件头", where=intake.where, expected=_EXPECTED, advice="请从邮件软件导出为 .eml")
    readable = [(name, part) for name, part in attached if PurePosixPath(name).suffix.lower() in known]
    body, repaired = _body(parts, intake)
    if body.strip() or subject:
        yield compose(
            intake,
            titled(subject, body),
            form="email",
            sha256=digest(data),
            title=subject,
            nature="complaint",  # somebody wrote it to somebody; what was published says so by other ways
            published=_sent(message),
            metadata={
                "from": sender,
                "to": receiver,
                "message_id": one_line(str(message["message-id"] or "")),
                "attachments": "、".join(name for name, _ in attached),
                "repaired": repaired,
            },
        )
    elif not readable:
        raise InputError("邮件没有主题和正文", where=intake.where, expected=_EXPECTED)
    for name, part in readable:
        member = replace(
            intake,
            doc_id=f"{intake.doc_id}!{name}",
            where=f"{intake.where} 附件“{name}”",
            depth=intake.depth + 1,
            container="email",
            charset="",
        )
        yield from read_member(io.BytesIO(_payload(part, intake)), member, name)


def header_text(message: Message, name: str) -> str:
    """A header decoded: encoded words in any charset, and raw bytes as Chinese mailers send them; "" if missing."""
    raw = message.get(name)
    return "" if raw is None else _words(raw)


def part_name(part: Message) -> str:
    """The file name of an attachment, without folders; "" for a part of the body."""
    raw = part.get_filename()
    return PurePosixPath(_words(raw).replace("\\", "/")).name if raw else ""


def _words(raw: str | email.header.Header) -> str:
    """One header value, its encoded words and raw bytes decoded, on one line."""
    pieces = []
    for piece, charset in email.header.decode_header(raw):
        if isinstance(piece, str):  # as it stood; raw bytes are surrogates in it
            text = piece.encode("utf-8", "surrogateescape")
            pieces.append(_decoded(text, ""))
        else:
            pieces.append(_decoded(piece, "" if charset in (None, "unknown-8bit") else str(charset)))
    return one_line("".join(pieces))


def _body(parts: list[Message], intake: Intake) -> tuple[str, str]:
    """The text of the body, and what was repaired: the plain parts, else the HTML parts as text."""
    found: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    notes: list[str] = []
    for part in parts:
        kind = part.get_content_type()
        if kind not in found or part_name(part):
            continue
        charset = str(part.get_content_charset() or "")
        payload = _payload(part, intake)
        if not payload.strip():
            continue
        decoded = decode(payload, charset, where=intake.where)
        text, undone = undo_mojibake(decoded.text)
        notes += [note for note in (decoded.repaired, undone) if note]
        found[kind].append(_html_text(text, intake) if kind == "text/html" else text)
    plain_body = "\n".join(found["text/plain"])
    return (plain_body if plain_body.strip() else "\n".join(found["text/html"])), "；".join(notes)


def _html_text(text: str, intake: Intake) -> str:
    """All visible text of an HTML body: a mail has no navigation to take out."""
    from lxml import html as parser

    from corpora.pages_weixin import block_text

    with refusing(intake.where, found="邮件的 HTML 正文无法解析"):
        return block_text(
            parser.document_fromstring(text.encode("utf-8", "replace"), parser=parser.HTMLParser(encoding="utf-8"))
        )


def _payload(part: Message, intake: Intake) -> bytes:
    with refusing(intake.where, found="邮件的一个部分无法解码", expected=_EXPECTED):
        payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _sent(message: Message) -> str:
    """The mail's date as ISO 8601, "" when there is none or it is nonsense."""
    try:
        return email.utils.parsedate_to_datetime(str(message["date"])).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return ""


def _decoded(data: bytes, charset: str) -> str:
    try:
        return decode(data, charset).text
    except InputError:  # a header of noise: keep what is ASCII
        return data.decode("ascii", "replace")
