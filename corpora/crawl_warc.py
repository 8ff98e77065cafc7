"""WARC files, plain or gzipped. In: a byte stream. Out: a `Document` for every page, text, PDF or Office file in it, streamed.

Read are records `response` (status 200), `resource` and `conversion` with a content type that holds text; pictures, scripts,
redirects and requests are passed over. `fetched` is the record's date, `url` its target; the page's own date is `published`.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from corpora.intake import Intake, MemberReader, Yield, refusing, too_large
from corpora.response import TYPES, split_type
from nlp.errors import InputError

_EXPECTED = "完好的 WARC 文件（.warc、.warc.gz）"
_READ = ("response", "resource", "conversion")


def read_warc(stream: BinaryIO, intake: Intake, read_member: MemberReader) -> Iterator[Yield]:
    """The documents of a crawl; ids are `crawl.warc#5`, the number of the record."""
    from warcio.archiveiterator import ArchiveIterator

    logging.getLogger("warcio").setLevel(logging.CRITICAL)

    class QuietIterator(ArchiveIterator):  # type: ignore[misc]
        """It writes the bytes it stumbles over to standard error; they can be somebody's complaint."""

        INC_RECORD = ""

    records = iter(QuietIterator(stream, no_record_parse=False, verify_http=False, arc2warc=False))
    number, pages = 0, 0
    while True:
        where = f"{intake.where} 第 {number + 1} 条记录"
        try:
            with refusing(
                where, found="WARC 从这里起已损坏或不完整", expected=_EXPECTED, advice="请重新下载；此前的记录已读"
            ):
                record = next(records, None)
                if record is None:
                    break
                number += 1
                kind, charset = _content_type(record)
                if not _wanted(record, kind):
                    continue
                data = record.content_stream().read(intake.limits.file_bytes + 1)
                url = str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
                fetched = str(record.rec_headers.get_header("WARC-Date") or "")
        except InputError as error:
            yield error
            return
        pages += 1
        if len(data) > intake.limits.file_bytes:
            # Draining the rest of a compressed record can take for ever.
            yield too_large(where, intake.limits.file_bytes, what="这条记录", advice="其后的记录没有再读")
            return
        page = replace(
            intake,
            doc_id=f"{intake.doc_id}#{number}",
            where=where,
            url=url,
            fetched=fetched,
            charset=charset,
            container="warc",
            depth=intake.depth + 1,
        )
        yield from read_member(io.BytesIO(data), page, f"record{TYPES[kind]}")
    if not pages:
        found = "WARC 里没有可读的网页" if number else "WARC 是空的"
        yield InputError(found, where=intake.where, expected="状态为 200 的网页、文本或 PDF 记录")


def _content_type(record: Any) -> tuple[str, str]:
    """Content type in small letters and charset of a record's payload."""
    headers = record.http_headers or record.rec_headers
    return split_type(str(headers.get_header("Content-Type") or ""))


def _wanted(record: Any, kind: str) -> bool:
    if record.rec_type not in _READ or kind not in TYPES:
        return False
    return record.http_headers is None or str(record.http_headers.get_statuscode()) == "200"
