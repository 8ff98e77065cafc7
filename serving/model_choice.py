"""Which model is the default: put in use, and put back, so that a power cut leaves the old one or the new one, never none.

In: a model folder, who chooses. Out: the name in nlp/models/default.txt, and a line of history.jsonl beside it, written first: what was in use
when, by whose word. It loads the model once to see that it is whole; whoever serves loads it for himself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from nlp.errors import ConflictError, ModelError

# Lines that are read back; the file only grows by one a choice.
LISTED = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A model was put in use: which (as default.txt names it), in the place of which, by whom, when (ISO 8601 UTC)."""

    model: str
    before: str
    by: str
    at: str


def named(folder: Path) -> str:
    """How default.txt names a folder: by its name where it is one of the installation's, else by its path."""
    from nlp.model_folder import MODELS

    folder = folder.resolve()
    return folder.name if folder.parent == MODELS.resolve() else str(folder)


def in_use() -> str:
    """What default.txt names. Raises ModelError where there is none."""
    from nlp.model_folder import default_folder

    return named(default_folder())


def stamp() -> tuple[str, int]:
    """Which default the installation names and when that was written (nanoseconds): one that changes says that another model was chosen."""
    from nlp.model_folder import MODELS

    pointer = MODELS / "default.txt"
    try:
        return pointer.read_text(encoding="utf-8").strip(), pointer.stat().st_mtime_ns
    except OSError:
        return "", 0


def put_in_use(folder: Path, by: str, *, seen: str = "") -> str:
    """Check a model and make it the default; returns its name. Raises ModelError, and the one before stays.

    seen: the model in use as whoever chooses saw it, "" for one who did not look; ConflictError where it is another one by now.
    """
    from nlp.model_folder import MODELS, default_folder, load
    from serving.store.identity import now

    if seen and seen != in_use():
        last = next(iter(history()), None)
        who = f"（{last.by}）" if last is not None and last.by else ""
        raise ConflictError(
            f"在用的已换成 {Path(in_use()).name}{who}，没有换用", where="模型", advice="看过现在的样子再定"
        )
    load(folder)  # whole, of a taxonomy that we have, and it answers
    name, pointer = named(folder), MODELS / "default.txt"
    try:
        before = named(default_folder())
    except ModelError:
        before = ""
    try:
        with (MODELS / "history.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(Choice(name, before, by, now())), ensure_ascii=False) + "\n")
            _settle(stream)
        partial = pointer.with_name("default.txt.partial")
        with partial.open("w", encoding="utf-8") as stream:
            stream.write(name + "\n")
            _settle(stream)
        os.replace(partial, pointer)
    except OSError as error:
        raise ModelError(
            f"写不了：{error.strerror}", where=str(pointer), advice=f"改设环境变量 FANZHA_MODEL={folder.resolve()}"
        ) from error
    return name


def history() -> Sequence[Choice]:
    """Choices, the newest first. A line that a power cut left half written is passed over; a choice that never took effect is told too."""
    from nlp.model_folder import MODELS

    try:
        lines = (MODELS / "history.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in reversed(lines[-LISTED:]):
        try:
            found.append(Choice(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def _settle(stream: object) -> None:
    """On disk before anything else happens: a name that points at nothing after a power cut would leave no model at all."""
    stream.flush()  # type: ignore[attr-defined]
    os.fsync(stream.fileno())  # type: ignore[attr-defined]
