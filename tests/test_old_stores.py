"""A store that any landed version of the program made, with data in it, opens with this one: nothing is lost, everything answers.

The stores were made by the code of their time (`data/old_stores.md` says how); each is named after its schema. On PostgreSQL they come by a
backup of that version, which `restore` brings to the same schema, fills and migrates there.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from fake_analyzer import FakeAnalyzer
from stores import everything, fresh_address

from nlp.records import Document
from serving import audit, data_key, inbox, queries
from serving.keeping import backup, reindex, restore
from serving.migrations import HEAD
from serving.migrations.run import configuration
from serving.people.passwords import fits_password
from serving.queries import IncidentFilter
from serving.store import Store, open_store, schema_version
from serving.store.session import connected
from serving.store.tables import Base
from serving.worker import Worker

ARCHIVE = Path(__file__).parent / "data" / "old_stores.tar.xz"
# Invented, as everything in the stores.
DATA_KEY = "a data key for the stores of the tests 01"
PASSWORD = "a long enough password"
# Follows from other rows and is made anew: the index of words, the keys of cases, the sums of a day.
FOLLOWS = {"alembic_version", "search_keys", "case_keys", "incident_words", "daily_totals", "coarse_totals", "counters"}
# Schemas that no landed version had as its newest: they came together with the one after them.
BETWEEN = {"0030", "0031", "0060", "0090"}
# Schema 0001 knew no names of pages: its incidents are built again, and whoever follows the feed is told.
BUILT_ANEW = {"0001": {"incidents", "incident_places", "cases"}}
QUICK = {"0021", "0061_sealed"}


# On PostgreSQL, where each takes a restore: from the first to the last, and those that others do not stand for.
SPREAD = {"0001", "0021", "0033", "0050", "0061_sealed", "0080", "0093", "0094", "0095"}
# Filled at their own schema and migrated when they are opened; the others `restore` migrates in the transaction that fills them.
IN_PLACE = {"0021", "0050", "0080", "0094", "0095"}


def _names() -> list[str]:
    with tarfile.open(ARCHIVE) as archive:
        return sorted(Path(member.name).stem for member in archive.getmembers())


def _asked() -> list[Any]:
    names = [name for name in _names() if name in SPREAD or not os.environ.get("FANZHA_TEST_POSTGRES")]
    return [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in names]


class Old(NamedTuple):
    """An old store: its schema, its rows as they were, and itself as this program opened it."""

    schema: str
    before: dict[str, list[dict[str, Any]]]
    store: Store


@pytest.fixture(scope="module", params=_asked())
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        archive.extract(f"{request.param}.db", folder, filter="data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data_key.VARIABLE, DATA_KEY if "sealed" in request.param else "")
        here = connected(f"sqlite:///{folder}/{request.param}.db")
        with here.engine.connect() as connection:
            schema, before = schema_version(connection), _rows(connection)
        address = fresh_address(folder)
        if address.startswith("sqlite"):
            here.close()
            store = open_store(here.engine.url.render_as_string())
        else:
            backup.write(here, folder / "old.fanzha", actor="测试")
            here.close()
            if request.param in IN_PLACE:
                with pytest.MonkeyPatch.context() as then:
                    then.setattr(restore, "HEAD", schema)
                    then.setattr(restore.reindex, "everything", lambda session: None)
                    restore.restore(folder / "old.fanzha", address, actor="测试")
            else:
                restore.restore(folder / "old.fanzha", address, actor="测试")
            store = open_store(address)
            with store.writing() as session:  # the index is in no backup
                reindex.everything(session)
        assert schema is not None
        yield Old(schema, before, store)
        store.close()


def _rows(connection: sa.Connection) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table but the index, as the database keeps them: sealed is sealed."""
    names = [name for name in sa.inspect(connection).get_table_names() if not name.startswith("search_index")]
    return {
        name: [dict(row) for row in connection.execute(sa.text(f'SELECT * FROM "{name}"')).mappings()] for name in names
    }


def _plain(value: Any) -> Any:
    """A value as both databases tell it: JSON as data, bytes as bytes, true as 1."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        return json.loads(value)
    return bytes(value) if isinstance(value, memoryview) else value


def test_every_landed_schema_is_here() -> None:
    scripts = {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
    assert {name.partition("_")[0] for name in _names()} == scripts - BETWEEN - {HEAD}


def test_it_has_the_tables_of_today(old: Old) -> None:
    def ours(_object: object, name: str | None, sort: str, *_: object) -> bool:
        # The indexes of words: SQLite's own tables, PostgreSQL's GIN.
        return not (name or "").startswith("search_index") and not (
            sort == "index" and (name or "").endswith("_vector")
        )

    with old.store.engine.connect() as connection:
        assert schema_version(connection) == HEAD
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"include_object": ours}), Base.metadata) == []
        )


def test_every_row_is_there_with_every_value(old: Old) -> None:
    with old.store.engine.connect() as connection:
        after = _rows(connection)
    held = {name: rows for name, rows in old.before.items() if rows and name not in FOLLOWS}
    assert set(held) <= set(after)
    for name, rows in held.items():
        keys = [column.name for column in Base.metadata.tables[name].primary_key.columns]
        there = {tuple(row[key] for key in keys): row for row in after[name]}
        for row in rows:
            now = there[tuple(row[key] for key in keys)]
            assert set(row) <= set(now), name
            if name not in BUILT_ANEW.get(old.schema, ()):
                changed = {column for column, value in row.items() if _plain(value) != _plain(now[column])}
                assert not changed, (name, changed)
    for name in held.keys() - {"audit", "changes", "incident_places"}:  # nothing is doubled either
        assert len(after[name]) == len(old.before[name]), name
    assert len(held["documents"]) >= 4
    assert len(held["incidents"]) >= 3


def test_the_feed_has_no_gap_and_the_audit_holds(old: Old) -> None:
    rows = everything(old.store)
    numbers = [row[0] for row in rows["changes"]]
    assert numbers == list(range(1, dict(rows["counters"])["sequence"] + 1))
    assert numbers[: len(old.before["changes"])] == sorted(row["sequence"] for row in old.before["changes"])
    with old.store.reading() as session:
        found = audit.verify(session)
        told = queries.list_changes(session, viewer="analyst", limit=500).rows
    assert found.wrong == ""
    assert found.lines >= len(old.before.get("audit", ()))
    assert [row.sequence for row in told] == numbers


def test_lists_and_words_answer(old: Old) -> None:
    standing = {row["id"] for row in old.before["incidents"] if not row["withdrawn"]}
    with old.store.reading() as session:
        listed = queries.list_incidents(session, IncidentFilter(), viewer="analyst", limit=100).rows
        assert {row.id for row in listed} == standing
        for row in listed:
            found = queries.list_incidents(session, IncidentFilter(words=row.title[:4]), viewer="analyst").rows
            assert row.id in {one.id for one in found}, row.title
        for document in queries.list_documents(session)[0]:
            assert document.text


def test_people_still_get_in(old: Old) -> None:
    for person in old.before.get("people", ()):
        if old.schema in ("0021", "0092"):  # Argon2 takes its time
            assert fits_password(person["password"], PASSWORD)


def test_what_waited_is_read_and_new_things_come_in(old: Old) -> None:
    with old.store.writing() as session:
        waiting = inbox.counts(session)["accepted"]
        inbox.accept(session, Document("新", "昆明骗案 嫌疑人：陈某丰 地点：云南省/昆明市 530100 损失：32810"))
    assert waiting == 1
    done = Worker(old.store, FakeAnalyzer()).drain()
    assert (done.done, done.failed) == (2, 0)
    rows = everything(old.store)
    assert [row[0] for row in rows["changes"]] == list(range(1, dict(rows["counters"])["sequence"] + 1))
