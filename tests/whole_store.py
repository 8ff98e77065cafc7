"""A store as data, to compare two of them row by row: every table, without what a clock or a draw of lots put there."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*")
# Names of batches and workers are drawn; the shadow tables of the full-text index hold the same rows as the index.
_DRAWN = {"batch_id", "claimed_by", "claimed_until"}
_LEFT_OUT = re.compile(r"sqlite_.*|alembic_version|batches|batch_rows|.*_(?:data|idx|content|docsize|config)")


def rows_of(file: Path) -> dict[str, list[str]]:
    """Table → its rows as sorted lines of JSON, moments as `…`."""
    found: dict[str, list[str]] = {}
    with sqlite3.connect(file) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if _LEFT_OUT.fullmatch(table):
                continue
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            found[table] = sorted(_line(dict(zip(names, row, strict=True))) for row in cursor)
    return found


def _line(row: dict[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in _DRAWN}
    return _TIME.sub("…", json.dumps(kept, ensure_ascii=False, sort_keys=True, default=repr))
