"""Characters a second of `analyze` and its parts, beside jieba's tagger, LAC, cpca and a plain regex, on the same texts in one run.

    python -m benchmarks.reading_speed [FILE.jsonl] [--documents N] [--encoder runs/e5]

Reads JSON Lines with a `text`; without a file the samples of the project. Prints processor time (a shared machine makes wall time of
little worth) with one thread of the encoder: rules alone, the encoder alone, all, the peers, then the parts. The rules and the encoder
meet every text for the first time; the single finders stand last and meet it again. The baseline is jieba.posseg. A peer that is not
installed is named (`pip install fanzha[peers]`). Where torch and the unpacked twelve layers are at hand (`python -m
training.encoder_weights runs/e5`), the usual stack is measured too: LAC and those layers in fp32, over the windows that ours reads and over
every window of the texts; and how often faster `analyze` is, with what it would have to cost to be six times faster. Writes nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.peers import PEERS
from corpora.read import read
from nlp import model_folder
from nlp.analyze import Analyzer
from nlp.classify import Classifier
from nlp.clean import clean
from nlp.encoder import EncoderEngine, prepare_windows
from nlp.extract.pipeline import FINDERS, ORDER, find_mentions
from nlp.records import Document, Mention
from nlp.segment import segment

SAMPLES = Path(__file__).resolve().parents[1] / "corpora" / "samples"
_WARM = "预热：王女士在福州被骗3万元，报警后民警抓获嫌疑人李某。"
BASELINE = "jieba.posseg"
WHOLE, LAC, TWELVE = "analyze 全程", "LAC", "12 层 torch fp32"
# What the issue of speed asks for, and what it wants worked out.
WANTED = 6


def rate(characters: int, work: Callable[[], object]) -> float:
    """Characters a second of processor time."""
    start = time.process_time()
    work()
    return characters / max(time.process_time() - start, 1e-9)


def _wake(analyzer: Analyzer) -> None:
    """Load every table and dictionary; none of the measured texts is read."""
    find_mentions(_WARM)
    segment(_WARM)
    list(analyzer.analyze([Document("warm", _WARM)]))


def measure_peers(texts: Sequence[str], total: int) -> tuple[list[tuple[str, float]], list[str]]:
    """(peer, characters a second) of those installed, and why the others are left out."""
    rows, absent = [], []
    for name, load in PEERS[1:]:
        try:
            read_one = load()
        except ImportError as error:
            absent.append(f"{name}（{error}）")
            continue
        read_one(_WARM)
        rows.append((name, rate(total, lambda read_one=read_one: [read_one(text) for text in texts])))  # type: ignore[misc]
    return rows, absent


def measure_twelve(texts: Sequence[str], total: int, folder: Path) -> tuple[list[tuple[str, float]], str]:
    """Characters a second of the untouched twelve layers, one thread: over our windows, over every window; or why there are none."""
    try:
        import torch
        from tokenizers import Tokenizer

        from training.network import ReportNetwork
    except ImportError as error:
        return [], f"{TWELVE}（{error}）"
    engine = _encoder(model_folder.load(threads=1))
    if engine is None or not (folder / "config.json").is_file():
        return [], f"{TWELVE}（没有 {folder}）"
    torch.set_num_threads(1)
    network = ReportNetwork(folder, 12, 20).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(engine.reading.max_tokens)

    def read_windows(windows: Sequence[str]) -> None:
        for window in windows:
            ids = torch.tensor([tokenizer.encode(window).ids])
            with torch.inference_mode():
                network(ids, torch.ones_like(ids))

    every = replace(engine.reading, max_windows=sys.maxsize)
    read_windows(prepare_windows(_WARM, every))
    return [
        (f"{TWELVE}{told}", rate(total, lambda how=how: [read_windows(prepare_windows(text, how)) for text in texts]))  # type: ignore[misc]
        for told, how in (("，同样的窗", engine.reading), ("，每一窗", every))
    ], ""


def against_the_stack(rows: Sequence[tuple[str, float]]) -> list[str]:
    """Sentences: how often faster than LAC and the twelve layers together, and what six times would take."""
    speeds = dict(rows)
    told = []
    for name, speed in rows:
        if name.startswith(TWELVE) and LAC in speeds:
            stack = 1 / (1 / speeds[LAC] + 1 / speed)
            ours = 1000 / speeds[WHOLE] * 1000
            told.append(
                f"LAC＋{name}：{stack:,.0f} 字/秒；analyze 是它的 {speeds[WHOLE] / stack:.1f} 倍（每千字 {ours:.1f} 毫秒；"
                f"{WANTED} 倍要 {1e6 / stack / WANTED:.1f} 毫秒）"
            )
    return told


def measure_parts(texts: Sequence[str], total: int) -> list[tuple[str, float]]:
    """(finder, characters a second), each on what the finders before it have found."""
    spent = dict.fromkeys(ORDER, 0.0)
    for text in texts:
        found: list[Mention] = []
        for name in ORDER:
            start = time.process_time()
            found += FINDERS[name](text, "", found)
            spent[name] += time.process_time() - start
    return [(f"　{name.removeprefix('fanzha_')}", total / max(seconds, 1e-9)) for name, seconds in spent.items()]


def _encoder(classifier: Classifier) -> EncoderEngine | None:
    engine = getattr(classifier.engine, "encoder", classifier.engine)
    return engine if isinstance(engine, EncoderEngine) else None


def measure(documents: Sequence[Document], twelve: Path) -> tuple[list[tuple[str, float]], list[str]]:
    """(part, characters a second), rules alone, encoder alone and all first; and the peers that are absent."""
    classifier = model_folder.load(threads=1)
    analyzer = Analyzer(classifier)
    _wake(analyzer)
    texts = [article.text for document in documents for article in clean(document)]
    total, whole = sum(map(len, texts)), sum(len(document.text) for document in documents)
    rows = [("规则", rate(total, lambda: [find_mentions(text) for text in texts]))]
    encoder = _encoder(classifier)
    if encoder is not None:
        rows.append(("编码器", rate(total, lambda: [encoder.score(text) for text in texts])))
        # An engine of its own: the first keeps the windows that it has just read.
        analyzer = Analyzer(model_folder.load(threads=1))
        _wake(analyzer)
    rows.append((WHOLE, rate(whole, lambda: list(analyzer.analyze(documents)))))
    peers, absent = measure_peers(texts, total)
    layers, missing = measure_twelve(texts, total, twelve)
    rows += peers + layers
    absent += [missing] if missing else []
    rows.append(("清洗与分篇", rate(whole, lambda: [clean(document) for document in documents])))
    rows.append(("分词（检索用）", rate(total, lambda: [segment(text) for text in texts])))
    return rows + measure_parts(texts, total), absent


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLES)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--encoder", type=Path, default=Path("runs") / "e5")
    chosen = parser.parse_args()
    console = Console(soft_wrap=True)
    found = track(
        islice(read([chosen.file]), chosen.documents), "读取", total=chosen.documents, console=console, transient=True
    )
    documents = [item for item in found if isinstance(item, Document)]
    rows, absent = measure(documents, chosen.encoder)
    base = dict(rows).get(BASELINE)
    table = Table(
        title=f"{len(documents)} 篇，{sum(len(document.text) for document in documents):,} 字；处理器时间，单线程"
    )
    table.add_column("部分")
    table.add_column("字/秒", justify="right")
    table.add_column(f"对 {BASELINE}", justify="right")
    for name, speed in rows:
        table.add_row(name, f"{speed:,.0f}", f"{speed / base:.2f}×" if base else "–")
    console.print(table)
    for line in against_the_stack(rows):
        console.print(line)
    versions = "，".join(f"{name} {version(name)}" for name in ("onnxruntime", "numpy", "jieba"))
    console.print(
        f"{_processor()}，{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}；Python {platform.python_version()}，{versions}"
    )
    if absent:
        console.print(f"未安装，略去：{'；'.join(absent)}")


def _processor() -> str:
    """The processor's name where the system tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
