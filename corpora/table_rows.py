"""Rows of any table become documents. In: (row number, cells) one after the other. Out: `Document`s and `InputError`s.

Finds the heading row, then hands every further row on. CSV and XLSX differ only in how they get their cells. Row numbers are what
a spreadsheet shows: the first row of the file is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from corpora.columns import Columns, recognise
from corpora.intake import Intake, Yield, until_hopeless
from corpora.rows import cell_text, document_of_row
from nlp.errors import InputError


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number, its cells, what was repaired in it, or why it could not be read."""

    number: int
    cells: tuple[Any, ...] = ()
    encoding: str = ""
    repaired: str = ""
    error: InputError | None = None

    @property
    def blank(self) -> bool:
        return not any(cell_text(cell).strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading row of a table: the names in order ("" for none) and what was recognised among them."""

    number: int
    names: tuple[str, ...]
    columns: Columns


def read_rows(rows: Iterable[Row], intake: Intake, *, ragged: bool = True) -> Iterator[Yield]:
    """Documents and refusals of one table; a table without a text column gives one refusal and nothing else.

    With `ragged` false a row with more cells than headings is refused: in a CSV its text broke at a comma.
    Gives up, saying so, when the first `limits.hopeless_rows` rows are all unreadable.
    """
    rows = iter(rows)
    try:
        heading, refused = find_heading(rows, intake)
    except InputError as error:
        yield error
        return
    yield from refused
    nothing = True
    for item in until_hopeless(_documents(rows, heading, intake, ragged), intake, lambda bad: _hopeless(bad, intake)):
        nothing = False
        yield item
    if nothing and not refused:
        yield InputError("表格只有表头，没有数据行", where=intake.where, expected="表头下至少一行数据")


def _hopeless(bad: int, intake: Intake) -> InputError:
    return InputError(
        f"前 {bad} 行都无法读取，不再继续",
        where=intake.where,
        expected="每行一条投诉的表格",
        advice="请检查列名、分隔符和编码",
    )


def _documents(rows: Iterable[Row], heading: Heading, intake: Intake, ragged: bool) -> Iterator[Yield]:
    """A document or a refusal for every row that is not blank."""
    for row in rows:
        if row.blank and row.error is None:
            continue
        try:
            if row.error is not None:
                raise row.error
            if not ragged and any(cell_text(cell).strip() for cell in row.cells[len(heading.names) :]):
                raise InputError(
                    f"有 {len(row.cells)} 格，表头只有 {len(heading.names)} 格",
                    where=row_place(intake, row.number),
                    expected="与表头一样多的格子",
                    advice="正文里的逗号请用双引号括起",
                )
            yield document_of_row(
                named_cells(heading, row),
                heading.columns,
                replace(intake, doc_id=f"{intake.doc_id}#{row.number}", where=row_place(intake, row.number)),
                form="table",
                repaired=row.repaired,
                encoding=row.encoding,
            )
        except InputError as error:
            yield error


def find_heading(rows: Iterator[Row], intake: Intake) -> tuple[Heading, list[InputError]]:
    """Take rows up to and including the heading row: the first of ten that holds a text column.

    Official tables carry a title and a date line above the headings. Raises InputError when there is none.
    """
    seen: tuple[str, ...] = ()
    wrong: InputError | None = None
    refused: list[InputError] = []
    for row in rows:
        if row.error is not None:
            refused.append(row.error)
        elif not row.blank:
            names = tuple(cell_text(cell).strip() for cell in row.cells)
            seen = seen or names
            try:
                columns = recognise([name for name in names if name], intake.columns, where=intake.where)
            except InputError as error:
                wrong = wrong or error
            else:
                if columns is not None:
                    return Heading(row.number, names, columns), refused
        if row.number >= intake.limits.heading_rows:
            break
    if wrong is not None:
        raise wrong
    if not seen:
        raise refused[0] if refused else InputError("表格是空的", where=intake.where, expected="有表头和数据的表格")
    headings = "、".join(name[:20] for name in seen[:20] if name)
    raise InputError(
        f"没有找到正文列，现有列：{headings}",
        where=intake.where,
        expected="名为“投诉内容”“简要案情”“正文”“content”“text”等的列",
        advice="请指定列映射，例如 text=案情描述",
    )


def named_cells(heading: Heading, row: Row) -> dict[str, Any]:
    """Heading → cell; a column without a name goes by its letter-like number, 列3."""
    names = heading.names + tuple("" for _ in row.cells[len(heading.names) :])
    named: dict[str, Any] = {}
    for index, (name, cell) in enumerate(zip(names, row.cells, strict=False), start=1):
        if name or cell_text(cell).strip():
            key = name or f"列{index}"
            if key in named:  # two columns of one name: the first is the one that was recognised
                key = f"{key}（列{index}）"
            named[key] = cell
    return named


def row_place(intake: Intake, number: int) -> str:
    """Where a row stands, for messages: 投诉.csv 第 3 行."""
    return f"{intake.where} 第 {number} 行"
