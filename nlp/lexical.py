"""The lexical engine: hashed character n-grams and a linear layer, with numpy alone. The baseline the encoder must beat.

In: a text. Out: one logit a kind and one a label. Nothing of the training text is stored: an n-gram is known only by the
bucket its hash falls into. It does not calibrate; `nlp.classify` does.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlp.errors import ModelError
from nlp.records import TokenTag
from nlp.spelling import fold

# 2^18 buckets: 330,000 different 1–4-grams stand in the training texts at least twice; 2^16 cost a point on held-out folds.
BITS = 18
NGRAMS = (1, 2, 3, 4)
# A text beyond this many characters is read at its beginning and its end, so that one of 1 MB costs no more than a long page.
HEAD, TAIL = 12_000, 6_000
# Title and first sentences once more, in buckets of their own: an article says early what it is about. Labels right on dev and dev_labels
# (linear SVM, all else equal): 0.815 without, 0.830 with; with weight 1 instead of a half the voices of the open corpus lose two points.
LEAD, LEAD_WEIGHT = 150, 0.5
# Each length of n-gram in a block of its own, all blocks of one size: thrown together, the many rare 3- and 4-grams leave little room for the
# words. Out of folds on the judged real texts (linear SVM, all else equal): kind 0.904 → 0.922, label 0.821 → 0.839, accepted 0.911 → 0.931; on
# the held-out voices of the open corpus kind 0.80 → 0.87.
APART = np.repeat([1.0, LEAD_WEIGHT], len(NGRAMS)) / np.sqrt(len(NGRAMS))
# A table of before: all lengths in one block, and the lead.
TOGETHER = np.array([1.0, LEAD_WEIGHT])

_SPACE = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, Knuth's multiplicative hashing


def _hash_ngrams(text: str) -> list[NDArray[np.int64]]:
    """Bucket of every 1-gram, of every 2-gram and so on, in text order; fewer lists for a text of fewer characters."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    plain = _DIGITS.sub("0", _SPACE.sub(" ", fold(text).lower()))
    codes = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    hashes = []
    rolling = np.zeros(len(codes), dtype=np.uint64)
    for length in NGRAMS:
        if len(codes) < length:
            break
        # rolling[i] covers codes[i : i + length]; multiplication wraps at 2^64 on purpose.
        rolling = (rolling[: len(codes) - length + 1] + codes[length - 1 :] + np.uint64(length)) * _MULTIPLIER
        rolling ^= rolling >> np.uint64(29)
        hashes.append((rolling >> np.uint64(64 - BITS)).astype(np.int64))
    return hashes


def _tally(hashes: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if not hashes:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    # A complaint fills a thousand of the 262,144 buckets: sorting those takes 0.03 ms, counting into all of them and looking for the
    # full ones 0.9 ms.
    buckets, counts = np.unique(np.concatenate(hashes), return_counts=True)
    return buckets, counts.astype(np.float32)


def count_ngrams(text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Hashed 1–4-grams of a text in one block: (bucket numbers, growing; how often each occurs). Spellings folded, digits made alike.

    Whitespace is one space and every number is one 0, so that hard line breaks and sums do not matter.
    """
    return _tally(_hash_ngrams(text))


def count_blocks(text: str, blocks: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The same in blocks: block b holds the buckets b · 2^BITS and up. One block, a second for the lead, or one a length of each (8).

    The lead are the first `LEAD` characters of a text.
    """
    parts = [text, text[:LEAD]] if blocks > 1 else [text]
    hashes = []
    for part, own in enumerate(map(_hash_ngrams, parts)):
        first = part * blocks // 2
        hashes += [h + ((first + (length if blocks > 2 else 0)) << BITS) for length, h in enumerate(own)]
    return _tally(hashes)


@dataclass(frozen=True, slots=True)
class LexicalEngine:
    """A trained table. buckets: (n,) growing; idf: (n,); weights: (n, kinds + labels); bias: (kinds + labels,).

    scales: the length that each block of `count_blocks` is brought to, one a block.
    """

    buckets: NDArray[np.int64]
    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    scales: tuple[float, ...] = (1.0,)

    def score(self, text: str, outputs: int | None = None) -> NDArray[np.float32]:
        """Logits (kinds + labels,) of one text: sublinear counts × idf, each block brought to its length, times the weights.

        outputs: only the first so many of them.
        """
        logits = self.bias[:outputs].copy()
        buckets, counts = count_blocks(text, len(self.scales))
        places = np.searchsorted(self.buckets, buckets)
        places[places == len(self.buckets)] = 0
        known = self.buckets[places] == buckets
        rows = places[known]
        values = (1.0 + np.log(counts[known])) * self.idf[rows]
        block = self.buckets[rows] >> BITS
        norms = np.sqrt(np.bincount(block, values * values, minlength=len(self.scales)))
        values *= (np.array(self.scales) / np.maximum(norms, 1e-12))[block]
        return np.asarray(logits + values.astype(np.float32) @ self.weights[rows, : len(logits)], dtype=np.float32)

    def represent(self, text: str) -> NDArray[np.float32] | None:
        """None: a table has no vector of a text but its logits."""
        return None

    def tag(self, text: str) -> tuple[TokenTag, ...]:
        """Nothing: a table does not read tokens."""
        return ()


def read_engine(path: Path) -> LexicalEngine:
    """Read `lexical.npz` (arrays only: pickled objects are refused); raises ModelError when an array is missing or odd."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            buckets = np.cumsum(arrays["bucket_steps"].astype(np.int64))
            # Tables of before say nothing of blocks: one, and a second where the lead is counted.
            lead = len(buckets) and int(buckets[-1]) >> BITS
            told = arrays["scales"] if "scales" in arrays else TOGETHER[: 2 if lead else 1]
            engine = LexicalEngine(
                buckets=buckets,
                idf=arrays["idf"].astype(np.float32),
                weights=arrays["weights"].astype(np.float32) * arrays["scale"].astype(np.float32),
                bias=arrays["bias"].astype(np.float32),
                scales=tuple(told.astype(np.float64).tolist()),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"读不出词面模型：{error}", where=str(path), advice="请重新安装或换一个模型文件夹") from error
    if not len(engine.buckets) == len(engine.idf) == len(engine.weights) or not len(engine.buckets):
        raise ModelError("数组长度互不相符", where=str(path), expected="bucket_steps、idf、weights 等长且不空")
    if len(engine.scales) not in (1, 2, len(APART)) or int(engine.buckets[-1]) >> BITS >= len(engine.scales):
        raise ModelError("分块与桶号不符", where=str(path), expected=f"scales 为 1、2 或 {len(APART)} 个，桶号都在其中")
    return engine


def write_engine(engine: LexicalEngine, path: Path) -> None:
    """Write a table as `lexical.npz`: bucket steps, 8-bit weights with one scale a column, float16 idf."""
    # A class without any example has no weights: its column stays 0.
    scale = np.maximum(np.abs(engine.weights).max(axis=0) / 127.0, 1e-12)
    np.savez_compressed(
        path,
        bucket_steps=np.diff(engine.buckets, prepend=0).astype(
            np.uint16 if np.diff(engine.buckets).max() < 65536 else np.uint32
        ),
        idf=engine.idf.astype(np.float16),
        weights=np.rint(engine.weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        bias=engine.bias.astype(np.float32),
        scales=np.array(engine.scales),
    )
