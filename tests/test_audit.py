"""The audit log holds: whatever is changed, taken out, moved, added or cut off is found and named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nlp.errors import InputError
from serving import audit, secret
from serving.store import Store
from tests.stores import fresh_store

SECRET, OTHER = "K7vQ2mXr9TfYw4Zs8BnJh3LcPd6GaEu1", "q1W2e3R4t5Y6u7I8o9P0aSdFgHjKlZxC"


@pytest.fixture(params=["with a secret", "without"])
def store(request, tmp_path: Path, monkeypatch) -> Iterator[Store]:
    monkeypatch.setenv("FANZHA_SECRET", SECRET if request.param == "with a secret" else "")
    opened = fresh_store(tmp_path)
    with opened.writing() as session:
        for number in range(1, 8):
            audit.record(session, f"值班员{number}", "analyst", "read", f"i-{number}", detail={"route": "GET /"})
    yield opened
    opened.close()


def tamper(store: Store, *statements: str) -> None:
    """As somebody who owns the database file: past the triggers."""
    with store.writing() as session:
        if store.is_sqlite:
            for name in ("audit_no_update", "audit_no_delete"):
                session.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            session.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        for statement in statements:
            session.execute(sa.text(statement))


def wrong(store: Store, head: str = "") -> str:
    with store.reading() as session:
        return audit.verify(session, head).wrong


def head_of(store: Store) -> str:
    with store.reading() as session:
        found = audit.verify(session)
    return f"{found.last}:{found.hash}"


def test_an_untouched_log_holds(store):
    with store.reading() as session:
        found = audit.verify(session)
    assert (found.lines, found.last, found.wrong) == (7, 7, "")
    assert wrong(store, head_of(store)) == ""


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["UPDATE audit SET actor = 'x' WHERE number = 3"], "第 3 行被改动"),
        (["UPDATE audit SET at = '2020-01-01T00:00:00.000Z' WHERE number = 1"], "第 1 行被改动"),
        (["UPDATE audit SET detail = '{\"route\": \"GET /x\"}' WHERE number = 7"], "第 7 行被改动"),
        (["UPDATE audit SET hash = '0' WHERE number = 4"], "第 4 行被改动"),
        (["DELETE FROM audit WHERE number = 5"], "第 5 行缺失"),
        (["DELETE FROM audit WHERE number = 1"], "第 1 行缺失"),
        (["DELETE FROM audit WHERE number IN (2, 3)"], "第 2 至 3 行缺失"),
        (["DELETE FROM audit WHERE number = 7"], "末尾缺 1 行"),
        (
            [f"UPDATE audit SET number = {to} WHERE number = {number}" for number, to in ((2, 99), (3, 2), (99, 3))],
            "第 2 行被改动或换了位置",
        ),
        (["DELETE FROM audit WHERE number = 4", "UPDATE audit SET number = number - 1 WHERE number > 4"], "第 4 行被改动"),
        (
            ["INSERT INTO audit SELECT 8, at, actor, role, action, object, request, detail, key, hash FROM audit WHERE number = 7"],
            "第 8 行被改动",
        ),
    ],
)  # fmt: skip
def test_tampering_is_found_and_named(store, statements, named):
    tamper(store, *statements)
    assert named in wrong(store)


def test_a_log_that_was_cut_off_together_with_its_counter_is_found_by_the_mark_kept_elsewhere(store):
    kept = head_of(store)
    tamper(store, "DELETE FROM audit WHERE number > 4", "UPDATE counters SET value = 4 WHERE name = 'audit'")
    assert wrong(store) == ""  # nothing inside the database can tell
    assert "第 7 行已不在" in wrong(store, kept)


def test_the_database_itself_refuses_to_change_a_line(store):
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.writing() as session:
            session.execute(sa.text(statement))


def test_without_the_secret_nobody_writes_a_line_that_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("FANZHA_SECRET", SECRET)
    store = fresh_store(tmp_path)
    with store.writing() as session:
        for number in range(3):
            audit.record(session, f"值班员{number}", "analyst", "read")
    monkeypatch.setenv("FANZHA_SECRET", OTHER)
    assert "不在 FANZHA_SECRET" in wrong(store)
    monkeypatch.setenv(
        "FANZHA_SECRET_OLD", SECRET
    )  # rotation: old lines are checked with the old, new ones made with the new
    with store.writing() as session:
        audit.record(session, "值班员", "analyst", "read")
    assert wrong(store) == ""
    store.close()


def test_lines_of_many_writers_make_one_chain_and_a_rollback_leaves_no_gap(store):
    def write(number: int) -> None:
        for turn in range(5):
            try:
                with store.writing() as session:
                    audit.record(session, f"线程{number}", "analyst", "read")
                    if turn == 2:
                        raise RuntimeError("rolled back")
            except RuntimeError:
                pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        found = audit.verify(session)
    assert (found.lines, found.wrong) == (7 + 4 * 4, "")


@pytest.mark.parametrize("weak", ["short", "a" * 40])
def test_a_secret_that_could_be_guessed_is_refused(weak):
    with pytest.raises(InputError, match="太短或太简单"):
        secret.keys("audit", {"FANZHA_SECRET": weak})


def test_keys_of_two_purposes_and_of_two_secrets_differ_and_tell_nothing():
    both = {"FANZHA_SECRET": SECRET, "FANZHA_SECRET_OLD": OTHER}
    first, second = secret.keys("audit", both)
    assert first.name != second.name
    assert first.value != secret.keys("token card", both)[0].value
    assert first.value.hex() not in repr(first)
    assert secret.token("card", "6222021234567890123", both) == secret.token("card", "6222021234567890123", both)
    assert secret.token("card", "6222021234567890123", both) != secret.token("phone", "6222021234567890123", both)
    assert secret.token("card", "6222021234567890123", {}) == ""
