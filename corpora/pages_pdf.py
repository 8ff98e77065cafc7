"""PDF files. In: a seekable byte stream. Out: one `Document` with the text of all pages, a blank line between two pages.

`metadata["page_starts"]` holds the offset of each page, for citing. Only a text layer is read: a scan is refused (no OCR here).
What a small file can make of itself is bounded: pages, nodes of their tree, bytes of a stream unpacked, words of one stream (`limits`, by
pypdf's own configuration), and processor seconds for the whole, asked at every page and before every form that a page draws: forms draw
forms. Pictures are never unpacked, whatever dimensions they claim.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO

from corpora.compose import compose, digest, one_line, plain
from corpora.intake import Intake, Yield, refusing, too_large, whole
from corpora.limits import Limits
from nlp.errors import InputError, TooLargeError

_EXPECTED = "完好、未加密、带文字层的 PDF"
# A tree of pages has fewer inner nodes than pages; a tree whose branches come back again and again has any number.
_NODES_A_PAGE = 4
_UNPACKED_BYTES = (
    "zlib_maximum_output_length",
    "lzw_maximum_output_length",
    "run_length_maximum_output_length",
    "array_based_stream_maximum_output_length",
)


def read_pdf(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The one document of a PDF; offsets count in the text as extracted, page after page."""
    data = whole(stream, intake, intake.limits.file_bytes)
    if b"%PDF-" not in data[:1024]:
        raise InputError("不是 PDF", where=intake.where, expected=_EXPECTED, advice="请检查扩展名与下载是否完整")
    with _bounded(intake.limits):
        reader = _open(data, intake)
        pages = _page_texts(reader, intake)
        with refusing(intake.where, found="PDF 的文档信息无法读取"):
            title = one_line(str((reader.metadata or {}).get("/Title") or ""))
    starts, at = [], 0
    for page in pages:
        starts.append(at)
        at += len(page) + 2
    text = "\n\n".join(pages)
    if not text.strip():
        raise InputError(
            "PDF 没有文字层（可能是扫描件）", where=intake.where, expected=_EXPECTED, advice="请先做文字识别（OCR）"
        )
    yield compose(
        intake,
        text,
        form="pdf",
        sha256=digest(data),
        metadata={"pages": str(len(pages)), "page_starts": ",".join(map(str, starts)), "pdf_title": title},
    )


def _bounded(limits: Limits) -> AbstractContextManager[Any]:
    """pypdf under our limits, in this thread; beyond one of them it raises LimitReachedError."""
    from pypdf import apply_configuration

    unpacked = dict.fromkeys(_UNPACKED_BYTES, limits.pdf_stream_bytes)
    return apply_configuration(
        **unpacked,
        stream_parsing_work_maximum_count=limits.pdf_stream_words,
        page_tree_maximum_entries=_NODES_A_PAGE * limits.pdf_pages,
    )


@contextmanager
def _unpacked(where: str) -> Iterator[None]:
    """What pypdf stops at one of our limits is too large, not damaged."""
    from pypdf.errors import LimitReachedError

    try:
        yield
    except LimitReachedError as error:
        raise TooLargeError(
            f"PDF 展开后过大（{' '.join(str(error).split())[:120]}）", where=where, expected="页数、每一页的内容在限度以内的 PDF",
            advice="请拆分或重新导出；来路不明的文件请不要再试",
        ) from error  # fmt: skip


def _open(data: bytes, intake: Intake) -> Any:
    """pypdf's reader, opened with the empty password where that is enough."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of every oddity it gets over
    damaged = refusing(intake.where, found="PDF 已损坏或不完整", expected=_EXPECTED, advice="请重新下载或重新导出")
    with damaged, _unpacked(intake.where):
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
    """The text of every page; raises InputError for a damaged page and for more text or work than one document may have."""
    pages: list[str] = []
    left = intake.limits.text_bytes
    clock = _Clock(intake)
    for number, page in enumerate(reader.pages, start=1):
        where = f"{intake.where} 第 {number} 页"
        damaged = refusing(where, found="PDF 这一页已损坏", expected=_EXPECTED, advice="请重新下载或重新导出")
        with damaged, _unpacked(where):
            page.extract_xform_text = clock.before(page.extract_xform_text)
            text = plain(page.extract_text())
        clock.ask()  # what a form raises, pypdf notes and goes on
        text = "\n".join(line.rstrip() for line in text.split("\n")).strip("\n")
        left -= len(text)
        if left < 0:
            raise too_large(intake.where, intake.limits.text_bytes, what="正文", advice="请拆分后再读")
        pages.append(text)
    return pages


class _Clock:
    """Processor seconds of this thread since it was made: a busy machine costs a document nothing."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._until = time.thread_time() + intake.limits.pdf_seconds

    def before(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, with a look at the clock first."""

        def asked(*said: Any, **more: Any) -> Any:
            self.ask()
            return work(*said, **more)

        return asked

    def ask(self) -> None:
        """Raises TooLargeError past the time."""
        if time.thread_time() > self._until:
            seconds = self._intake.limits.pdf_seconds
            raise TooLargeError(
                "PDF 读得太久", where=self._intake.where, expected=f"处理器时间不超过 {seconds:g} 秒", advice="请拆分后再读"
            )  # fmt: skip
