"""Train the weights of the roles of sums. Reads annotated documents and their texts, writes nlp/extract/amount_roles.json.

    python -m training.train_amount_roles --gold train.jsonl --documents train_documents.jsonl --output FILE
        [--authored corpora/authored] [--labels training/amount_role_labels.tsv --texts DOCUMENTS...]
        [--folds 5 --clusters news.jsonl] [--check dev.jsonl --check-documents dev_documents.jsonl]

--authored adds documents written for the project, --labels roles judged outside the gold (the file says how), at less weight; --texts are JSON
Lines with "id" or "doc_id", "title", "text". --folds cross-validates over the gold before training: documents of one cluster ("dup_cluster" of
--clusters) are held out together, what is not gold is trained on in every fold unless it shares their cluster.

Only names of features (cues of our own table, sizes, places) go into the file: no text of the documents does. A sum of the gold is matched to found
sums by its bounds; a bound with two roles trains nothing. Prints accuracy
on the training documents (too high: they were trained on) and on the check file.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpora.annotated import TAGS, read_annotated
from nlp.extract.amount_features import describe
from nlp.extract.amount_roles import assign
from nlp.extract.amounts import find_sums
from nlp.extract.linear import Weights
from nlp.records import Amount, Mention
from nlp.spelling import fold
from training.fit_roles import fit_roles, write_roles

STRENGTH = 0.2  # inverse regularisation; cross-validated 0.737 at 0.1, 0.736 at 0.2, 0.741 at 0.4: within noise (0.015)
SMALLEST = 0.02  # weights nearer to zero are dropped: a third of the file, no change in accuracy
LABEL_WEIGHT = 0.5  # of a label outside the gold; cross-validated over documents: 0 gives 0.71, 0.5 and 0.8 give 0.72
AUTHORED_WEIGHT = (
    0.25  # of a document written for the project; cross-validated 0.706 at 0, 0.737 at 0.25, 0.736 at 0.5, 0.733 at 1
)
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


@dataclass(frozen=True, slots=True)
class Told:
    """One document: its sums as found, and the roles that people give to each; an empty set where nobody says."""

    doc_id: str
    text: str
    mentions: list[Mention]
    roles: list[set[str]]
    weight: float = 1.0

    def rows(self) -> Iterator[tuple[list[str], str, float]]:
        """(features, role, weight) of the sums with one role."""
        for features, roles in zip(describe(fold(self.text), self.mentions), self.roles, strict=True):
            if len(roles) == 1:
                yield features, next(iter(roles)), self.weight


def read_labels(labels: Path, texts: Mapping[str, str]) -> list[Told]:
    """Documents of a label file; sums that are no longer found there are left out."""
    by_document: dict[str, dict[tuple[int, int], str]] = defaultdict(dict)
    for line in labels.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            doc_id, start, end, role = line.split("\t")
            by_document[doc_id][int(start), int(end)] = role
    documents = []
    for doc_id, spans in by_document.items():
        mentions = find_sums(texts[doc_id])
        roles = [{spans[m.start, m.end]} if (m.start, m.end) in spans else set() for m in mentions]
        documents.append(Told(doc_id, texts[doc_id], mentions, roles, LABEL_WEIGHT))
    return documents


def read_authored(folder: Path) -> list[Told]:
    """Documents written for the project that are for training; a found sum has the role of the marked one it touches."""
    documents = []
    for example in read_annotated(folder):
        if example.split != "train":
            continue
        marked = [(s.start, s.end, TAGS[s.tag][1]) for s in example.spans if TAGS[s.tag][0] == "amount"]
        mentions = find_sums(example.text)
        roles = [{role for start, end, role in marked if start < m.end and m.start < end} for m in mentions]
        documents.append(Told(example.id, example.text, mentions, roles, AUTHORED_WEIGHT))
    return documents


def read_gold(gold: Path, documents: Path) -> list[Told]:
    """The documents of kind "case" of a gold file; a found sum has the roles of the gold sums with its bounds."""
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
        examples.append(Told(str(row["doc_id"]), text, mentions, roles))
    return examples


def accuracy(examples: Sequence[Told], weights: Weights) -> tuple[int, int]:
    """(right, all) of the found gold sums, by bounds: its role is given, and no more roles than the gold gives."""
    right = total = 0
    for told in examples:
        given: dict[tuple[object, ...], set[str]] = defaultdict(set)
        wanted: dict[tuple[object, ...], set[str]] = {}
        for mention, gold in zip(assign(told.text, told.mentions, weights), told.roles, strict=True):
            assert isinstance(mention.value, Amount)
            key: tuple[object, ...] = (mention.value.value_min, mention.value.value_max)
            given[key].add(mention.role)
            wanted[key] = gold
        for key, gold in wanted.items():
            total += len(gold)
            right += sum(role in given[key] and len(given[key]) <= len(gold) for role in gold)
    return right, total


def train(documents: Sequence[Told]) -> Weights:
    """Weights from all sums of `documents` that have one role."""
    rows = [row for told in documents for row in told.rows()]
    return fit_roles([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], STRENGTH, SMALLEST)


def cross_validate(
    gold: Sequence[Told], more: Sequence[Told], clusters: Mapping[str, str], folds: int
) -> tuple[int, int]:
    """(right, all) over the gold, each document judged by weights that saw nothing of its cluster."""

    def fold_of(told: Told) -> int:
        return zlib.crc32(clusters.get(told.doc_id, told.doc_id).encode()) % folds

    held = {clusters.get(told.doc_id, told.doc_id) for told in gold}
    right = total = 0
    for number in range(folds):
        others = [t for t in more if clusters.get(t.doc_id, t.doc_id) not in held or fold_of(t) != number]
        weights = train([told for told in gold if fold_of(told) != number] + others)
        some, all_of_them = accuracy([told for told in gold if fold_of(told) == number], weights)
        right, total = right + some, total + all_of_them
    return right, total


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line, see the module docstring."""
    parser = argparse.ArgumentParser(description="训练金额角色的权重")
    parser.add_argument("--gold", type=Path, required=True, help="带标注的文书（每行一个 JSON）")
    parser.add_argument("--documents", type=Path, required=True, help="这些文书的正文（每行一个 JSON）")
    parser.add_argument("--authored", type=Path, help="自撰语料的文件夹")
    parser.add_argument("--labels", type=Path, help="标注集之外逐个判断的角色（制表符分隔）")
    parser.add_argument("--texts", type=Path, nargs="*", default=[], help="这些角色所在的正文（每行一个 JSON）")
    parser.add_argument("--folds", type=int, default=0, help="先在标注集上交叉检验，分几份")
    parser.add_argument("--clusters", type=Path, help="带 dup_cluster 的正文：同一组的文书同在一份")
    parser.add_argument("--check", type=Path, help="只用来检验的标注")
    parser.add_argument("--check-documents", type=Path, help="检验用的正文")
    parser.add_argument("--output", type=Path, required=True, help="写到哪里（nlp/extract/amount_roles.json）")
    options = parser.parse_args(arguments)
    gold = read_gold(options.gold, options.documents)
    more = read_authored(options.authored) if options.authored else []
    if options.labels:
        more += read_labels(options.labels, read_texts(options.texts))
    if options.folds:
        rows = _lines(options.clusters) if options.clusters else []
        clusters = {
            str(row["id"]): f"cluster {row['dup_cluster']}" for row in rows if row.get("dup_cluster") is not None
        }
        print(f"交叉检验（{options.folds} 份，同组同份）", _share(cross_validate(gold, more, clusters, options.folds)))
    weights = train([*gold, *more])
    write_roles(weights, options.output)
    print(f"文书 {len(gold)} + {len(more)}；训练集上（偏高）{_share(accuracy(gold, weights))}")
    if options.check and options.check_documents:
        print("检验集", _share(accuracy(read_gold(options.check, options.check_documents), weights)))


def _share(counted: tuple[int, int]) -> str:
    return f"{counted[0] / max(counted[1], 1):.4f}（{counted[0]}/{counted[1]}）"


if __name__ == "__main__":
    main()
