"""What `/metrics` tells, to whom, and that it tells nothing of anybody; the log in JSON lines with the request's number."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from nlp import taxonomy
from serving.api import metrics as metrics_module
from serving.api.app import create_app
from serving.inbox import STATES
from serving.log_lines import JsonLines
from tests.api_world import OPERATOR, complain, ok, problem, publish, serving, settings_at

METRICS_KEY = "metrics-key-for-tests"
CANARIES = ("赵小红", "钱大山", "13912345678", "6222021234567890123", "热线-甲", "某报社")
TEXT = "被骗了 受害人：赵小红 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800 电话13912345678 卡号6222021234567890123"


@pytest.fixture
def api(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("FANZHA_METRICS_KEY", METRICS_KEY)
    monkeypatch.setattr(metrics_module, "STORE_SECONDS", 0.0)
    with serving(replace(settings_at(tmp_path), rate_anonymous=50)) as started:
        yield started


def read(api: TestClient, key: str = METRICS_KEY) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = api.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(found, name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0.0)


def test_metrics_are_for_their_key_and_for_administrators_only(api: TestClient) -> None:
    assert "administrator" not in problem(api.get("/metrics"), 403)["title"]
    for wrong in (METRICS_KEY + "x", METRICS_KEY[:-1], "赵"):
        header = f"Bearer {wrong}".encode()
        assert api.get("/metrics", headers={"Authorization": header}).status_code == 401
    assert api.get("/metrics", headers=OPERATOR).status_code == 200
    problem(api.get("/metrics", params={"viewer": "analyst"}, headers=OPERATOR), 403)
    problem(api.get("/metrics", params={"q": "x"}, headers=OPERATOR), 422)
    for address in ("/v1/reports", "/v1/incidents"):  # the key opens nothing else
        assert api.get(address, headers={"Authorization": f"Bearer {METRICS_KEY}"}).status_code == 401


def test_metrics_tell_of_requests_the_inbox_the_feed_and_what_was_read(api: TestClient) -> None:
    before = read(api)
    report = complain(api, TEXT)
    complain(api, "POISON")
    publish(api, "无关的话")
    ok(api.get(f"/v1/reports/{report['id']}", headers=OPERATOR))
    assert api.get("/v1/incidents/i-0123456789abcdef").status_code == 404
    assert api.get("/没有这里").status_code == 404
    after = read(api)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    seconds = "fanzha_http_request_seconds_count"
    assert grown(seconds, method="POST", route="/v1/reports", status="201") >= 1
    assert grown(seconds, method="GET", route="/v1/reports/{report_id}", status="200") == 1
    assert grown(seconds, method="GET", route="/v1/incidents/{incident_id}", status="404") == 1
    assert grown(seconds, method="GET", route="unmatched", status="404") == 1
    assert {state: value(after, "fanzha_inbox_documents", state=state) for state in STATES} == {
        "accepted": 0, "working": 0, "done": 2, "failed": 1, "set_aside": 0,
    }  # fmt: skip
    assert grown("fanzha_documents_total", outcome="done") == 2
    assert grown("fanzha_documents_total", outcome="failed") == 1
    label = taxonomy.load().label_ids[0]
    assert grown("fanzha_articles_total", kind="case", label=label, review="no") == 1
    assert grown("fanzha_articles_total", kind="unrelated", label="", review="no") == 1
    assert value(after, "fanzha_feed_sequence") == 1
    for name in ("fanzha_model_ready", "fanzha_worker_running", "fanzha_store_up"):
        assert value(after, name) == 1
    assert value(after, "fanzha_places") == 80
    assert value(after, "fanzha_feed_lag_changes") == value(after, "fanzha_inbox_oldest_seconds") == 0
    assert any(name == "process_resident_memory_bytes" for name, _ in after)


def test_the_oldest_waiting_document_and_a_lagging_webhook_show(api: TestClient, monkeypatch) -> None:
    from serving import inbox
    from serving.store.feed_tables import WebhookRow
    from serving.store.identity import now
    from serving.worker import Worker
    from tests.fake_analyzer import FakeAnalyzer

    complain(api, TEXT)
    store = api.app.state.engine.store
    monkeypatch.setattr(FakeAnalyzer, "analyze", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    monkeypatch.setattr(Worker, "step", lambda *_: None)
    with store.writing() as session:
        row = session.get(inbox.InboxRow, 1)
        row.state, row.received_at = "accepted", "2026-01-01T00:00:00.000Z"
        session.add(
            WebhookRow(
                id="w-1", url="https://x.invalid", secret="s", viewer="reader", wanted={}, created_at=now(), after=0
            )
        )
    found = read(api)
    assert value(found, "fanzha_inbox_oldest_seconds") > 86_400
    assert value(found, "fanzha_feed_lag_changes") == 1


def test_refusals_are_counted(api: TestClient) -> None:
    desk = api.app.state.engine.desk
    desk.places = 0
    problem(api.post("/v1/reports", json={"text": TEXT}, headers=OPERATOR), 503)
    while api.get("/v1/incidents").status_code == 200:
        pass
    found = read(api)
    assert value(found, "fanzha_refused_total", why="busy") == 1
    assert value(found, "fanzha_refused_total", why="rate") == 1


def test_no_label_holds_anything_of_anybody(api: TestClient) -> None:
    """Canaries in every field that a sender can fill, in addresses, methods and headers; then every line that is told."""
    odd = {"X-Request-Id": "13912345678", "User-Agent": "钱大山".encode()}
    complain(api, TEXT, external_id="热线-甲", source="某报社", details={"涉及平台": "赵小红"})
    publish(api, TEXT + " 又一件", title="赵小红被骗", publisher="某报社", url="https://x.invalid/赵小红")
    for address in ("/赵小红", "/v1/incidents/13912345678", "/v1/incidents?q=赵小红", "/v1/reports/钱大山"):
        api.get(address, headers=OPERATOR | odd)
    api.request("赵小红".encode().hex(), "/13912345678")
    told = api.get("/metrics", headers=OPERATOR).text
    assert "fanzha_http_request_seconds" in told
    for canary in CANARIES:
        assert canary not in told
        assert canary.encode().hex() not in told
    for digits in re.findall(r'="([^"]*)"', told):
        assert not re.search(r"\d{7}", digits)


def test_what_is_mounted_inside_is_counted_too(tmp_path: Path) -> None:
    """The console puts its own application into the scope."""
    app, inner = create_app(settings_at(tmp_path), demo=True), FastAPI()
    inner.add_api_route("/page/{name}", lambda name: {"name": name})
    app.mount("/console", inner)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5)) as api:
        assert api.get("/console/page/13912345678").status_code == 200
        told = api.get("/metrics").text
    assert 'route="/page/{name}"' in told
    assert "13912345678" not in told


def test_a_store_that_is_down_is_told_and_the_rest_still_counts(api: TestClient, monkeypatch) -> None:
    import sqlalchemy as sa

    def down(_session):
        raise sa.exc.OperationalError("SELECT 1", {}, Exception("赵小红"))

    monkeypatch.setattr(metrics_module.inbox, "counts", down)
    found = read(api)
    assert value(found, "fanzha_store_up") == 0
    assert value(found, "fanzha_model_ready") in (0, 1)


def test_the_number_of_a_request_is_in_its_answer_and_in_the_lines_of_its_work(api: TestClient, caplog) -> None:
    with caplog.at_level(logging.INFO):
        sent = {"X-Request-Id": "centre-0001"}
        answer = api.post("/v1/reports", json={"text": TEXT + " 记号"}, headers=OPERATOR | sent)
        odd = api.get("/healthz", headers={"X-Request-Id": "两行\n".encode()})
    assert answer.headers["x-request-id"] == "centre-0001"
    assert re.fullmatch(r"[0-9a-f]{16}", odd.headers["x-request-id"])
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name.startswith("fanzha.")]
    ours = [line for line in lines if line.get("request") == "centre-0001"]
    assert {line["logger"] for line in ours} == {"fanzha.access", "fanzha.work"}
    (work,) = [line for line in ours if line["logger"] == "fanzha.work"]
    assert (work["event"], work["outcome"], work["id"]) == ("analysed", "done", answer.json()["document_id"])
    (access,) = [line for line in ours if line["logger"] == "fanzha.access"]
    assert (access["route"], access["status"], access["role"], access["level"]) == ("/v1/reports", 201, "admin", "info")
    for canary in CANARIES:
        assert canary not in json.dumps(lines, ensure_ascii=False)


def test_a_line_of_an_exception_tells_its_type_and_not_its_words() -> None:
    said = CANARIES[2]
    try:
        raise ValueError(said)
    except ValueError:
        import sys

        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "went wrong", (), sys.exc_info())
    line = JsonLines().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert "test_metrics.py" in json.loads(line)["frames"]
    assert said not in line
