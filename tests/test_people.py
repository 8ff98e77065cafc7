"""People, keys, log-ins: who comes in and as whom, who does not, and that it is written down."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from nlp.errors import ConflictError, InputError
from serving import audit
from serving.people import COOKIE, api_keys, attempts, logins, roster, who_is
from serving.people.who import UnauthorizedError
from serving.store import Store
from serving.store.tables_people import AttemptRow, KeyRow, LoginRow, PersonRow
from tests.api_world import OPERATOR, complain, ok, problem, publish, serving, settings_at
from tests.stores import fresh_store

PASSWORD = "一句自己记得住的话真的很长"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path)) as started:
        yield started


def store_of(api: TestClient) -> Store:
    return api.app.state.engine.store


def someone(store: Store, name: str = "wangwu", role: str = "admin", password: str = PASSWORD) -> str:
    with store.writing() as session:
        return roster.add(session, name, role, password).id


def a_key(store: Store, name: str = "wangwu", **more) -> str:
    with store.writing() as session:
        return api_keys.add(session, roster.named(session, name), **more)[1]


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def log_in(api: TestClient, name: str = "wangwu", password: str = PASSWORD, **more):
    return api.post("/v1/session", json={"name": name, "password": password}, **more)


# people -----------------------------------------------------------------------------------------------------------------


def test_the_first_person_is_an_administrator_and_the_last_one_stays(store):
    with store.writing() as session, pytest.raises(InputError, match="管理员"):
        roster.add(session, "zhaoliu", "analyst", PASSWORD)
    someone(store)
    with store.writing() as session:
        first = roster.named(session, "wangwu")
        for change in ({"role": "analyst"}, {"active": False}):
            with pytest.raises(ConflictError, match="最后一个管理员"):
                roster.change(session, first, **change)
        with pytest.raises(ConflictError, match="已有这个名字"):
            roster.add(session, "wangwu", "admin", PASSWORD)
        roster.add(session, "sunqi", "admin", PASSWORD)
        roster.change(session, first, role="analyst")


@pytest.mark.parametrize("password", ["short", "elevenchars", "has\x00control chars", "x" * 201])
def test_a_password_that_is_too_weak_is_refused(store, password):
    with store.writing() as session, pytest.raises(InputError, match="密码不合要求"):
        roster.add(session, "wangwu", "admin", password)


def test_nothing_in_the_store_is_a_password_a_key_or_a_token(store):
    someone(store)
    key = a_key(store)
    done = logins.log_in(store, "wangwu", PASSWORD, "127.0.0.1")
    with store.reading() as session:
        rows = [
            session.execute(sa.select(table.__table__)).all() for table in (PersonRow, KeyRow, LoginRow, AttemptRow)
        ]
        told = str(rows) + str([audit.view(row) for row in audit.listing(session)])
        assert session.scalar(sa.select(PersonRow.password)).startswith("$argon2id$")
        assert session.scalar(sa.select(KeyRow.secret)).startswith("$argon2id$")
    for hidden in (PASSWORD, key, key.split("_", 2)[2], done.token, done.csrf):
        assert hidden not in told
    assert key[3:11] in told  # the prefix is searchable


# keys -------------------------------------------------------------------------------------------------------------------


def test_a_key_opens_with_the_lower_of_two_roles_until_it_is_revoked(store):
    someone(store)
    someone(store, "sunqi", "editor")
    key = a_key(store, "sunqi", role="analyst")
    who = who_is(store, authorization=f"Bearer {key}")
    assert (who.name, who.role, who.by) == ("sunqi", "analyst", "key")
    with store.writing() as session:
        roster.change(session, roster.named(session, "sunqi"), role="reader")
    assert who_is(store, authorization=f"Bearer {key}").role == "reader"
    with store.writing() as session:
        api_keys.revoke(session, api_keys.found_by(session, key))  # found by the whole text, as it stands in a log
    with pytest.raises(UnauthorizedError):
        who_is(store, authorization=f"Bearer {key}")


@pytest.mark.parametrize("end", ["expired", "sent away", "other secret", "other prefix"])
def test_a_key_that_has_ended_opens_nothing(store, end):
    someone(store)
    someone(store, "sunqi", "editor")
    key = a_key(store, "sunqi")
    assert who_is(store, authorization=f"Bearer {key}").role == "editor"
    with store.writing() as session:
        if end == "expired":
            session.execute(sa.update(KeyRow).values(expires=1.0))
        elif end == "sent away":
            roster.change(session, roster.named(session, "sunqi"), active=False)
        elif end == "other secret":
            key = key[:-1] + ("A" if key[-1] != "A" else "B")
        else:
            key = f"fz_{'0' * 8}_{key.split('_', 2)[2]}"
    with pytest.raises(UnauthorizedError):
        who_is(store, authorization=f"Bearer {key}")


def test_rotation_gives_a_new_key_and_a_day_to_change_over(store):
    someone(store)
    old = a_key(store, role="analyst", scopes=["read"])
    with store.writing() as session:
        made, new = api_keys.rotate(session, api_keys.found_by(session, old))
        assert (made.role, made.scopes) == ("analyst", ["read"])
    for key in (old, new):
        assert who_is(store, authorization=f"Bearer {key}").scopes == {"read"}
    with store.writing() as session:
        row = api_keys.found_by(session, old)
        assert row.expires - api_keys.OVERLAP_SECONDS < made.expires - 300 * 86400
        session.execute(sa.update(KeyRow).where(KeyRow.id == row.id).values(expires=row.expires - 86_401))
    with pytest.raises(UnauthorizedError):
        who_is(store, authorization=f"Bearer {old}")
    assert who_is(store, authorization=f"Bearer {new}").role == "analyst"


def test_nobody_is_given_a_key_above_himself(store):
    someone(store)
    someone(store, "sunqi", "analyst")
    with store.writing() as session:
        person = roster.named(session, "sunqi")
        for wrong in ({"role": "admin"}, {"scopes": ["everything"]}, {"days": 0}, {"days": 5000}):
            with pytest.raises(InputError):
                api_keys.add(session, person, **wrong)


def test_a_scope_narrows_what_a_key_may_do(api):
    someone(store_of(api))
    reading, sending = (a_key(store_of(api), scopes=[scope]) for scope in ("read", "send"))
    assert api.get("/v1/reports", headers=bearer(reading)).status_code == 200
    assert (
        problem(api.post("/v1/reports", json={"text": "骗"}, headers=bearer(reading)), 403)["expected"] == "权限 send"
    )
    assert api.post("/v1/reports", json={"text": "刷单骗案"}, headers=bearer(sending)).status_code in (201, 202)
    assert problem(api.get("/v1/reports", headers=bearer(sending)), 403)["expected"] == "权限 read"
    problem(api.delete("/v1/batches/b-0123456789abcdef", headers=bearer(sending)), 403)


# log-ins ------------------------------------------------------------------------------------------------------------------


def test_a_log_in_is_a_cookie_that_no_script_reads(api):
    someone(store_of(api))
    answered = log_in(api)
    cookie = answered.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
        assert part in cookie
    assert "Secure" not in cookie  # over http; over https:
    assert "; Secure" in logins.cookie_header("x", secure=True)
    token = re.match(rf"{COOKIE}=([^;]+)", cookie)[1]
    assert token not in answered.text
    assert ok(api.get("/v1/session"))["by"] == "cookie"
    assert api.get("/v1/reports").status_code == 200
    api.cookies.clear()
    assert ok(api.get("/v1/session"))["by"] == "nobody"
    assert api.get("/v1/reports").status_code == 403


def test_what_changes_something_needs_the_token_of_the_page(api):
    someone(store_of(api))
    csrf = ok(log_in(api))["csrf"]
    body = {"text": "刷单骗案 损失：5"}
    problem(api.post("/v1/reports", json=body), 403)
    problem(api.post("/v1/reports", json=body, headers={"X-CSRF-Token": "0" * 32}), 403)
    for foreign in ({"Origin": "https://evil.invalid"}, {"Sec-Fetch-Site": "cross-site"}):
        problem(api.post("/v1/reports", json=body, headers={"X-CSRF-Token": csrf} | foreign), 403)
    assert api.post("/v1/reports", json=body, headers={"X-CSRF-Token": csrf}).status_code in (201, 202)
    problem(api.delete("/v1/session"), 403)
    assert ok(api.delete("/v1/session", headers={"X-CSRF-Token": csrf}))["by"] == "nobody"


def test_no_other_site_logs_anybody_in(api):
    someone(store_of(api))
    problem(log_in(api, headers={"Origin": "https://evil.invalid"}), 403)
    problem(log_in(api, headers={"Sec-Fetch-Site": "cross-site"}), 403)


def test_logging_out_ends_the_token_and_not_only_the_cookie(api):
    someone(store_of(api))
    csrf = ok(log_in(api))["csrf"]
    token = api.cookies[COOKIE]
    ok(api.delete("/v1/session", headers={"X-CSRF-Token": csrf}))
    assert who_is(store_of(api), cookie=token).by == "nobody"


@pytest.mark.parametrize("end", ["too old", "idle", "sent away", "new password", "clock set back far"])
def test_a_log_in_ends(store, end):
    someone(store)
    someone(store, "sunqi", "editor")
    token = logins.log_in(store, "sunqi", PASSWORD, "").token
    assert who_is(store, cookie=token).name == "sunqi"
    with store.writing() as session:
        person = roster.named(session, "sunqi")
        if end == "too old":
            session.execute(sa.update(LoginRow).values(expires=1.0))
        elif end == "idle":
            session.execute(sa.update(LoginRow).values(seen=LoginRow.seen - logins.IDLE_SECONDS - 1))
        elif end == "clock set back far":
            session.execute(sa.update(LoginRow).values(expires=LoginRow.expires + 3 * logins.LIFE_SECONDS))
        else:
            roster.change(session, person, **({"active": False} if end == "sent away" else {"password": PASSWORD * 2}))
    assert who_is(store, cookie=token).by == "nobody"


def test_wrong_name_and_wrong_password_are_one_answer(api):
    someone(store_of(api))
    first = problem(log_in(api, "nobody-here"), 401)
    second = problem(log_in(api, password="not the right one"), 401)
    assert first == second


def test_guessing_has_to_wait_and_the_wait_grows(api, monkeypatch):
    someone(store_of(api))
    clock = [1_000_000.0]
    monkeypatch.setattr(attempts.time, "time", lambda: clock[0])
    for _ in range(attempts.FREE):
        assert log_in(api, password="not the right one").status_code == 401
    waits = []
    for _ in range(3):
        refused = log_in(api)  # the right password, too
        problem(refused, 429)
        waits.append(int(refused.headers["retry-after"]))
        clock[0] += waits[-1] + 1
        assert log_in(api, password="not the right one").status_code == 401
    assert waits == [61, 121, 241]
    clock[0] += 5000
    assert log_in(api).status_code == 200
    assert log_in(api, password="not the right one").status_code == 401  # and the count begins anew


def test_one_address_cannot_try_many_names(store):
    someone(store)
    with store.writing() as session:
        for number in range(attempts.FREE_ADDRESS):
            attempts.failed(session, f"name{number}", "192.0.2.1")
    with store.reading() as session:
        with pytest.raises(attempts.TooManyError):
            attempts.check(session, "wangwu", "192.0.2.1")
        attempts.check(session, "wangwu", "192.0.2.2")  # nobody is locked out from elsewhere


def test_a_clock_set_back_locks_nobody_out_for_longer_than_a_block(store, monkeypatch):
    clock = [1_000_000.0]
    monkeypatch.setattr(attempts.time, "time", lambda: clock[0])
    with store.writing() as session:
        for _ in range(attempts.FREE + 3):
            attempts.failed(session, "wangwu", "192.0.2.1")
        clock[0] -= 100_000
        attempts.check(session, "wangwu", "192.0.2.1")


# what is written down ------------------------------------------------------------------------------------------------------


def lines(api: TestClient) -> list[dict]:
    with store_of(api).reading() as session:
        return [audit.view(row) for row in reversed(audit.listing(session, limit=500))]


def test_who_saw_unmasked_data_and_who_changed_is_in_the_log_before_the_answer(api):
    someone(store_of(api))
    headers = bearer(a_key(store_of(api)))
    report = ok(api.post("/v1/reports", json={"text": "刷单骗案 受害人：赵小红 损失：5"}, headers=headers))
    ok(api.get(f"/v1/incidents/{report['incidents'][0]['id']}", headers=headers))
    api.get("/v1/incidents", params={"q": "赵小红", "limit": 5}, headers=headers)
    before = len(lines(api))
    api.get("/v1/incidents")  # a reader sees nothing unmasked
    api.get("/v1/incidents", params={"viewer": "reader"}, headers=headers)
    assert len(lines(api)) == before
    told = [
        (line["actor"], line["role"], line["action"], line["detail"]["route"], line["object"])
        for line in lines(api)[-3:]
    ]
    assert told == [
        ("wangwu", "admin", "write", "POST /v1/reports", ""),
        ("wangwu", "admin", "read", "GET /v1/incidents/{incident_id}", report["incidents"][0]["id"]),
        ("wangwu", "admin", "read", "GET /v1/incidents", ""),
    ]
    assert lines(api)[-1]["detail"]["asked"]["limit"] == "5"
    assert "赵小红" not in json.dumps(lines(api), ensure_ascii=False)  # not even what was asked for


def test_without_its_line_in_the_log_nothing_is_shown(api, monkeypatch):
    report = complain(api, "刷单骗案 受害人：赵小红 损失：5")

    def full(*_args, **_named):
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(audit, "record", full)
    refused = api.get(f"/v1/reports/{report['id']}", headers=OPERATOR)
    problem(refused, 503)
    assert "赵小红" not in refused.text


def test_a_person_signs_with_his_own_name(api):
    someone(store_of(api))
    report = complain(api, "刷单骗案 损失：5")
    headers = bearer(a_key(store_of(api)))
    done = ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True, "by": "别人"}, headers=headers))
    assert done["reviewed_by"] == "wangwu"


def test_nobody_signs_as_another(api):
    """Neither with his own key nor with the operator's, which is nobody's."""
    someone(store_of(api))
    first, second = (publish(api, f"刷单骗案 嫌疑人：{name}")["incidents"][0] for name in ("钱大山", "胡二水"))
    headers = bearer(a_key(store_of(api)))
    made = ok(api.post(f"/v1/incidents/{first}/mark", json={"tlp": "green", "by": "别人"}, headers=headers))
    assert made["by"] == "wangwu"
    undone = ok(api.post(f"/v1/decisions/{made['id']}/undo", json={"by": "别人"}, headers=headers))
    assert undone["undone_by"] == "wangwu"
    merge = f"/v1/incidents/{first}/merge"
    refused = problem(api.post(merge, json={"into": second, "by": "wangwu"}, headers=OPERATOR), 403)
    assert refused["where"] == "by"
    merged = ok(api.post(merge, json={"into": second, "by": "外单位某人"}, headers=OPERATOR))
    assert merged["by"] == "外单位某人"
    with store_of(api).reading() as session:
        actors = {line.actor for line in audit.listing(session, object=first)}
    assert actors == {"wangwu", "值守"}


def test_no_key_or_password_is_in_a_log(api, caplog):
    someone(store_of(api))
    key = a_key(store_of(api))
    with caplog.at_level(logging.DEBUG):
        api.get("/v1/reports", headers=bearer(key))
        api.get("/v1/reports", headers=bearer(key[:-1]))
        log_in(api)
        log_in(api, password="not the right one")
    for hidden in (key, key[:-1], PASSWORD, "not the right one", api.cookies.get(COOKIE)):
        assert hidden not in caplog.text
