"""The regression set: what each step costs, as a ratio to a yardstick that ran beside it; written down, drawn, held against what is recorded.

    python -m benchmarks.ratios [--rounds 9] [--check] [--record] [--report benchmarks]

In: nothing; the shipped model, invented complaints and news. Out: a table on standard output; --report writes speed-ratios.md and
speed-ratios.svg there; --record writes benchmarks/ratios.json; --check exits with 1 when a ratio is more than 25 % worse than recorded.

Processor time alone, step and yardstick in turn in slices of a few hundredths of a second, so that a busy machine slows both; the ratio is
the middle one of the rounds (that of the quickest slices was a third too low when one of them was lucky). What is over the limit is
measured again, `TRIES` times in all: a step that got slower is slower every time, a disturbance is not. Yardsticks: `python` is text work in
plain Python (dictionaries, regular expressions, JSON), `full` the full reading of the same article. The encoder's ratio hangs on the processor
(VNNI or not) and that of the gate on the encoder's: told, not held. On another processor than that of the record nothing is held: --check
says so and passes.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ratios_report import processor, write_report
from benchmarks.server_load import complaint
from benchmarks.unit_costs import news
from nlp import model_folder
from nlp.analyze import Analyzer
from nlp.clean import clean
from nlp.extract.pipeline import find_mentions
from nlp.records import Document
from nlp.resolve import signature
from nlp.segment import tokens
from serving import reports
from serving.inbox import this_worker
from serving.store import open_store
from serving.worker import file_readings, read_through

RECORDED = Path(__file__).with_name("ratios.json")
WORSE = 1.25
TRIES = 4
TEXTS = 12
# Steps whose ratio is the machine's as much as ours.
TOLD_ONLY = ("encoder", "gate")
_WORDS = re.compile("[一-鿿]{2,4}|[0-9]+")


@dataclass(frozen=True, slots=True)
class Step:
    """One measured step: what it does, what it is measured against."""

    name: str
    told: str
    run: Callable[[], object]
    yardstick: Callable[[], object]


def yardstick() -> None:
    """Plain text work in Python, some hundredths of a second of it, always the same."""
    text = complaint(7)
    for turn in range(60):
        counted: dict[str, int] = {}
        for word in _WORDS.findall(text):
            counted[word] = counted.get(word, 0) + turn
        json.loads(json.dumps(counted, ensure_ascii=False))
        " ".join(text[at : at + 2] for at in range(len(text) - 1))


def steps(folder: Path) -> list[Step]:
    """The set, warm. folder: where its store may stand."""
    classifier = model_folder.load(threads=1)
    gated, full = Analyzer(classifier, gated=True), Analyzer(classifier)
    encoder = classifier.engine.encoder  # type: ignore[attr-defined]
    told = [Document(f"c{number}", complaint(number), nature="complaint") for number in range(TEXTS)]
    ordinary = [Document(f"n{number}", news(number), publisher="某报") for number in range(TEXTS)]
    texts = [document.text for document in told]
    store = open_store(f"sqlite:///{folder}/ratios.db")
    number = iter(range(10**9))

    def filed() -> None:
        fresh = [Document("", complaint(1000 + next(number)), nature="complaint") for _ in range(4)]
        readings = [read_of[at % TEXTS] for at in range(len(fresh))]
        for document, reading in zip(fresh, readings, strict=True):
            with store.writing() as session:
                # One number for all: what grows with an incident is measured by benchmarks.resolve_growth.
                claim = reports.receive(session, document, owner=this_worker()).claim
            assert claim is not None
            file_readings(store, [claim], [reading])
            with store.writing() as session:
                reports.withdraw(session, reports.receive(session, document).report_id)

    def read_again() -> None:
        encoder._kept.clear()
        list(full.analyze(ordinary[:2]))

    def encoded() -> None:
        encoder._kept.clear()
        for text in texts[:2]:
            encoder.score(text)

    read_of = read_through(full, told)
    return [
        Step("accept_and_file", "收下、入库、撤回四件投诉", filed, yardstick),
        Step("rules", "规则读 12 件投诉", lambda: [find_mentions(text) for text in texts], yardstick),
        Step("clean", "清洗 12 篇新闻", lambda: [clean(document) for document in ordinary], yardstick),
        Step("table", "词面表看 12 篇新闻", lambda: [classifier.glance(d.text) for d in ordinary], yardstick),
        Step("search_words", "检索用的词，12 件投诉", lambda: [tokens(text) for text in texts], yardstick),
        Step("signature", "近似文本的签名，12 件投诉", lambda: [signature(text) for text in texts], yardstick),
        Step("gate", "门放走 12 篇新闻，对细读其中两篇", lambda: list(gated.analyze(ordinary)), read_again),
        Step("encoder", "编码器读两件投诉", encoded, yardstick),
    ]  # fmt: skip


def spent(run: Callable[[], object]) -> float:
    """Processor seconds of one run."""
    began = time.process_time()
    run()
    return time.process_time() - began


def measure(step: Step, rounds: int) -> float:
    """The middle one of the ratios, step to yardstick, of slices that ran one after the other."""
    # A collection of the whole heap (jieba's dictionary stands in it) takes longer than most slices, and falls into one or another.
    gc.collect()
    gc.disable()
    try:
        pairs = [(spent(step.run), spent(step.yardstick)) for _ in range(rounds + 1)][1:]  # the first one warms
    finally:
        gc.enable()
    return statistics.median(own / beside for own, beside in pairs)


def worse(measured: Mapping[str, float], recorded: Mapping[str, float]) -> list[str]:
    """Names of the steps that are held and whose ratio is over the limit."""
    return [
        name for name, ratio in measured.items() if name not in TOLD_ONLY and ratio > WORSE * recorded.get(name, 0.0)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args(arguments)
    kept = json.loads(RECORDED.read_text(encoding="utf-8")) if RECORDED.is_file() else {"processor": "", "ratios": {}}
    recorded = kept["ratios"]
    with tempfile.TemporaryDirectory() as scratch:
        made = steps(Path(scratch))
        measured = {step.name: measure(step, given.rounds) for step in made}
        for _ in range(TRIES - 1):
            for step in made if given.check else ():
                if step.name in worse(measured, recorded):
                    measured[step.name] = min(measured[step.name], measure(step, given.rounds))
    for step in made:
        before = f"，记录 {recorded[step.name]:.3f}" if step.name in recorded else ""
        print(f"{step.told}：为标尺的 {measured[step.name]:.3f} 倍{before}")
    print(f"{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
    if given.report:
        write_report(given.report, {step.name: step.told for step in made}, measured, recorded)
    if given.record:
        ratios = {name: round(ratio, 4) for name, ratio in measured.items()}
        told = {"processor": processor(), "ratios": ratios}
        RECORDED.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    over = worse(measured, recorded) if given.check else []
    if over and kept["processor"] != processor():
        print(
            f"记录是在另一种处理器上的（{kept['processor']}），这里是 {processor()}：只列出，不作数：{'、'.join(over)}"
        )
        over = []
    for name in over:
        print(f"慢了四分之一以上：{name}；确实值得的话，用 --record 重记，并在提交里说明", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
