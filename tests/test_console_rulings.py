"""What the incident's page says before a person merges: which fields agree, which other incidents there are, what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_analyzer import LABELS
from stores import fresh_store
from test_standing import incident_of
from test_worker import LUQUAN, put, told

from nlp import taxonomy
from nlp.errors import NotFoundError
from serving import queries, rulings, views
from serving.console import ruling_parts, ruling_screen, side_by_side
from serving.console.room import Visitor
from serving.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    put(opened, told("甲报"), told("乙报", "胡某某", LUQUAN, 3460), told("丙报", "陈某丰", LUQUAN, 99, "，另一件"))
    yield opened
    opened.close()


def test_fields_agree_differ_or_stand_alone(store: Store) -> None:
    with store.reading() as session:
        found = side_by_side.pair(session, incident_of(store, "乙报"), incident_of(store, "丙报"), "editor")
    rows = {row.field: (row.agreement, row.ours, row.theirs) for row in found.rows}
    place, name = LUQUAN.split()[0], taxonomy.load().label(LABELS[0]).name
    assert rows == {
        "类型": ("agree", (name,), (name,)),
        "地点": ("agree", (place,), (place,)),
        "损失": ("differ", ("3460元",), ("99元",)),
        "嫌疑人": ("differ", ("胡某某",), ("陈某丰",)),
    }
    assert found.link is not None
    assert found.link.contradicted
    assert found.line["id"] == incident_of(store, "丙报")


@pytest.mark.parametrize(
    ("ours", "theirs", "agreement"),
    [
        (("2024-05", "2024-05"), ("2024-05-06", "2024-05-06"), "agree"),
        (("2024", None), ("2024-05-06", "2024-06-01"), "agree"),
        (("2024-05-01", "2024-05-03"), ("2024-05-04", "2024-05-06"), "differ"),
        (("2024-05-01", None), (None, None), "one"),
    ],
)
def test_dates_agree_as_far_as_they_are_told(
    ours: tuple[str | None, ...], theirs: tuple[str | None, ...], agreement: str
) -> None:
    first, second = ({"first_date": begin, "last_date": end} for begin, end in (ours, theirs))
    row = side_by_side._days(first, second)
    assert row is not None
    assert row.agreement == agreement


def test_another_incident_is_found_by_number_or_words_and_never_itself(store: Store) -> None:
    here, there = incident_of(store, "甲报"), incident_of(store, "乙报")
    with store.reading() as session:
        assert [one.id for one in ruling_screen.find(session, f"看看 {there}。", here, "editor")] == [there]
        assert [one.id for one in ruling_screen.find(session, "乙报", here, "editor")] == [there]
        assert ruling_screen.find(session, here, here, "editor") == []
        with pytest.raises(NotFoundError):
            ruling_screen.find(session, "i-0123456789abcdef", here, "editor")


def test_what_was_decided_reads_from_both_sides(store: Store) -> None:
    here, there, third = (incident_of(store, name) for name in ("甲报", "乙报", "丙报"))
    with store.writing() as session:
        rulings.mark(session, there, tlp="amber", by="编辑甲", note="<b>未核</b>")
        rulings.merge(session, there, into=here, by="编辑乙")
    with store.reading() as session:
        view = views.incident_view(queries.get_incident(session, here, viewer="editor"), "editor")
        around = ruling_screen.around(session, view, {}, "editor")
        drawn = ruling_parts.ruled(around.decisions, here)
        theirs = ruling_parts.ruled(rulings.listed(session, there), there)
        assert [one.id for one in ruling_screen.alike(session, here, "editor")] == [third]
    assert len(around.told) == 2
    assert "并入本事件" in drawn
    assert "带来" in drawn  # the mark came along
    assert view["tlp"] == "amber"
    assert "&lt;b&gt;未核&lt;/b&gt;" in theirs
    assert f'并入 <a href="/console/incidents/{here}"' in theirs


def test_analysts_and_readers_may_not_rule() -> None:
    assert [role for role in ("reader", "analyst", "editor", "admin") if Visitor("甲", role).may_rule] == [
        "editor",
        "admin",
    ]
