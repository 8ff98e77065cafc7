"""JSON Lines and JSON. In: a byte stream. Out: `Document`s of its objects; JSON Lines are streamed line by line.

An object is read like a row of a table: its keys are the headings. A JSON file is an array of objects, an object that holds one
under a usual key (data, items …), or a single object; nested values go into metadata as JSON. `{"id", "title", "text"}` needs no map.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, BinaryIO

from corpora.columns import Columns, recognise
from corpora.decoding import decode
from corpora.intake import Intake, Yield, too_large, until_hopeless, whole
from corpora.lines import bounded_lines
from corpora.mojibake import undo_mojibake
from corpora.rows import document_of_row
from nlp.errors import InputError

_LISTS = (
    "data",
    "items",
    "documents",
    "records",
    "results",
    "rows",
    "list",
    "reports",
    "complaints",
    "articles",
    "数据",
    "列表",
)


def read_jsonl(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The documents of a JSON Lines file, one a line; blank lines are passed over. `#3` in an id is the line's number."""
    nothing = True
    expected = "每行一个 JSON 对象（JSON Lines）"

    def hopeless(bad: int) -> InputError:
        return InputError(f"前 {bad} 行都不是可读的 JSON 对象，不再继续", where=intake.where, expected=expected)

    for item in until_hopeless(_lines(stream, intake), intake, hopeless):
        nothing = False
        yield item
    if nothing:
        yield InputError("文件里没有内容", where=intake.where, expected=expected)


def _lines(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """A document or a refusal for every line that is not blank."""
    for line in bounded_lines(stream, intake.limits.row_bytes, intake.charset):
        place = _placed(intake, line.number, "行")
        try:
            if line.oversized:
                raise too_large(place.where, intake.limits.row_bytes, what="这一行", advice="请按篇拆分")
            if line.broken:
                raise InputError(line.broken, where=place.where, expected="UTF-8 编码的 JSON 对象")
            if not line.text.strip():
                continue
            value = parse_json(line.text, place)
            yield document_of_object(value, place, repaired=line.repaired, encoding=line.encoding)
        except InputError as error:
            yield error


def read_json(stream: BinaryIO, intake: Intake) -> Iterator[Yield]:
    """The documents of a JSON file; `#3` in an id is the third object. JSON Lines under the wrong name are read too."""
    data = whole(stream, intake, intake.limits.file_bytes)
    decoded = decode(data, intake.charset or "utf-8", where=intake.where)
    text, undone = undo_mojibake(decoded.text)
    repaired = "；".join(note for note in (decoded.repaired, undone) if note)
    try:
        value = parse_json(text, intake)
    except InputError as error:
        if isinstance(error.__cause__, json.JSONDecodeError) and error.__cause__.msg == "Extra data":
            stream.seek(0)
            yield from read_jsonl(stream, intake)
            return
        raise
    objects = objects_within(value)
    if objects is None:
        yield document_of_object(value, intake, repaired=repaired, encoding=decoded.encoding)
        return
    if not objects:
        yield InputError("JSON 数组是空的", where=intake.where, expected="至少一个对象")

    def read() -> Iterator[Yield]:
        for number, item in enumerate(objects, start=1):
            try:
                place = _placed(intake, number, "个对象")
                yield document_of_object(item, place, repaired=repaired, encoding=decoded.encoding)
            except InputError as error:
                yield error

    yield from until_hopeless(
        read(), intake,
        lambda bad: InputError(f"前 {bad} 个对象都无法读取，不再继续", where=intake.where, expected="含正文的 JSON 对象"),
    )  # fmt: skip


def parse_json(text: str, intake: Intake) -> Any:
    """The value; raises InputError for what is no JSON (with line and column) or is nested deeper than the limit."""
    try:
        value = json.loads(text, parse_constant=lambda name: name)
    except json.JSONDecodeError as error:
        place = f"第 {error.lineno} 行第 {error.colno} 列"
        raise InputError(
            f"不是有效的 JSON（{place}：{error.msg}）", where=intake.where, expected="完整的 JSON"
        ) from error
    except RecursionError as error:
        raise _too_deep(intake) from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise InputError(
            "JSON 里的数字过长", where=intake.where, expected="4300 位以内的数字，号码请写成字符串"
        ) from error
    if _depth(value, intake.limits.json_depth) > intake.limits.json_depth:
        raise _too_deep(intake)
    return value


def document_of_object(value: Any, intake: Intake, *, repaired: str = "", encoding: str = "") -> Yield:
    """The document of one JSON object; raises InputError for anything else and for one without text."""
    if not isinstance(value, Mapping):
        kind = {list: "数组", str: "字符串", bool: "布尔值", type(None): "null"}.get(type(value), "数字")
        raise InputError(f"这里是{kind}", where=intake.where, expected='JSON 对象，例如 {"id": "1", "text": "……"}')
    columns = _columns(tuple(value), tuple(sorted(intake.columns.items())), intake.where)
    if columns is None:
        keys = "、".join(str(key)[:20] for key in list(value)[:20]) or "无"
        raise InputError(
            f"没有正文字段，现有字段：{keys}",
            where=intake.where,
            expected="text、content、正文、投诉内容等字段",
            advice="请指定列映射，例如 text=案情描述",
        )
    return document_of_row(value, columns, intake, form="json", repaired=repaired, encoding=encoding)


def objects_within(value: Any) -> list[Any] | None:
    """The array of a JSON file, or None when it is a single object."""
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        lists: list[list[Any]] = [value[key] for key in _LISTS if isinstance(value.get(key), list)]
        if len(lists) == 1 and all(isinstance(item, Mapping) for item in lists[0]) and recognise(tuple(value)) is None:
            return lists[0]
    return None


@lru_cache(maxsize=64)
def _recognised(headings: tuple[str, ...], wished: tuple[tuple[str, str], ...], where: str) -> Columns | None:
    return recognise(headings, dict(wished), where=where)


def _columns(headings: tuple[str, ...], wished: tuple[tuple[str, str], ...], where: str) -> Columns | None:
    """Recognised columns; the keys of a million lines are nearly always the same, so the answer is kept."""
    if wished:  # its refusal names the row
        return recognise(headings, dict(wished), where=where)
    return _recognised(headings, (), "")


def _depth(value: Any, limit: int) -> int:
    """How deep containers nest, counted up to one over the limit."""
    level, depth = [value], 0
    while level and depth <= limit:
        level = [
            child
            for item in level
            if isinstance(item, (list, dict))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        depth += 1
    return depth


def _too_deep(intake: Intake) -> InputError:
    return InputError("JSON 嵌套过深", where=intake.where, expected=f"不超过 {intake.limits.json_depth} 层")


def _placed(intake: Intake, number: int, unit: str) -> Intake:
    return replace(intake, doc_id=f"{intake.doc_id}#{number}", where=f"{intake.where} 第 {number} {unit}")
