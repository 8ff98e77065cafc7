"""With a data key the file says nothing; without it everything is as before; a wrong key changes nothing. PostgreSQL by test_postgres.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kept_world
import pytest
import sqlalchemy as sa
from api_world import OPERATOR, serving, settings_at
from stores import everything, fresh_address, fresh_store
from test_worker import put, told, unlike

from nlp.records import Document
from serving import data_key, doctor, inbox, queries
from serving.data_key import DataKeyError
from serving.keeping import rotation, tidy
from serving.settings import Settings
from serving.store import Store, open_store
from serving.store.session import connected
from tests.processes import environment

KEY = "a-key-of-the-data-0123456789-abcdef"
NEXT = "another-key-of-the-data-9876543210"
# What must stand nowhere: a victim, a number, a piece of the complaint, a webhook's secret, what a person noted.
CANARIES = (kept_world.VICTIM, kept_world.PHONE, "被骗子骗", kept_world.unlike(7)[:6], "whsec_", "同一伙人", "核对过")
# Tables whose rows differ between two stores of the same content, or between two keys.
MOVED = (
    "audit",
    "counters",
    "case_keys",
    "data_keys",
    "webhooks",
    "people",
    "api_keys",
    "logins",
    "attempts",
    "batches",
    "batch_rows",
)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A filled store that was never sealed."""
    return kept_world.filled(tmp_path)


def stored(address: str) -> str:
    """Every value as the database gives it, and of SQLite every byte of the file."""
    store = connected(address)
    metadata = sa.MetaData()
    metadata.reflect(store.engine)
    found = []
    with store.reading() as session:
        for table in metadata.sorted_tables:
            columns = [sa.type_coerce(column, sa.String()) for column in table.columns]
            found += [repr(tuple(row)) for row in session.execute(sa.select(*columns))]
    store.close()
    if store.is_sqlite:
        found.append(Path(str(store.engine.url.database)).read_bytes().decode("utf-8", "ignore"))
    return "\n".join(found)


def told_by(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def same(rows: dict[str, list]) -> dict[str, list]:
    return {name: found for name, found in rows.items() if name not in MOVED}


def rotate(address: str) -> rotation.Rotated:
    store = open_store(address)
    try:
        done = rotation.rotate(store, actor="测试")
        tidy.tidy(store)
        return done
    finally:
        store.close()


def documents_found(store: Store, words: str) -> int:
    with store.reading() as session:
        return len(queries.list_documents(session, words=words)[0])


def test_a_store_of_a_new_key_says_nothing_and_works_the_same(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(told_by(stored(address))) >= {kept_world.VICTIM, "whsec_"}  # clear without a key
    clear = open_store(address)
    before = everything(clear)
    clear.close()
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    sealed_at = fresh_address(tmp_path)
    store = open_store(sealed_at)
    kept_world.fill(store)
    assert told_by(stored(sealed_at)) == []
    after = everything(store)
    # The same cases found each other: keys are tokens, and tokens of the same are the same.
    assert after["cases"] == before["cases"]
    assert after["links"] == before["links"]
    assert [row[0] for row in after["incidents"]] == [row[0] for row in before["incidents"]]
    # Whole words, names and numbers of a complaint find it; published words are found as ever, pieces too.
    assert [documents_found(store, words) for words in (kept_world.VICTIM, kept_world.PHONE, "钱某军", "大丰")] == [
        1
    ] * 4
    store.close()


def test_a_clear_store_is_sealed_in_place_and_its_key_replaced(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clear = open_store(address)
    before = everything(clear)
    clear.close()
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    store = open_store(address)
    assert same(everything(store)) == same(before)  # read as it lies
    put(store, told("新", more=unlike(1)))  # and joined with what was there clear
    before = everything(store)
    assert len({row[-1] for row in before["cases"] if row[-1]}) < len(before["cases"])
    store.close()
    first = rotate(address)
    assert first.rows > 20
    assert told_by(stored(address)) == []
    # Another key.
    monkeypatch.setenv("FANZHA_DATA_KEY", NEXT)
    monkeypatch.setenv("FANZHA_DATA_KEY_OLD", KEY)
    second = rotate(address)
    assert second.retired == (first.key,)
    assert f"fz1:{first.key}" not in stored(address)
    monkeypatch.delenv("FANZHA_DATA_KEY_OLD")
    store = open_store(address)
    assert same(everything(store)) == same(before)
    assert documents_found(store, kept_world.VICTIM) == 1
    put(store, told("更新", more=unlike(1)))
    rows = everything(store)["cases"]
    assert len({row[-1] for row in rows if row[-1]}) < len(rows) - 1  # it found the others by the new tokens
    store.close()
    assert rotate(address).rows == 0  # nothing left to do


@pytest.mark.parametrize("wrong", ["", NEXT])
def test_a_wrong_key_is_one_clear_error_and_changes_nothing(
    address: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    rotate(address)
    before = stored(address)
    monkeypatch.setenv("FANZHA_DATA_KEY", wrong)
    with pytest.raises(DataKeyError, match="FANZHA_DATA_KEY"):
        open_store(address)
    ran = subprocess.run(
        [sys.executable, "-m", "serving.command", "ingest", "--store", address], capture_output=True, text=True, check=False,
        env=environment(FANZHA_DATA_KEY=wrong),
    )  # fmt: skip
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert "数据密钥" in ran.stderr
    assert stored(address) == before


@pytest.mark.slow
@pytest.mark.parametrize("table", ["documents", "incidents", "case_keys"])
def test_killed_while_the_key_is_replaced_loses_nothing(
    address: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    rotate(address)
    store = open_store(address)
    before = everything(store)
    store.close()
    die = f"lambda name, rows: os.kill(os.getpid(), 9) if name == {table!r} else None"
    code = (
        "import os\nfrom serving.keeping import rotation\nfrom serving.store import open_store\n"
        f"rotation.rotate(open_store({address!r}), actor='x', on_table={die})"
    )
    both = {"FANZHA_DATA_KEY": NEXT, "FANZHA_DATA_KEY_OLD": KEY}
    ran = subprocess.run([sys.executable, "-c", code], env=environment(**both), check=False)
    assert ran.returncode == -signal.SIGKILL
    # Half of it is sealed with either: with both keys all of it is read, and with both a process goes on.
    for name, value in both.items():
        monkeypatch.setenv(name, value)
    store = open_store(address)
    assert same(everything(store)) == same(before)
    assert documents_found(store, kept_world.VICTIM) == 1
    store.close()
    rotate(address)
    monkeypatch.delenv("FANZHA_DATA_KEY_OLD")
    store = open_store(address)
    assert same(everything(store)) == same(before)
    store.close()
    assert told_by(stored(address)) == []


def test_what_becomes_a_complaint_leaves_the_clear_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    address = fresh_address(tmp_path)
    store = open_store(address)
    put(store, Document("文", kept_world.COMPLAINT))
    with store.writing() as session:
        inbox.accept(session, Document("文", kept_world.COMPLAINT, nature="complaint"))
    assert documents_found(store, kept_world.VICTIM) == 1
    assert documents_found(store, "子骗") == 0  # a piece that is no word
    tidy.tidy(store)
    store.close()
    assert told_by(stored(address)) == []


def test_a_clear_text_may_look_like_a_sealed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fresh_store(tmp_path)
    texts = ["fz1:00000000:AAAA", "fz0:x", "fz1:"]
    put(store, *(Document(f"t{number}", text) for number, text in enumerate(texts)))
    with store.reading() as session:
        assert sorted(row.text for row in queries.list_documents(session)[0]) == sorted(texts)
    store.close()


def test_a_changed_byte_of_ciphertext_is_named_and_spoils_nothing_else(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    rotate(address)
    store = open_store(address)
    victim = kept_world.ids()["document"]
    lie = sa.text("UPDATE documents SET text = (SELECT title FROM documents WHERE id = :id) WHERE id = :id")
    with store.writing() as session:
        session.execute(lie, {"id": victim})
    with store.reading() as session, pytest.raises(DataKeyError, match=r"documents\.text"):
        queries.get_document(session, victim)
    with store.reading() as session:
        assert queries.get_document(session, kept_world.ids()["withdrawn"]).text
    store.close()


def test_doctor_and_readiness_say_plainly_how_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finding(address: str) -> doctor.Finding:
        return next(found for found in doctor.examine(Settings(store=address)) if found.name == "字段加密")

    address = kept_world.filled(tmp_path)
    assert (finding(address).state, "明文" in finding(address).value) == ("note", True)
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    assert (finding(address).state, "还有明文" in finding(address).value) == ("note", True)
    rotate(address)
    assert finding(address).state == "ok"
    for key, said in (("", "off"), (KEY, "on")):
        monkeypatch.setenv("FANZHA_DATA_KEY", key)
        folder = tmp_path / said
        folder.mkdir()
        with serving(settings_at(folder)) as api:
            assert api.get("/readyz", headers=OPERATOR).json()["sealing"] == said
            assert "sealing" not in api.get("/readyz").json()


def test_a_key_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANZHA_DATA_KEY", "a" * 40)
    with pytest.raises(Exception, match="FANZHA_DATA_KEY"):
        data_key.keys()
    assert os.environ["FANZHA_DATA_KEY"]
