"""Which reader reads what. In: a byte stream, an intake, a name. Out: the `Document`s and refusals of the right reader.

The extension decides; without one the first bytes do. This is where every refusal of content becomes a value: nothing is raised
for what a file contains. It opens no paths (`corpora.walk` does).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from corpora.archive_zip import read_zip
from corpora.crawl_warc import read_warc
from corpora.decoding import decode
from corpora.intake import Intake, Reader, Yield
from corpora.mail import read_mail
from corpora.office_container import OLE_MAGIC, old_office, refuse_ole
from corpora.pages_docx import read_docx
from corpora.pages_html import read_html
from corpora.pages_pdf import read_pdf
from corpora.pages_text import read_text
from corpora.records_json import read_json, read_jsonl
from corpora.table_csv import read_csv
from corpora.table_parquet import read_parquet
from corpora.table_xlsx import read_xlsx
from nlp.errors import InputError


def _zip(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    return read_zip(stream, intake, read_form)


def _warc(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    return read_warc(stream, intake, read_form)


def _mail(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    return read_mail(stream, intake, read_form, frozenset(READERS))


def _text_or_page(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """Text, unless it is a saved page under the wrong name."""
    head = stream.read(512)
    stream.seek(0)
    return read_html(stream, intake) if _PAGE.match(head) else read_text(stream, intake)


def _old_office(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """`.doc` and `.xls`: what is really a new file under the old name is read, the rest refused with the way to convert."""
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(b"PK\x03\x04"):
        sheet = intake.doc_id.lower().endswith(".xls")
        return read_xlsx(stream, intake) if sheet else read_docx(stream, intake)
    if head == OLE_MAGIC:
        refuse_ole(stream, intake)
    raise old_office(intake)


READERS: dict[str, Reader] = {
    ".md": read_text,
    ".markdown": read_text,
    ".txt": _text_or_page,
    ".text": _text_or_page,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".shtml": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".eml": _mail,
    ".warc": _warc,
    ".warc.gz": _warc,
    ".zip": _zip,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
    ".doc": _old_office,
    ".xls": _old_office,
}
TABLES = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".jsonl", ".ndjson", ".json"})
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html\b)", re.IGNORECASE)
_PACKED = {".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz"}
_OBJECT = re.compile(r"\s*\{")
_MAIL_HEADER = re.compile(rb"(?:[A-Za-z-]{2,40}:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:From|Subject|Received):", re.IGNORECASE)


def read_form(stream: BinaryIO, intake: Intake, name: str) -> Iterator[Yield]:
    """The results of one file, mail attachment or archive member; every `InputError` comes out as a value."""
    try:
        if intake.depth > intake.limits.archive_depth:
            raise InputError(
                "压缩包嵌套过深",
                where=intake.where,
                expected=f"不超过 {intake.limits.archive_depth} 层",
                advice="请先解压里层",
            )
        yield from _reader(stream, intake, name)(stream, intake)
    except InputError as error:
        yield error


def extension(name: str) -> str:
    """The extension that decides, in small letters; ".warc.gz" is one, "" is none."""
    lower = PurePosixPath(name.replace("\\", "/")).name.lower()
    if lower.endswith(".warc.gz"):
        return ".warc.gz"
    return PurePosixPath(lower).suffix


def _reader(stream: BinaryIO, intake: Intake, name: str) -> Reader:
    """The reader for this name, or for these bytes where the name has no extension; raises InputError for an unknown one."""
    suffix = extension(name)
    if suffix in READERS:
        return READERS[suffix]
    if suffix and re.fullmatch(r"\.[a-z][a-z0-9]{0,9}", suffix):  # “3.25特大案件” has no extension
        advice = "请先解压，或改用 ZIP" if suffix in _PACKED else "请转换成其中一种格式"
        raise InputError(
            f"不支持的扩展名 {suffix}",
            where=intake.where,
            expected="、".join(name for name, reader in READERS.items() if reader is not _old_office),
            advice=advice,
        )
    return READERS[sniff(stream)]


def sniff(stream: BinaryIO) -> str:
    """The extension that the first bytes of a seekable stream stand for; ".txt" where nothing is telling."""
    head = stream.read(4096)
    stream.seek(0)
    if b"%PDF-" in head[:1024]:
        return ".pdf"
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(stream)
    if head.startswith(OLE_MAGIC):
        return ".doc"
    if head.startswith(b"PAR1"):
        return ".parquet"
    if head.startswith((b"WARC/", b"\x1f\x8b")):
        return ".warc.gz"
    if _PAGE.match(head):
        return ".html"
    if _MAIL_HEADER.match(head) and not head.startswith(b"---"):
        return ".eml"
    try:
        text = decode(head[:4000]).text
    except InputError:
        return ".txt"
    if _OBJECT.match(text):
        first = text.lstrip().split("\n", 1)[0].rstrip()
        # One whole object on the first line, or a first line too long to see its end: JSON Lines.
        return ".jsonl" if first.endswith("}") or len(first) > 3000 else ".json"
    return ".json" if re.match(r"\s*\[\s*[{\]]", text) else ".txt"


def _sniff_zip(stream: BinaryIO) -> str:
    """.docx, .xlsx or .zip, by the names that stand in the first part of the container."""
    head = stream.read(1 << 16)
    stream.seek(0, io.SEEK_END)
    stream.seek(max(0, stream.tell() - (1 << 16)))
    names = head + stream.read(1 << 16)
    stream.seek(0)
    if b"word/document.xml" in names:
        return ".docx"
    return ".xlsx" if b"xl/workbook.xml" in names else ".zip"
