"""One incident as one row: the columns of CSV and Parquet and of the client's data frames.

In: dicts of `serving.views.incident_line`. Out: rows by column, CSV text. Lists are joined with "|"; money is yuan.

A spreadsheet takes a cell that begins with = + - @ for a formula, whoever wrote it (OWASP, "CSV injection"): such text gets an
apostrophe in front. Numbers and ids of ours are written as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Sort = Literal["text", "int", "float", "bool"]
ROLES = ("loss", "gain", "flow", "recovered", "frozen", "fine")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# What some programs drop from the front of a cell before they look at it.
_UNSEEN = " \u00a0\u3000\u200b\ufeff"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what is in it, and what that means."""

    name: str
    sort: Sort
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("id", "text", "事件，终身不变"),
    Column("revision", "int", "第几版"),
    Column("sequence", "int", "最近一次变更的序号"),
    Column("label", "text", "诈骗类型 id"),
    Column("label_name", "text", "诈骗类型"),
    Column("also", "text", "别的来源判的类型"),
    Column("title", "text", "标题"),
    Column("summary", "text", "摘要"),
    Column("confidence", "float", "类型的把握（0–1）"),
    Column("status", "text", "进展：alleged、detained、charged、convicted、cleared"),
    Column("basis", "text", "依据：complaint、published、police、court"),
    Column("tlp", "text", "TLP 2.0 标记"),
    Column("review", "bool", "机器对类型没有把握"),
    Column("first_date", "text", "案件最早的时间，与原文一样精确"),
    Column("last_date", "text", "案件最晚的时间"),
    Column("published", "text", "最晚的发布日期"),
    Column("place", "text", "案发地（官方名称的路径），没有则取第一个地点"),
    Column("place_code", "text", "该地点的六位代码"),
    Column("province", "text", "该地点的省级名称"),
    Column("places", "text", "全部地点"),
    Column("place_codes", "text", "全部地点的代码"),
    *(
        Column(f"{role}_{bound}", "float", f"{name}的{'下' if bound == 'min' else '上'}限（元）")
        for role, name in zip(ROLES, ("损失", "违法所得", "涉案资金", "追回", "冻结", "罚金"), strict=True)
        for bound in ("min", "max")
    ),
    Column("suspects", "text", "嫌疑人（按查看者脱敏）"),
    Column("victims", "text", "受害人（按查看者脱敏）"),
    Column("tactics", "text", "手法"),
    Column("tokens", "text", "卡号、电话、微信等的带密钥记号，形如 bank_card:k-…，用来串案；没有设数据密钥则为空"),
    Column("sources", "int", "来源数"),
    Column("independent_sources", "int", "互相独立的来源数"),
    Column("source_documents", "text", "来源文档的 id"),
    Column("source_urls", "text", "原文地址"),
    Column("created_at", "text", "建立时刻（UTC）"),
    Column("revised_at", "text", "修订时刻（UTC）"),
)


def row_of(incident: Mapping[str, Any]) -> dict[str, Any]:
    """The incident as one row: every column of `COLUMNS`, None where the sources tell nothing."""
    places = incident["places"]
    place = next((found for found in places if found["role"] == "scene"), places[0] if places else None)
    row: dict[str, Any] = {column.name: incident.get(column.name) for column in COLUMNS}
    row |= {
        "also": _joined(incident["also"]), "tactics": _joined(incident["tactics"]),
        "place": place["region"] if place else None, "place_code": place["code"] if place else None,
        "province": place["region"].split("/")[0] if place else None,
        "places": _joined(found["region"] for found in places), "place_codes": _joined(found["code"] for found in places),
        "suspects": _joined(person["name"] for person in incident["persons"] if person["role"] == "suspect"),
        "victims": _joined(person["name"] for person in incident["persons"] if person["role"] == "victim"),
        "tokens": _joined(f"{found['sort']}:{found['token']}" for found in incident["tokens"]),
        "sources": len(incident["sources"]),
        "source_documents": _joined(source["document_id"] for source in incident["sources"]),
        "source_urls": _joined(source["url"] for source in incident["sources"]),
    }  # fmt: skip
    for total in incident["totals"]:
        if total["role"] in ROLES:
            row[f"{total['role']}_min"], row[f"{total['role']}_max"] = float(total["min"]), float(total["max"])
    return row


def csv_text(incidents: Sequence[Mapping[str, Any]], *, header: bool = True) -> str:
    """The incidents as CSV (RFC 4180: CRLF, quotes doubled), UTF-8 with a mark so that spreadsheets read Chinese."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if header:
        out.write("\ufeff")
        writer.writerow(column.name for column in COLUMNS)
    for incident in incidents:
        row = row_of(incident)
        writer.writerow(cell(row[column.name]) for column in COLUMNS)
    return out.getvalue()


def cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet takes for a formula: an apostrophe before what begins as one."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"'{value}" if isinstance(value, str) and value.lstrip(_UNSEEN).startswith(_FORMULA) else value


def _joined(values: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(value for value in values if value))
