"""What one document costs, step by step: the figures that docs/scale.md is worked out from.

    python -m benchmarks.unit_costs [--documents 200]

In: nothing; complaints, records and statements of the open corpus, each of its own people, sums and places (one template filled with numbers made
two incidents of all of them, and measured those), and ordinary news made from a list of words, the shipped model. Out: for both sorts milliseconds of
processor time a document for accepting, reading and filing, and bytes in a new SQLite store, on standard output with the load of the
machine. Processor time of a loaded machine is higher than that of an idle one (caches, shared cores): it errs on the dear side. It judges nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.ingest_memory import WORDS
from benchmarks.server_load import told as written
from nlp.records import Document
from serving import inbox, reports
from serving.inbox import this_worker
from serving.settings import Settings
from serving.store import open_store
from serving.worker import Analyzer, file_readings, load_analyzer, read_through

BATCH = 32


def news(number: int) -> str:
    """Ordinary news of about 700 characters."""
    dice = random.Random(number)
    return "".join("".join(dice.choices(WORDS, k=12)) + "。" for _ in range(28))


def cost(name: str, analyzer: Analyzer, documents: Sequence[Document], accept: Callable[..., object]) -> None:
    """Accept, read and file; print the three and the bytes."""
    spent = dict.fromkeys(("收下", "细读", "入库"), 0.0)
    with tempfile.TemporaryDirectory() as scratch:
        store = open_store(f"sqlite:///{scratch}/s.db")
        empty = (Path(scratch) / "s.db").stat().st_size
        began = time.process_time()
        for document in documents:
            with store.writing() as session:
                accept(session, document)
        spent["收下"] = time.process_time() - began
        while True:
            with store.writing() as session:
                claims = inbox.claim(session, this_worker(), limit=BATCH)
            if not claims:
                break
            began = time.process_time()
            readings = read_through(analyzer, [claim.document for claim in claims])
            spent["细读"] += time.process_time() - began
            began = time.process_time()
            file_readings(store, claims, readings)
            spent["入库"] += time.process_time() - began
        store.close()
        size = (Path(scratch) / "s.db").stat().st_size - empty
    steps = "，".join(f"{step} {seconds / len(documents) * 1000:.1f} ms" for step, seconds in spent.items())
    print(
        f"{name} {len(documents)} 件：{steps}；库 {size / len(documents) / 1000:.1f} kB 一件；负载 {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=200)
    given = parser.parse_args()
    analyzer = load_analyzer(Settings())
    list(analyzer.analyze([Document("warm", written(0), nature="complaint")]))
    told = [Document(f"c{number}", written(number), nature="complaint") for number in range(given.documents)]
    articles = [Document(f"a{number}", written(10_000 + number), publisher="某报") for number in range(given.documents)]
    ordinary = [Document(f"n{number}", news(number), publisher="某报") for number in range(given.documents)]
    cost("投诉", analyzer, told, reports.receive)
    cost("讲案件的文章", analyzer, articles, inbox.accept)
    cost("无关的文章", analyzer, ordinary, inbox.accept)


if __name__ == "__main__":
    main()
