"""What does Ray cost? The same documents through the plain worker and through one Ray actor, taken in turns, and whether the stores are equal.

    python -m benchmarks.ray_overhead [--documents 400] [--turns 4]

In: nothing; complaints and records of the open corpus, the shipped model, two new SQLite stores in a temporary folder, Ray on this machine
(extra `scale`). Out: processor time a document of both, with all of Ray's own processes, and by the clock; Ray's as a share of
the plain one's; whether every row of every table is the same. The model is loaded and warm on both sides before anything is measured. The
documents come in `turns` parts: plain and Ray, Ray and plain, so that a machine that does other things is unkind to both. It judges nothing.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.process_figures import cpu_seconds, family
from benchmarks.server_load import told
from nlp.records import Document
from serving import inbox
from serving.crew_ray import RayCrew
from serving.crew_worker import CrewWorker
from serving.settings import Settings
from serving.store import Store, open_store
from serving.worker import Worker, load_analyzer
from tests.whole_store import rows_of

BATCH = 32


def processor_seconds() -> float:
    """Processor time of this process and of all that it started and that still runs."""
    used = map(cpu_seconds, family(os.getpid()))
    return sum(seconds for seconds in used if not math.isnan(seconds))


def accept(store: Store, documents: list[Document]) -> None:
    """Into the inbox, not timed: it is the same for both."""
    with store.writing() as session:
        for document in documents:
            inbox.accept(session, document)


def main() -> None:
    """Warm up, measure in turns, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--turns", type=int, default=4)
    given = parser.parse_args()
    # Read when Ray is imported: it tells nobody, and waits for its own processes on a machine that does other things.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_agent_register_timeout_ms": "200000"}
    settings = Settings()
    documents = [Document(f"d{number}", told(number), nature="complaint") for number in range(given.documents)]
    size = -(-len(documents) // given.turns)
    used, clock = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        analyzer = load_analyzer(settings)
        crew = RayCrew(settings, 1)
        try:
            warm = [Document("warm", told(10_000_000))]
            list(analyzer.analyze(warm))
            crew.submit(warm)()
            stores = {name: open_store(f"sqlite:///{folder}/{name}.db") for name in ("plain", "ray")}
            ways: dict[str, Callable[[], object]] = {
                "plain": Worker(stores["plain"], analyzer, batch=BATCH).drain,
                "ray": CrewWorker(stores["ray"], crew, batch=BATCH).drain,
            }
            for turn in range(given.turns):
                part = documents[turn * size : (turn + 1) * size]
                for name in sorted(ways, reverse=turn % 2 == 1):
                    accept(stores[name], part)
                    spent, began = processor_seconds(), time.perf_counter()
                    ways[name]()
                    used[name] += processor_seconds() - spent
                    clock[name] += time.perf_counter() - began
            for store in stores.values():
                store.close()
        finally:
            crew.close()
        plain, by_ray = (rows_of(folder / f"{name}.db") for name in ("plain", "ray"))
    for name in ways:
        print(
            f"{name}：每件处理器 {used[name] / len(documents) * 1000:.1f} ms，按时钟 {clock[name] / len(documents) * 1000:.1f} ms"
        )
    differing = sorted(table for table in plain.keys() | by_ray.keys() if plain.get(table) != by_ray.get(table))
    print(
        f"Ray 对 plain：处理器 {used['ray'] / used['plain'] - 1:+.0%}，按时钟 {clock['ray'] / clock['plain'] - 1:+.0%}；"
        f"{len(plain)} 张表 {sum(map(len, plain.values()))} 行，不同的表：{'、'.join(differing) or '没有'}；"
        f"{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
