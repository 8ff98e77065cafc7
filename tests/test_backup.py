"""A backup is the store at one moment, whole or not at all; restored it is the same store. SQLite here, PostgreSQL by test_postgres.py."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import kept_world
import pytest
import sqlalchemy as sa
from stores import address_of, everything, fresh_address
from test_worker import put, told, unlike

from nlp.errors import ConflictError, InputError
from serving import audit, queries
from serving.data_key import DataKeyError
from serving.keeping import backup, backup_file, restore
from serving.keeping.backup_file import BackupError
from serving.migrations.run import upgrade
from serving.store import Store, StoreError, open_store
from serving.store.session import connected
from serving.store.tables import Base
from tests.processes import environment

KEY = "a-key-of-the-data-0123456789-abcdef"
SECRET = "a-secret-of-this-machine-0123456789"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(kept_world.filled(tmp_path))
    yield opened
    opened.close()


def write(store: Store, file: Path) -> backup_file.Manifest:
    return backup.write(store, file, actor="测试")


def restored(file: Path, address: str, **more: bool) -> Store:
    restore.restore(file, address, actor="测试", **more)
    return open_store(address, migrate=False)


def without_last_audit(rows: dict[str, list]) -> dict[str, list]:
    """The rows without the line that restoring adds to the audit log."""
    counters = [("audit", value - 1) if name == "audit" else (name, value) for name, value in rows["counters"]]
    return rows | {"audit": rows["audit"][:-1], "counters": counters}


def found_by(store: Store, words: str) -> tuple[set[str], set[str]]:
    with store.reading() as session:
        wanted = queries.IncidentFilter(words=words)
        rows = queries.list_incidents(session, wanted, viewer="analyst").rows
        return {row.id for row in queries.list_documents(session, words=words)[0]}, {row.id for row in rows}


def test_every_table_holds_something_and_comes_back_row_by_row(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.fanzha"
    manifest = write(store, file)
    before = everything(store)
    # No data key is set here, and `kept_world` annotates, rules over and renames nothing yet.
    later = {"data_keys"} | {name for name in before if name.startswith(("annotation", "ruled_", "taxonom"))}
    assert {name for name, rows in before.items() if not rows} <= later
    again = restored(file, fresh_address(tmp_path))
    assert without_last_audit(everything(again)) == before
    assert {name: member.rows for name, member in manifest.tables.items()} == {
        n: len(rows) for n, rows in before.items()
    }
    # The chain holds with the line of the restoring; words find what they found; and the store goes on.
    with again.reading() as session:
        assert audit.verify(session).wrong == ""
        assert audit.listing(session, limit=1)[0].action == "restored"
    for words in ("骗局", "钱某军", "丰收", kept_world.VICTIM):
        assert found_by(again, words) == found_by(store, words)
    assert found_by(again, "骗局")[0]
    put(again, told("新", suspect="周某平", more=unlike(9)))
    put(store, told("新", suspect="周某平", more=unlike(9)))
    assert len(everything(again)["changes"]) == len(everything(store)["changes"])
    again.close()


def test_one_of_a_database_is_restored_on_the_other_and_comes_back(store: Store, tmp_path: Path) -> None:
    """Run on SQLite it goes from file to file; test_postgres.py runs it on PostgreSQL, where it goes across and back."""
    write(store, tmp_path / "one.fanzha")
    before = everything(store)
    lite = restored(tmp_path / "one.fanzha", f"sqlite:///{tmp_path}/other.db")
    assert without_last_audit(everything(lite)) == before
    assert found_by(lite, "骗局") == found_by(store, "骗局")
    write(lite, tmp_path / "two.fanzha")
    before = everything(lite)
    back = restored(tmp_path / "two.fanzha", fresh_address(tmp_path))
    assert without_last_audit(everything(back)) == before
    put(back, told("新", suspect="周某平", more=unlike(9)))  # its own sequences go on after what was put in
    lite.close()
    back.close()


def test_it_is_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    stop, failures = threading.Event(), []

    def go_on() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                put(
                    store,
                    told(
                        f"并行{number}", suspect=f"{chr(0x5E00 + number)}某{chr(0x6E00 + number)}", more=unlike(number)
                    ),
                )
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        for number in range(3):
            write(store, tmp_path / f"{number}.fanzha")
    finally:
        stop.set()
        thread.join()
    assert failures == []
    for number in range(3):
        again = restored(tmp_path / f"{number}.fanzha", fresh_address(tmp_path))
        rows = everything(again)
        sequence = [row[0] for row in rows["changes"]]
        assert sequence == list(range(1, len(sequence) + 1))
        assert dict(rows["counters"])["sequence"] == len(sequence)
        again.close()


def test_a_store_that_waits_for_its_upgrade_is_saved_and_restored_into_this_version(tmp_path: Path) -> None:
    address = fresh_address(tmp_path)
    old = connected(address)
    with old.writing() as session:
        upgrade(session.connection(), "0033")
        session.execute(sa.text("INSERT INTO counters (name, value) VALUES ('of old', 7)"))
    assert write(old, tmp_path / "old.fanzha").schema == "0033"
    old.close()
    again = restored(tmp_path / "old.fanzha", fresh_address(tmp_path))
    assert ("of old", 7) in everything(again)["counters"]
    again.close()


def test_a_store_that_is_not_empty_is_refused_unless_told(store: Store, tmp_path: Path) -> None:
    write(store, tmp_path / "b.fanzha")
    address = fresh_address(tmp_path)
    other = open_store(address)
    put(other, told("别的"))
    before = everything(other)
    with pytest.raises(ConflictError, match="不是空的"):
        restore.restore(tmp_path / "b.fanzha", address, actor="测试")
    assert everything(other) == before
    other.close()
    again = restored(tmp_path / "b.fanzha", address, replace=True)
    assert without_last_audit(everything(again)) == everything(store)
    again.close()


def test_any_flipped_byte_is_detected_and_named(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.fanzha"
    write(store, file)
    whole = file.read_bytes()
    inside = whole.index(b"documents") + 60  # in the packed rows of that table
    dice = random.Random(3)
    places = [inside, 0, len(whole) - 1, len(whole) - 70, *(dice.randrange(len(whole)) for _ in range(60))]
    for place in places:
        broken = bytearray(whole)
        broken[place] ^= 1 << dice.randrange(8)
        file.write_bytes(broken)
        with pytest.raises(BackupError) as caught:
            backup_file.verify(file)
        assert place != inside or "表 documents" in str(caught.value)
        assert str(file) in str(caught.value)
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(BackupError, match=r"不是完整的备份|被改动"):
            restore.restore(file, fresh_address(tmp_path), actor="测试")


def test_one_written_anew_by_somebody_else_lacks_our_signature(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FANZHA_SECRET", SECRET)
    write(store, tmp_path / "ours.fanzha")
    assert backup_file.verify(tmp_path / "ours.fanzha")[1] == []
    monkeypatch.setenv("FANZHA_SECRET", SECRET[::-1])
    write(store, tmp_path / "theirs.fanzha")
    monkeypatch.setenv("FANZHA_SECRET", SECRET)
    assert "签名未核对" in backup_file.verify(tmp_path / "theirs.fanzha")[1][0]
    forged = bytearray((tmp_path / "ours.fanzha").read_bytes())
    forged[-1] = ord("0") if forged[-1] != ord("0") else ord("1")
    (tmp_path / "ours.fanzha").write_bytes(forged)
    with pytest.raises(BackupError, match="签名不符"):
        backup_file.verify(tmp_path / "ours.fanzha")


def test_with_a_key_nothing_can_be_read_without_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear, sealed = tmp_path / "clear.fanzha", tmp_path / "sealed.fanzha"
    write(store, clear)
    with backup_file.reading(clear) as archive:
        assert kept_world.VICTIM.encode() in archive.read("documents")
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    write(store, sealed)
    with backup_file.reading(sealed) as archive:
        assert not any(kept_world.VICTIM.encode() in archive.read(name) for name in archive.namelist())
    assert (os.stat(sealed).st_mode & 0o777, os.stat(clear).st_mode & 0o777) == (0o600, 0o600)
    for wrong in ("", KEY[::-1]):
        monkeypatch.setenv("FANZHA_DATA_KEY", wrong)
        assert backup_file.verify(sealed)[0].sealed
        address = fresh_address(tmp_path)
        with pytest.raises(DataKeyError, match="FANZHA_DATA_KEY"):
            restore.restore(sealed, address, actor="测试")
        with pytest.raises(StoreError):
            open_store(address, migrate=False)
    monkeypatch.setenv("FANZHA_DATA_KEY", KEY)
    again = restored(sealed, fresh_address(tmp_path))
    assert without_last_audit(everything(again)) == everything(store)
    again.close()


@pytest.mark.slow
@pytest.mark.parametrize("table", ["documents", "changes", "audit"])
def test_killed_in_the_middle_leaves_nothing_under_the_final_name(store: Store, tmp_path: Path, table: str) -> None:
    die = f"lambda name, rows: os.kill(os.getpid(), 9) if name == {table!r} else None"
    file, address = tmp_path / "b.fanzha", fresh_address(tmp_path)

    def run(code: str) -> int:
        code = f"import os\nfrom pathlib import Path\nfrom serving.keeping import backup, restore\n{code}"
        return subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode

    opened = f"from serving.store.session import connected\nstore = connected({address_of(store)!r})\n"
    from_here = f"{opened}backup.write(store, Path({str(file)!r}), actor='x', on_table={die})"
    assert run(from_here) == -signal.SIGKILL
    assert not file.exists()
    write(store, file)
    assert [path.name for path in tmp_path.iterdir() if path.is_file() and ".fanzha" in path.name] == ["b.fanzha"]
    to_there = f"restore.restore(Path({str(file)!r}), {address!r}, actor='x', on_table={die})"
    assert run(to_there) == -signal.SIGKILL
    again = restored(file, address)  # still empty
    assert without_last_audit(everything(again)) == everything(store)
    again.close()


def test_a_backup_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.fanzha"
    file.write_text("yesterday's")
    with pytest.raises(InputError, match="已有这个文件"):
        write(store, file)
    assert file.read_text() == "yesterday's"


def test_every_table_of_the_models_is_saved(store: Store) -> None:
    with store.reading() as session:
        saved = {table.name for table in backup.tables_of(session.connection())}
    assert saved | backup.LEFT_OUT >= set(Base.metadata.tables)
