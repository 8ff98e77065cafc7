"""doccano's JSON Lines, as its projects for intent detection and slot filling give them out and take them in: text, entities, cats.

In: judgments, or a text. Out: the text, or judgments. `entities` are [start, end, label] (also as objects with start_offset, end_offset
and label, or under `label`/`labels`, as its sequence labelling projects write them), label is type or type/role; `cats` are "kind:…",
"label:…", "also:…", "tactic:…". Further columns, which doccano keeps and gives out again, hold `judgments.about`. Offsets are characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from corpora.gold_lines import attempted, json_lines
from corpora.judgments import JudgedDocument, about, as_data, judged_from
from nlp.errors import InputError


def write_doccano(documents: Iterable[JudgedDocument]) -> Iterator[str]:
    """One line each, with its newline."""
    for number, judged in enumerate(documents, 1):
        said = as_data(judged.judgment)
        cats = [f"kind:{said['kind']}", f"label:{said['label']}", *(f"also:{label}" for label in said["also"]),
                *(f"tactic:{tactic}" for tactic in said["tactics"])]  # fmt: skip
        entities = [
            [span.start, span.end, f"{span.type}/{span.role}" if span.role else span.type]
            for span in judged.judgment.spans
        ]
        row = {"id": number, "text": judged.text, "entities": entities, "cats": sorted(cats)} | about(judged)
        yield json.dumps(row, ensure_ascii=False) + "\n"


def read_doccano(text: str, name: str) -> Iterator[JudgedDocument | InputError]:
    """The judgments of a file called `name`; a line that is none is an InputError with its number."""
    for number, row in json_lines(text, name):
        if isinstance(row, InputError):
            yield row
        else:
            yield attempted(lambda row=row, number=number: _judged(row, f"{name} 第 {number} 行"))  # type: ignore[misc]


def _judged(row: Mapping[str, Any], where: str) -> JudgedDocument:
    said: dict[str, Any] = {"also": [], "tactics": [], "spans": []}
    for cat in _list(row, "cats", where):
        sort, sign, value = str(cat).partition(":")
        if not sign or sort not in ("kind", "label", "also", "tactic"):
            raise InputError(
                f"不认识的分类 {str(cat)[:40]!r}", where=where, expected="kind:…、label:…、also:…、tactic:…"
            )
        if sort in ("kind", "label"):
            if sort in said:
                raise InputError(f"两个 {sort}", where=where, expected="一个")
            said[sort] = value
        else:
            said["also" if sort == "also" else "tactics"].append(value)
    if missing := [key for key in ("kind", "label") if key not in said]:
        raise InputError(f"没有选 {'、'.join(missing)}", where=where, expected="cats 里各有一个 kind:… 与 label:…")
    key = next((key for key in ("entities", "label", "labels") if key in row), "entities")
    said["spans"] = [_span(entity, where) for entity in _list(row, key, where)]
    return judged_from(said, row.get("text"), row, where)


def _list(row: Mapping[str, Any], key: str, where: str) -> list[Any]:
    found = row.get(key) or []
    if not isinstance(found, list):
        raise InputError(f"{key} 不是列表", where=where)
    return found


def _span(entity: Any, where: str) -> dict[str, Any]:
    if isinstance(entity, dict):
        entity = [entity.get("start_offset"), entity.get("end_offset"), entity.get("label")]
    if not isinstance(entity, list) or len(entity) != 3:
        raise InputError("不成形的标注", where=where, expected="[起, 止, 类别] 或 {start_offset, end_offset, label}")
    sort, _, role = str(entity[2]).partition("/")
    return {"start": entity[0], "end": entity[1], "type": sort, "role": role}
