"""Lines out of a byte stream of any length, decoded, none longer than a limit in memory.

In: a binary stream. Out: `Line`s with their number (1-based). A line over the limit comes as an empty, `oversized` one.
A 5 GB file costs one chunk and one line. It parses nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from corpora.decoding import decode
from corpora.mojibake import undo_mojibake
from nlp.errors import InputError

CHUNK = 1 << 18  # bytes a read: 64 kB to 1 MB measure the same
SAMPLE = 1 << 16  # bytes that decide between UTF-16 and the encodings in which a line feed is one byte


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its LF. `broken` says in Chinese why it has no text: too long, or no text at all."""

    number: int
    text: str
    encoding: str = ""
    repaired: str = ""
    oversized: bool = False
    broken: str = ""


def bounded_lines(stream: BinaryIO, limit: int, charset: str = "") -> Iterator[Line]:
    """The lines of a stream, each decoded by itself; lines over `limit` bytes are announced and skipped."""
    head = stream.read(SAMPLE)
    encoding, mark = _line_encoding(head, charset)
    chunks = _chunks(head[mark:], stream)
    if encoding.startswith("utf-16"):
        chunks = _recoded(chunks, encoding)
    usual = "" if encoding.startswith("utf-16") else encoding
    for number, (data, oversized) in enumerate(_split(chunks, limit), start=1):
        if oversized:
            yield Line(number, "", oversized=True)
            continue
        if data.isascii() and b"\x00" not in data:
            yield Line(number, data.decode("ascii"), encoding)
            continue
        try:
            decoded = decode(data, usual) if usual else decode(data)
        except InputError as error:
            yield Line(number, "", broken=error.found)
            continue
        text, undone = undo_mojibake(decoded.text)
        repaired = "；".join(note for note in (decoded.repaired, undone) if note)
        yield Line(number, text, encoding if encoding.startswith("utf-16") else decoded.encoding, repaired)


def _line_encoding(head: bytes, charset: str) -> tuple[str, int]:
    """What the stream is in, judged by its beginning, and the length of its byte order mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return encoding, len(mark)
    cut = head.rfind(b"\n") + 1 if len(head) == SAMPLE else 0
    sample = head[:cut] if cut else head
    if len(sample) % 2 and b"\x00" in sample:  # the line feed of UTF-16-LE is two bytes
        sample = head[: len(head) // 2 * 2]
    try:
        encoding = decode(sample, charset).encoding
    except InputError:  # every line will say so itself
        return "utf-8", 0
    return encoding, 0


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    if head:
        yield head
    while chunk := stream.read(CHUNK):
        yield chunk


def _recoded(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """UTF-16 as UTF-8, so that a line feed is one byte."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", errors="replace")
    yield decoder.decode(b"", final=True).encode("utf-8", errors="replace")


def _split(chunks: Iterator[bytes], limit: int) -> Iterator[tuple[bytes, bool]]:
    """(line, False), or (b"", True) for one over the limit, whose bytes are dropped as they come."""
    pending: list[bytes] = []
    size, oversized = 0, False
    for chunk in chunks:
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            size += len(piece)
            if oversized or size > limit:
                yield b"", True
            else:
                pending.append(piece)
                yield b"".join(pending), False
            pending, size, oversized = [], 0, False
        size += len(rest)
        if oversized or size > limit:
            pending, oversized = [], True
        elif rest:
            pending.append(rest)
    if oversized:
        yield b"", True
    elif pending:
        yield b"".join(pending), False
