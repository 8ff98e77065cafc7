"""What several commands of `fanzha` share: options, and what a person typed turned into settings, a store, a column map.

In: strings of a command line. Out: values, or InputError that says what was expected. Heavy imports happen inside.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nlp.errors import InputError

StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store", help="事件库：文件路径或数据库 URL；默认取 FANZHA_STORE，再默认 data/fanzha.db", metavar="地址"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取")]
MapOption = Annotated[
    list[str] | None, typer.Option("--map", help="表格列对应，如 text=案情描述（可重复）", metavar="字段=列名")
]
NatureOption = Annotated[
    str | None, typer.Option("--nature", help="complaint 投诉 / published 公开报道；默认按内容判断", metavar="性质")
]


def settings_of(store: str | None) -> Any:
    """The settings of the environment, `store` before them; the taxonomy knows the labels of their model."""
    from nlp.model_folder import adopt_labels
    from serving import settings

    found = settings.load(store=store)
    adopt_labels(found.model)
    return found


def open_at(url: str) -> Any:
    """The open store, migrated; raises StoreError."""
    from serving.store import open_store

    return open_store(url)


def mapping_of(pairs: list[str] | None) -> dict[str, str] | None:
    """`--map field=heading` as a column map; raises InputError."""
    mapping = {}
    for pair in pairs or []:
        field, sign, heading = pair.partition("=")
        if not sign or not field.strip() or not heading.strip():
            raise InputError(f"--map {pair}", expected="字段=列名，如 text=案情描述")
        mapping[field.strip()] = heading.strip()
    return mapping or None


def nature_of(nature: str | None) -> str | None:
    """`--nature`, checked; raises InputError."""
    if nature not in (None, "complaint", "published"):
        raise InputError(f"--nature {nature}", expected="complaint 或 published")
    return nature


def interrupt(_signal: int, _frame: Any) -> None:
    """SIGTERM as Ctrl-C: what is in hand goes back."""
    raise KeyboardInterrupt
