"""Learn what full names look like in and out of context: the weights of `nlp.extract.person_learned`.

    python -m training.train_person_names --gold ../shared/gold/train.jsonl --documents FILE… [--check ../shared/gold/dev.jsonl] --output nlp/extract/person_names.json

In: annotated documents (their names wherever they stand), the open corpus (its marked persons; voices held out are only checked on), the
documents' texts, one JSON object a line. Out: the JSON of weights; precision and recall at several thresholds on standard output.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corpora.annotated import TAGS, read_annotated
from nlp.extract.person_learned import describe, places
from nlp.spelling import fold

STRENGTH = 1.0  # inverse regularisation; 0.3 finds 5 points less at the same precision
LEAST = 3  # a feature seen less often is left out: with 2 the file is twice as large and finds no more
SMALLEST = 0.05  # a weight below it is left out
PERSONS = ("suspects", "victims", "officials", "others")

Row = tuple[list[str], bool]  # features of a place, whether a person stands there


def rows_of(text: str, spans: set[tuple[int, int]]) -> Iterator[Row]:
    """Every place of a text where a name may stand, and whether one does; spans in characters of `text`."""
    folded = fold(text)
    found = places(folded)
    for (start, end, _), features in zip(found, describe(folded, found), strict=True):
        yield features, (start, end) in spans


def read_gold(gold: Path, texts: Mapping[str, str]) -> Iterator[Row]:
    """Rows of the cases of a gold file: a listed name stands wherever the text holds it."""
    for row in _lines(gold):
        if row["kind"] == "case":
            text = texts[str(row["doc_id"])]
            names = {name for incident in row["incidents"] for key in PERSONS for name in incident.get(key, ()) if name}
            yield from rows_of(text, {match.span() for name in names for match in re.finditer(re.escape(name), text)})


def read_authored(folder: Path, splits: Sequence[str]) -> Iterator[Row]:
    """Rows of the cases of the open corpus: only there is every person marked."""
    for example in read_annotated(folder):
        if example.kind == "case" and example.split in splits:
            yield from rows_of(
                example.text, {(s.start, s.end) for s in example.spans if TAGS[s.tag][0] == "person"}
            )


def fit(rows: Sequence[Row]) -> dict[str, float]:
    """Weights of a logistic regression over the features that stand in at least `LEAST` rows."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen = Counter(name for features, _ in rows for name in set(features))
    kept = {name for name, count in seen.items() if count >= LEAST}
    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([{name: 1.0 for name in features if name in kept} for features, _ in rows])
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=300).fit(matrix, [is_name for _, is_name in rows])
    columns = zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True)
    weights = {str(name): round(float(weight), 3) for name, weight in columns if abs(weight) >= SMALLEST}
    return {"bias": round(float(model.intercept_[0]), 3), **weights}


def measure(rows: Sequence[Row], weights: Mapping[str, float]) -> Iterator[tuple[float, float, float]]:
    """(threshold, precision, recall) of single places."""
    scores = np.array([weights["bias"] + sum(weights.get(name, 0.0) for name in features) for features, _ in rows])
    probabilities, truth = 1 / (1 + np.exp(-scores)), np.array([is_name for _, is_name in rows])
    for threshold in (0.3, 0.5, 0.7, 0.9):
        given = probabilities >= threshold
        right = int((given & truth).sum())
        yield threshold, right / max(1, int(given.sum())), right / max(1, int(truth.sum()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="训练全名的权重")
    parser.add_argument("--gold", type=Path, required=True, help="带标注的文书（每行一个 JSON）")
    parser.add_argument("--documents", type=Path, nargs="+", required=True, help="这些文书的正文（每行一个 JSON）")
    parser.add_argument("--authored", type=Path, default=Path("corpora/authored"), help="自撰语料的文件夹")
    parser.add_argument("--check", type=Path, help="只用来检验的标注")
    parser.add_argument("--output", type=Path, required=True, help="写到哪里（nlp/extract/person_names.json）")
    options = parser.parse_args(arguments)
    texts = {
        str(row.get("doc_id") or row["id"]): (row["title"] + "\n" if row.get("title") else "") + row["text"]
        for path in options.documents
        for row in _lines(path)
    }
    learned = [*read_gold(options.gold, texts), *read_authored(options.authored, ("train",))]
    weights = fit(learned)
    options.output.write_text(
        json.dumps(weights, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8"
    )
    print(f"学了 {len(learned)} 处，其中姓名 {sum(is_name for _, is_name in learned)} 处；权重 {len(weights)} 个")
    checks = {"留出的执笔口吻": list(read_authored(options.authored, ("dev", "test")))}
    if options.check:
        checks[options.check.name] = list(read_gold(options.check, texts))
    for name, rows in checks.items():
        for threshold, precision, recall in measure(rows, weights):
            print(f"{name}：{sum(row[1] for row in rows)} 处，概率 {threshold} 起，准确 {precision:.3f}，找到 {recall:.3f}")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


if __name__ == "__main__":
    main()
