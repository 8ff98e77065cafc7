"""Whatever is sent, the answer is a 4xx of the one error shape: never 500, never what was typed, never a log line with it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from serving.api import guard
from serving.api.bodies import MAX_CHARACTERS, MAX_TEXT
from tests.api_world import OPERATOR, ok, problem, publish, serving, settings_at

JSON = OPERATOR | {"content-type": "application/json"}
BIG = "9" * 400


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path_factory.mktemp("bad"))) as started:
        publish(started, "被骗 损失：100")
        yield started


def analyze(**fields) -> bytes:
    return json.dumps({"documents": [{"text": "被骗"} | fields]}).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"nul", 400),
        (b"[]", 422),
        (b'"text"', 422),
        (b"1", 422),
        (b"\xff\xfe\x00", 400),
        (b'{"documents": [{"text": "\xd6\xd0"}]}', 400),
        (b"[" * 100_000, 400),
        (b'{"documents":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b'{"documents": ' + b"9" * 10_000 + b"}", 400),
        (analyze(text="\0"), 422),
        (analyze(text="被\0骗"), 422),
        (analyze(text="\ud800"), 422),
        (analyze(title="\udfff"), 422),
        (analyze(doc_id="\0"), 422),
        (analyze(text=""), 422),
        (analyze(text=" \n\t　"), 422),
        (analyze(text=1), 422),
        (analyze(text=None), 422),
        (analyze(text=["a"]), 422),
        (analyze(txt="a"), 422),
        (analyze(published="去年"), 422),
        (analyze(published="2026-13-01"), 422),
        (analyze(text="长" * (MAX_TEXT + 1)), 422),
        (json.dumps({"documents": []}).encode(), 422),
        (json.dumps({"documents": [{"text": "a"}] * 65}).encode(), 422),
        (json.dumps({"documents": [{"text": "长" * MAX_TEXT}] * (MAX_CHARACTERS // MAX_TEXT + 1)}).encode(), 422),
        (b'{"documents": [{"text": NaN}]}', 422),
        ("\ufeff".encode() + b"{", 400),
    ],
)
def test_a_body_that_cannot_be_meant_is_refused(api, body, status):
    problem(api.post("/v1/analyze", content=body, headers=JSON), status)


@pytest.mark.parametrize("address", ["/v1/reports", "/v1/documents"])
def test_the_same_holds_where_something_would_be_stored(api, address):
    for text in ("被\0骗", "\ud800", " "):
        problem(api.post(address, content=json.dumps({"text": text}).encode(), headers=JSON), 422)
    problem(api.post(address, content=b"\xff", headers=JSON), 400)


def test_every_other_field_of_a_complaint_is_bounded(api):
    for more in (
        {"external_id": "\0"},
        {"external_id": ""},
        {"external_id": " "},
        {"external_id": "长" * 201},
        {"details": {"\0": "a"}},
        {"details": {"a": "\ud800"}},
        {"details": {"a": {"b": "c"}}},
        {"details": {str(n): "a" for n in range(41)}},
        {"details": {"external_id": "x"}},
        {"details": {"": "x"}},
        {"source": "\0"},
        {"reported_at": "x"},
    ):
        problem(api.post("/v1/reports", content=json.dumps({"text": "被骗"} | more).encode(), headers=JSON), 422)
    for key in ("", " ", "有", "\x7f"):
        headers = {**OPERATOR, "Idempotency-Key": key.encode()}
        problem(api.post("/v1/reports", json={"text": "被骗"}, headers=headers), 422)
    assert ok(api.get("/v1/reports", headers=OPERATOR))["reports"] == []


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/xml",
        "",
        "text/json",
    ],
)
def test_a_body_of_another_kind_is_told_what_is_read(api, kind):
    response = api.post("/v1/analyze", content=analyze(), headers=OPERATOR | {"content-type": kind})
    assert problem(response, 415)["expected"] == "application/json"


@pytest.mark.parametrize(
    "query",
    [
        f"limit={BIG}",
        "limit=0",
        "limit=-1",
        "limit=1e3",
        "limit=x",
        "limit=",
        f"cursor={BIG}",
        "cursor=-1",
        "cursor=9223372036854775808",
        "cursor=NaN",
        "loss_min=1e999999999",
        "loss_min=-1",
        "loss_min=NaN",
        "loss_min=Infinity",
        f"loss_max={BIG}",
        "loss_max=0.001",
        "loss_max=１００",
        "place=4",
        "place=x",
        "place=00",
        "place=4113%27--",
        "since=2026-13",
        "since=26",
        "until=2026-02-32",
        "since=2026-01-01T00:00",
        "label=x",
        "kind=x",
        "status=x",
        "basis=x",
        "viewer=king",
        "viewer=",
        "q=" + "长" * 201,
        *(["label=a&" * 30]),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(api, query):
    problem(api.get(f"/v1/incidents?{query}"), 422)


@pytest.mark.parametrize(
    "words",
    [
        '"',
        "*",
        "AND",
        "NEAR(",
        "a OR b",
        "')--",
        "letters:",
        "{words}",
        "^a",
        "-a",
        "🙂",
        "\u202e",
        "a" * 200,
        "，。；",
        "%",
        "\\",
        "骗 " * 90,
        "x*y*",
        "\ufffe",
    ],
)
def test_words_of_any_sort_are_words(api, words):
    ok(api.get("/v1/incidents", params={"q": words}))


def test_a_parameter_that_a_route_does_not_know_is_refused_and_the_known_are_named(api):
    body = problem(api.get("/v1/incidents?lable=x"), 422)
    assert body["where"] == "query.lable"
    assert "label" in body["expected"]
    for address in ("/healthz?x=1", "/v1/taxonomy?viewer=reader", "/v1/incidents/i-0123456789abcdef?limit=3", "/?q=x"):
        problem(api.get(address), 422)
    assert "13812345678" not in api.get("/v1/incidents?13812345678=1").text


@pytest.mark.parametrize(
    "address",
    [
        "/v1/incidents?q=%00",
        "/v1/incidents?q=a%00b",
        "/v1/incidents/%00",
        "/%00",
        "/v1/changes?after=0&x=%00",
        "/v1/documents/d-%00",
    ],
)
def test_nul_in_an_address_is_refused(api, address):
    problem(api.get(address), 400)


@pytest.mark.parametrize(
    "address",
    [
        "/v1/incidents/%ff%fe",
        "/v1/incidents?q=%ff%fe",
        "/v1/incidents?q=%ed%a0%80",
        "/%ed%a0%80",
        "/v1/incidents/%2e%2e%2f%2e%2e%2fetc",
    ],
)
def test_addresses_that_are_no_utf8_do_no_harm(api, address):
    assert api.get(address).status_code in (200, 404, 422)


def test_a_body_over_the_limit_is_refused_with_and_without_its_length(api, monkeypatch):
    monkeypatch.setattr(guard, "MAX_BODY", 10_000)
    monkeypatch.setattr(guard, "MAX_UPLOAD", 10_000)
    pieces = [b'{"documents": [{"text": "'] + [b"a" * 1_000] * 20 + [b'"}]}']
    problem(api.post("/v1/analyze", content=b"".join(pieces), headers=JSON), 413)
    problem(api.post("/v1/analyze", content=iter(pieces), headers=JSON), 413)
    form = (
        [b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n']
        + [b"a" * 1_000] * 20
        + [b"\r\n--b--\r\n"]
    )
    headers = OPERATOR | {"content-type": "multipart/form-data; boundary=b"}
    problem(api.post("/v1/batches", content=b"".join(form), headers=headers), 413)
    problem(api.post("/v1/batches", content=iter(form), headers=headers), 413)
    problem(api.get("/v1/incidents", headers={"content-length": "many"}), 400)
    problem(api.get("/v1/incidents", headers={"content-length": "9" * 300}), 413)


def test_a_million_characters_come_back_in_time(api):
    for piece in ("某", "1", "【", "a", "（", "＊", "元"):
        ok(api.post("/v1/analyze", json={"documents": [{"text": piece * 20_000}]}, headers=OPERATOR))


def test_nothing_that_was_typed_is_repeated_or_logged(api, caplog):
    secret = "王大锤13812345678"
    caplog.set_level(logging.INFO)
    for response in (
        api.post("/v1/reports", json={"text": "被骗", secret: "x"}, headers=OPERATOR),
        api.post("/v1/reports", json={"text": "被骗", "details": {secret: 1}}, headers=OPERATOR),
        api.post("/v1/reports", json={"text": "被骗", "reported_at": secret}, headers=OPERATOR),
        api.post("/v1/reports", content=f'{{"text": "{secret}'.encode(), headers=JSON),
        api.get("/v1/incidents", params={"label": secret}),
        api.get("/v1/incidents", params={"place": secret, "q": secret}),
        api.get("/v1/incidents", params={"q": secret}),
        api.get("/v1/incidents", headers={"Authorization": "Bearer " + secret.encode().hex()}),
    ):
        assert secret not in response.text
        assert "13812345678" not in response.text
    api.get(f"/v1/incidents/{secret}")
    assert len([record for record in caplog.records if record.name == "fanzha.access"]) == 9
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("fanzha", "serving"))]
    assert not any("13812345678" in line or "大锤" in line for line in ours)


def test_a_defect_of_ours_is_told_without_its_inside(api, monkeypatch, caplog):
    from serving import queries

    secret = "".join(("138", "1234", "5678"))  # put together, so that no line of source that a frame quotes holds it

    def broken(*_args, **_more):
        raise ValueError(f"SELECT 王大锤 {secret}")

    monkeypatch.setattr(queries, "list_incidents", broken)
    response = api.get("/v1/incidents")
    body = problem(response, 500)
    assert response.headers["x-request-id"] in body["advice"]
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert secret not in response.text + caplog.text
    assert "ValueError" in caplog.text
    assert "broken" in caplog.text  # the frames are there


def test_a_database_that_fails_is_503_and_not_a_defect(api, monkeypatch):
    import sqlalchemy as sa

    from serving import queries

    def down(*_args, **_more):
        raise sa.exc.OperationalError("SELECT '王大锤'", {"name": "王大锤"}, Exception("disk I/O error"))

    monkeypatch.setattr(queries, "list_incidents", down)
    response = api.get("/v1/incidents")
    assert "大锤" not in response.text
    assert problem(response, 503)["type"].endswith(":store")
    assert response.headers["retry-after"] == "5"


def test_every_answer_carries_the_security_headers_and_a_request_id(api):
    for response in (
        api.get("/v1/incidents"),
        api.get("/nothing"),
        api.get("/v1/incidents?q=%00"),
        api.get("/healthz"),
        api.get("/docs"),
    ):
        for name in guard.HEADERS:
            assert name in response.headers, (response.url, name)
        # The masked feed may be kept and asked for anew (ETag); nothing else may be kept at all.
        masked_feed = response.status_code == 200 and response.url.path == "/v1/incidents"
        assert response.headers["cache-control"] == ("private, no-cache" if masked_feed else "no-store")
        assert len(response.headers["x-request-id"]) >= 8
    assert api.get("/v1/incidents", headers=OPERATOR).headers["cache-control"] == "no-store"
    assert api.get("/healthz", headers={"X-Request-Id": "abc-12345678"}).headers["x-request-id"] == "abc-12345678"
    assert api.get("/healthz", headers={"X-Request-Id": "a b"}).headers["x-request-id"] != "a b"


def test_the_access_log_is_one_line_of_json_without_queries(api, caplog):
    caplog.set_level(logging.INFO, logger="fanzha.access")
    api.get("/v1/incidents/i-0123456789abcdef?viewer=reader", headers=OPERATOR)
    line = json.loads(caplog.records[-1].getMessage())
    assert line["route"] == "/v1/incidents/{incident_id}"
    assert (line["method"], line["status"], line["role"], line["id"]) == ("GET", 404, "reader", "i-0123456789abcdef")
    assert set(line) == {"request", "method", "route", "status", "ms", "role", "id"}
