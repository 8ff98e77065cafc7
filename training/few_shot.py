"""How well a label is added back from a dozen examples: hidden entirely, learned by `training.learn_head`, measured on texts nobody learned from.

    OMP_NUM_THREADS=1 python -m training.few_shot [--model FOLDER] [--data ../shared] [--labels ID …] [--draws 3] [--examples 12]

In: the open corpus; with --data also its annotated documents to measure on. Out: a table, a label a row: F1 of the label (mean, spread over
draws), what the accuracy of the others' labels changed by, and the nearest centroid as baseline. The base is a lexical table trained here on
the open corpus without any document of the label and without a fifth of the voices, which are measured on; the held-out voices are the
background, as when a user adds a label. Words alone decide; with --model also the vectors of that folder's encoder,
which has seen the label and those voices when it was tuned: an upper bound, but for the annotated documents that are no part of any training.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp import taxonomy
from nlp.added_labels import Head, join
from nlp.classify import Calibration, softmax
from nlp.errors import InputError
from nlp.lexical import count_ngrams
from nlp.model_folder import MODELS, load
from training import gather
from training.add_label import SHARE, a_few_each, material_of, own_engine, vectors_of, without
from training.evaluate import TEXTS
from training.gather import TRAIN, Example, read_authored, read_gold
from training.learn_head import Material, count_elsewhere, learn
from training.shares import f1_of
from training.train_lexical import count_features, fit_heads
from training.train_small import open_only

PARTS = 5  # one part in five of the voices is measured on


@dataclass(frozen=True, slots=True)
class Outcome:
    """One label, one draw. Shares, 0–1; `lost` is the others' label accuracy before minus after."""

    f1: float
    centroid: float
    lost: float
    seconds: float  # processor time of the learning, without the vectors


def judge(logits: NDArray[np.float32], calibration: Calibration, kinds: int, unrelated: int) -> NDArray[np.int64]:
    """Number of the label given to each row, −1 where it is called unrelated. logits: (n, kinds + labels)."""
    kind = softmax(logits[:, :kinds] / calibration.kind_temperature).argmax(axis=1)
    return np.where(kind == unrelated, -1, logits[:, kinds:].argmax(axis=1))


def nearest_centroid(
    material: Material,
    vectors: NDArray[np.float32],
    ngrams: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]],
) -> NDArray[np.bool_]:
    """Is the new label's mean the nearest, by cosine? (n,) Of vectors in columns of unit spread; without vectors, of n-grams."""
    groups = np.array(material.groups)
    names = sorted(set(groups[~material.new]))
    chosen = [*(~material.new & (groups == name) for name in names), material.new]
    if not vectors.shape[1]:
        sums = [count_elsewhere([material.ngrams[row] for row in np.flatnonzero(rows)]).sums for rows in chosen]
        means = np.stack([own / np.linalg.norm(own) for own in sums])
        scores = [means[:, buckets] @ (1.0 + np.log(counts)) for buckets, counts in ngrams]
        return np.array(scores).argmax(axis=1) == len(names)
    rest = material.vectors[~material.new]
    mean, spread = rest.mean(axis=0), rest.std(axis=0) + 1e-6

    def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    own = unit((material.vectors - mean) / spread)
    means = unit(np.stack([own[rows].mean(axis=0) for rows in chosen]))
    return (unit((vectors - mean) / spread) @ means.T).argmax(axis=1) == len(names)


def measure(
    label: str,
    draws: int,
    number: int,
    written: Sequence[Example],
    held_out: Sequence[Example],
    tests: Sequence[Example],
    model: Path | None,
    kept: Path,
) -> list[Outcome]:
    """Hide one label, add it back `draws` times from `number` examples each; raises InputError where it has too few."""
    known = taxonomy.load()
    kinds = known.kind_ids
    labels = tuple(name for name in known.label_ids if name != label)
    unrelated, settings = kinds.index("unrelated"), open_only("lexical").lexical
    assert settings is not None
    own = [example for example in written if example.label == label]
    if len(own) < number:
        raise InputError(f"{label} 只有 {len(own)} 篇", expected=f"{number} 篇")
    # 1. A table that never saw the label; its temperatures are those of the shipped one, which is made the same way.
    others = [example for example in written if example.label != label]
    columns = count_features([*others, *tests], settings).rotated.columns
    weights, bias = fit_heads(columns[: len(others)], others, kinds, labels, settings)
    base = (columns[len(others) :] @ weights + bias).astype(np.float32)
    calibration = load(next(MODELS.glob("lexical-*"))).calibration
    engine = own_engine(load(model or next(MODELS.glob("lexical-*")), threads=1))[
        0
    ]  # the table gives no vector, and is not asked for more
    file = kept / f"few-{model.name}.npz" if model else None
    ngrams = [count_ngrams(example.text) for example in tests]
    truth = np.array([example.label == label for example in tests])
    right = np.array([labels.index(e.label) if e.label in labels else -1 for e in tests])
    before = judge(base, calibration, len(kinds), unrelated)
    found = []
    for seed in range(draws):
        # 2. A dozen of its documents and a background without it.
        rows = np.random.default_rng(seed).choice(len(own), number, replace=False)
        chosen = [own[row] for row in rows]
        texts = [example.text for example in chosen]
        background, elsewhere = without(held_out, label, texts), a_few_each(without(others, label, texts), seed)
        material = material_of(engine, texts, background, elsewhere, label, file)
        vectors = vectors_of(engine, [example.text for example in tests], file)
        began = time.process_time()
        head = learn(material, SHARE, seed)[0]
        seconds = time.process_time() - began
        # 3. What the model says with the head and without.
        after = with_head(head, base, vectors, ngrams, calibration)
        given = judge(after, calibration, len(kinds), unrelated)
        centroid = nearest_centroid(material, vectors, ngrams)
        lost = float((before[~truth] == right[~truth]).mean() - (given[~truth] == right[~truth]).mean())
        found.append(Outcome(f1_of(given == len(labels), truth), f1_of(centroid, truth), lost, seconds))
    return found


def with_head(
    head: Head,
    logits: NDArray[np.float32],
    vectors: NDArray[np.float32],
    ngrams: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]],
    calibration: Calibration,
) -> NDArray[np.float32]:
    """Logits (n, one more) of texts behind a head, as nlp.added_labels gives them."""
    kinds = taxonomy.load().kind_ids
    unrelated = kinds.index("unrelated")
    margins = head.margin(vectors)
    return np.stack(
        [
            join(row, head.log_odds(float(margin), head.words(*own)), len(kinds), unrelated, calibration)
            for row, margin, own in zip(logits, margins, ngrams, strict=True)
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="folder whose encoder gives the vectors")
    parser.add_argument("--data", type=Path, help="folder with annotated documents, only to measure on")
    parser.add_argument("--labels", nargs="+", help="labels to hide; default all but the one for the rest")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--examples", type=int, default=12)
    parser.add_argument("--kept", type=Path, default=Path("runs/vectors"))
    given = parser.parse_args(arguments)
    corpus = read_authored()
    held_out = [example for example, split in corpus if split != TRAIN]
    learned = [example for example, split in corpus if split == TRAIN]
    tests = [example for example in learned if crc32(example.voice.encode()) % PARTS == 0]
    written = [example for example in learned if crc32(example.voice.encode()) % PARTS]
    if given.data:
        gold = [given.data / "gold" / f"{name}.jsonl" for name in ("dev", "dev_labels")]
        tests += read_gold(gold, gather.read_texts(given.data, TEXTS))
    # The last label is for what fits no other: it has nothing in common that could be learned.
    wanted = given.labels or taxonomy.load().label_ids[:-1]
    print(f"量于 {len(tests)} 篇；{given.examples} 个例子，抽 {given.draws} 次；向量：{given.model or '无，只看字词'}")
    print(
        "| 标签 | 篇 | F1 | ± | 最近中心 F1 | 其他标签正确率减少（百分点） | 处理器秒 |\n|---|---|---|---|---|---|---|"
    )
    means = []
    for label in wanted:
        rows = measure(label, given.draws, given.examples, written, held_out, tests, given.model, given.kept)
        f1 = [row.f1 for row in rows]
        centroid, lost, seconds = (
            float(np.mean([getattr(row, name) for row in rows])) for name in ("centroid", "lost", "seconds")
        )
        means.append((float(np.mean(f1)), centroid, lost, seconds))
        count = sum(example.label == label for example in tests)
        print(
            f"| {label} | {count} | {np.mean(f1):.2f} | {np.std(f1):.2f} | {centroid:.2f} | {100 * lost:+.1f} | {seconds:.1f} |",
            flush=True,
        )
    f1, centroid, lost, seconds = np.mean(means, axis=0)
    print(
        f"| 平均 | | {f1:.2f} | {np.std([row[0] for row in means]):.2f} | {centroid:.2f} | {100 * lost:+.1f} | {seconds:.1f} |"
    )


if __name__ == "__main__":
    main()
