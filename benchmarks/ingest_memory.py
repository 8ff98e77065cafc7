"""Is the memory of `ingest` and `analyze` bounded? Resident memory while little and while much ordinary text is read.

    python -m benchmarks.ingest_memory [--command ingest analyze] [--megabytes 50 500] [--workers 1]

In: commands, sizes in MB. Out: for each command and size documents, the highest resident memory (all its processes), seconds by the clock
and of processor time; then the highest of the largest as a ratio to the highest of the smallest. The texts: ordinary news of about
700 characters made from invented words, and one in a hundred a complaint of the open corpus. The store is a new SQLite file in a
temporary folder, which has to hold about ten times the size. It judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.process_figures import resident
from benchmarks.server_load import told
from tests.processes import ROOT, environment

WORDS = (
    "本市", "昨日", "举行", "植树", "活动", "市民", "参加", "粮食", "产量", "再创", "新高", "铁路", "建设", "进入", "阶段", "学校", "开展", "阅读",
    "比赛", "天气", "转晴", "游客", "增多", "公园", "开放", "工厂", "投产", "农户", "增收", "医院", "新增", "门诊", "桥梁", "通车", "水库", "蓄水",
)  # fmt: skip
SCAM_EVERY = 100
# Every how many seconds memory is looked at.
EVERY = 0.2


def write_news(file: Path, megabytes: int) -> int:
    """JSON Lines of so many MB; returns how many documents."""
    dice, number, size = random.Random(megabytes), 0, 0
    with file.open("w", encoding="utf-8") as stream:
        while size < megabytes * 1_000_000:
            sentences = ["".join(dice.choices(WORDS, k=12)) + "。" for _ in range(28)]
            text = told(number) if number % SCAM_EVERY == 0 else "".join(sentences)
            line = (
                json.dumps({"doc_id": f"n{number}", "title": sentences[0][:20], "text": text}, ensure_ascii=False)
                + "\n"
            )
            stream.write(line)
            size += len(line.encode())
            number += 1
    return number


def run(name: str, folder: Path, megabytes: int, workers: int) -> float:
    """One run of a command, `ingest` into a new store; prints its line and returns the highest resident memory in MB."""
    documents = write_news(folder / "news.jsonl", megabytes)
    command = [sys.executable, "-m", "serving.command", name, "news.jsonl", "--nature", "published"]
    made = folder / ("news.db" if name == "ingest" else "read.jsonl")
    command += ["--store", made.name, "--workers", str(workers)] if name == "ingest" else ["--output", made.name]
    before, began, highest = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    environ = environment(PYTHONPATH=str(ROOT))
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        done = threading.Event()
        while not done.wait(EVERY) and running.poll() is None:
            highest = max(highest, resident(running.pid))
    taken, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{name} {megabytes} MB，{documents} 篇：最高 {highest / 1e6:.0f} MB，{taken:.0f} 秒，处理器 {used:.0f} 秒，"
        f"写出 {made.stat().st_size / 1e6:.0f} MB，退出码 {running.returncode}，负载 {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    made.unlink()
    return highest / 1e6


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", choices=["ingest", "analyze"], nargs="+", default=["ingest", "analyze"])
    parser.add_argument("--megabytes", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    for name in given.command:
        with tempfile.TemporaryDirectory() as scratch:
            highest = {size: run(name, Path(scratch), size, given.workers) for size in sorted(given.megabytes)}
        sizes = sorted(highest)
        print(f"{name}：{sizes[-1]} MB 对 {sizes[0]} MB，{highest[sizes[-1]] / highest[sizes[0]]:.2f} 倍", flush=True)


if __name__ == "__main__":
    main()
