"""Train the weights of the roles of sums. Reads annotated documents and their texts, writes nlp/extract/amount_roles.json.

    python -m training.train_amount_roles --gold train.jsonl --documents train_documents.jsonl --output FILE
        [--labels training/amount_role_labels.tsv --texts DOCUMENTS...] [--check dev.jsonl --check-documents dev_documents.jsonl]

--labels adds roles judged outside the gold (the file says how), at half weight; --texts are JSON Lines with "id" or "doc_id", "title", "text".

Only names of features (cues of our own table, sizes, places) go into the file: no text of the documents does. A sum of the gold is matched to found
sums by its bounds; a bound with two roles trains nothing. Prints accuracy
on the training documents (too high: they were trained on) and on the check file.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nlp.extract.amount_features import describe
from nlp.extract.amount_roles import assign, by_rule
from nlp.extract.amounts import find_sums
from nlp.records import Amount, Mention
from nlp.spelling import fold

STRENGTH = 0.15  # inverse regularisation; 0.05 and 0.5 lose 0.01 to 0.02 in cross-validation
SMALLEST = 0.02  # weights nearer to zero are dropped: a third of the file, no change in accuracy
LABEL_WEIGHT = 0.5  # of a label outside the gold; cross-validated over documents: 0 gives 0.71, 0.5 and 0.8 give 0.72
TOLERANCE = 0.02  # of bounds, as the scorer has it


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _near(a: float, b: float) -> bool:
    return a == b or (bool(a) and bool(b) and abs(a - b) <= TOLERANCE * max(abs(a), abs(b)))


def read_texts(paths: Sequence[Path]) -> dict[str, str]:
    """doc_id → title + newline + text, or the text where there is no title."""
    rows = (row for path in paths for row in _lines(path))
    return {
        str(row.get("doc_id", row.get("id"))): (row["title"] + "\n" if row.get("title") else "") + row["text"]
        for row in rows
    }


def read_labels(labels: Path, texts: Mapping[str, str]) -> tuple[list[list[str]], list[str]]:
    """(features of each labelled sum, its role) of a label file; sums that are no longer found there are left out."""
    by_document: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
    for line in labels.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            doc_id, start, end, role = line.split("\t")
            by_document[doc_id][int(start), int(end)] = role
    rows, roles = [], []
    for doc_id, spans in by_document.items():
        text = texts[doc_id]
        mentions = find_sums(text)
        for mention, features in zip(mentions, describe(fold(text), mentions), strict=True):
            labelled = spans.get((mention.start, mention.end))
            if labelled:
                rows.append(features)
                roles.append(labelled)
    return rows, roles


def read_examples(gold: Path, documents: Path) -> list[tuple[str, list[Mention], list[set[str]]]]:
    """(text, sums found, roles that the gold gives to each; empty where it has none) for every document of kind "case"."""
    texts = {
        str(row["doc_id"]): (row["title"] + "\n" if row.get("title") else "") + row["text"] for row in _lines(documents)
    }
    examples = []
    for row in _lines(gold):
        if row["kind"] != "case":
            continue
        text = texts[str(row["doc_id"])]
        told = [a for incident in row["incidents"] for a in incident["amounts"] if a["cny_min"] is not None]
        mentions = find_sums(text)
        roles = []
        for mention in mentions:
            assert isinstance(mention.value, Amount)
            low, high = float(mention.value.value_min), float(mention.value.value_max)
            roles.append({a["role"] for a in told if _near(a["cny_min"], low) and _near(a["cny_max"], high)})
        examples.append((text, mentions, roles))
    return examples


def fit(rows: Sequence[Sequence[str]], roles: Sequence[str], weights_of_rows: Sequence[float]) -> dict[str, Any]:
    """Weights of a multinomial logistic regression, as the JSON that `amount_roles` reads."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = DictVectorizer()
    matrix = vectorizer.fit_transform([dict.fromkeys(row, 1.0) for row in rows])
    model = LogisticRegression(C=STRENGTH, max_iter=400).fit(matrix, list(roles), sample_weight=list(weights_of_rows))
    columns = zip(*([round(float(w), 3) for w in line] for line in model.coef_), strict=True)
    weights = {
        str(name): list(column)
        for name, column in zip(vectorizer.get_feature_names_out(), columns, strict=True)
        if max(map(abs, column)) >= SMALLEST
    }
    weights["bias"] = [
        round(w + float(b), 3)
        for w, b in zip(weights.get("bias", [0.0] * len(model.classes_)), model.intercept_, strict=True)
    ]
    return {"roles": [str(role) for role in model.classes_], "weights": weights}


def accuracy(examples: Sequence[tuple[str, list[Mention], list[set[str]]]]) -> tuple[float, int]:
    """Share of the found gold sums (by bounds) whose roles are given, and no more roles than the gold gives; and their number."""
    right = total = 0
    for text, mentions, roles in examples:
        given: dict[tuple[object, ...], set[str]] = defaultdict(set)
        wanted: dict[tuple[object, ...], set[str]] = {}
        for mention, gold in zip(assign(text, mentions), roles, strict=True):
            assert isinstance(mention.value, Amount)
            key: tuple[object, ...] = (mention.value.value_min, mention.value.value_max)
            given[key].add(mention.role)
            wanted[key] = gold
        for key, gold in wanted.items():
            total += len(gold)
            right += sum(role in given[key] and len(given[key]) <= len(gold) for role in gold)
    return right / max(total, 1), total


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="训练金额角色的权重")
    parser.add_argument("--gold", type=Path, required=True, help="带标注的文书（每行一个 JSON）")
    parser.add_argument("--documents", type=Path, required=True, help="这些文书的正文（每行一个 JSON）")
    parser.add_argument("--labels", type=Path, help="标注集之外逐个判断的角色（制表符分隔）")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="这些角色所在的正文（每行一个 JSON）")
    parser.add_argument("--check", type=Path, help="只用来检验的标注")
    parser.add_argument("--check-documents", type=Path, help="检验用的正文")
    parser.add_argument("--output", type=Path, required=True, help="写到哪里（nlp/extract/amount_roles.json）")
    options = parser.parse_args(arguments)
    examples = read_examples(options.gold, options.documents)
    rows, labels = [], []
    for text, mentions, roles in examples:
        for features, gold in zip(describe(fold(text), mentions), roles, strict=True):
            if len(gold) == 1:
                rows.append(features)
                labels.append(next(iter(gold)))
    decided = sum(bool(by_rule(row)) for row in rows)
    weights = [1.0] * len(rows)
    if options.labels:
        more_rows, more_roles = read_labels(options.labels, read_texts(options.texts))
        rows, labels = [*rows, *more_rows], [*labels, *more_roles]
        weights += [LABEL_WEIGHT] * len(more_rows)
    model = json.dumps(fit(rows, labels, weights), ensure_ascii=False, separators=(",", ":"))
    options.output.write_text(model + "\n", encoding="utf-8")
    print(f"例子 {len(rows)}，规则决定 {decided}，训练集上（偏高）{accuracy(examples)}")
    if options.check and options.check_documents:
        print("检验集", accuracy(read_examples(options.check, options.check_documents)))


if __name__ == "__main__":
    main()
