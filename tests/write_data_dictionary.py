"""Writes docs/data-dictionary.md from the schemas: `python -m tests.write_data_dictionary`. A test holds that it is up to date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from serving.api.feed_answers import Change, IncidentOut
from serving.formats.flat_table import COLUMNS
from serving.formats.stix_bundle import extension_schema

TARGET = Path(__file__).resolve().parents[1] / "docs" / "data-dictionary.md"
_SORTS = {"text": "文字", "int": "整数", "float": "数", "bool": "是否"}


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " 或 ".join(dict.fromkeys(_type(choice) for choice in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"数组：{_type(schema.get('items', {}))}"
    names = {"string": "文字", "integer": "整数", "number": "数", "boolean": "是否", "object": "对象", "null": "空"}
    return names.get(schema.get("type", ""), "任意")


def _table(schema: dict[str, Any]) -> Iterator[str]:
    yield "| 字段 | 类型 | 含义 | 例 |\n|---|---|---|---|"
    for name, field in schema["properties"].items():
        example = str((field.get("examples") or [""])[0]).replace("|", "\\|").replace("\n", " ")
        meaning = field.get("description", "").replace("|", "\\|")
        yield f"| `{name}` | {_type(field)} | {meaning} | {f'`{example[:60]}`' if example else ''} |"


def _model(model: type[BaseModel], told: set[str]) -> Iterator[str]:
    schema = model.model_json_schema()
    for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if name not in told and "properties" in part:
            told.add(name)
            yield f"\n### {name}\n\n{part.get('description', '')}\n"
            yield from _table(part)


def text() -> str:
    """The whole dictionary."""
    told: set[str] = set()
    parts = [
        "# 数据字典", "\n本页由接口的模式生成（`python -m tests.write_data_dictionary`），不要手改。金额以元计（字段名以 `_fen` 结尾的以分计），"
        "约数有上下限；时间为 ISO 8601，与原文一样精确；地点为官方名称的路径和 GB/T 2260 代码；偏移按字符从 0 数、不含止。",
        "\n## 表格的列\n\nCSV、Parquet 和 `Feed.pandas()`、`Feed.polars()` 的列；一行一个事件，多值以 `|` 相隔。\n",
        "| 列 | 类型 | 含义 |\n|---|---|---|",
        *(f"| `{column.name}` | {_SORTS[column.sort]} | {column.meaning} |" for column in COLUMNS),
        "\n## 事件（JSON、JSON Lines）", *_model(IncidentOut, told), "\n## 变更（JSON、SSE、推送）", *_model(Change, told),
        "\n## STIX 2.1 incident 的扩展\n\n" + extension_schema()["description"] + "\n", *_table(extension_schema()),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write the file."""
    TARGET.write_text(text(), encoding="utf-8")
    print(f"{TARGET.name}：{len(text().splitlines())} 行")


if __name__ == "__main__":
    main()
