"""Incidents as an Apache Parquet file: the columns of `serving.formats.flat_table`, typed, with their meaning in the schema.

In: dicts of `serving.views.incident_line`. Out: bytes. Needs pyarrow (extra `tables`), imported when it is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from nlp.errors import FanzhaError
from serving.formats.flat_table import COLUMNS, row_of


class NoParquetError(FanzhaError):
    """This installation writes no Parquet."""

    status = 406
    code = "not_acceptable"


def parquet_bytes(incidents: Sequence[Mapping[str, Any]]) -> bytes:
    """The incidents as one Parquet file. Raises NoParquetError where pyarrow is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise NoParquetError(
            "没有安装 pyarrow，写不了 Parquet",
            where="Accept",
            expected="JSON、CSV 等其他形式",
            advice="管理员可安装 fanzha[tables]",
        ) from error
    sorts = {"text": pyarrow.string(), "int": pyarrow.int64(), "float": pyarrow.float64(), "bool": pyarrow.bool_()}
    schema = pyarrow.schema(
        [pyarrow.field(column.name, sorts[column.sort], metadata={"meaning": column.meaning}) for column in COLUMNS]
    )
    out = io.BytesIO()
    table = pyarrow.Table.from_pylist([row_of(incident) for incident in incidents], schema=schema)
    parquet.write_table(table, out, compression="zstd")
    return out.getvalue()
