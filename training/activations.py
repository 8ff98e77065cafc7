"""Hidden states after the frozen layers, computed once a window and kept on disk between runs.

In: texts, a network, a tokenizer. Out: `Activations`, from which padded batches are drawn. Windows are known by what they hold, so a
run with more texts computes the new ones only, and a killed run loses at most one shard.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from nlp.encoder import Reading, prepare_windows
from training.network import ReportNetwork

SHARD = 256  # windows a file
BATCH = 16


@dataclass(frozen=True, slots=True)
class Activations:
    """Hidden states of windows, one (tokens, hidden) float16 array each. `windows[i]` are the windows of example i."""

    states: tuple[NDArray[np.float16], ...]
    windows: tuple[tuple[int, ...], ...]

    def batch(self, numbers: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Padded hidden states (windows, tokens, hidden) float32 and mask (windows, tokens)."""
        lengths = [len(self.states[number]) for number in numbers]
        hidden = torch.zeros(len(numbers), max(lengths), self.states[0].shape[1])
        mask = torch.zeros(len(numbers), max(lengths))
        for row, (number, length) in enumerate(zip(numbers, lengths, strict=True)):
            hidden[row, :length] = torch.from_numpy(np.asarray(self.states[number], np.float32))
            mask[row, :length] = 1.0
        return hidden, mask

    def tokens(self, row: int) -> int:
        """How many tokens example `row` has in all its windows."""
        return sum(len(self.states[number]) for number in self.windows[row])


def compute_activations(
    texts: Sequence[str], network: ReportNetwork, tokenizer: Tokenizer, reading: Reading, layers: int, folder: Path
) -> Activations:
    """Activations of every window of every text after the first `layers` layers; what is in `folder` is not computed again.

    `folder` holds shards of one encoder: another encoder needs another folder.
    """
    cut = [prepare_windows(text, reading) for text in texts]
    return compute_windows(cut, network, tokenizer, reading.max_tokens, layers, folder)


def compute_windows(
    cut: Sequence[Sequence[str]],
    network: ReportNetwork,
    tokenizer: Tokenizer,
    max_tokens: int,
    layers: int,
    folder: Path,
) -> Activations:
    """The same for windows already cut, prefix included: cut[i] are the windows of example i."""
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    encodings = [e.ids for e in tokenizer.encode_batch([window for windows in cut for window in windows])]
    keys = [hashlib.sha256(json.dumps([layers, ids]).encode()).hexdigest()[:24] for ids in encodings]
    known = _read_shards(folder)
    # Windows of like length together, so that little is padding.
    missing = {key: ids for key, ids in zip(keys, encodings, strict=True) if key not in known}
    order = sorted(missing, key=lambda key: len(missing[key]))
    began = time.monotonic()
    for first in range(0, len(order), SHARD):
        part = order[first : first + SHARD]
        _write_shard(folder, part, [missing[key] for key in part], network, layers)
        report_progress("冻结层", min(first + SHARD, len(order)), len(order), began)
    known = _read_shards(folder)
    ends = np.cumsum([len(windows) for windows in cut]).tolist()
    windows = tuple(tuple(range(end - len(own), end)) for end, own in zip(ends, cut, strict=True))
    return Activations(tuple(known[key] for key in keys), windows)


def _write_shard(
    folder: Path, keys: Sequence[str], encodings: Sequence[Sequence[int]], network: ReportNetwork, layers: int
) -> None:
    states = []
    with torch.inference_mode():
        for first in range(0, len(encodings), BATCH):
            part = encodings[first : first + BATCH]
            # The mask tells what is padding, not the id: in a vocab.txt any id may be a piece of text.
            ids = torch.full((len(part), max(map(len, part))), network.pad)
            mask = torch.zeros(ids.shape)
            for row, own in enumerate(part):
                ids[row, : len(own)] = torch.tensor(own)
                mask[row, : len(own)] = 1.0
            hidden = network.lower(ids, mask, layers).to(torch.float16).numpy()
            states += [hidden[row, : len(own)] for row, own in enumerate(part)]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"shard-{keys[0]}.npy"
    np.save(path.with_suffix(".partial.npy"), np.concatenate(states))
    path.with_suffix(".json").write_text(json.dumps([keys, [len(state) for state in states]]))
    path.with_suffix(".partial.npy").rename(path)  # last: a shard counts only when whole


def _read_shards(folder: Path) -> dict[str, NDArray[np.float16]]:
    known = {}
    for path in sorted(folder.glob("shard-*.json")):
        if not path.with_suffix(".npy").is_file():
            continue
        keys, lengths = json.loads(path.read_text())
        flat = np.load(path.with_suffix(".npy"), mmap_mode="r")
        ends = np.cumsum(lengths)
        known |= {key: flat[end - length : end] for key, end, length in zip(keys, ends, lengths, strict=True)}
    return known


def report_progress(what: str, done: int, total: int, began: float) -> None:
    """One line: how far, how long, how long still."""
    spent = time.monotonic() - began
    left = spent / max(done, 1) * (total - done)
    print(f"{what}：{done}/{total}，已用 {spent / 60:.1f} 分，约剩 {left / 60:.1f} 分", flush=True)
