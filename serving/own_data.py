"""What the editors of this installation decided, laid out as `fanzha train` and `fanzha evaluate` read it.

In: the store, an empty folder that only its owner may read. Out: data/annotations.jsonl, gold/annotations.jsonl, taxonomy.json (what labels that
were added here are called), and a configuration that reads them. Texts are unmasked: whoever asks has checked the role and written the audit
line, and removes the folder.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpora.exchange import form_called
from corpora.labels_beside import write_beside
from nlp.errors import InputError
from serving.annotation.exchanging import given_out
from serving.store import Store
from serving.taxonomies import versions

NAME = "annotations"


def lay_out(store: Store, folder: Path) -> Path:
    """The final annotations (settled, or disputed by nobody) in `folder`; the path of the gold file. Raises InputError where there are none."""
    with store.reading() as session:
        versions.refresh(session)
        documents = list(given_out(session, "final"))
    if not documents:
        raise InputError("还没有可用的标注", where="标注", advice="先在“标注”里标一些；有争议的要先裁定")
    form = form_called("gold")
    for part in ("data", "gold"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        with (folder / part / f"{NAME}{form.ending}").open("w", encoding="utf-8") as stream:
            stream.writelines(form.write(documents))
    write_beside(folder)
    return folder / "gold" / f"{NAME}{form.ending}"


def configured(configuration: Path, folder: Path, name: str) -> Path:
    """A configuration like this one that trains on the annotations in `folder` and the open corpus, and calls its model `name`."""
    table = tomllib.loads(configuration.read_text(encoding="utf-8"))
    table["name"] = name
    table["data"] |= {"texts": [NAME], "gold": [NAME], "evaluation": [], "negatives": {}, "amount_roles": False}
    path = folder / configuration.name
    path.write_text("\n".join(_lines(table)) + "\n", encoding="utf-8")
    return path


def _lines(table: Mapping[str, Any], within: str = "") -> list[str]:
    """A table as TOML: JSON's strings, numbers, booleans and lists are TOML's too; tables come after the values."""
    lines = [f"[{within}]"] if within else []
    lines += [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in table.items()
        if not isinstance(value, dict)
    ]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{within}.{key}" if within else key)
    return lines
