"""Reprints found against a corpus that says which texts are reprints: pairwise precision, recall and F1.

    python -m benchmarks.reprints ../shared/data/news_toutiao.jsonl

In: JSON Lines with `id`, `title`, `text` and `dup_cluster` (texts of one cluster are reprints of one another). Out: the figures of three
ways: a plain Jaccard threshold over 10-character shingles (the floor), and what `nlp.resolve` calls a reprint, by all pairs that
share a blocking key and by what resolving makes of them (joined transitively). Prints figures and ids only.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from nlp.resolve import signature, similarity
from nlp.resolve.blocking import text_keys
from nlp.resolve.compare import REPRINT

Pair = tuple[int, int]


def figures(found: set[Pair], true: set[Pair]) -> str:
    """Precision, recall and F1 over pairs."""
    right = len(found & true)
    precision, recall = right / max(len(found), 1), right / max(len(true), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    return f"P {precision:.4f}  R {recall:.4f}  F1 {f1:.4f}  ({right} of {len(found)} found, {len(true)} true)"


def pairs_of(groups: Iterable[Iterable[int]]) -> set[Pair]:
    """All pairs within groups."""
    return {pair for group in groups for pair in itertools.combinations(sorted(group), 2)}


def closed(links: Iterable[Pair], count: int) -> set[Pair]:
    """The pairs that linking joins, directly or through others."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for first, second in links:
        parent[root(first)] = root(second)
    groups: dict[int, list[int]] = defaultdict(list)
    for item in range(count):
        groups[root(item)].append(item)
    return pairs_of(groups.values())


def jaccard(first: set[str], second: set[str]) -> float:
    """Of two sets of shingles."""
    return len(first & second) / max(len(first | second), 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    rows = [json.loads(line) for line in parser.parse_args().corpus.read_text(encoding="utf-8").splitlines()]
    clusters: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.get("dup_cluster") not in (None, ""):
            clusters[str(row["dup_cluster"])].append(number)
    true = pairs_of(clusters.values())
    sketches = [signature(row["text"]) for row in rows]
    buckets: dict[str, list[int]] = defaultdict(list)
    for number, sketch in enumerate(sketches):
        for key in text_keys(sketch):
            buckets[key].append(number)
    candidates = pairs_of(buckets.values())
    shingles = [
        {text[at : at + 10] for at in range(max(len(text) - 9, 1))}
        for text in ("".join(row["text"].split()) for row in rows)
    ]
    likely = candidates | true
    floor = {(a, b) for a, b in likely if jaccard(shingles[a], shingles[b]) > 0.5}
    links = {(a, b) for a, b in candidates if similarity(sketches[a], sketches[b]) >= REPRINT}
    print(f"{len(rows)} texts, {len(clusters)} clusters, {len(candidates)} candidate pairs")
    print(f"Jaccard > 0.5 of 10-character shingles  {figures(floor, true)}")
    print(f"nlp.resolve, pairs                      {figures(links, true)}")
    print(f"nlp.resolve, joined                     {figures(closed(links, len(rows)), true)}")


if __name__ == "__main__":
    main()
