"""CSV and TSV. In: a byte stream in any of our encodings. Out: `Document`s of its rows, streamed.

The separator is judged from the first lines. A quote that never closes costs its own row: the lines it swallowed are read
again. A row's number is the record's, as a spreadsheet shows it (a cell with line breaks counts once).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO

from corpora.columns import recognise
from corpora.intake import Intake, Yield, too_large
from corpora.lines import Line, bounded_lines
from corpora.table_rows import Row, read_rows, row_place
from nlp.errors import InputError

_SEPARATORS = ",\t;|，"
_NONE = "\x1f"  # a character that no text holds: decoding made a space of it


def read_csv(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The documents of a CSV or TSV file, one a row."""
    yield from read_rows(csv_rows(stream, intake), intake, ragged=False)


def csv_rows(stream: BinaryIO, intake: Intake) -> Iterator[Row]:
    """The rows of a CSV or TSV stream, heading and blank ones included."""
    lines = _Lines(_cut_at_returns(bounded_lines(stream, intake.limits.row_bytes, intake.charset)))
    # The csv module keeps this limit for the whole process; it must never be the one that cuts a row of ours.
    csv.field_size_limit(max(csv.field_size_limit(), 4 * intake.limits.row_bytes))
    separator = _separator(lines.peek(20), intake.columns)
    number = 0
    while lines.more():
        number += 1
        where = row_place(intake, number)
        lines.begin_record(intake.limits.row_bytes)
        try:
            cells = next(csv.reader(lines, delimiter=separator))
        except csv.Error as error:
            yield Row(
                number, error=InputError(f"无法按 CSV 解析（{error}）", where=where, expected="每行列数一致的 CSV")
            )
            continue
        except StopIteration:
            return
        taken = lines.taken
        if any(line.oversized for line in taken):
            yield Row(number, error=too_large(where, intake.limits.row_bytes, what="这一行", advice="请检查引号和换行"))
        elif broken := next((line.broken for line in taken if line.broken), ""):
            yield Row(number, error=InputError(broken, where=where, expected="UTF-8 或 GB18030 编码的文本"))
        elif len(taken) > 1 and (lines.ran_out or not _mended(taken, separator)):
            lines.give_back(taken[1:])
            message = "引号没有闭合"
            yield Row(
                number,
                error=InputError(
                    message, where=where, expected="成对的双引号", advice="请补上引号；其后各行已另行读取"
                ),
            )
        else:
            repaired = "；".join(dict.fromkeys(line.repaired for line in taken if line.repaired))
            yield Row(number, tuple(cells[: intake.limits.table_columns]), taken[0].encoding, repaired)


class _Lines:
    """The lines as csv wants them, which remembers what one record took and can take it back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._waiting: deque[Line] = deque()
        self.taken: list[Line] = []
        self.ran_out = False
        self._left = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        """The next line of the record; ends the record when it has grown over the limit."""
        if self._left <= 0 or not self.more():
            self.ran_out = True
            raise StopIteration
        line = self._waiting.popleft()
        self.taken.append(line)
        self._left -= len(line.text) * 3 + 1
        return line.text + "\n"

    def begin_record(self, limit: int) -> None:
        self.taken, self.ran_out, self._left = [], False, limit

    def give_back(self, lines: list[Line]) -> None:
        self._waiting.extendleft(reversed(lines))

    def more(self) -> bool:
        if not self._waiting:
            line = next(self._lines, None)
            if line is None:
                return False
            self._waiting.append(line)
        return True

    def peek(self, count: int) -> list[str]:
        while len(self._waiting) < count and (line := next(self._lines, None)) is not None:
            self._waiting.append(line)
        return [line.text for line in self._waiting]


def _cut_at_returns(lines: Iterator[Line]) -> Iterator[Line]:
    """CR goes before LF and ends a line where it stands alone, as old Macs wrote it."""
    for line in lines:
        text = line.text.removesuffix("\r")
        for part in text.split("\r"):
            yield line if part is line.text else replace(line, text=part)


def _separator(lines: list[str], wished: Mapping[str, str]) -> str:
    """The separator under which the heading line is best understood; else the one that most lines hold.

    A table of one column has none: its commas stand in the text.
    """
    for line in lines[:10]:
        best, most = "", (0, 0)
        for separator in _SEPARATORS:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
            try:
                columns = recognise([cell for cell in cells if cell], wished)
            except InputError:  # a wished heading is not in this line
                columns = None
            if columns is not None and (len(columns.fields), len(cells)) > most:
                best, most = separator if len(cells) > 1 else _NONE, (len(columns.fields), len(cells))
        if best:
            return best
    counts = {separator: sorted(line.count(separator) for line in lines if line.strip()) for separator in _SEPARATORS}
    medians = {separator: held[len(held) // 2] for separator, held in counts.items() if held}
    return max(medians, key=lambda separator: medians[separator], default=",")


def _mended(lines: list[Line], separator: str) -> bool:
    """Whether a record of several lines is one in earnest: what follows its closing quotes is a separator."""
    try:
        next(csv.reader((line.text + "\n" for line in lines), delimiter=separator, strict=True))
    except csv.Error:
        return False
    return True
