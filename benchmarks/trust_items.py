"""What `make trust` tries, item by item: each fault on each database, each sort of bad input, routes by role, each list of attacks.

In: whether it is the short form. Out: items; an item that is run tells how often it was tried and how often it went wrong, and in which way.
The faults, generators, walks and strings are those of the tests (tests/faults*.py, bad_inputs.py, bad_requests.py, guided_inputs.py,
route_roles.py, attacks.py): here each is run as often as the figure asks for, and goes on after a failure.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

import dying  # noqa: E402 - modules of the tests import each other by these names
import faults  # noqa: E402
import faults_inbox  # noqa: E402

from tests import attacks, bad_inputs, guided_inputs, postgres_server, route_roles  # noqa: E402
from tests.api_world import UNLIMITED, serving, settings_at  # noqa: E402

# Of a fault; all inputs; guided ones a target; of an operation and mode.
RUNS, INPUTS, GUIDED, REQUESTS = 40, 100_000, 20_000, 60
SHORT_RUNS, SHORT_INPUTS = 1, 300
SQLITE, POSTGRESQL = "sqlite", "postgresql"
# The ways in which something can go wrong: the headings of the table. Anything but 0 is a failure.
LOST, DOUBLED, RAISED, SLOW, LEAKED, HIT = "丢失", "重复", "异常、5xx", "超时", "越权、泄露", "得手"
WAYS = (LOST, DOUBLED, RAISED, SLOW, LEAKED, HIT)
PARTS = {"faults": "故障", "inputs": "坏输入", "roles": "接口 × 角色", "attacks": "攻击字符串"}


@dataclass
class Told:
    """What an item came to. counts: way → how often; a way that cannot be is not in it. skipped: why it was not run."""

    tried: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    remark: str = ""
    skipped: str = ""


@dataclass(frozen=True)
class Item:
    """name: "faults/accept/sqlite", by which it is asked for; said: what it is, for the table."""

    name: str
    said: str
    run: Callable[[Path], Told]

    @property
    def part(self) -> str:
        """The first word of the name."""
        return self.name.partition("/")[0]


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


BOTH = (SQLITE, POSTGRESQL)
# Name, what is said of it, the fault, does it kill at the n-th step of something, on which databases.
FAULTS: tuple[tuple[str, str, Callable[[Path, int], bool], bool, tuple[str, ...]], ...] = (
    ("accept", "kill -9：收件", faults_inbox.accept, True, BOTH),
    ("analyse", "kill -9：分析", faults_inbox.analyse, True, BOTH),
    ("resolve", "kill -9：入库与归并", faults_inbox.resolve, True, BOTH),
    ("merge", "kill -9：人工合并", faults.merge, True, BOTH),
    ("model", "kill -9：换默认模型", faults.model_use, True, (SQLITE,)),  # files only
    ("migrate", "kill -9：升级库", faults.migrate, True, BOTH),
    ("webhook", "kill -9：推送", faults.webhook, True, BOTH),
    ("disk", "磁盘满", _always(faults.disk_full), False, (SQLITE,)),
    ("clock", "时钟倒退", _clock_back, False, BOTH),
    ("processes", "几个进程同写一库", _always(faults.two_processes), False, BOTH),
    ("locks", "导入与更正争锁", _always(faults.crossed_locks), False, BOTH),
    ("backup", "写入时备份，恢复，核对", faults_inbox.backup_while_writing, False, BOTH),
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


def survived(fault: Callable[[Path, int], bool], dies: bool, runs: int, scratch: Path) -> Told:
    """Let `fault` fall `runs` times, each in a folder of its own, and count what was lost, doubled or otherwise wrong."""
    told = Told(counts=dict.fromkeys((LOST, DOUBLED, RAISED), 0))
    numbers = steps(runs) if dies else iter(range(1, runs + 1))
    number = next(numbers)
    while True:
        happened = True
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            try:
                happened = fault(Path(folder), number)
            except Exception as error:
                _wrong(told, error, f"第 {number} 步：")
        told.tried += happened
        try:
            number = numbers.send(happened) if dies else next(numbers)  # type: ignore[attr-defined]
        except StopIteration:
            return told


def _wrong(told: Told, error: Exception, where: str = "") -> None:
    way = {dying.LostError: LOST, dying.DoubledError: DOUBLED}.get(type(error), RAISED)
    told.counts[way] += 1
    told.wrong.append(where + traceback.format_exc()[-2000:])


def _fault(fault: Callable[[Path, int], bool], dies: bool, database: str, runs: int, scratch: Path) -> Told:
    if database == SQLITE:
        return survived(fault, dies, runs, scratch)
    if missing := postgres_server.missing():
        return Told(wrong=[missing], skipped=missing)
    # What dies is our process, not the server.
    with (
        postgres_server.running("fsync=off") as url,
        patch.dict(os.environ, FANZHA_TEST_POSTGRES=url),
    ):
        return survived(fault, dies, runs, scratch)


def _down_and_back(runs: int, scratch: Path) -> Told:
    """The database stopped and started under one server and one worker, `runs` times."""
    import faults_database

    if missing := postgres_server.missing():
        return Told(wrong=[missing], skipped=missing)
    told = Told(runs, dict.fromkeys((LOST, DOUBLED, RAISED), 0))
    with tempfile.TemporaryDirectory(dir=scratch) as folder, postgres_server.controlled() as postgres:
        try:
            answers = faults_database.down_and_back(postgres, Path(folder), runs)
            refused = answers.get("POST 503", 0) + answers.get("GET 503", 0)
            told.remark = f"其间 503 共 {refused:,} 次"
        except Exception as error:
            _wrong(told, error)
    return told


def _counted(told: bad_inputs.Tried) -> Told:
    return Told(told.tried, {RAISED: told.raised, SLOW: told.slow}, told.examples, skipped=told.skipped)


def _guided(target: str, count: int, _scratch: Path) -> Told:
    return _counted(guided_inputs.tried(target, count))


def _generated(strategy: Any, check: Callable[[Any], None], count: int, _scratch: Path) -> Told:
    return _counted(bad_inputs.tried(strategy, check, count))


def _requests(scratch: Path) -> Told:
    from tests import bad_requests

    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        return _counted(bad_requests.tried(Path(folder), REQUESTS))


def _roles(words: bool, scratch: Path) -> Told:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        held = route_roles.held(Path(folder), words=words)
    seen = f"{held.seen}/{len(route_roles.PLAIN)}"
    told = Told(held.requests, {RAISED: len(held.shut), LEAKED: len(held.open) + len(held.leaks)})
    told.remark = f"{held.routes} 个接口 × {held.roles} 种身份；管理员看得到记号 {seen}"
    told.wrong = [*held.open, *held.shut, *held.leaks]
    if held.seen != len(route_roles.PLAIN):
        told.wrong.append(f"管理员只看到 {seen} 个记号：走法看不到它要防的东西")
    return told


ATTACKS = (("xss", "XSS"), ("sql", "SQL"), ("formulas", "CSV 公式"), ("inside", "SSRF"), ("traversal", "路径穿越"))
_LISTS = {"xss": "XSS", "sql": "SQL", "formulas": "CSV", "traversal": "TRAVERSAL"}


def _attack(name: str, short: bool, scratch: Path) -> Told:
    with contextlib.ExitStack() as stack:
        if short and name in _LISTS:
            stack.enter_context(patch.object(attacks, _LISTS[name], getattr(attacks, _LISTS[name])[::20]))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch)))
        api = stack.enter_context(serving(settings_at(folder, **UNLIMITED)))
        hits = {
            "xss": lambda: attacks.xss(api),
            "sql": lambda: attacks.sql(api, api.app.state.engine.store),
            "formulas": lambda: attacks.formulas(api),
            "inside": attacks.inside,
            "traversal": lambda: attacks.traversal(api, folder),
        }[name]()
    return Told(hits.tried, {HIT: len(hits.hits)}, hits.hits, f"{hits.strings} 种")


def items(short: bool) -> list[Item]:
    """All of them, in the order in which they are run: those that find most, soonest."""
    runs, inputs = (SHORT_RUNS, SHORT_INPUTS) if short else (RUNS, INPUTS)
    found = [Item(f"attacks/{name}", said, functools.partial(_attack, name, short)) for name, said in ATTACKS]
    found.append(Item("roles", "每个接口、每种身份", functools.partial(_roles, not short)))
    for database in (SQLITE,) if short else BOTH:
        found += [
            Item(f"faults/{name}/{database}", said, functools.partial(_fault, fault, dies, database, runs))
            for name, said, fault, dies, where in FAULTS
            if database in where
        ]
    if not short:
        found.append(Item("faults/database/postgresql", "数据库停了又起", functools.partial(_down_and_back, runs)))
    for name, said, strategy, check, share in bad_inputs.SORTS:
        run = functools.partial(_generated, strategy, check, int(inputs * share) + 1)
        found.append(Item(f"inputs/{name}", said, run))
    if not short:  # the tests have short forms of their own
        found.append(Item("inputs/api", "接口（Schemathesis，时限 30 秒）", _requests))
        found += [
            Item(f"inputs/guided-{target}", f"{said}（atheris）", functools.partial(_guided, target, GUIDED))
            for target, said in guided_inputs.TARGETS.items()
        ]
    return found
