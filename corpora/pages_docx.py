"""DOCX files. In: a seekable byte stream. Out: one `Document`: paragraphs and table rows in their order, one a line.

Cells of a table row are separated by a tab. Headers, footers, comments and deleted text are left out. It reads no `.doc`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from corpora.compose import compose, digest, one_line
from corpora.intake import Intake, Yield, refusing, whole
from corpora.office_container import check_office

_EXPECTED = "完好的 .docx 文档"
_ADVICE = "请用 Word 或 WPS 重新保存为 .docx"


def read_docx(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The one document of a DOCX file; its title is the first paragraph in style Title, which the text begins with."""
    check_office(stream, intake, inner="word/", expected=_EXPECTED, advice=_ADVICE)
    data = whole(stream, intake, intake.limits.file_bytes)
    import docx

    with refusing(intake.where, found="DOCX 已损坏或不完整", expected=_EXPECTED, advice=_ADVICE):
        opened = docx.Document(io.BytesIO(data))
        lines, title = _lines(opened)
        author = opened.core_properties.author or ""
    yield compose(
        intake,
        "\n".join(lines),
        form="docx",
        sha256=digest(data),
        title=title,
        metadata={"author": one_line(author)} if author != "python-docx" else {},
    )


def _lines(opened: Any) -> tuple[list[str], str]:
    """Lines of the body in document order, and the title if a paragraph is styled as one."""
    from docx.table import Table

    lines: list[str] = []
    title = ""
    for block in opened.iter_inner_content():
        if isinstance(block, Table):
            for row in block.rows:
                cells: list[str] = []
                seen: set[Any] = set()
                for cell in row.cells:  # a merged cell comes once for each column it spans
                    if cell._tc not in seen:
                        seen.add(cell._tc)
                        cells.append(" ".join(cell.text.split()))
                lines.append("\t".join(cells))
            continue
        if not title and not lines and block.style is not None and block.style.name == "Title":
            title = one_line(block.text)
        lines.append(block.text)
    while lines and not lines[0].strip():
        lines.pop(0)
    return lines, title
