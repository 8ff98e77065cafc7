"""How long the queue of 标注 takes to read at many documents: processor time of one reading in each mode. It prints; it judges nothing.

In: --documents N (default 100000), --annotated share of them that somebody annotated. Out: milliseconds of processor time on standard
output. Documents are rows alone, with invented texts of one line and articles that no model read; the queue reads no analysis.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from nlp import taxonomy
from serving.annotation.queueing import MODES, waiting
from serving.store import Store, open_store
from serving.store.tables import ArticleRow, DocumentRow
from serving.store.tables_annotation import AnnotationRow

CHUNK = 5000
NOW = "2026-11-01T00:00:00.000Z"


def main() -> None:
    """Fill and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--annotated", type=float, default=0.05)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(f"sqlite:///{Path(scratch)}/queue.db")
        fill(store, given.documents, given.annotated)
        print(f"{given.documents:,} 件，{given.annotated:.0%} 已标，负载 {os.getloadavg()[0]:.1f}；处理器时间")
        for mode, words in MODES.items():
            with store.reading() as session:
                began = time.process_time()
                found = waiting(session, "甲", mode, 0.1)
                print(f"  {words:<8}{1000 * (time.process_time() - began):8.0f} ms，{len(found)} 件")
        store.close()


def fill(store: Store, number: int, annotated: float) -> None:
    """Documents with one article each; some with an annotation by 甲 or 乙."""
    chance, known = random.Random(7), taxonomy.load()
    kinds = known.kind_ids
    for start in range(0, number, CHUNK):
        documents, articles, annotations = [], [], []
        for at in range(start, min(start + CHUNK, number)):
            digest = hashlib.sha256(str(at).encode()).hexdigest()
            identity, kind, label = f"d-{digest[:16]}", chance.choice(kinds), chance.choice(known.label_ids)
            documents.append(
                {
                    "id": identity,
                    "sha256": digest,
                    "doc_id": f"{at}",
                    "text": f"第 {at} 件",
                    "nature": "published",
                    "stored_at": NOW,
                }
            )
            articles.append(
                {"document_id": identity, "number": 0, "start": 0, "end": chance.randrange(20, 3000), "kind": kind, "label": label,
                 "confidence": chance.random(), "review": chance.random() < 0.1, "analysis": {}, "publisher": f"第 {at % 30} 报"}
            )  # fmt: skip
            if chance.random() < annotated:
                shares = {name: 0.9 if name == label else 0.01 for name in known.label_ids}
                annotations.append(
                    {"document_id": identity, "annotator": chance.choice("甲乙"), "part": "judged", "revision": 1, "state": "held", "kind": kinds[0],
                     "label": label, "also": [], "tactics": [], "spans": [], "machine": {"labels": shares}, "taxonomy": known.version, "at": NOW}
                )  # fmt: skip
        with store.writing() as session:
            session.execute(sa.insert(DocumentRow), documents)
            session.execute(sa.insert(ArticleRow), articles)
            if annotations:
                session.execute(sa.insert(AnnotationRow), annotations)


if __name__ == "__main__":
    main()
