"""PDF files. In: a seekable byte stream. Out: one `Document` with the text of all pages, a blank line between two pages.

`metadata["page_starts"]` holds the offset of each page, for citing. Only a text layer is read: a scan is refused (no OCR here).
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpora.compose import compose, digest, one_line, plain
from corpora.intake import Intake, Yield, refusing, too_large, whole
from nlp.errors import InputError

_EXPECTED = "完好、未加密、带文字层的 PDF"


def read_pdf(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The one document of a PDF; offsets count in the text as extracted, page after page."""
    data = whole(stream, intake, intake.limits.file_bytes)
    if b"%PDF-" not in data[:1024]:
        raise InputError("不是 PDF", where=intake.where, expected=_EXPECTED, advice="请检查扩展名与下载是否完整")
    reader = _open(data, intake)
    pages = _page_texts(reader, intake)
    starts, at = [], 0
    for page in pages:
        starts.append(at)
        at += len(page) + 2
    text = "\n\n".join(pages)
    if not text.strip():
        raise InputError(
            "PDF 没有文字层（可能是扫描件）", where=intake.where, expected=_EXPECTED, advice="请先做文字识别（OCR）"
        )
    with refusing(intake.where, found="PDF 的文档信息无法读取"):
        title = one_line(str((reader.metadata or {}).get("/Title") or ""))
    yield compose(
        intake,
        text,
        form="pdf",
        sha256=digest(data),
        metadata={"pages": str(len(pages)), "page_starts": ",".join(map(str, starts)), "pdf_title": title},
    )


def _open(data: bytes, intake: Intake) -> Any:
    """pypdf's reader, opened with the empty password where that is enough."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every oddity it gets over
    with refusing(intake.where, found="PDF 已损坏或不完整", expected=_EXPECTED, advice="请重新下载或重新导出"):
        reader = pypdf.PdfReader(io.BytesIO(data))
        locked = reader.is_encrypted and not _unlocked(reader)
        count = 0 if locked else len(reader.pages)
    if locked:
        raise InputError("PDF 有密码保护", where=intake.where, expected=_EXPECTED, advice="请去掉密码后再读")
    if not count:
        raise InputError("PDF 一页也没有", where=intake.where, expected=_EXPECTED, advice="请重新下载或重新导出")
    if count > intake.limits.pdf_pages:
        raise InputError(
            f"PDF 有 {count} 页",
            where=intake.where,
            expected=f"不超过 {intake.limits.pdf_pages} 页",
            advice="请拆分后再读",
        )
    return reader


def _unlocked(reader: Any) -> bool:
    """Whether the empty password opens it; AES without a crypto library installed counts as locked."""
    from pypdf.errors import DependencyError

    try:
        return bool(reader.decrypt(""))
    except DependencyError:
        return False


def _page_texts(reader: Any, intake: Intake) -> list[str]:
    """The text of every page; raises InputError for a damaged page and for more text than one document may have."""
    pages: list[str] = []
    left = intake.limits.text_bytes
    for number, page in enumerate(reader.pages, start=1):
        where = f"{intake.where} 第 {number} 页"
        with refusing(where, found="PDF 这一页已损坏", expected=_EXPECTED, advice="请重新下载或重新导出"):
            text = plain(page.extract_text())
        text = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
        left -= len(text)
        if left < 0:
            raise too_large(intake.where, intake.limits.text_bytes, what="正文", advice="请拆分后再读")
        pages.append(text)
    return pages
