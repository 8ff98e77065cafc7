"""All about one person is found and can be taken out, from every column and from the bytes of the file. PostgreSQL by test_postgres.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kept_world
import pytest
import sqlalchemy as sa
from stores import address_of, everything
from test_sealed import stored
from test_worker import put, told, unlike

from nlp.errors import InputError
from nlp.records import Document
from serving import audit, queries, reports
from serving.keeping import held, tidy
from serving.keeping.redact import Finder
from serving.store import Store, open_store
from serving.store.sealed import SealedBytes, SealedJson, SealedText
from serving.store.tables import Base
from tests.processes import environment

# Invented, and in no other text.
CANARY = "端木丁亥"
NUMBER = "6222020123456789017"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(kept_world.filled(tmp_path))
    yield opened
    opened.close()


def plant(store: Store) -> int:
    """The canary into every column of every table that takes a word; returns into how many."""
    count = 0
    with store.writing() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in held.OURS or table.name in ("search_keys", "incident_words"):
                continue
            keys = list(table.primary_key.columns)
            for column in table.columns:
                if column.primary_key or column.foreign_keys or not _roomy(column):
                    continue
                row = session.execute(
                    sa.select(*keys, column).where(column.is_not(None)).order_by(*keys).limit(1)
                ).first()
                if row is None:
                    continue
                where = [key == value for key, value in zip(keys, row[:-1], strict=True)]
                if (new := _with_canary(row[-1])) is not None:
                    session.execute(sa.update(table).where(*where).values({column: new}))
                    count += 1
    return count


def _roomy(column: sa.Column[Any]) -> bool:
    sort = column.type
    if isinstance(sort, (SealedText, SealedJson, SealedBytes, sa.JSON, sa.Text)):
        return not (isinstance(sort, SealedText) and column.name == "secret")
    return isinstance(sort, sa.String) and (sort.length or 0) >= 100


def _with_canary(value: Any) -> Any:
    if isinstance(value, str):
        return f"{value}，{CANARY}"[-190:] if len(value) < 100 else f"{value}\n{CANARY}"
    if isinstance(value, dict):
        return value | {"planted": {"deep": [f"见{CANARY}处"]}}
    if isinstance(value, list):
        return [*value, CANARY] if all(isinstance(item, str) for item in value) else None
    plain = json.loads(zlib.decompress(value))
    return zlib.compress(json.dumps(plain | {"planted": CANARY}, ensure_ascii=False).encode())


def test_a_canary_in_every_column_is_found_and_leaves_no_byte(store: Store) -> None:
    count = plant(store)
    assert count >= 30
    with store.reading() as session:
        found = held.find(session, [CANARY])
    assert len({(place.table, place.column) for place in found.places}) == count
    before = everything(store)
    held.erase(store, [CANARY], actor="测试", reason=f"本人申请（{CANARY}）")
    assert CANARY not in str(everything(store))
    with store.reading() as session:
        again = held.find(session, [CANARY])
        assert (again.places, again.audited) == ([], 0)
        assert audit.verify(session).wrong == ""
    # Nothing else went: as many rows as before, but for the line that says what was done.
    after = everything(store)
    assert {name for name in after if len(after[name]) != len(before[name])} <= {
        "audit",
        "changes",
        "incident_versions",
        "case_keys",
    }
    tidy.tidy(store)
    address = address_of(store)
    store.close()
    assert CANARY not in stored(address)


def test_a_person_is_given_all_that_is_held_with_its_evidence(store: Store) -> None:
    found = held.export(store, [kept_world.VICTIM, kept_world.PHONE], actor="测试")
    document = kept_world.ids()["document"]
    assert [row["id"] for row in found["documents"]] == [document]
    assert [row["id"] for row in found["reports"]] == [kept_world.ids()["report"]]
    assert len(found["incidents"]) == 1
    assert "person" in {fact["kind"] for fact in found["incidents"][0]["facts"]}
    places = [place for place in found["places"] if (place["table"], place["column"]) == ("documents", "text")]
    for place in places:
        told_there = kept_world.COMPLAINT[place["start"] : place["end"]]
        assert told_there in (kept_world.VICTIM, kept_world.PHONE)
        assert told_there in place["words"]
    assert len(places) == 2
    json.dumps(found)
    with store.reading() as session:
        line = audit.listing(session, limit=1)[0]
    assert line.action == "person_exported"
    assert kept_world.VICTIM not in str(audit.view(line))


def test_erasing_keeps_the_case_and_its_offsets_and_tells_followers(store: Store) -> None:
    document = kept_world.ids()["document"]
    with store.reading() as session:
        (incident,) = queries.incidents_of(session, document)
    done = held.erase(store, [kept_world.VICTIM], actor="测试", reason="本人申请")
    assert (done.documents, len(done.changes)) == ([document], 1)
    with store.reading() as session:
        text = queries.get_document(session, document).text
        (after,) = queries.incidents_of(session, document)
        assert queries.list_documents(session, words=kept_world.VICTIM)[0] == []
    assert text == kept_world.COMPLAINT.replace(kept_world.VICTIM, "■" * len(kept_world.VICTIM))
    assert (after.id, after.loss_max_fen, after.sequence) == (incident.id, 500_000, done.changes[0])
    for fact in after.data["facts"]:
        for evidence in fact["evidence"]:
            assert "".join(evidence["quote"].strip("…").split()) in "".join(text.split())
    put(store, told("新的", suspect="吴某山", more=unlike(11)))  # the store goes on


def test_whole_documents_can_go_with_the_person(store: Store) -> None:
    done = held.erase(store, [kept_world.PHONE], actor="测试", reason="本人申请", withdraw=True)
    assert done.documents == [kept_world.ids()["document"]]
    assert kept_world.unlike(7) not in str(everything(store))
    with store.reading() as session:
        assert queries.list_changes(session, viewer="analyst", limit=500).rows[-1].kind == "withdrawn"
        assert reports.view(queries.get_report(session, kept_world.ids()["report"]))["state"] == "withdrawn"


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("卡号6222 0201 2345 6789 017，", "卡号■■■■■■■■■■■■■■■■■■■■■■■，"), ("卡号６２２２０２０１２３４５６７８９０１７。", f"卡号{'■' * 19}。"),
        ("6222-0201-2345-6789-017", "■" * 23), ("1622202012345678901789", "1622202012345678901789"), ("端木 丁亥报警", "■■■■■报警"),
        ("端木报警", "端木报警"),
    ],
)  # fmt: skip
def test_values_are_found_however_they_are_spelled(text: str, covered: str) -> None:
    assert Finder([CANARY, NUMBER]).cover(text) == covered


@pytest.mark.parametrize("value", ["王", "1234", "", "——"])
def test_what_is_too_short_to_mean_one_person_is_refused(store: Store, value: str) -> None:
    with store.reading() as session, pytest.raises(InputError, match="太短"):
        held.find(session, [value])


def test_a_name_in_an_address_of_the_web_goes_however_it_is_written(store: Store) -> None:
    put(store, Document("网", "今年丰收", url="https://news.example/%E7%AB%AF%E6%9C%A8%E4%B8%81%E4%BA%A5.html"))
    held.erase(store, [CANARY], actor="测试", reason="本人申请")
    assert "%E7%AB%AF" not in str(everything(store))


def test_the_command_shows_first_and_erases_only_when_told(store: Store, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "serving.command", "person", *words, "--store", address_of(store)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd=tmp_path)

    before = everything(store)
    shown = run("erase", kept_world.VICTIM)
    assert "会动 1 件文档" in shown.stdout
    refused = run("erase", kept_world.VICTIM, "--yes")
    assert (refused.returncode, "理由" in refused.stderr) == (1, True)
    assert everything(store) == before
    out = tmp_path / "out.json"
    assert run("export", kept_world.VICTIM, "--output", str(out)).returncode == 0
    assert os.stat(out).st_mode & 0o777 == 0o600
    assert json.loads(out.read_text())["documents"]
    erased = run("erase", kept_world.VICTIM, "--yes", "--reason", "本人申请")
    assert "已抹除：1 件文档" in erased.stdout, erased.stderr
    assert kept_world.VICTIM not in stored(address_of(store))
