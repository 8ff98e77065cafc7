"""HTML pages. In: a byte stream. Out: one `Document`: title, newline, main text (trafilatura), without navigation and comments.

A raw WeChat page goes to `corpora.pages_weixin`, which knows its place of everything. Offsets count in the extracted text.
It fetches nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpora.compose import compose, digest, one_line, titled
from corpora.decoding import decode
from corpora.intake import Intake, Yield, refusing, whole
from corpora.mojibake import undo_mojibake
from corpora.pages_weixin import is_weixin, weixin_document
from corpora.stamps import iso_stamp
from nlp.errors import InputError

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{3,20})""", re.IGNORECASE)
_HOST = re.compile(
    r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?::\d{1,5})?"
)  # trafilatura falls back to the host, which is no publisher
_HEAD = 4096  # bytes in which HTML5 wants the charset to stand; pages put it later than 1024


def read_html(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The one document of an HTML page."""
    data = whole(stream, intake, intake.limits.page_bytes)
    text, encoding, repaired = decode_page(data, intake)
    if is_weixin(text):
        yield weixin_document(text, intake, sha256=digest(data), encoding=encoding, repaired=repaired)
        return
    page = main_text(text, intake)
    title, sitename = one_line(page.title or ""), one_line(page.sitename or "")
    body = page.text.strip()
    if title and one_line(body.split("\n", 1)[0]) == title:  # the heading of the article is its title
        body = body.split("\n", 1)[1].strip() if "\n" in body else ""
    yield compose(
        intake,
        titled(title, body),
        form="html",
        sha256=digest(data),
        title=title,
        encoding=encoding,
        metadata={"repaired": repaired, "author": page.author or ""},
        url=intake.url or page.url or "",
        publisher="" if _HOST.fullmatch(sitename) else sitename,
        published=iso_stamp(page.date or ""),
        licence=page.license or "",
    )


def decode_page(data: bytes, intake: Intake) -> tuple[str, str, str]:
    """Text, encoding and repair note of a page, by envelope, meta tag or content, whichever holds."""
    declared = _CHARSET.search(data[:_HEAD])
    charset = intake.charset or (declared[1].decode("ascii") if declared else "")
    decoded = decode(data, charset, where=intake.where)
    text, undone = undo_mojibake(decoded.text)
    return text, decoded.encoding, "；".join(note for note in (decoded.repaired, undone) if note)


def main_text(html: str, intake: Intake) -> Any:
    """trafilatura's document (title, text, author, date, sitename, license); raises InputError when it finds no text."""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # it logs every page it gives up; we return an error
    expected, advice = "有正文的网页", "请确认保存的是文章页，而不是列表页、登录页或验证页"
    with refusing(intake.where, found="网页无法解析", expected=expected, advice=advice):
        page: Any = trafilatura.bare_extraction(
            html,
            url=intake.url or None,
            favor_recall=True,
            include_comments=False,
            include_tables=True,
            with_metadata=True,
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
    if page is None or not (page.text or "").strip():
        raise InputError("网页里没有找到正文", where=intake.where, expected=expected, advice=advice)
    return page
