"""XLSX workbooks. In: a seekable byte stream. Out: `Document`s of the rows of every sheet, streamed.

Formulas give their last computed value. A sheet without a text column is named in one refusal, unless it is blank. What a
workbook may unpack to is checked before it is opened. It reads no `.xls` (`corpora.forms` says how to convert one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from corpora.intake import Intake, Yield, refusing
from corpora.office_container import check_office
from corpora.table_rows import Row, read_rows
from nlp.errors import InputError

_EXPECTED = "完好的 .xlsx 工作簿"
_ADVICE = "请重新导出，或另存为 CSV（UTF-8）"


def read_xlsx(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The documents of a workbook, one a row; ids are `file.xlsx#3`, with several sheets `file.xlsx#Sheet2!3`."""
    book = open_workbook(stream, intake)
    try:
        sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]  # chart sheets have no rows
        found = False
        for sheet in sheets:
            named = intake
            if len(sheets) > 1:
                named = replace(intake, where=f"{intake.where} 工作表“{sheet.title}”")
            for result in read_rows(sheet_rows(sheet, named), named):
                if isinstance(result, InputError):
                    if len(sheets) > 1 and result.found == "表格是空的":
                        continue
                    yield result
                elif len(sheets) > 1 and result.doc_id.startswith(f"{intake.doc_id}#"):
                    row = result.doc_id.removeprefix(f"{intake.doc_id}#")
                    yield replace(result, doc_id=f"{intake.doc_id}#{sheet.title}!{row}")
                else:
                    yield result
                found = True
        if not found:
            yield InputError("工作簿是空的", where=intake.where, expected="有表头和数据的工作表")
    finally:
        book.close()


def open_workbook(stream: BinaryIO, intake: Intake) -> Any:
    """The openpyxl workbook, read-only; raises InputError when it is damaged or would unpack to too much."""
    check_office(stream, intake, inner="xl/", expected=_EXPECTED, advice=_ADVICE)
    from openpyxl import load_workbook

    with refusing(intake.where, found="XLSX 已损坏或不完整", expected=_EXPECTED, advice=_ADVICE):
        return load_workbook(stream, read_only=True, data_only=True, keep_links=False)


def sheet_rows(sheet: Any, intake: Intake) -> Iterator[Row]:
    """The rows of a sheet; a sheet that breaks off in the middle ends with one row that says so."""
    sheet.reset_dimensions()  # the size a sheet claims is often wrong
    rows = sheet.iter_rows(max_col=intake.limits.table_columns, values_only=True)
    number = 0
    while True:
        number += 1
        try:
            with refusing(
                f"{intake.where} 第 {number} 行", found="工作表从这里起无法读取", expected=_EXPECTED, advice=_ADVICE
            ):
                cells = next(rows, None)
        except InputError as error:
            yield Row(number, error=error)
            return
        if cells is None:
            return
        last = max((index for index, cell in enumerate(cells, start=1) if cell is not None), default=0)
        yield Row(number, tuple(cells[:last]))
