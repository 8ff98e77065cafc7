"""A row of a table or an object of JSON becomes a `Document`. In: heading → value. Out: a `Document`, or an `InputError` raised.

Text is title + newline + text where there is a title. All other columns are kept in `metadata`: known ones under the field's
name (external_id, occurred, place, amount, person, phone), the rest under their own heading. No cell is interpreted beyond dates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from corpora.columns import Columns
from corpora.compose import compose, digest_of_row, one_line, plain, titled
from corpora.intake import Intake, too_large
from corpora.stamps import iso_seconds, iso_stamp
from nlp.errors import InputError
from nlp.records import Document, Nature

_PLACED = ("text", "title", "published", "fetched", "url", "publisher", "licence")  # have a place of their own
_NATURES: Mapping[str, Nature] = {
    "complaint": "complaint",
    "published": "published",
    "投诉": "complaint",
    "公开": "published",
}


def document_of_row(
    row: Mapping[str, Any], columns: Columns, intake: Intake, *, form: str, repaired: str = "", encoding: str = ""
) -> Document:
    """The document of one row; `intake.doc_id` is used where the row has no id.

    Raises InputError without text, TooLargeError over `limits.row_bytes` (UTF-8 bytes of all values).
    """
    values = {field: cell_text(row.get(heading)) for field, heading in columns.fields.items()}
    size = sum(len(cell_text(value).encode(errors="replace")) for value in row.values())
    if size > intake.limits.row_bytes:
        raise too_large(intake.where, intake.limits.row_bytes, what="这一行", advice="请检查引号或分隔符是否错乱")
    body, title = plain(values.get("text", "")), one_line(values.get("title", ""))
    if not body.strip():
        raise InputError(
            "没有正文", where=intake.where, expected=f"“{columns.fields['text']}”列有内容", advice="请补全这一行"
        )
    metadata = _notes(row, columns, values)
    if repaired:
        metadata["repaired"] = repaired
    published, fetched = _stamp(values.get("published", "")), _stamp(values.get("fetched", ""))
    if values.get("published") and not published:
        metadata["date_as_given"] = values["published"]
    doc_id = one_line(values.get("id", ""))
    nature: Nature = "complaint" if columns.complaint else "published"
    return compose(
        intake,
        titled(title, body),
        form=form,
        sha256=digest_of_row(row),
        title=title,
        doc_id=doc_id,
        nature=_NATURES.get(cell_text(row.get("nature")), nature),
        encoding=encoding,
        metadata=metadata,
        url=values.get("url", ""),
        publisher=values.get("publisher", ""),
        published=published,
        fetched=fetched,
        licence=values.get("licence", ""),
    )


def cell_text(value: Any) -> str:
    """A cell as text: None is "", 3.0 from a spreadsheet is "3", dates are ISO, lists and objects are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, (datetime, date)):
        text = value.isoformat()
        return text.removesuffix("T00:00:00")
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _notes(row: Mapping[str, Any], columns: Columns, values: Mapping[str, str]) -> dict[str, str]:
    """What goes into `metadata`: known fields without a place in `Document`, then every other column."""
    metadata = {
        "external_id" if field == "id" else field: value.strip()
        for field, value in values.items()
        if field not in _PLACED and value.strip()
    }
    used = set(columns.fields.values())
    for heading, value in row.items():
        if heading not in used and (text := cell_text(value).strip()):
            metadata.setdefault(plain(heading), text)
    return metadata


def _stamp(text: str) -> str:
    return iso_stamp(text) or iso_seconds(text.strip())
