"""How soon the console can be used: every screen until it can be, the next complaint, the next document, a page of the large table.

    python -m benchmarks.console_speed --incidents 1000000 --folder FOLDER

In: --incidents N (default 100000), --waiting complaints in the queues (default 300), --folder where the store is kept between runs. Out:
what the questions behind the screens take, then the four figures that are asked for beside their limits, on standard output. It judges
nothing; the load of the machine stands in the first line.

The store is that of `benchmarks.large_store` with complaints of `benchmarks.server_load` read into it by the default model; words of the
incidents are not indexed, so a search for words is not measured here (`benchmarks.queries` does). Times of the browser are wall clock from
the key or the address to the drawn page, in Chromium on the same machine, which shares its cores; beside them stands the processor time of
the server, which another load does not change.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.large_store import fill
from benchmarks.process_figures import cpu_seconds
from benchmarks.server_load import told
from nlp import taxonomy
from serving import views
from serving.console import overview_numbers
from serving.console.incident_rows import PAGE, count, list_page
from serving.ingest import ingest
from serving.queries import IncidentFilter
from serving.settings import Settings
from serving.store import Store, open_store
from serving.worker import load_analyzer
from tests.processes import server, until_it_answers

TIMES = 7
# The limits, in milliseconds: what people take for at once, and for soon.
OPEN, NEXT, TURN = 2000, 150, 300
PATIENCE = 60.0
# Opened one after the other; {incident} is one with a text behind it.
SCREENS = (
    "/console/", "/console/incidents", "/console/incidents/{incident}", "/console/desk", "/console/annotate",
    "/console/annotate/agreement", "/console/taxonomy", "/console/models", "/console/import",
)  # fmt: skip
# Screen → what lies there: each marks it in its own way; the script of 标注 has drawn it when its text stands there.
QUEUES = {
    "研判台": ("/console/desk", "return document.querySelector('[data-report]')?.dataset.report || ''"),
    "标注": ("/console/annotate", "return document.getElementById('an-text')?.textContent || ''"),
}
# Tables turned over: what is asked of them, as the address says it.
TURNED = ("", "?sort=-loss", "?place=41", "?place=41&sort=-date", "?since=2024-03&until=2024-05&sort=-loss")


@dataclass(frozen=True, slots=True)
class Measured:
    """What one act took: milliseconds of wall clock, each time, and the server's processor milliseconds a time."""

    words: str
    taken: tuple[float, ...]
    processor: float

    def line(self, limit: int) -> str:
        """The act in one line, with its median, its worst, and the limit it has to keep."""
        middle = statistics.median(self.taken)
        kept = "在限内" if middle <= limit else "超过"
        return f"  {middle:7.0f}  {max(self.taken):7.0f}  {self.processor:9.0f}  {limit:6}  {kept}　{self.words}"


def main() -> None:
    """Fill, ask, browse, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--waiting", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--without-browser", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(store=f"sqlite:///{folder}/large-{given.incidents}.db")
        store = open_store(settings.store)
        fill(store, given.incidents, words=False)
        wait(store, settings, given.waiting, Path(scratch))
        print(
            f"{given.incidents:,} 个事件，{given.waiting} 件投诉等着，{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}"
        )
        tables(store)
        store.close()
        if not given.without_browser:
            browse(settings, Path(scratch))


def wait(store: Store, settings: Settings, number: int, scratch: Path) -> None:
    """Complaints that wait at the desk and in 标注; those that are there already are not read twice."""
    file = scratch / "waiting.jsonl"
    lines = [json.dumps({"id": f"w-{at}", "text": told(at)}, ensure_ascii=False) for at in range(number)]
    file.write_text("\n".join(lines), encoding="utf-8")
    ingest(store, [file], lambda: load_analyzer(settings), nature="complaint")


def tables(store: Store) -> None:
    """A page of the table in several orders and under several filters, and what stands beside it."""
    label = taxonomy.load().labels[0].id
    asked: list[tuple[str, IncidentFilter, Any]] = [
        ("更新", IncidentFilter(), "changed"), ("损失从大到小", IncidentFilter(), "loss"), ("案发", IncidentFilter(), "date"),
        ("类型 + 损失", IncidentFilter(labels=(label,)), "loss"), ("地点（省）", IncidentFilter(place="41"), "changed"),
        ("地点 + 损失", IncidentFilter(place="410727"), "loss"), ("时间段", IncidentFilter(since="2024-03", until="2024-05"), "changed"),
        ("金额段", IncidentFilter(loss_min_fen=10_000_000, loss_max_fen=20_000_000), "date"),
    ]  # fmt: skip
    print(f"\n表格一页（{PAGE} 行，连同取值），毫秒：历时 / 处理器，中位数")
    for words, wanted, order in asked:
        after = None

        def page(wanted: IncidentFilter = wanted, order: Any = order) -> None:
            nonlocal after
            with store.reading() as session:
                found = list_page(session, wanted, viewer="admin", order=order, after=after)
            after = found.end  # the next measure reads the next page
            [views.incident_line(row, "admin") for row in found.rows]

        def counted(wanted: IncidentFilter = wanted) -> None:
            with store.reading() as session:
                count(session, wanted, viewer="admin")

        print(f"  {words:<12}{median(page)}　计数（在表后） {median(counted)}")
    with store.reading() as session:
        week = overview_numbers.period(30)
        print("\n总览，每分钟至多算一次")
        for words, question in (
            ("30 天合计", lambda: overview_numbers.sums(session, week.since, week.until, "admin")),
            ("趋势", lambda: overview_numbers.trend(session, "admin")),
            ("地区", lambda: overview_numbers.by_division(session, week.since, week.until, "admin")),
            ("手法", lambda: overview_numbers.tricks(session, week, "admin")),
        ):
            print(f"  {words:<12}{median(question, 3)}")


def browse(settings: Settings, scratch: Path) -> None:
    """The real thing in Chromium on this machine: the four figures, each beside its limit."""
    from tests.console_world import browser, missing

    if reason := missing():
        print(f"\n没有量浏览器：{reason}")
        return

    def measure(
        words: str, act: Callable[[], object], times: int, pause: float = 0.0, *, warm: bool = True
    ) -> Measured:
        if warm:
            act()
        taken, used = [], 0.0
        for _ in range(times):
            # As long as a person looks. What the server does ahead meanwhile is not waited for and not counted.
            time.sleep(pause)
            before, began = cpu_seconds(running.pid), time.perf_counter()
            act()
            taken.append((time.perf_counter() - began) * 1000)
            used += cpu_seconds(running.pid) - before
        return Measured(words, tuple(taken), 1000 * used / times)

    with server(scratch, "--demo", "--console", "--store", settings.store) as (address, running):
        until_it_answers(f"{address}/readyz", running, scratch)
        newest = httpx.get(f"{address}/v1/incidents", params={"limit": 1}, timeout=60).json()["incidents"]
        incident = newest[0]["id"] if newest else ""
        with browser(address, scratch / "profile") as page:
            first = measure("/console/（浏览器缓存还空着）", lambda: page.open("/console/"), 1, warm=False)
            opened = [first] + [
                measure(path, lambda path=path: page.open(path.format(incident=incident)), 3) for path in SCREENS  # type: ignore[misc]
            ]  # fmt: skip
            following = [_following(page, measure, *queue) for queue in QUEUES.items()]
            turned = [_turned(page, measure, asked) for asked in TURNED]
    print("\n浏览器里，毫秒：中位数、最慢、服务的处理器时间、限度")
    for heading, limit, found in (
        ("打开到可用", OPEN, opened), ("下一件，从按键到画出", NEXT, following), ("大表翻一页，从按键到画出", TURN, turned),
    ):  # fmt: skip
        print(heading)
        print("\n".join(each.line(limit) for each in found))


def _following(page: Any, measure: Callable[..., Measured], words: str, queue: tuple[str, str]) -> Measured:
    """From the key s to the next item drawn."""
    path, script = queue

    def lying() -> str:
        return str(page.driver.execute_script(script))

    def following() -> None:
        before = lying()
        page.press("s")
        _until(lambda: lying() not in ("", before))

    page.open(path)
    page.until(lying, words)
    return measure(words, following, 9, pause=0.8)


def _turned(page: Any, measure: Callable[..., Measured], asked: str) -> Measured:
    """From the click on 下一页 to the rows drawn; at the last page back again."""
    script = "return document.querySelector('.incidents tbody')?.innerText || ''"
    click = "(document.querySelector('[data-act=next]:enabled') || document.querySelector('[data-act=previous]:enabled')).click()"

    def turned() -> None:
        before = page.driver.execute_script(script)
        page.driver.execute_script(click)
        _until(lambda: page.driver.execute_script(script) != before)

    page.open(f"/console/incidents{asked}")
    page.until(lambda: page.text(".incidents tbody"), "rows")
    return measure(f"/console/incidents{asked}", turned, 5, pause=1.0)


def _until(fits: Callable[[], bool]) -> None:
    """Look every few milliseconds, so that the looking is not what is measured."""
    end = time.monotonic() + PATIENCE
    while not fits():
        if time.monotonic() > end:
            raise TimeoutError("the page did not change")
        time.sleep(0.005)


def median(act: Callable[[], object], times: int = TIMES) -> str:
    """Milliseconds of wall clock and of processor, the middle ones of `times` measures after one that warms up."""
    act()
    taken = []
    for _ in range(times):
        began, used = time.perf_counter(), time.process_time()
        act()
        taken.append(((time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000))
    wall, processor = (statistics.median(each) for each in zip(*taken, strict=True))
    return f"{wall:6.0f} / {processor:4.0f}"


if __name__ == "__main__":
    main()
