"""Which models there are for the screen 模型: what each says of itself, which one reads, which labels none of them speaks.

In: the folders that `serving.model_command` knows, the model that was set for this process. Out: rows for `models_parts.listing`. It loads no model.
"""

from __future__ import annotations

from pathlib import Path

from nlp import taxonomy
from nlp.errors import ModelError
from nlp.model_folder import MODELS, read_manifest, spoken
from serving import model_choice
from serving.console.models_parts import Listed
from serving.model_command import known_folders


def listed(own: Path | None) -> tuple[list[Listed], str]:
    """Every known model, and the name of the one that reads; own: what FANZHA_MODEL names. A folder that cannot be read says why."""
    named = str(own or model_choice.in_use())
    found = []
    for name, folder in known_folders().items():
        origin = "随软件安装" if folder.parent == MODELS else "在这里训练"
        in_use = model_choice.named(folder) == named or folder.resolve() == Path(named)
        try:
            manifest, (version, labels) = read_manifest(folder), spoken(folder)
        except ModelError as error:
            found.append(Listed(name, "", "", 0.0, 0, "", origin, in_use, error.found))
            continue
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
        found.append(Listed(name, manifest.version, manifest.engine, size, len(labels), version, origin, in_use))
    return found, Path(named).name


def names() -> list[str]:
    """The known models as default.txt names them."""
    return [model_choice.named(folder) for folder in known_folders().values()]


def unspoken() -> dict[str, str]:
    """Labels of the taxonomy in force that no known model speaks: id → name."""
    spoken_labels = {label for folder in known_folders().values() for label in _labels(folder)}
    return {label.id: label.name for label in taxonomy.load().labels if label.id not in spoken_labels}


def folder_called(name: str) -> Path:
    """A model that is known here, by its name or as default.txt names it. Raises ModelError: no other path is opened for a browser."""
    known = known_folders()
    found = known.get(name) or next((folder for folder in known.values() if model_choice.named(folder) == name), None)
    if found is None:
        raise ModelError(f"没有模型 {name[:80]!r}", expected="、".join(known))
    return found


def _labels(folder: Path) -> set[str]:
    try:
        return set(spoken(folder)[1])
    except ModelError:
        return set()
