"""The fitting itself: targets, batches, steps, checkpoints, predictions. Which examples and which settings is `training.train_encoder`'s to say.

In: a network, activations of its frozen layers, examples. Out: the network trained in place, logits. A killed run goes on from its last epoch.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax

from nlp import taxonomy
from training.activations import Activations, report_progress
from training.configuration import EncoderSettings
from training.gather import Example
from training.network import ReportNetwork
from training.train_lexical import fit_head

KINDS = len(taxonomy.load().kinds)
OUTSIDE_WEIGHT = 0.35  # of a token that belongs to no mention, beside 1 for one that does
ALSO_SHARE = 0.15  # part of the target that accepted second labels get: people call them right too


def targets_of(
    examples: Sequence[Example], names: Sequence[str], head: str, settings: EncoderSettings
) -> tuple[Tensor, Tensor]:
    """Soft targets (n, names) and weights (n,) of one head; an example without a class of this head weighs 0."""
    truth = [str(getattr(example, head)) for example in examples]
    sizes = Counter(
        name for example, name in zip(examples, truth, strict=True) if name in names and not example.beliefs
    )
    targets, weights = torch.zeros(len(examples), len(names)), torch.zeros(len(examples))
    soft = torch.zeros_like(targets)
    total = sum(sizes.values())
    offset = 0 if head == "kind" else KINDS
    for row, (example, name) in enumerate(zip(examples, truth, strict=True)):
        if (
            example.beliefs
        ):  # a teacher's probabilities: nothing is smoothed; a label counts as far as the text is about scams at all
            own = torch.tensor(example.beliefs[offset : offset + len(names)])
            soft[row], weights[row] = own / own.sum(), example.weight * (1.0 if head == "kind" else example.related)
            continue
        if name not in names:
            continue
        also = [other for other in example.also if other in names and other != name] if head == "label" else []
        targets[row, names.index(name)] = 1.0 - (ALSO_SHARE if also else 0.0)
        for other in also:
            targets[row, names.index(other)] += ALSO_SHARE / len(also)
        weights[row] = example.weight * (total / sizes[name]) ** settings.balance
    believed = torch.tensor([bool(example.beliefs) for example in examples])
    weights[~believed] /= weights[(weights > 0) & ~believed].mean()
    smooth = targets * (1 - settings.label_smoothing) + settings.label_smoothing / len(names)
    return torch.where(believed[:, None], soft, smooth), weights


def document_logits(
    network: ReportNetwork, activations: Activations, windows: Sequence[Sequence[int]], frozen: int
) -> tuple[Tensor, Tensor]:
    """Logits (len(windows), outputs), the mean over the windows of each example; and the last hidden states of all windows."""
    hidden, mask = activations.batch([number for own in windows for number in own])
    hidden = network.upper(hidden, mask, frozen)
    logits = network.judge(hidden, mask)
    return torch.stack([part.mean(dim=0) for part in logits.split([len(own) for own in windows])]), hidden


def tag_loss(
    network: ReportNetwork, hidden: Tensor, numbers: Sequence[int], masks: Mapping[int, NDArray[np.bool_]]
) -> Tensor | None:
    """Mean over the judged tokens of −log of the probability that falls on the allowed tags; None where no window is marked."""
    rows = [(row, masks[number]) for row, number in enumerate(numbers) if number in masks]
    if not rows:
        return None
    logits = torch.cat([network.tag(hidden[row, : len(mask)]) for row, mask in rows])
    allowed = torch.from_numpy(np.concatenate([mask for _, mask in rows]))
    judged = ~allowed.all(dim=1)
    scores = log_softmax(logits[judged], dim=1)
    # Most tokens stand outside; weighed as they are, the head would learn little else in few epochs.
    inside = ~allowed[judged, 0]
    weights = torch.where(inside, 1.0, OUTSIDE_WEIGHT)
    losses = -torch.logsumexp(scores.masked_fill(~allowed[judged], -1e4), dim=1)
    return (losses * weights).sum() / weights.sum()


def draw_windows(own: Sequence[int], chance: float, generator: np.random.Generator) -> list[int]:
    """The first window (it holds the title) and each further one with this chance: cheaper, and the head learns to do without."""
    return [own[0], *(number for number in own[1:] if generator.random() < chance)]


def pooled_examples(network: ReportNetwork, activations: Activations, frozen: int, kept: Path) -> NDArray[np.float64]:
    """Mean vector (n, hidden) of every example under the untouched network; read from `kept` where an earlier run left them."""
    if kept.is_file():
        return np.asarray(np.load(kept), dtype=np.float64)
    network.eval()
    vectors, began = np.zeros((len(activations.windows), network.bert.config.hidden_size)), time.monotonic()
    # Texts of like length together, so that little is padding.
    order = sorted(range(len(activations.windows)), key=activations.tokens)
    with torch.inference_mode():
        for first in range(0, len(order), 8):
            part = order[first : first + 8]
            if first % 800 == 0:
                report_progress("未调向量", first, len(order), began)
            hidden, mask = activations.batch([number for row in part for number in activations.windows[row]])
            pooled = network.pool(network.upper(hidden, mask, frozen), mask).numpy()
            ends = np.cumsum([len(activations.windows[row]) for row in part])
            for row, own in zip(part, np.split(pooled, ends[:-1]), strict=True):
                vectors[row] = own.mean(axis=0)
    np.save(kept, vectors)
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
    masks: Mapping[int, NDArray[np.bool_]] | None = None,
) -> None:
    """Train upper layers and head on `rows`; writes a checkpoint an epoch into `folder` and goes on from the last one there.

    masks: number of a window → allowed tags of its tokens (training.tag_targets), for a network with a token head.
    """
    # 1. Targets, optimiser, schedule.
    torch.manual_seed(seed)
    kind_targets, kind_weights = targets_of(examples, kinds, "kind", settings)
    label_targets, label_weights = targets_of(examples, labels, "label", settings)
    upper = [p for layer in network.bert.encoder.layer[settings.frozen_layers :] for p in layer.parameters()]
    groups = [
        {"params": upper, "lr": settings.learning_rate},
        {"params": list(network.head.parameters()), "lr": settings.head_learning_rate},
    ]
    if network.tagger is not None:
        groups.append({"params": list(network.tagger.parameters()), "lr": settings.tag_learning_rate})
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
        tag_losses: list[float] = [0.0]
        draw = np.random.default_rng([seed, epoch, 1])
        for batch in batches(rows, activations, settings.batch_size, np.random.default_rng([seed, epoch])):
            windows = [
                draw_windows(
                    activations.windows[row],
                    settings.further_windows if examples[row].spans is None else settings.marked_windows,
                    draw,
                )
                for row in batch
            ]
            logits, hidden = document_logits(network, activations, windows, settings.frozen_layers)
            loss = _loss(logits[:, : len(kinds)], kind_targets[batch], kind_weights[batch])
            loss = loss + _loss(logits[:, len(kinds) :], label_targets[batch], label_weights[batch])
            tagged = tag_loss(network, hidden, [n for own in windows for n in own], masks or {}) if masks else None
            if tagged is not None:
                loss = loss + settings.tag_weight * tagged
                tag_losses.append(tagged.item())
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            steps += 1
            if steps % 20 == 0:
                told = f"第 {epoch + 1} 轮，损失 {np.mean(losses[-20:]):.3f}，标注 {np.mean(tag_losses[-20:]):.3f}"
                report_progress(told, steps, total - done * per_epoch, began)
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
    return parts[0] in ("head", "tagger") or (
        parts[:3] == ["bert", "encoder", "layer"] and int(parts[3]) >= settings.frozen_layers
    )


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
            )[0]
            for i in range(0, len(rows), 8)
        ]
    return np.concatenate([part.numpy() for part in parts]).astype(np.float32)
