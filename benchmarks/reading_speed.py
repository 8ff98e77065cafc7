"""Characters per second of `analyze` and its parts, against jieba's own tagger on the same texts in the same run.

    python -m benchmarks.reading_speed [FILE.jsonl] [--documents N]

Reads JSON Lines with a `text`; without a file the samples of the project. Prints CPU time per part (a shared machine makes wall
time of little worth) and the ratio to the baseline. Writes nothing.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from corpora.read import read
from nlp import model_folder
from nlp.analyze import Analyzer
from nlp.clean import clean
from nlp.extract.pipeline import build_pipeline, find_mentions
from nlp.records import Document
from nlp.segment import segment

SAMPLES = Path(__file__).resolve().parents[1] / "corpora" / "samples"


def rate(characters: int, work: Callable[[], object]) -> float:
    """Characters per second of CPU time."""
    start = time.process_time()
    work()
    return characters / max(time.process_time() - start, 1e-9)


def measure(documents: Sequence[Document]) -> list[tuple[str, float]]:
    """(part, characters per second), the baseline first."""
    import jieba.posseg

    classifier = model_folder.load()
    articles = [article for document in documents for article in clean(document)]
    texts = [article.text for article in articles]
    total = sum(map(len, texts))
    pipeline = build_pipeline()
    jieba.posseg.lcut("预热")
    find_mentions("预热，被骗3万元")
    classifier.classify(["预热"])
    rows = [("jieba.posseg（基线）", rate(total, lambda: [jieba.posseg.lcut(text) for text in texts]))]
    rows.append(("清洗与分篇", rate(total, lambda: [clean(document) for document in documents])))
    rows.append(("分词（自带词库）", rate(total, lambda: [segment(text) for text in texts])))
    docs = [pipeline.make_doc(text) for text in texts]
    for name, component in pipeline.pipeline:
        rows.append((f"　{name}", rate(total, lambda component=component: [component(doc) for doc in docs])))  # type: ignore[misc]
    rows.append(("规则合计（含分词）", rate(total, lambda: [find_mentions(text) for text in texts])))
    rows.append(("判类", rate(total, lambda: classifier.classify(texts))))
    rows.append(("analyze 全程", rate(total, lambda: list(Analyzer(classifier).analyze(documents)))))
    return rows


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--documents", type=int, default=200)
    chosen = parser.parse_args()
    console = Console()
    found = track(
        islice(read([chosen.file]), chosen.documents), "读取", total=chosen.documents, console=console, transient=True
    )
    documents = [item for item in found if isinstance(item, Document)]
    rows = measure(documents)
    base = rows[0][1]
    characters = sum(len(document.text) for document in documents)
    table = Table(
        title=f"{len(documents)} 篇，{characters} 字；{platform.machine()}，Python {platform.python_version()}；按 CPU 时间"
    )
    table.add_column("部分")
    table.add_column("字/秒", justify="right")
    table.add_column("对基线", justify="right")
    for name, speed in rows:
        table.add_row(name, f"{speed:,.0f}", f"{speed / base:.2f}×")
    console.print(table)


if __name__ == "__main__":
    main()
