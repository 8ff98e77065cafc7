"""What the system survives: faults, bad inputs, routes by role, attacks; one table, and an end that tells whether each figure is what it must be.

    make trust
    python -m benchmarks.trust [--short] [--only faults inputs roles attacks] [--databases sqlite] [--markdown FILE]

In: nothing; stores, servers and files in a temporary folder, on SQLite, and on a PostgreSQL server of our own where one is installed. Out:
four tables on standard output, as Markdown in a file where one is named; 1 where anything was lost, doubled, raised, late, leaked or hit.
The faults, generators, walks and strings are those of the tests (tests/faults*.py, bad_inputs.py, bad_requests.py, route_roles.py,
attacks.py): here each is run as often as the figure asks for, and goes on after a failure. The full form takes an hour or two of one core;
`--short` is for the tests and takes half a minute. Nothing here leaves loopback.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import dying  # noqa: E402 - modules of the tests import each other by these names
import faults  # noqa: E402
import faults_inbox  # noqa: E402

from tests import attacks, bad_inputs, postgres_server, route_roles  # noqa: E402
from tests.api_world import UNLIMITED, serving, settings_at  # noqa: E402

RUNS, INPUTS, REQUESTS = 40, 100_000, 60  # a fault, all inputs, requests an operation and mode
SHORT_RUNS, SHORT_INPUTS = 1, 300
DATABASES = ("sqlite", "postgresql")
PARTS = ("faults", "inputs", "roles", "attacks")


@dataclass
class Part:
    """One table: headings, rows, what went wrong."""

    title: str
    headings: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def _clock_back(folder: Path, number: int) -> bool:
    real = time.time
    shift = 0.0

    def set_clock(seconds: float) -> None:
        nonlocal shift
        shift = seconds

    with patch.object(time, "time", lambda: real() + shift):
        faults.clock_back(folder, 1 + number % 48, set_clock)
    return True


def _always(fault: Callable[[Path, int], Any]) -> Callable[[Path, int], bool]:
    """A fault that falls every time, whatever it returns."""

    def run(folder: Path, number: int) -> bool:
        fault(folder, number)
        return True

    return run


# What is said of it, the fault, does it kill at the n-th step of something, on which databases.
FAULTS: tuple[tuple[str, Callable[[Path, int], bool], bool, tuple[str, ...]], ...] = (
    ("kill -9：收件", faults_inbox.accept, True, ("sqlite", "postgresql")),
    ("kill -9：分析", faults_inbox.analyse, True, ("sqlite", "postgresql")),
    ("kill -9：入库与归并", faults_inbox.resolve, True, ("sqlite", "postgresql")),
    ("kill -9：人工合并", faults.merge, True, ("sqlite", "postgresql")),
    ("kill -9：换默认模型", faults.model_use, True, ("sqlite",)),  # files only
    ("kill -9：升级库", faults.migrate, True, ("sqlite", "postgresql")),
    ("kill -9：推送", faults.webhook, True, ("sqlite", "postgresql")),
    ("磁盘满", _always(faults.disk_full), False, ("sqlite",)),
    ("时钟倒退", _clock_back, False, ("sqlite", "postgresql")),
    ("几个进程同写一库", _always(faults.two_processes), False, ("sqlite", "postgresql")),
    ("导入与更正争锁", _always(faults.crossed_locks), False, ("sqlite", "postgresql")),
    ("写入时备份，恢复，核对", faults_inbox.backup_while_writing, False, ("sqlite", "postgresql")),
)


def steps(runs: int) -> Iterator[int]:
    """Numbers of steps to die at, until `runs` fell: 1, 2, 4, … past the end, then spread over what there is.

    Send True back where the fault fell, False where all was done before.
    """
    fell, number, end = 0, 1, None
    while fell < runs:
        if (yield number):
            fell += 1
            number = 2 * number if end is None else number
        else:
            end = number if end is None else min(end, number)
            assert end > 1, "nothing can be killed here"
        if end is not None:
            number = 1 + (fell * 7919 + 17 * fell * fell) % max(1, end - 1)


def faults_part(short: bool, scratch: Path, tell: Callable[[str], None], wanted: Sequence[str] = DATABASES) -> Part:
    """Every fault, as often as it must be survived, on each database it makes sense on."""
    part = Part("放进的故障", ("故障", "数据库", "次数", "丢失", "重复", "别的差错"))
    runs = SHORT_RUNS if short else RUNS
    databases = ["sqlite"] if short or postgres_server.missing() else list(wanted)
    for database in databases:
        with contextlib.ExitStack() as stack:
            if database == "postgresql":
                url = stack.enter_context(
                    postgres_server.running("fsync=off")
                )  # what dies is our process, not the server
                stack.enter_context(patch.dict(os.environ, FANZHA_TEST_POSTGRES=url))
            for name, fault, dies, where in FAULTS:
                if database in where:
                    _survive(part, name, fault, dies, database, runs, scratch)
                    tell(str(part.rows[-1]))
    if not short and "postgresql" in databases:
        _down_and_back(part, runs, scratch)
        tell(str(part.rows[-1]))
    elif not short and "postgresql" in wanted:
        part.wrong.append(f"PostgreSQL: {postgres_server.missing()}")
    return part


def _survive(
    part: Part, name: str, fault: Callable[[Path, int], bool], dies: bool, database: str, runs: int, scratch: Path
) -> None:
    counts = {dying.LostError: 0, dying.DoubledError: 0, Exception: 0}
    numbers = steps(runs) if dies else iter(range(1, runs + 1))
    fell, number = 0, next(numbers)
    while True:
        happened = True
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            try:
                happened = fault(Path(folder), number)
            except Exception as error:
                kind = next(one for one in counts if isinstance(error, one))
                counts[kind] += 1
                part.wrong.append(f"{name} {database} {number}: {traceback.format_exc()[-1200:]}")
        fell += happened
        try:
            number = numbers.send(happened) if dies else next(numbers)  # type: ignore[attr-defined]
        except StopIteration:
            break
    part.rows.append((name, database, fell, *counts.values()))


def _down_and_back(part: Part, runs: int, scratch: Path) -> None:
    """The database stopped and started under one server and one worker, `runs` times."""
    import faults_database

    counts = {dying.LostError: 0, dying.DoubledError: 0, Exception: 0}
    with tempfile.TemporaryDirectory(dir=scratch) as folder, postgres_server.controlled() as postgres:
        try:
            answers = faults_database.down_and_back(postgres, Path(folder), runs)
            refused = answers.get("POST 503", 0) + answers.get("GET 503", 0)
            name = f"数据库停了又起（其间 503 共 {refused} 次）"
        except Exception as error:
            name = "数据库停了又起"
            counts[next(one for one in counts if isinstance(error, one))] += 1
            part.wrong.append(f"{name}: {traceback.format_exc()[-3000:]}")
    part.rows.append((name, "postgresql", runs, *counts.values()))


def inputs_part(short: bool, scratch: Path, tell: Callable[[str], None]) -> Part:
    """Generated inputs over readers, cleaners, extractors and the API."""
    part = Part(
        "生成的坏输入",
        ("对什么", "件数", "未处理的异常（接口：5xx）", f"超过 {bad_inputs.LIMIT_SECONDS:.0f} 秒处理器时间"),
    )
    inputs = SHORT_INPUTS if short else INPUTS
    for name, strategy, check, share in bad_inputs.SORTS:
        _count(part, name, bad_inputs.tried(strategy, check, int(inputs * share) + 1))
        tell(str(part.rows[-1]))
    if not short:  # the tests have a short form of their own (test_api_schemathesis.py)
        from tests import bad_requests

        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            _count(part, "接口：Schemathesis（时限 30 秒）", bad_requests.tried(Path(folder), REQUESTS))
        tell(str(part.rows[-1]))
    part.rows.append(("合计", *(sum(row[at] for row in part.rows) for at in (1, 2, 3))))
    if part.rows[-1][1] < inputs:
        part.wrong.append(f"只试了 {part.rows[-1][1]} 件，应有 {inputs}")
    return part


def _count(part: Part, name: str, told: bad_inputs.Tried) -> None:
    part.rows.append((name, told.tried, told.raised, told.slow))
    part.wrong += [f"{name}: {example}" for example in told.examples]


def roles_part(short: bool, scratch: Path, tell: Callable[[str], None]) -> Part:
    """Every route by every role, and the canaries."""
    part = Part("接口 × 角色", ("接口", "角色", "请求", "不该开的门", "不该关的门", "泄露", "管理员看得到的记号"))
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        told = route_roles.held(Path(folder), words=not short)
    seen = f"{told.seen}/{len(route_roles.PLAIN)}"
    part.rows.append((told.routes, told.roles, told.requests, len(told.open), len(told.shut), len(told.leaks), seen))
    part.wrong += [*told.open, *told.shut, *told.leaks]
    if told.seen != len(route_roles.PLAIN):
        part.wrong.append(f"管理员只看到 {seen} 个记号：走法看不到它要防的东西")
    tell(str(part.rows[-1]))
    return part


def attacks_part(short: bool, scratch: Path, tell: Callable[[str], None]) -> Part:
    """Attack strings of our own lists."""
    part = Part("攻击字符串", ("种类", "字符串", "试了多少处", "得手"))
    names = {"xss": attacks.XSS, "sql": attacks.SQL, "formulas": attacks.CSV, "traversal": attacks.TRAVERSAL}
    with contextlib.ExitStack() as stack:
        for name, strings in names.items() if short else ():
            stack.enter_context(patch.object(attacks, {"formulas": "CSV"}.get(name, name.upper()), strings[::20]))
        for name in ("xss", "sql", "formulas", "inside", "traversal"):
            with (
                tempfile.TemporaryDirectory(dir=scratch) as folder,
                serving(settings_at(Path(folder), **UNLIMITED)) as api,
            ):
                told = {
                    "xss": lambda api=api: attacks.xss(api),
                    "sql": lambda api=api: attacks.sql(api, api.app.state.engine.store),
                    "formulas": lambda api=api: attacks.formulas(api),
                    "inside": attacks.inside,
                    "traversal": lambda api=api, folder=folder: attacks.traversal(api, Path(folder)),
                }[name]()
            said = {"xss": "XSS", "sql": "SQL", "formulas": "CSV 公式", "inside": "SSRF", "traversal": "路径穿越"}[name]
            part.rows.append((said, told.strings, told.tried, len(told.hits)))
            part.wrong += [f"{said}: {hit}" for hit in told.hits]
            tell(str(part.rows[-1]))
    return part


def draw(console: Console, part: Part) -> None:
    """One part as a table, and the first of what went wrong."""
    table = Table(title=part.title, title_justify="left")
    for heading in part.headings:
        table.add_column(heading, justify="right" if heading in ("次数", "件数") else "left")
    for row in part.rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    console.print(table)
    for line in part.wrong[:20]:
        console.print(f"[red]✗[/red] {line}", markup=True, highlight=False)


def markdown(parts: Sequence[Part], seconds: float) -> str:
    """All parts as Markdown."""
    lines = []
    for part in parts:
        lines += ["| " + " | ".join(part.headings) + " |", "|" + "---|" * len(part.headings)]
        lines += [
            "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row) + " |"
            for row in part.rows
        ]
        lines += [f"\n**{len(part.wrong)} 处不对**\n" if part.wrong else ""]
    return "\n".join([*lines, f"用时 {seconds / 60:.0f} 分钟。\n"])


def main(words: Sequence[str] | None = None) -> int:
    """The command line; 0 where every figure is what it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=DATABASES)
    asked = parser.parse_args(words)
    logging.disable(logging.ERROR)  # faults are told in logs by the thousand; the server's own tests read them
    console = Console()
    makers = {
        "faults": functools.partial(faults_part, wanted=asked.databases),
        "inputs": inputs_part,
        "roles": roles_part,
        "attacks": attacks_part,
    }
    began = time.monotonic()
    parts = []
    with tempfile.TemporaryDirectory(prefix="fanzha-trust-") as scratch:
        for name in asked.only:
            parts.append(
                makers[name](asked.short, Path(scratch), lambda line: print(line, file=sys.stderr, flush=True))
            )
            draw(console, parts[-1])
    if asked.markdown:
        asked.markdown.write_text(markdown(parts, time.monotonic() - began), encoding="utf-8")
    wrong = sum(len(part.wrong) for part in parts)
    console.print("[bold green]样样如数。[/bold green]" if not wrong else f"[bold red]{wrong} 处不对。[/bold red]")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
