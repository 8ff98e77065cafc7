"""Everything in, `Document`s out: files, folders, globs, addresses of object stores, standard input, bytes from an upload.

`read` walks sources, `read_bytes` reads one upload, `preview` shows what an import would make of a table. What cannot be read comes out as
an `InputError` value in its place, and the rest goes on. Nothing is analysed, nothing stored; the network
is asked only where a source is an address (`corpora.object_store`).
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from corpora.forms import read_form
from corpora.intake import Budget, Intake
from corpora.limits import Limits
from corpora.object_store import Stored, is_address, listed, opened
from corpora.preview import Preview, preview
from corpora.walk import walk
from nlp.errors import InputError
from nlp.records import Document, Nature

__all__ = ["Limits", "Preview", "preview", "read", "read_bytes"]

STDIN = "-"
# Standard input is kept in memory up to this size and in an unnamed temporary file beyond: ZIP and XLSX need to seek.
SPOOL_BYTES = 20_000_000


def read(
    sources: Sequence[str | Path],
    *,
    columns: Mapping[str, str] | None = None,
    nature: Nature | None = None,
    limits: Limits | None = None,
    stdin: BinaryIO | None = None,
) -> Iterator[Document | InputError]:
    """Read files, folders (recursive, sorted), globs, addresses (`s3://…`) and "-" one after the other, lazily.

    `columns` maps fields to headings of tables ({"text": "案情描述"}); `nature` overrides the judgement by content (rows that look
    like complaints are "complaint", all else "published"). Raises nothing for what sources are or contain: each refusal is
    yielded in its place, with file, row, what was found, what was expected and what to do.
    """
    limits = limits or Limits()
    for source in sources:
        if source == STDIN:
            yield from _read_stdin(stdin or sys.stdin.buffer, columns, nature, limits)
            continue
        if is_address(source):
            for stored in listed(str(source)):
                yield from read_stored(stored, columns=columns, nature=nature, limits=limits)
            continue
        for found in walk(source):
            if isinstance(found, InputError):
                yield found
                continue
            intake = _intake(found.doc_id, str(found.path), columns, nature, limits)
            try:
                with open(found.path, "rb") as stream:
                    yield from read_form(stream, intake, found.path.name)
            except OSError as error:
                yield InputError(
                    f"无法读取（{error.strerror or error}）",
                    where=str(found.path),
                    expected="可读的文件",
                    advice="请检查权限",
                )


def read_stored(
    stored: Stored | InputError,
    *,
    columns: Mapping[str, str] | None = None,
    nature: Nature | None = None,
    limits: Limits | None = None,
) -> Iterator[Document | InputError]:
    """The documents of one file that `corpora.object_store.listed` found; a refusal is passed on. Raises nothing."""
    if isinstance(stored, InputError):
        yield stored
        return
    intake = _intake(stored.doc_id, stored.origin, columns, nature, limits or Limits())
    try:
        with opened(stored) as stream:
            yield from read_form(stream, intake, stored.doc_id)
    except InputError as error:
        yield error
    except OSError as error:
        yield InputError(
            f"无法读取（{' '.join(str(error).split())[:160]}）",
            where=stored.origin,
            expected="可读的文件",
            advice="请检查网络和读取权限",
        )


def read_bytes(
    data: bytes,
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    nature: Nature | None = None,
    limits: Limits | None = None,
    origin: str = "api",
) -> Iterator[Document | InputError]:
    """Read one upload by its name's extension (or by its content, where the name has none).

    `name` becomes the id and stands in messages; folders in it are cut off. Raises nothing for what the bytes contain.
    """
    short = os.path.basename(name.replace("\\", "/")) or "upload"
    intake = _intake(short, origin, columns, nature, limits or Limits(), where=short)
    yield from read_form(io.BytesIO(data), intake, short)


def _read_stdin(
    stream: BinaryIO, columns: Mapping[str, str] | None, nature: Nature | None, limits: Limits
) -> Iterator[Document | InputError]:
    """Standard input, judged by content; it is spooled, so JSON Lines begin once it has ended."""
    intake = _intake("stdin", "stdin", columns, nature, limits, where="标准输入")
    with tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES) as spooled:
        while chunk := stream.read(1 << 20):
            spooled.write(chunk)
        spooled.seek(0)
        yield from read_form(spooled, intake, "stdin")  # type: ignore[arg-type]


def _intake(
    doc_id: str,
    origin: str,
    columns: Mapping[str, str] | None,
    nature: Nature | None,
    limits: Limits,
    *,
    where: str = "",
) -> Intake:
    return Intake(
        doc_id=doc_id,
        origin=origin,
        where=where or origin,
        limits=limits,
        columns=columns or {},
        nature=nature,
        budget=Budget(limits.archive_members, limits.archive_bytes),
    )
