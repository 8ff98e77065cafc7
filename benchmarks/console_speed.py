"""How soon the console can be used: a page, the next complaint or document, a page of a large table. It prints; it judges nothing.

In: --incidents N (default 100000), --folder where the store is kept between runs. Out: a table of medians on standard output.
The large store is that of `benchmarks.large_store`; words are not indexed, so a search for words is not measured here.
Times are wall clock on this machine as it is: the load is printed beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.large_store import fill
from nlp import taxonomy
from serving import views
from serving.console import overview_numbers
from serving.console.incident_rows import PAGE, count, list_page
from serving.queries import IncidentFilter
from serving.settings import Settings
from serving.store import Store, open_store

TIMES = 7


def main() -> None:
    """Fill, ask, browse, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--without-browser", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(store=f"sqlite:///{folder}/large-{given.incidents}.db")
        store = open_store(settings.store)
        fill(store, given.incidents, words=False)
        print(f"{given.incidents:,} 个事件，{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
        tables(store)
        store.close()
        if not given.without_browser:
            browse(settings, Path(scratch))


def tables(store: Store) -> None:
    """A page of the table in several orders and under several filters, and what stands beside it."""
    label = taxonomy.load().labels[0].id
    asked: list[tuple[str, IncidentFilter, Any]] = [
        ("更新", IncidentFilter(), "changed"), ("损失从大到小", IncidentFilter(), "loss"), ("案发", IncidentFilter(), "date"),
        ("类型 + 损失", IncidentFilter(labels=(label,)), "loss"), ("地点（省）", IncidentFilter(place="41"), "changed"),
        ("地点 + 损失", IncidentFilter(place="410727"), "loss"), ("时间段", IncidentFilter(since="2024-03", until="2024-05"), "changed"),
        ("金额段", IncidentFilter(loss_min_fen=10_000_000, loss_max_fen=20_000_000), "date"),
    ]  # fmt: skip
    print(f"\n表格一页（{PAGE} 行，连同取值），中位数")
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

        print(f"  {words:<12}{median(page):7.0f} ms　计数（在表后） {median(counted):7.0f} ms")
    with store.reading() as session:
        week = overview_numbers.period(30)
        print("\n总览，每分钟至多算一次")
        for words, question in (
            ("30 天合计", lambda: overview_numbers.sums(session, week.since, week.until, "admin")),
            ("趋势", lambda: overview_numbers.trend(session, "admin")),
            ("地区", lambda: overview_numbers.by_division(session, week.since, week.until, "admin")),
            ("手法", lambda: overview_numbers.tricks(session, week, "admin")),
        ):
            print(f"  {words:<12}{median(question, 3):7.0f} ms")


def browse(settings: Settings, scratch: Path) -> None:
    """The real thing: pages until they can be used, and the next complaint, in Chromium on this machine."""
    from tests.console_world import browser, console, filled, missing

    if reason := missing():
        print(f"\n没有量浏览器：{reason}")
        return
    room = scratch / "samples"
    room.mkdir()
    print("\n到可用为止（样例，浏览器缓存已热），中位数")
    with console(filled(room, ""), room) as address, browser(address, room / "profile") as page:
        for path in ("/console/", "/console/incidents", "/console/desk", "/console/annotate", "/console/import"):
            page.open(path)

            def opened(path: str = path) -> None:
                page.open(path)

            print(f"  {path:<22}{median(opened, 5):7.0f} ms")
        # Each screen marks what lies there in its own way; the script of 标注 has drawn it when its text stands there.
        marks = {
            "研判台下一件": ("/console/desk", "return document.querySelector('[data-report]')?.dataset.report || ''"),
            "标注下一件": ("/console/annotate", "return document.getElementById('an-text')?.textContent || ''"),
        }
        script = ""

        def lying() -> str:
            return str(page.driver.execute_script(script))

        def following() -> None:
            before = lying()
            page.press("s")
            while lying() in ("", before):
                time.sleep(0.005)

        for words, (path, mark) in marks.items():
            script = mark
            page.open(path)
            page.until(lying, words)
            print(f"  {words:<18}{median(following, 9, pause=0.8):7.0f} ms")
    with console(settings, scratch) as address, browser(address, scratch / "profile") as page:
        page.open("/console/incidents")

        def turned() -> None:
            before = page.text(".incidents tbody")
            page.one("[data-act=next]").click()
            while page.text(".incidents tbody") == before:
                time.sleep(0.005)

        print(f"  {'大表翻页，到画出':<16}{median(turned, 9, pause=1.0):7.0f} ms")


def median(act: Callable[[], object], times: int = TIMES, pause: float = 0.0) -> float:
    """Milliseconds, the middle of `times` measures after one that warms up."""
    act()
    taken = []
    for _ in range(times):
        time.sleep(pause)
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
