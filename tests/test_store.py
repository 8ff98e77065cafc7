"""The store opens anywhere, migrates once, and keeps records exactly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from nlp.incident import Evidence, Fact, Incident, Source
from nlp.records import Amount, Analysis, Mention, Organisation, Outcome, PersonName, Platform, Verdict
from serving import settings
from serving.migrations import HEAD
from serving.migrations.run import configuration
from serving.store import Store, StoreError, open_store, schema_version, shapes
from serving.store.search import search_for
from serving.store.tables import Base, Counter
from tests.processes import environment

LABEL = "other"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/new/folder/store.db")
    yield opened
    opened.close()


def test_first_start_makes_folder_file_and_schema_and_second_finds_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a/b/store.db"
    open_store(url).close()
    store = open_store(url, migrate=False)
    with store.engine.connect() as connection:
        assert schema_version(connection) == HEAD
    store.close()


def test_sqlite_is_durable_and_strict(store: Store) -> None:
    with store.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_migrations_build_exactly_the_tables_of_the_models(store: Store) -> None:
    def ours(_object: object, name: str | None, sort: str, *_: object) -> bool:
        return not (sort == "table" and (name or "").startswith("search_index"))

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, Base.metadata) == []


def test_head_written_in_the_package_is_the_newest_script() -> None:
    assert ScriptDirectory.from_config(configuration()).get_heads() == [HEAD]


def test_store_of_a_newer_program_is_refused_and_untouched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url)
    with store.writing() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match=r"9999.*请升级"):
        open_store(url)


@pytest.mark.parametrize("content", [b"not a database" * 400, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(StoreError, match="打不开事件库"):
        open_store(f"sqlite:///{tmp_path}/x.db")


def test_six_processes_starting_at_once_migrate_once(tmp_path: Path) -> None:
    code = f"from serving.store import open_store; open_store('sqlite:///{tmp_path}/s.db').close()"
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment(), stderr=subprocess.PIPE) for _ in range(6)
    ]
    assert [process.wait(60) for process in running] == [0] * 6, [
        process.stderr.read() for process in running if process.stderr
    ]


def test_a_raise_inside_writing_leaves_nothing(store: Store) -> None:
    def fail_half_way() -> None:
        with store.writing() as session:
            session.add(Counter(name="x", value=1))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    with store.reading() as session:
        assert session.get(Counter, "x") is None


def test_rows_stay_readable_after_the_session(store: Store) -> None:
    with store.reading() as session:
        row = session.get_one(Counter, "sequence")
    assert row.value == 0


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("data/a.db", "sqlite:///data/a.db"),
        ("/tmp/a.db", "sqlite:////tmp/a.db"),
        ("sqlite:///x.db", "sqlite:///x.db"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_addresses_as_people_type_them(typed: str, url: str) -> None:
    assert settings.load({}, store=typed).store == url


def test_passwords_are_struck_out_of_addresses() -> None:
    pytest.importorskip("psycopg", reason="needs the extra scale")
    store = Store(sa.create_engine("postgresql+psycopg://u:secret@h/d"))
    assert "secret" not in store.address


def test_records_come_back_equal() -> None:
    mentions = (
        Mention("organisation", 0, 2, "某局", Organisation("某局", "police"), found_by="rule:x"),
        Mention("platform", 3, 5, "某宝", Platform("某宝", "payment")),
        Mention("amount", 6, 9, "3.5元", Amount(Decimal("3.50"), Decimal("3.50"), id="a1"), "loss", 0.75),
        Mention("person", 10, 12, "王某", PersonName("王某", "masked", age=30), "suspect"),
        Mention("outcome", 13, 15, "刑拘", Outcome("detained")),
    )
    verdict = Verdict("case", 0.9, LABEL, 0.8, {LABEL: 0.8}, model="m 1")
    analysis = Analysis("题", 0, 20, verdict, ("引流",), mentions)
    assert shapes.load_analysis(shapes.dump(analysis)) == analysis
    facts = tuple(
        Fact(m.kind, m.role, m.surface, m.value, 1.0, (Evidence("d-1", 0, 2, "引", "rule:x"),)) for m in mentions
    )
    incident = Incident(
        "i-1", LABEL, "题", "要", 0.8, "alleged", "published", True, False, facts=facts, sources=(Source("d-1", "a"),)
    )
    assert shapes.load_incident(shapes.dump(incident)) == incident


TITLES = (
    "男子轻信“刷单返利”赔上百万积蓄",
    "假冒客服退款，大学生被骗3460元",
    "加薇❤ abc_123 领取补贴是骗局",
    "警惕“杀猪盘”新变种",
)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("刷单", {0}), ("上百万", {0}), ("信“刷", {0}), ("客服 退款", {1}), ("大学生 刷单", set()), ("3460", {1}), ("346*", {1}),
        ("杀猪盘", {3}), ("猪盘", {3}), ("abc_123", {2}), ("ABC_123", {2}), ("不存在的词", set()), ('" OR 1=1 --', set()),
        ("words : 刷单", set()), ("NEAR(", set()),
    ],
)  # fmt: skip
def test_words_find_their_documents(store: Store, query: str, found: set[int]) -> None:
    search = search_for("sqlite")
    with store.writing() as session:
        for number, title in enumerate(TITLES):
            search.put(session, f"d-{number}", "占位")
            search.put(session, f"d-{number}", title)
    with store.reading() as session:
        keys = search.keys(query)
        assert keys is None or {int(key[2:]) for key in session.scalars(keys)} == found
        assert found == set() or keys is not None


def test_every_short_piece_of_a_title_finds_it(store: Store) -> None:
    search = search_for("sqlite")
    with store.writing() as session:
        for number, title in enumerate(TITLES):
            search.put(session, f"d-{number}", title)
    pieces = [(n, t[a : a + k]) for n, t in enumerate(TITLES) for k in range(2, 9) for a in range(len(t) - k + 1)]
    with store.reading() as session:
        missed = [
            piece
            for number, piece in pieces
            if (keys := search.keys(piece)) is not None and f"d-{number}" not in set(session.scalars(keys))
        ]
    assert len(missed) <= 0.01 * len(pieces), missed


def test_a_removed_document_is_found_no_longer(store: Store) -> None:
    search = search_for("sqlite")
    with store.writing() as session:
        search.put(session, "d-1", "刷单返利")
        search.put(session, "d-2", "刷单返利")
        search.remove(session, "d-1")
        search.remove(session, "d-3")
    with store.reading() as session:
        found = search.keys("刷单")
        assert found is not None
        assert list(session.scalars(found)) == ["d-2"]
