"""What an import of a table would make of it. In: the bytes of an upload. Out: a `Preview`: headings, recognised columns, first rows.

Reads the first rows only, makes no documents, never raises for content. Files that are no table have no preview.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from corpora.columns import recognise
from corpora.decoding import decode
from corpora.forms import READERS, TABLES, extension
from corpora.intake import Intake
from corpora.limits import Limits
from corpora.lines import bounded_lines
from corpora.office_container import old_office
from corpora.records_json import objects_within, parse_json
from corpora.rows import cell_text
from corpora.table_csv import csv_rows
from corpora.table_rows import Row, find_heading
from corpora.table_xlsx import open_workbook, sheet_rows
from nlp.errors import InputError

FIRST_ROWS = 10
CELL_LENGTH = 200  # characters of a cell that a screen shows


@dataclass(frozen=True, slots=True)
class Preview:
    """Headings in order, field → heading as recognised, the first rows as text, and why it cannot be imported, if so.

    `rows[i][j]` belongs to `headings[j]`. `nature` is what the rows would be. With an `error` about the text column the headings and rows
    are still there, so that a person can choose the column.
    """

    headings: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[tuple[str, ...], ...] = ()
    nature: str = ""
    encoding: str = ""
    error: InputError | None = None


def preview(
    data: bytes, name: str, columns: Mapping[str, str] | None = None, *, limits: Limits | None = None
) -> Preview:
    """Headings, recognised columns and the first ten rows of a CSV, TSV, XLSX (first sheet), JSON or JSON Lines upload."""
    intake = Intake(doc_id=name, origin="api", where=name, limits=limits or Limits(), columns=columns or {})
    try:
        suffix = extension(name)
        if suffix == ".xls":
            raise old_office(intake)
        if suffix not in TABLES:
            expected = "、".join(sorted(TABLES))
            known = suffix in READERS
            raise InputError("不是表格" if known else f"不支持的扩展名 {suffix}", where=name, expected=expected)
        if not data:
            raise InputError("文件为空", where=name, expected="有表头和数据的表格")
        stream = io.BytesIO(data)
        if suffix in (".csv", ".tsv"):
            return _of_rows(csv_rows(stream, intake), intake)
        if suffix in (".xlsx", ".xlsm"):
            book = open_workbook(stream, intake)
            try:
                sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
                return _of_rows(sheet_rows(sheets[0], intake), intake) if sheets else Preview()
            finally:
                book.close()
        return _of_objects(list(islice(_objects(data, suffix, intake), FIRST_ROWS)), intake)
    except InputError as error:
        return Preview(error=error)


def _of_rows(rows: Iterator[Row], intake: Intake) -> Preview:
    """The preview of a table. Where no heading row is found, the first row that is not blank is shown as one."""
    first = list(islice(rows, intake.limits.heading_rows))
    encoding = next((row.encoding for row in first if row.encoding), "")
    try:
        heading, _ = find_heading(iter(first), intake)
    except InputError as error:
        filled = [row for row in first if row.error is None and not row.blank]
        if not filled:
            return Preview(error=error, encoding=encoding)
        names = tuple(cell_text(cell).strip() for cell in filled[0].cells)
        return Preview(headings=names, rows=_shown(filled[1:], len(names)), encoding=encoding, error=error)
    after = chain((row for row in first if row.number > heading.number), rows)
    return Preview(
        headings=heading.names,
        columns=heading.columns.fields,
        rows=_shown(after, len(heading.names)),
        nature="complaint" if heading.columns.complaint else "published",
        encoding=encoding,
    )


def _shown(rows: Iterable[Row], width: int) -> tuple[tuple[str, ...], ...]:
    filled = (row for row in rows if row.error is None and not row.blank)
    return tuple(_cells(row.cells, width) for row in islice(filled, FIRST_ROWS))


def _cells(cells: Sequence[Any], width: int) -> tuple[str, ...]:
    texts = [cell_text(cell)[:CELL_LENGTH] for cell in cells[:width]]
    return tuple(texts + [""] * (width - len(texts)))


def _objects(data: bytes, suffix: str, intake: Intake) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON or JSON Lines upload; what is no object is passed over here, the import will name it."""
    if suffix == ".json":
        value = parse_json(decode(data, "utf-8", where=intake.where).text, intake)
        yield from (item for item in (objects_within(value) or [value]) if isinstance(item, Mapping))
        return
    for line in bounded_lines(io.BytesIO(data), intake.limits.row_bytes):
        if line.text.strip():
            value = parse_json(line.text, intake)
            if isinstance(value, Mapping):
                yield value


def _of_objects(objects: Sequence[Mapping[str, Any]], intake: Intake) -> Preview:
    names = tuple(dict.fromkeys(str(key) for item in objects for key in item))
    rows = tuple(_cells([item.get(name) for name in names], len(names)) for item in objects)
    if not names:
        return Preview(
            error=InputError("没有 JSON 对象", where=intake.where, expected='例如 {"id": "1", "text": "……"}')
        )
    columns, error = None, None
    try:
        columns = recognise(names, intake.columns, where=intake.where)
    except InputError as refused:
        error = refused
    if columns is None:
        missing = InputError(
            "没有找到正文字段", where=intake.where, expected="text、content、正文等字段", advice="请指定列映射"
        )
        return Preview(headings=names, rows=rows, encoding="utf-8", error=error or missing)
    nature = "complaint" if columns.complaint else "published"
    return Preview(headings=names, columns=columns.fields, rows=rows, nature=nature, encoding="utf-8")
