"""Labels that an installation added, learned along with those of the package: a file beside the data says what they are called.

    taxonomy.json     {"version": of the taxonomy they were given under, "labels": [{"id", "name", "meaning"}, …]}

In: the data folder of a training. Out: the labels, known to the taxonomy from then on. `fanzha annotations export` writes the file into the
folder that it makes; a model trained on it names the added labels itself (labels.json, "added"), so that it loads wherever it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nlp import taxonomy
from nlp.errors import InputError
from nlp.taxonomy import Label

FILE = "taxonomy.json"


def write_beside(folder: Path) -> Path:
    """Name the labels of the version in force that the package does not have; the path of the file. Raises OSError."""
    path = folder / FILE
    table = {"version": taxonomy.in_force(), "labels": added_among(taxonomy.load().label_ids)}
    path.write_text(json.dumps(table, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def adopt_beside(folder: Path) -> tuple[str, Sequence[Label]]:
    """(version, labels) of the file in a data folder, adopted; ("", ()) where there is none. Raises InputError, TaxonomyError."""
    path = folder / FILE
    if not path.is_file():
        return "", ()
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        labels = [Label(row["id"], row["name"], row["meaning"], "", "", ()) for row in table["labels"]]
        version = str(table["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"读不出新增的类型：{error}", where=str(path), expected='{"version", "labels": [{"id", "name", "meaning"}]}',
            advice="用 fanzha annotations export --final -o 文件夹 重新导出",
        ) from error  # fmt: skip
    taxonomy.adopt(labels)
    return version, labels


def added_among(labels: Sequence[str]) -> list[dict[str, str]]:
    """Those of these labels that the package does not have, as labels.json of a model folder names them."""
    shipped = {label.id for label in taxonomy.shipped().labels}
    known = taxonomy.load()
    return [
        {"id": label, "name": known.name_of(label), "meaning": known.look_up(label).meaning}
        for label in labels
        if label not in shipped
    ]
