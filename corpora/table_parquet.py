"""Parquet files. In: a seekable byte stream. Out: `Document`s of the rows, streamed, a few at a time.

The columns are the headings of a table; bytes are UTF-8 (Hive and Impala mark no text as text). Columns of lists and records are not read: a
list that names one value a million times is a thousand bytes in the file and gigabytes in memory. The first row is 1:
`complaints.parquet#1`. Needs pyarrow (extra `tables`), imported when such a file comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, BinaryIO

from corpora.columns import Columns, recognise
from corpora.intake import Intake, Yield, refusing, too_large, until_hopeless
from corpora.rows import document_of_row
from nlp.errors import InputError

# Rows that are Python objects at a time: each may be as large as `limits.row_bytes` before it is refused.
ROWS = 64
_EXPECTED = "完好的 Parquet 文件"
_ADVICE = "请重新导出，或改用 JSON Lines"


def read_parquet(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The documents of a Parquet file, one a row. Raises InputError where it is damaged, has no text column, or pyarrow is missing."""
    table = open_parquet(stream, intake)
    names = flat_columns(table)
    columns = _columns(names, intake)
    if not table.metadata.num_rows:
        raise InputError("表格里没有数据行", where=intake.where, expected="至少一行数据")

    def hopeless(bad: int) -> InputError:
        return InputError(f"前 {bad} 行都无法读取，不再继续", where=intake.where, expected="每行一篇的表格")

    yield from until_hopeless(_documents(table, names, columns, intake), intake, hopeless)


def open_parquet(stream: BinaryIO, intake: Intake) -> Any:
    """The pyarrow file; raises InputError where it is damaged, would unpack to too much at a time, or pyarrow is missing."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            "没有安装 pyarrow，读不了 Parquet", where=intake.where, expected="CSV、JSON Lines 等其他形式",
            advice='pip install "fanzha[tables]"',
        ) from error  # fmt: skip
    with refusing(intake.where, found="Parquet 已损坏或不完整", expected=_EXPECTED, advice=_ADVICE):
        table = parquet.ParquetFile(stream)
        largest = largest_group(table.metadata)
    if largest > intake.limits.office_bytes:
        raise too_large(
            intake.where, intake.limits.office_bytes, what="一个行组（row group）", advice="请用更小的行组重新导出"
        )
    return table


def flat_columns(table: Any) -> tuple[str, ...]:
    """Names of the columns that hold one value a row."""
    from pyarrow import types

    return tuple(field.name for field in table.schema_arrow if not types.is_nested(field.type))


def largest_group(metadata: Any) -> int:
    """Bytes of the largest row group, unpacked, by what the file says of it and of its columns."""
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    parts = [sum(group.column(at).total_uncompressed_size for at in range(group.num_columns)) for group in groups]
    return max([0, *map(int, parts), *(int(group.total_byte_size) for group in groups)])


def _columns(names: tuple[str, ...], intake: Intake) -> Columns:
    found = recognise(names, intake.columns, where=intake.where)
    if found is None:
        shown = "、".join(name[:20] for name in names[:20]) or "无"
        raise InputError(
            f"没有找到正文列，现有列：{shown}", where=intake.where, expected="名为“投诉内容”“正文”“content”“text”等的列",
            advice="请指定列映射，例如 text=案情描述",
        )  # fmt: skip
    return found


def _documents(table: Any, names: tuple[str, ...], columns: Columns, intake: Intake) -> Iterator[Yield]:
    """A document or a refusal for every row; where the file breaks off, one refusal and the end."""
    number = 0
    # A value that stands once in a row group may be the value of all its rows: 2 kB became 4 GB. So many rows at a time as then still fit.
    room = ROWS * intake.limits.row_bytes // max(1, largest_group(table.metadata))
    batches = table.iter_batches(batch_size=max(1, min(ROWS, room)), columns=list(names))
    while True:
        try:
            with _refusing_row(intake, number + 1, "从这里起无法读取"):
                batch = next(batches, None)
        except InputError as error:
            yield error
            return
        if batch is None:
            return
        for at in range(batch.num_rows):
            number += 1
            place = replace(intake, doc_id=f"{intake.doc_id}#{number}", where=f"{intake.where} 第 {number} 行")
            try:
                with _refusing_row(intake, number, "这一行无法读取"):
                    (row,) = batch.slice(at, 1).to_pylist()
                    row = {name: _text_of(value, name in columns.fields.values()) for name, value in row.items()}
                yield document_of_row(row, columns, place, form="table")
            except InputError as error:
                yield error


def _refusing_row(intake: Intake, number: int, found: str) -> AbstractContextManager[None]:
    return refusing(f"{intake.where} 第 {number} 行", found=found, expected=_EXPECTED, advice=_ADVICE)


def _text_of(value: Any, known: bool) -> Any:
    """A cell; bytes as the text they are. known: of a column that is read. Raises UnicodeDecodeError where such a one holds none."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        if known:
            raise
        return f"（不是文字，{len(value)} 字节）"
