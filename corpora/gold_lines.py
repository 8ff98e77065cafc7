"""Our own form of label files: JSON Lines, one judgment a line, with its text; a superset of the gold files that training reads.

In: judgments, or lines. Out: lines, or judgments. Keys: id and doc_id (both the document's own name: one file serves as the texts and as
the gold of `fanzha train`), text, kind, label, also, incidents (where mentions were marked), note, tactics, spans, and `judgments.about`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from corpora.judgments import JudgedDocument, about, as_data, judged_from
from nlp.errors import FanzhaError, InputError


def write_gold_lines(documents: Iterable[JudgedDocument]) -> Iterator[str]:
    """One line each, with its newline."""
    for judged in documents:
        said = as_data(judged.judgment)
        row = {
            "id": judged.doc_id,
            "doc_id": judged.doc_id,
            "kind": said["kind"],
            "label": said["label"],
            "also": said["also"],
        }
        if judged.incidents is not None:
            row["incidents"] = judged.incidents
        row |= {"note": "", "tactics": said["tactics"], "spans": said["spans"], "text": judged.text} | about(judged)
        yield json.dumps(row, ensure_ascii=False) + "\n"


def read_gold_lines(text: str, name: str) -> Iterator[JudgedDocument | InputError]:
    """The judgments of a file called `name`; a line that is none is an InputError with its number, and the others go on."""
    for number, row in json_lines(text, name):
        where = f"{name} 第 {number} 行"
        if isinstance(row, InputError):
            yield row
            continue
        yield attempted(lambda row=row, where=where: _judged(row, where))  # type: ignore[misc]


def _judged(row: Mapping[str, Any], where: str) -> JudgedDocument:
    title, text = row.get("title"), row.get("text")
    whole = f"{title}\n{text}" if title and isinstance(text, str) else text  # as training joins them
    return judged_from(row, whole, dict(row) | {"doc_id": row.get("doc_id") or row.get("id")}, where)


def json_lines(text: str, name: str) -> Iterator[tuple[int, dict[str, object] | InputError]]:
    """(number from 1, object) of every line that is not empty."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            row = InputError(
                f"不是 JSON：{str(error)[:80]}", where=f"{name} 第 {number} 行", expected="一行一个 JSON 对象"
            )
        else:
            if not isinstance(row, dict):
                row = InputError("不是对象", where=f"{name} 第 {number} 行", expected="{ … }")
        yield number, row


def attempted(make: object) -> JudgedDocument | InputError:
    """What `make()` gives, or the error that it raises for a document that cannot be read."""
    try:
        return make()  # type: ignore[operator,no-any-return]
    except InputError as error:
        return error
    except FanzhaError as error:  # an unknown label or version of the taxonomy
        return InputError(error.found, where=error.where, expected=error.expected, advice=error.advice)
