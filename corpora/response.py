"""What a server answered. In: the bytes of one page, its content type, its address. Out: its `Document`s and refusals.

Which content types hold text is said here, for crawls on disk (`corpora.crawl_warc`) and for pages just fetched alike. It fetches nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from corpora.intake import Intake, Yield
from corpora.limits import Limits
from nlp.errors import InputError

# Content type → the extension whose reader takes it.
TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
# Servers say these of anything; then the address tells, or the first bytes do.
_ANYTHING = ("", "application/octet-stream", "application/x-download", "binary/octet-stream")


def split_type(header: str) -> tuple[str, str]:
    """Content type and charset of a header in small letters: `Text/HTML; charset=GBK` → text/html, gbk."""
    kind, _, rest = header.lower().partition(";")
    _, _, charset = rest.partition("charset=")
    return kind.strip(), charset.split(";")[0].strip(" \"'")


def read_response(
    data: bytes, content_type: str, *, url: str, fetched: str, limits: Limits | None = None
) -> Iterator[Yield]:
    """The documents of one answered page, as published; refusals as values. The address is id and origin."""
    from corpora.forms import extension, read_form, sniff

    kind, charset = split_type(content_type)
    known = frozenset(TYPES.values())
    suffix = TYPES.get(kind, "")
    if kind in _ANYTHING:
        told = extension(PurePosixPath(urlsplit(url).path).name)
        suffix = told if told in known else sniff(io.BytesIO(data))
    if suffix not in known:
        yield InputError(
            f"内容类型 {kind or suffix}",
            where=url,
            expected="网页、纯文本、PDF 或 DOCX",
            advice="请用 exclude 略过这类地址",
        )
        return
    intake = Intake(
        doc_id=url, origin=url, where=url, limits=limits or Limits(), nature="published", url=url, fetched=fetched,
        charset=charset,
    )  # fmt: skip
    yield from read_form(io.BytesIO(data), intake, f"page{suffix}")
