"""CoNLL columns: one character a line, a tag beside it, B- and I- and O; a document ends with an empty line.

In: judgments, or a text. Out: the text, or judgments. The first column is the character (white space and what cannot be seen is written
\\s, \\n, \\t, \\r, \\uXXXX, a backslash \\\\), each further one a layer of spans: as many as nest or cross, so that none is lost. A tag is
type or type/role. What else belongs to a judgment stands before it in lines "# key = value", value in JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from corpora.gold_lines import attempted
from corpora.judgments import JudgedDocument, MarkedSpan, about, as_data, judged_from
from nlp.errors import InputError

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", " ": "\\s", "\\": "\\\\"}
_LONG = {escape: character for character, escape in _SHORT.items()}
_HEADER = re.compile(r"# (\w{1,40}) = (.*)")
_TAG = re.compile(r"([BI])-([a-z_]+)(?:/([a-z_]+))?")
_KEYS = ("kind", "label", "also", "tactics")


def write_conll(documents: Iterable[JudgedDocument]) -> Iterator[str]:
    """One document after the other, each with its empty line."""
    for judged in documents:
        said = as_data(judged.judgment)
        head = about(judged) | {name: said[name] for name in _KEYS}
        yield "".join(f"# {name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in head.items())
        columns = [_column(layer, len(judged.text)) for layer in _layers(judged.judgment.spans)] or [
            ["O"] * len(judged.text)
        ]
        for number, character in enumerate(judged.text):
            yield "\t".join((_escape(character), *(column[number] for column in columns))) + "\n"
        yield "\n"


def read_conll(text: str, name: str) -> Iterator[JudgedDocument | InputError]:
    """The judgments of a file called `name`; a document with a fault is an InputError with the line of the fault."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip("\r"):
            block.append((number, line.strip("\r")))
        elif block:
            yield attempted(lambda block=block: _document(block, name))  # type: ignore[misc]
            block = []


def _layers(spans: Sequence[MarkedSpan]) -> list[list[MarkedSpan]]:
    """Spans in layers within which none overlap; a span goes into the first layer that has room."""
    layers: list[list[MarkedSpan]] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.type)):
        layer = next((layer for layer in layers if layer[-1].end <= span.start), None)
        if layer is None:
            layers.append([span])
        else:
            layer.append(span)
    return layers


def _column(layer: Sequence[MarkedSpan], length: int) -> list[str]:
    tags = ["O"] * length
    for span in layer:
        word = f"{span.type}/{span.role}" if span.role else span.type
        tags[span.start : span.end] = [f"B-{word}", *[f"I-{word}"] * (span.end - span.start - 1)]
    return tags


def _document(block: Sequence[tuple[int, str]], name: str) -> JudgedDocument:
    head: dict[str, Any] = {}
    characters: list[str] = []
    columns: list[list[str]] = []
    for number, line in block:
        where = f"{name} 第 {number} 行"
        if not characters and (found := _HEADER.fullmatch(line)):
            try:
                head[found[1]] = json.loads(found[2])
            except ValueError as error:
                raise InputError(f"{found[1]} 的值不是 JSON", where=where, expected="# 键 = JSON 值") from error
            continue
        written, *tags = line.split("\t")
        columns = columns or [[] for _ in tags]
        if not tags or len(tags) != len(columns):
            raise InputError(
                f"{len(tags)} 列标记", where=where, expected=f"字与 {len(columns) or 1} 列标记，制表符隔开"
            )
        characters.append(_unescape(written, where))
        for column, tag in zip(columns, tags, strict=True):
            column.append(tag)
    where = f"{name} 第 {block[0][0]} 行"
    if missing := [key for key in ("kind", "label") if key not in head]:
        raise InputError(f"没有 {'、'.join(missing)}", where=where, expected='文档前的“# kind = "…"”与“# label = "…"”')
    first = next(number for number, line in block if not _HEADER.fullmatch(line)) if characters else block[0][0]
    spans = [span for column in columns for span in _spans(column, name, first)]
    data = {key: head.get(key) or () for key in _KEYS} | {"spans": spans}
    return judged_from(data, "".join(characters), head, where)


def _spans(column: Sequence[str], name: str, first: int) -> Iterator[dict[str, Any]]:
    opened: dict[str, Any] | None = None
    for number, tag in enumerate(column):
        found = _TAG.fullmatch(tag)
        if found is None and tag != "O":
            raise InputError(
                f"标记 {tag[:40]!r}", where=f"{name} 第 {first + number} 行", expected="O、B-类别/作用 或 I-类别/作用"
            )
        goes_on = (
            found is not None
            and found[1] == "I"
            and opened is not None
            and (found[2], found[3] or "") == (opened["type"], opened["role"])
        )
        if goes_on and opened is not None:
            opened["end"] = number + 1
            continue
        if opened is not None:
            yield opened
        # An I- without its B- begins a span, as in CoNLL-2003.
        opened = {"start": number, "end": number + 1, "type": found[2], "role": found[3] or ""} if found else None
    if opened is not None:
        yield opened


def _escape(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    return f"\\u{ord(character):04X}" if ord(character) < 0x10000 else f"\\U{ord(character):08X}"


def _unescape(written: str, where: str) -> str:
    if written in _LONG:
        return _LONG[written]
    if found := re.fullmatch(r"\\u([0-9A-F]{4})|\\U([0-9A-F]{8})", written):
        code = int(found[1] or found[2], 16)
        if code <= 0x10FFFF and not 0xD800 <= code < 0xE000:
            return chr(code)
    if len(written) != 1:
        raise InputError(f"第一列是 {written[:20]!r}", where=where, expected="一个字，空白写作 \\s、\\n、\\t、\\uXXXX")
    return written
