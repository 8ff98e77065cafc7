"""Learn what full names look like in and out of context: the weights of `nlp.extract.person_learned`.

    python -m training.train_person_names [--data ../shared] [--authored corpora/authored] [--check dev] --output nlp/extract/person_names.json

In: the open corpus with its marked persons, and gold/train.jsonl of a folder in the form of ../shared (its names wherever the texts hold them).
Out: the JSON of weights; precision and recall a sort of place on the gold named by --check and on the voices held out.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from corpora.annotated import TAGS, read_annotated
from nlp.extract.person_learned import SURE, score
from nlp.extract.person_places import describe, places
from nlp.spelling import fold
from training.evaluate import TEXTS
from training.fit_roles import fit_whether, write_whether
from training.gather import read_rows, read_texts
from training.project_spans import PERSON_KEYS

STRENGTH = 1.0  # inverse regularisation; 0.3 finds 5 points less at the same precision
LEAST = 3  # a feature seen less often is left out: with 2 the file is twice as large and finds no more
SMALLEST = 0.05  # a weight below it is left out

Row = tuple[list[str], bool]  # features of a place, whether a person stands there


def rows_of(text: str, spans: set[tuple[int, int]]) -> Iterator[Row]:
    """Every place of a text where a name may stand, and whether one does; spans in characters of `text`."""
    folded = fold(text)
    found = places(folded)
    for place, features in zip(found, describe(folded, found), strict=True):
        yield features, (place.start, place.end) in spans


def read_gold(gold: Path, texts: Mapping[str, tuple[str, str]]) -> Iterator[Row]:
    """Rows of the cases of a gold file: a listed name stands wherever the text holds it."""
    for row in read_rows(gold):
        if row["kind"] == "case":
            text = texts[str(row["doc_id"])][0]
            incidents: Any = row["incidents"]
            names = {name for incident in incidents for key in PERSON_KEYS for name in incident.get(key, ()) if name}
            yield from rows_of(text, {match.span() for name in names for match in re.finditer(re.escape(name), text)})


def read_authored(folder: Path, splits: Sequence[str]) -> Iterator[Row]:
    """Rows of the cases of the open corpus: only there is every person marked."""
    for example in read_annotated(folder):
        if example.kind == "case" and example.split in splits:
            yield from rows_of(example.text, {(s.start, s.end) for s in example.spans if TAGS[s.tag][0] == "person"})


def measure(rows: Sequence[Row], weights: Mapping[str, float]) -> Iterator[tuple[str, int, float, float]]:
    """(sort, names, precision, recall) of single places at the threshold that is used."""
    by_sort: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    least = math.log(SURE / (1 - SURE))
    for features, is_name in rows:
        by_sort[features[0]].append((score(features, weights) >= least, is_name))
    for sort, pairs in by_sort.items():
        right = sum(given and is_name for given, is_name in pairs)
        given, wanted = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        yield sort.removeprefix("is:"), wanted, right / max(1, given), right / max(1, wanted)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="训练人名的权重")
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--authored", type=Path, default=Path("corpora/authored"), help="自撰语料的文件夹")
    parser.add_argument("--check", default="dev", help="只用来检验的标注，gold 里的名字")
    parser.add_argument("--output", type=Path, required=True, help="写到哪里（nlp/extract/person_names.json）")
    options = parser.parse_args(arguments)
    texts, gold = read_texts(options.data, TEXTS), options.data / "gold"
    learned = [*read_gold(gold / "train.jsonl", texts), *read_authored(options.authored, ("train",))]
    weights = fit_whether(learned, STRENGTH, SMALLEST, LEAST)
    write_whether(weights, options.output)
    print(f"学了 {len(learned)} 处，其中姓名 {sum(is_name for _, is_name in learned)} 处；权重 {len(weights)} 个")
    checks = {
        options.check: list(read_gold(gold / f"{options.check}.jsonl", texts)),
        "留出的执笔口吻": list(read_authored(options.authored, ("dev", "test"))),
    }
    for name, rows in checks.items():
        for sort, wanted, precision, recall in measure(rows, weights):
            print(f"{name}：{sort} {wanted} 处，准确 {precision:.3f}，找到 {recall:.3f}")


if __name__ == "__main__":
    main()
