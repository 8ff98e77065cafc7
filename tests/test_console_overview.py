"""The overview's figures, counted by hand on a few rows; nothing of what readers may not see is counted for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nlp.records import Document
from serving import inbox, rulings, statistics
from serving.console import overview_numbers as numbers
from serving.console import wording
from serving.console.room import Visitor
from serving.settings import Settings
from serving.store.tables import IncidentPlaceRow, IncidentRow
from serving.worker import Worker
from tests.fake_analyzer import make
from tests.stores import fresh_store

NOW = datetime(2026, 3, 10, 15, 0).astimezone()


@pytest.fixture
def store(tmp_path):
    opened = fresh_store(tmp_path)
    # Days ago, public, loss in fen, tricks, codes, last date.
    rows = [
        (0, True, (100_00, 200_00), ["跑分"], ["410727", "110101"], "2026-02-03"), (3, True, None, ["跑分", "猫池"], ["410100"], "2026-02"),
        (6, False, (1000_00, 1000_00), [], ["410727"], None), (8, True, (300_00, 300_00), ["猫池"], [], "2025-12-31"),
        (40, True, None, [], ["4107"], "2024"),
    ]  # fmt: skip
    with opened.writing() as session:
        for number, (ago, public, loss, names, codes, last) in enumerate(rows, 1):
            low, high = loss or (None, None)
            session.add(
                IncidentRow(
                    id=f"i-{number:016x}",
                    revision=1,
                    sequence=number,
                    label=f"l{number % 2}",
                    public=public,
                    data={"tactics": names},
                    tactics=names,
                    loss_min_fen=low,
                    loss_max_fen=high,
                    first_date=last,
                    last_date=last,
                    created_at=numbers._moment(NOW - timedelta(days=ago)),
                    revised_at="",
                )
            )
            session.flush()
            session.add_all(IncidentPlaceRow(code=code, incident_id=f"i-{number:016x}") for code in codes)
        statistics.rebuild(session)
    yield opened
    opened.close()


def test_a_week_and_the_week_before(store):
    week = numbers.period(7, NOW)
    with store.reading() as session:
        assert numbers.sums(session, week.since, week.until, "admin") == numbers.Sum(3, 1100, 1200, 0)
        assert numbers.sums(session, week.before, week.before_until, "admin") == numbers.Sum(1, 300, 300, 0)
        assert numbers.sums(session, week.since, week.until, "reader") == numbers.Sum(2, 100, 200, 0)
        assert numbers.tricks(session, week, "admin") == [("跑分", 2, 0), ("猫池", 1, 1)]
        # Behind each its newest incidents of the week, not those of the week before.
        assert numbers.behind(session, week, "admin", ["跑分", "猫池"]) == {
            "跑分": [f"i-{1:016x}", f"i-{2:016x}"],
            "猫池": [f"i-{2:016x}"],
        }


def test_an_incident_counts_once_in_a_province_and_districts_stand_for_cities(store):
    week = numbers.period(7, NOW)
    with store.reading() as session:
        found = numbers.by_division(session, week.since, week.until, "admin")
        assert found == {"41": 3, "4107": 2, "4101": 1, "11": 1, "110101": 1}
        assert numbers.by_division(session, week.since, week.until, "reader")["41"] == 2


def test_the_trend_ends_with_the_newest_month_told(store):
    with store.reading() as session:
        months, trend = numbers.trend(session, "admin", NOW)
    assert months[-1] == "2026-02"
    assert len(months) == numbers.MONTHS
    assert {label: sum(row) for label, row in trend.items()} == {"l0": 2, "l1": 1}
    assert trend["l1"][-1] == 1


def test_today_begins_at_midnight_and_yesterday_ends_at_this_hour():
    today = numbers.period(1, NOW)
    assert today.since == numbers._moment(NOW.replace(hour=0))
    assert today.before_until == numbers._moment(NOW - timedelta(days=1))


def test_sums_are_rounded_to_what_one_can_take_in():
    assert wording.about_money(64_682_731, 75_017_931) == "6,468万–7,502万元"
    assert wording.about_money(3460, 3460) == "3,460元"
    assert wording.about_money(123_456_789, 123_456_789) == "1.23亿元"
    assert wording.about_money(186_000, 186_000) == "18.6万元"


def test_news_tell_a_reader_nothing_of_what_is_no_longer_for_him(tmp_path):
    pytest.importorskip("nicegui")
    from serving.console import overview_screen

    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        inbox.accept(session, Document("a", "刷单被骗 受害人：赵小红 损失：32800", origin="test", nature="published"))
    Worker(opened, make()).drain()
    engine = SimpleNamespace(settings=Settings())
    room = cast(Any, SimpleNamespace(store=opened, engine=engine, note=lambda *told: None))

    def news(role):
        return overview_screen._Screen(room, Visitor("甲", role), 7, 0)._news()[0]

    with opened.reading() as session:
        incident_id = session.query(IncidentRow).one().id
    assert incident_id in news("reader")
    with opened.writing() as session:
        rulings.mark(session, incident_id, tlp="amber", by="甲")
    assert "转为内部" in news("reader")
    assert incident_id not in news("reader")
    assert incident_id in news("admin")
    opened.close()
