"""What is done at every new incident does not grow with the store. SQLite's own steps are counted, no clock is read."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from benchmarks.large_store import fill
from nlp.records import Document
from serving import inbox
from serving.store import open_store
from serving.store.tables import IncidentRow
from serving.worker import Worker
from tests.fake_analyzer import make

STEPS = 1000  # of SQLite's machine, between two calls


def steps_of_one_more(folder: Path, incidents: int) -> int:
    """Thousands of SQLite's steps for three stories read into a store of so many incidents."""
    store = open_store(f"sqlite:///{folder}/{incidents}.db")
    fill(store, incidents, words=False)
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    @sa.event.listens_for(store.engine, "checkout")
    def watch(connection: object, *_: object) -> None:
        connection.set_progress_handler(count, STEPS)  # type: ignore[attr-defined]

    with store.writing() as session:
        for number, name in enumerate("甲乙丙"):
            text = f"第{number}案 被骗 嫌疑人：赵{name}某 损失：{number + 1}0000"
            inbox.accept(session, Document(f"t{number}", text, origin="test"))
    counted[0] = 0
    Worker(store, make()).drain()
    with store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(IncidentRow)) == incidents + 3
    store.close()
    return counted[0]


def test_a_new_incident_costs_the_same_in_a_large_store(tmp_path: Path) -> None:
    """Without an index over merged_into the whole table was read at each: 1.8 s of processor at a million."""
    small, large = steps_of_one_more(tmp_path, 100), steps_of_one_more(tmp_path, 6000)
    assert large < 2 * small + 10
