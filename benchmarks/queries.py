"""How fast a large store answers, and whether its answers are whole: the query mix of queries.toml on SQLite and PostgreSQL.

In: --incidents N, --store URL (kept between runs; "postgres": a server of our own on a free port of loopback, thrown away afterwards).
Out: a table of p50 and p99 on standard output; then whether the maintained totals equal a recount, before and after changes, and how
many pieces of stored titles find their incident. It judges nothing. Times are wall clock on this machine as it is, its load is
printed beside them, and the processor time: SQLite answers in this process, a PostgreSQL on this machine in processes of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics as figures
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.large_store import fill
from serving import heap, queries, statistics
from serving.queries import IncidentFilter
from serving.settings import store_url
from serving.store import Store, open_store
from serving.store.incident_index import index_for
from serving.store.search import letters
from serving.store.tables import IncidentRow

MIX = Path(__file__).with_name("queries.toml")
TIMES = 100
_BACKENDS: list[Path] = []
PIECES = 1000
CHANGED = 500
# No county of this number, no day, no loss (fen) and no word like these.
NONE = {"place": "990000", "since": "2099", "loss_min": 9 * 10**15, "words": "鬱齾龘"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One query asked many times: milliseconds of wall clock and of this process, rows on the page."""

    name: str
    wall: list[float]
    cpu: list[float]
    rows: int


def main() -> None:
    """Fill, ask, count, search; print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=100_000)
    parser.add_argument(
        "--store", default="", help='SQLAlchemy URL or file; "postgres" starts a server; default: a scratch SQLite file'
    )
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--mix", type=Path, default=MIX)
    given = parser.parse_args()
    with _at(given.store) as url:
        store = open_store(url)
        began = time.monotonic()
        added = fill(store, given.incidents, tell=print)
        print(
            f"{given.incidents:,} 个事件（补了 {added:,} 个，{time.monotonic() - began:.0f} s），{store.address.split(':')[0]}"
        )
        mix = tomllib.loads(given.mix.read_text(encoding="utf-8"))
        report("列表，一页 50 个（毫秒）", ask(store, mix["query"], given.times))
        report("/v1/stats 的合计（毫秒）", ask_stats(store, mix["stats"], max(10, given.times // 5)))
        print(f"\n合计与重数一致：{totals_hold(store)}；改动 {CHANGED} 个之后：{change(store) or totals_hold(store)}")
        found, asked = pieces_found(store, PIECES)
        print(f"标题里 2–8 字的片段找得到所在的事件：{found}/{asked}（{found / asked:.1%}）")
        store.close()


@contextlib.contextmanager
def _at(store: str) -> Iterator[str]:
    if store == "postgres":
        from tests.postgres_server import running

        with running() as server:
            with sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT").connect() as connection:
                connection.execute(sa.text("CREATE DATABASE large"))
            yield f"{server}/large"
    elif store:
        yield store_url(store)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
            yield f"sqlite:///{scratch}/large.db"


def ask(store: Store, mix: list[dict[str, Any]], times: int) -> list[Measured]:
    """Every list of the mix, `times` times with other values, as a reader and an analyst in turn."""
    drawn = Drawn(store)
    watch_backends(store)
    # What loads once is loaded, and looked through for garbage no more, as a server does before its first request.
    for query in mix:
        with store.reading() as session:
            queries.list_incidents(session, drawn.filter(query), viewer="reader")
    heap.settle()
    measured = []
    for query in mix:
        wall, cpu, rows = [], [], 0
        for turn in range(times + 3):
            viewer = ("reader", "analyst")[turn % 2]
            wanted, cursor = drawn.filter(query), None
            if query.get("page", "first") != "first":
                cursor = drawn.cursor(wanted, viewer, query["page"])

            def page(wanted: IncidentFilter = wanted, cursor: int | None = cursor, viewer: str = viewer) -> int:
                with store.reading() as session:
                    return len(queries.list_incidents(session, wanted, viewer=viewer, cursor=cursor).rows)

            taken, used, rows = timed(page)
            if turn >= 3:  # the first ones warm up
                wall.append(taken)
                cpu.append(used)
        measured.append(Measured(query["name"], wall, cpu, rows))
    return measured


def ask_stats(store: Store, mix: list[dict[str, Any]], times: int) -> list[Measured]:
    """Every total of the mix."""
    drawn = Drawn(store)
    measured = []
    for query in mix:
        taken = []
        for _ in range(times):
            wanted = drawn.filter(query)

            def totals(wanted: IncidentFilter = wanted, by: Any = query["by"]) -> int:
                with store.reading() as session:
                    return len(statistics.totals(session, by, wanted))

            taken.append(timed(totals))
        measured.append(Measured(query["name"], [each[0] for each in taken], [each[1] for each in taken], taken[-1][2]))
    return measured


class Drawn:
    """Values of incidents that are there, and where pages begin; none of it is measured."""

    def __init__(self, store: Store) -> None:
        self.store, self.dice = store, random.Random(9)
        with store.reading() as session:
            self.most = session.scalar(sa.select(sa.func.max(IncidentRow.sequence))) or 1
            self.common = common_word(store)

    def incident(self) -> IncidentRow:
        """Any incident."""
        with self.store.reading() as session:
            query = sa.select(IncidentRow).where(IncidentRow.sequence >= self.dice.randint(1, self.most))
            return session.scalars(query.order_by(IncidentRow.sequence).limit(1)).one()

    def filter(self, query: Mapping[str, Any]) -> IncidentFilter:
        """The filter of a query of the mix."""
        row = self.incident()
        day, loss = row.last_date or row.published_last or "", row.loss_max_fen or 1_000_00
        told: dict[str, dict[str, Any]] = {
            "label": {"$": row.label}, "status": {"$": row.status}, "basis": {"$": row.basis},
            "place": {"$": row.place_code, "$province": (row.place_code or "")[:2]},
            "since": {"$month": day[:7], "$year": day[:4]}, "until": {"$month": day[:7], "$year": day[:4]},
            "loss_min": {"$": loss // 2}, "loss_max": {"$": loss * 2},
            "words": {"$common": self.common, "$place": row.title[:3], "$title": piece(row.title, self.dice)},
        }  # fmt: skip
        values = {key: NONE[key] if query[key] == "$none" else told[key][query[key]] for key in told if key in query}
        names = {"label": "labels", "loss_min": "loss_min_fen", "loss_max": "loss_max_fen"}
        return IncidentFilter(
            **{names.get(key, key): (value,) if key == "label" else value for key, value in values.items()}
        )

    def cursor(self, wanted: IncidentFilter, viewer: str, page: str) -> int | None:
        """Where the last page of a list begins, or the one in its middle."""
        order = IncidentRow.sequence if viewer != "reader" else IncidentRow.reader_sequence
        with self.store.reading() as session:
            fits = sa.select(order).where(
                IncidentRow.withdrawn.is_(False), *queries.conditions(session, wanted, viewer)
            )
            if page == "middle":
                return self.most // 2
            return session.scalar(fits.order_by(order).offset(queries.LIMIT).limit(1))


def common_word(store: Store) -> str:
    """The pair of letters that most titles of a sample hold."""
    with store.reading() as session:
        titles = session.scalars(sa.select(IncidentRow.title).limit(2000)).all()
    counts: dict[str, int] = {}
    for title in titles:
        for two in {title[at : at + 2] for at in range(len(title) - 1)}:
            if two.isalpha():
                counts[two] = counts.get(two, 0) + 1
    return max(counts, key=lambda two: (counts[two], two))


def piece(title: str, dice: random.Random) -> str:
    """2 to 8 characters of a title that hold letters."""
    while True:
        length = dice.randint(2, min(8, len(title)))
        at = dice.randint(0, len(title) - length)
        if len(letters(found := title[at : at + length])) >= 2:
            return found


def pieces_found(store: Store, number: int) -> tuple[int, int]:
    """How many pieces of titles find the incident whose title they are from, of how many."""
    drawn, found = Drawn(store), 0
    for _ in range(number):
        row = drawn.incident()
        with store.reading() as session:
            found += row.sequence in index_for(session).holding(session, piece(row.title, drawn.dice), [row.sequence])
    return found, number


def totals_hold(store: Store) -> bool:
    """Do the maintained daily totals equal a recount?"""
    with store.reading() as session:
        return statistics.held(session) == statistics.recount(session)


def change(store: Store) -> None:
    """Revise incidents one by one as filing does: other loss, other day, some no longer public."""
    drawn = Drawn(store)
    for _ in range(CHANGED):
        row = drawn.incident()
        columns = ("public", "label", "place_code", "first_date", "loss_min_fen", "loss_max_fen")
        before = {name: getattr(row, name) for name in columns} | {"published": row.published_last}
        new = {"loss_min_fen": None, "loss_max_fen": None, "first_date": "2026-02", "public": drawn.dice.random() < 0.9}
        with store.writing() as session:
            session.execute(sa.update(IncidentRow).where(IncidentRow.id == row.id).values(**new))
            statistics.keep(session, before, before | new)


def timed(act: Callable[[], int]) -> tuple[float, float, int]:
    """Milliseconds of wall clock, of processor time, and what it gave."""
    wall, cpu = time.perf_counter(), processor()
    given = act()
    return (time.perf_counter() - wall) * 1000, (processor() - cpu) * 1000, given


def processor() -> float:
    """Seconds of processor time of this process, and of the server's processes that answer it where they run on this machine (Linux)."""
    served = sum(int(file.read_text().split()[0]) for file in _BACKENDS)
    return time.process_time() + served / 1e9


def watch_backends(store: Store) -> None:
    """Count the processor time of the PostgreSQL processes that this store's connections have."""
    _BACKENDS.clear()
    if not store.is_sqlite:
        with store.reading() as session:
            ours = sa.text(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
            )
            files = [Path(f"/proc/{pid}/schedstat") for pid in session.scalars(ours)]
        _BACKENDS.extend(file for file in files if file.exists())


def report(title: str, measured: list[Measured]) -> None:
    """The slowest at the end."""
    print(f"\n{title}；{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
    for each in sorted(measured, key=lambda each: percentile(each.wall, 99)):
        used = f"   处理器 p50 {percentile(each.cpu, 50):7.1f}  p99 {percentile(each.cpu, 99):7.1f}"
        print(
            f"  p50 {percentile(each.wall, 50):8.1f}  p99 {percentile(each.wall, 99):8.1f}{used}   {each.name}（{each.rows} 行）"
        )
    everything = [taken for each in measured for taken in each.wall]
    used = [taken for each in measured for taken in each.cpu]
    extra = f"   处理器 p99 {percentile(used, 99):.1f}"
    print(f"  合起来 p50 {percentile(everything, 50):.1f}  p99 {percentile(everything, 99):.1f}{extra}")


def percentile(values: list[float], share: int) -> float:
    """The `share` percent point, by linear interpolation."""
    return values[0] if len(values) < 2 else figures.quantiles(values, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
