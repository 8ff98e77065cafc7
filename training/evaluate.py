"""Score model folders against annotated documents, side by side in one table.

    python -m training.evaluate FOLDER [FOLDER ...] --gold ../shared/gold/dev.jsonl ../shared/gold/dev_labels.jsonl [--per-label] [--card]

In: model folders, gold files in the form of ../shared/gold, and the data folder that holds the texts. Out: a Markdown table on
standard output: kind, label strict, accepted, merged-class, macro-F1, per label P/R/F1; with --card also in each folder's card.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlp import taxonomy
from nlp.model_folder import load, read_manifest
from nlp.records import Verdict
from training.gather import Example, read_gold, read_texts
from training.write_folder import put_scores

TEXTS = ("news_toutiao", "news_ccbps", "citizen_messages", "ccks2021_dev", "seeds")
RESAMPLES = 1000  # bootstrap; the 95 % interval of 395 documents is then stable to the second digit


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one model on one set. `per_label` maps a label to (precision, recall, F1, documents)."""

    documents: int
    kind: float
    strict: float
    accepted: float
    merged: float
    macro_f1: float
    accepted_interval: tuple[float, float]
    review: float  # share that goes to a person
    accepted_unreviewed: float  # accepted among the rest
    texts_per_second: float
    per_label: Mapping[str, tuple[float, float, float, int]]


def score(examples: Sequence[Example], verdicts: Sequence[Verdict], seconds: float = 0.0) -> Score:
    """Compare verdicts with gold, one each. The given label is the empty one where the given kind is unrelated."""
    known = taxonomy.load()
    group = {label: name for name, labels in known.merged.items() for label in labels}
    given = [known.empty.id if verdict.kind == "unrelated" else verdict.label for verdict in verdicts]
    kind = np.array([e.kind == v.kind for e, v in zip(examples, verdicts, strict=True)])
    strict = np.array([e.label == label for e, label in zip(examples, given, strict=True)])
    accepted = np.array([label in (e.label, *e.also) for e, label in zip(examples, given, strict=True)])
    merged = np.array(
        [
            group.get(label, label) in {group.get(name, name) for name in (e.label, *e.also)}
            for e, label in zip(examples, given, strict=True)
        ]
    )
    per_label = {}
    for label in (*known.label_ids, known.empty.id):
        wanted, found = sum(e.label == label for e in examples), given.count(label)
        right = sum(e.label == label == name for e, name in zip(examples, given, strict=True))
        if wanted:
            per_label[label] = (right / max(found, 1), right / wanted, 2 * right / (wanted + found), wanted)
    sure = np.array([not verdict.review for verdict in verdicts])
    draws = np.random.default_rng(0).integers(0, len(examples), (RESAMPLES, len(examples)))
    low, high = np.quantile(accepted[draws].mean(axis=1), [0.025, 0.975])
    return Score(
        documents=len(examples),
        kind=float(kind.mean()),
        strict=float(strict.mean()),
        accepted=float(accepted.mean()),
        merged=float(merged.mean()),
        macro_f1=float(np.mean([row[2] for row in per_label.values()])),
        accepted_interval=(float(low), float(high)),
        review=float(1 - sure.mean()),
        accepted_unreviewed=float(accepted[sure].mean()) if sure.any() else 0.0,
        texts_per_second=len(examples) / seconds if seconds else 0.0,
        per_label=per_label,
    )


def table(scores: Mapping[str, Score]) -> str:
    """The figures as a Markdown table, one model a row."""
    lines = [
        "| 模型 | 篇 | 种类 | 标签 | 标签（含可接受） | 95% 区间 | 合并类 | 宏 F1 | 交人 | 其余标签（含可接受） | 篇/秒 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, s in scores.items():
        lines.append(
            f"| {name} | {s.documents} | {s.kind:.3f} | {s.strict:.3f} | {s.accepted:.3f} | "
            f"{s.accepted_interval[0]:.3f}–{s.accepted_interval[1]:.3f} | {s.merged:.3f} | {s.macro_f1:.3f} | "
            f"{s.review:.3f} | {s.accepted_unreviewed:.3f} | {s.texts_per_second:.1f} |"
        )
    return "\n".join(lines)


def label_table(one: Score) -> str:
    """Precision, recall, F1 and documents of every label that the gold holds."""
    lines = ["| 标签 | P | R | F1 | 篇 |", "|---|---|---|---|---|"]
    lines += [f"| {label} | {p:.2f} | {r:.2f} | {f:.2f} | {n} |" for label, (p, r, f, n) in one.per_label.items()]
    return "\n".join(lines)


def hardest(examples: Sequence[Example], verdicts: Sequence[Verdict], count: int) -> list[str]:
    """Ids, gold and given labels of the surest errors; no text."""
    wrong = [
        (verdict.confidence, example.id, example.kind, example.label, verdict.kind, verdict.label)
        for example, verdict in zip(examples, verdicts, strict=True)
        if example.kind != verdict.kind
        or (example.kind != "unrelated" and verdict.label not in (example.label, *example.also))
    ]
    return [f"{c:.2f} {name}: {a}/{b} → {x}/{y}" for c, name, a, b, x, y in sorted(wrong, reverse=True)[:count]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--gold", nargs="+", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--per-label", action="store_true", help="also the table of labels")
    parser.add_argument("--errors", type=int, default=0, help="show the N surest errors")
    parser.add_argument("--card", action="store_true", help="put the scores into each folder's card.md")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    examples = read_gold(given.gold, read_texts(given.data, TEXTS))
    scores = {}
    for folder in given.folders:
        classifier = load(folder)
        began = time.perf_counter()
        verdicts = classifier.classify([example.text for example in examples])
        scores[folder.name] = score(examples, verdicts, time.perf_counter() - began)
        for line in hardest(examples, verdicts, given.errors):
            print(folder.name, line)
    if given.json:
        print(json.dumps({name: {f: getattr(s, f) for f in s.__dataclass_fields__} for name, s in scores.items()}))
        return
    print(table(scores))
    for name, one in scores.items():
        if given.per_label:
            print(f"\n{name}\n\n{label_table(one)}")
    if given.card:
        for folder in given.folders:
            where = f"评测文档：{'、'.join(path.name for path in given.gold)}（人工标注，未参与训练）。"
            text = f"{where}\n\n{table(scores)}\n\n{folder.name} 各标签：\n\n{label_table(scores[folder.name])}"
            put_scores(folder, text, read_manifest(folder))


if __name__ == "__main__":
    main()
