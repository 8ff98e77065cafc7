"""How fast ordinary news goes by: articles a second through the gate, and the same texts read in full.

    python -m benchmarks.gate_speed [--data ../shared] [--full 100]

In: the ordinary news of a folder in the form of ../shared, the shipped model. Out: articles a second of processor time, gated and not (the
latter on the first --full of each file), and their ratio, on standard output with the load of the machine. One process. It judges nothing.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from nlp import gate, model_folder
from nlp.analyze import Analyzer
from nlp.records import Document
from training.gate_words import ORDINARY, read_news


def per_second(analyzer: Analyzer, documents: Sequence[Document]) -> tuple[float, float, int]:
    """Documents per second of processor time, the same by the clock, and how many articles the gate let go."""
    began, used = time.perf_counter(), time.process_time()
    readings = list(analyzer.analyze(documents))
    used, taken = time.process_time() - used, time.perf_counter() - began
    gone = sum(analysis.verdict.model == gate.NAME for reading in readings for analysis in reading.analyses)
    return len(documents) / used, len(documents) / taken, gone


def main() -> None:
    """Warm up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--full", type=int, default=100)
    given = parser.parse_args()
    classifier = model_folder.load()
    gated, full = Analyzer(classifier, gated=True), Analyzer(classifier)
    warm = Document("warm", "昆明市公安局通报：李某以兼职刷单为名诈骗王某3万元，已被刑事拘留。")
    for analyzer in (gated, full):
        list(analyzer.analyze([warm]))
    for name in ORDINARY:
        documents = [Document(str(number), text) for number, text in enumerate(read_news(given.data, name))]
        length = sum(len(document.text) for document in documents) / len(documents)
        quick, clock, gone = per_second(gated, documents)
        slow, _, _ = per_second(full, documents[: given.full])
        print(
            f"{name}：{len(documents)} 篇，平均 {length:.0f} 字；经门每秒 {quick:.0f} 篇（处理器时间；按时钟 {clock:.0f}），放走 {gone} 篇；"
            f"细读每秒 {slow:.1f} 篇；{quick / slow:.1f} 倍；{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}"
        )


if __name__ == "__main__":
    main()
