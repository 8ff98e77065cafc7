"""Complaints over the web: received, repeated, corrected, reviewed, withdrawn. The whole application, the fake analyzer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from nlp import taxonomy
from serving.api import engine as engine_module
from tests.api_world import OPERATOR, complain, ok, problem, publish, serving, settings_at

TEXT = "被骗了 受害人：赵小红 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800"
FIRST, SECOND = taxonomy.load().label_ids[:2]


@pytest.fixture
def api(tmp_path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path)) as started:
        yield started


def test_a_complaint_is_answered_with_label_mentions_and_incidents(api):
    sent = {
        "external_id": "热线-1", "title": "刷单被骗", "text": TEXT, "reported_at": "2026-03-08T10:20:00+08:00",
        "source": "12345 热线", "details": {"涉及平台": "某软件"},
    }  # fmt: skip
    response = api.post("/v1/reports", json=sent, headers=OPERATOR)
    report = ok(response, 201)
    assert response.headers["location"] == f"/v1/reports/{report['id']}"
    assert (report["external_id"], report["state"], report["kind"], report["label"]) == (
        "热线-1",
        "analysed",
        "case",
        FIRST,
    )
    assert report["text"] == f"刷单被骗\n{TEXT}"
    assert (report["source"], report["details"]) == ("12345 热线", {"涉及平台": "某软件"})
    mentions = report["articles"][0]["mentions"]
    assert {mention["surface"] for mention in mentions} == {"赵小红", "钱大山", "云南省/昆明市", "32800"}
    for mention in mentions:  # offsets count in title + newline + text
        assert report["text"][mention["start"] : mention["end"]] == mention["surface"]
    assert [incident["public"] for incident in report["incidents"]] == [False]
    assert ok(api.get(f"/v1/reports/{report['id']}", headers=OPERATOR)) == report


def test_the_same_sent_again_changes_nothing_and_says_so(api):
    headers = OPERATOR | {"Idempotency-Key": "k-1"}
    first = api.post("/v1/reports", json={"text": TEXT, "external_id": "A"}, headers=headers)
    again = api.post("/v1/reports", json={"text": TEXT, "external_id": "A"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    plain = [api.post("/v1/reports", json={"text": "又被骗"}, headers=OPERATOR) for _ in range(2)]
    assert [response.status_code for response in plain] == [201, 200]
    assert len({response.json()["id"] for response in plain}) == 1
    assert len(ok(api.get("/v1/reports", headers=OPERATOR))["reports"]) == 2


def test_one_key_or_number_for_two_contents_is_a_conflict(api):
    headers = OPERATOR | {"Idempotency-Key": "k-1"}
    report = ok(api.post("/v1/reports", json={"text": TEXT, "external_id": "A"}, headers=headers), 201)
    other_text = api.post("/v1/reports", json={"text": "被骗 另一件", "external_id": "A"}, headers=OPERATOR)
    assert report["id"] in problem(other_text, 409)["advice"]
    problem(api.post("/v1/reports", json={"text": "被骗 第三件"}, headers=headers), 409)
    assert ok(api.get(f"/v1/reports/{report['id']}", headers=OPERATOR)) == report


def test_a_correction_of_the_text_changes_the_incident_and_keeps_the_other_columns(api):
    report = complain(api, TEXT, external_id="A", source="热线", details={"平台": "某软件"})
    incident = report["incidents"][0]
    assert incident["totals"] == [{"role": "loss", "min": 32800, "max": 32800}]
    corrected = ok(
        api.put(
            f"/v1/reports/{report['id']}",
            json={"text": TEXT.replace("32800", "50000"), "by": "值班员甲", "note": "补充流水"},
            headers=OPERATOR,
        )
    )
    assert (corrected["id"], corrected["external_id"], corrected["state"]) == (report["id"], "A", "corrected")
    assert (corrected["source"], corrected["details"]) == ("热线", {"平台": "某软件"})
    assert corrected["correction"]["by"] == "值班员甲"
    assert corrected["correction"]["replaces"] == report["document_id"] != corrected["document_id"]
    assert corrected["incidents"][0]["totals"] == [{"role": "loss", "min": 50000, "max": 50000}]
    shown = ok(api.get(f"/v1/incidents/{corrected['incidents'][0]['id']}", headers=OPERATOR))
    assert shown["totals"] == [{"role": "loss", "min": 50000, "max": 50000}]


def test_a_label_from_a_person_goes_over_the_machines(api):
    report = complain(api, TEXT)
    assert (report["label"], report["incidents"][0]["label"]) == (FIRST, FIRST)
    corrected = ok(api.put(f"/v1/reports/{report['id']}", json={"label": SECOND, "by": "甲"}, headers=OPERATOR))
    assert (corrected["label"], corrected["incidents"][0]["label"]) == (SECOND, SECOND)
    assert corrected["reviewed_by"] == ""  # relabelled is not yet let out
    unrelated = ok(api.put(f"/v1/reports/{report['id']}", json={"kind": "unrelated", "by": "甲"}, headers=OPERATOR))
    assert (unrelated["kind"], unrelated["incidents"]) == ("unrelated", [])
    assert [step["label"] for step in unrelated["correction"]["earlier"]] == [SECOND]


def test_a_review_lets_the_incident_out_to_readers(api):
    report = complain(api, TEXT)
    assert ok(api.get("/v1/incidents"))["incidents"] == []
    reviewed = ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True, "by": "值班员甲"}, headers=OPERATOR))
    assert reviewed["reviewed_by"] == "值班员甲"
    assert [incident["id"] for incident in ok(api.get("/v1/incidents"))["incidents"]] == [report["incidents"][0]["id"]]


def test_a_correction_that_says_nothing_is_refused(api):
    report = complain(api, TEXT)
    address = f"/v1/reports/{report['id']}"
    for body in ({}, {"note": "看过"}, {"title": "新标题"}, {"accept": False}):
        problem(api.put(address, json=body, headers=OPERATOR), 422)
    assert ok(api.get(address, headers=OPERATOR)) == report


def test_a_withdrawn_complaint_leaves_its_incident_and_can_be_withdrawn_twice(api):
    report = complain(api, TEXT, external_id="A")
    incident = report["incidents"][0]["id"]
    withdrawn = ok(api.delete(f"/v1/reports/{report['id']}", headers=OPERATOR))
    assert (withdrawn["state"], withdrawn["incidents"]) == ("withdrawn", [])
    assert ok(api.delete(f"/v1/reports/{report['id']}", headers=OPERATOR))["state"] == "withdrawn"
    problem(api.get(f"/v1/incidents/{incident}", headers=OPERATOR), 404)
    assert ok(api.get("/v1/changes", headers=OPERATOR))["changes"][-1]["kind"] == "withdrawn"
    problem(api.put(f"/v1/reports/{report['id']}", json={"accept": True}, headers=OPERATOR), 409)


def test_reports_are_paged_and_narrowed(api):
    ids = sorted(complain(api, f"被骗 第{n}件 损失：{n}00")["id"] for n in range(1, 6))
    seen, cursor = [], ""
    while cursor is not None:
        page = ok(api.get("/v1/reports", params={"limit": 2, "cursor": cursor}, headers=OPERATOR))
        seen += [report["id"] for report in page["reports"]]
        cursor = page["cursor"]
    assert seen == ids
    ok(api.put(f"/v1/reports/{ids[0]}", json={"accept": True}, headers=OPERATOR))
    reviewed = ok(api.get("/v1/reports", params={"reviewed": True}, headers=OPERATOR))["reports"]
    assert [report["id"] for report in reviewed] == [ids[0]]
    assert ok(api.get("/v1/reports", params={"state": "withdrawn"}, headers=OPERATOR))["reports"] == []


def test_a_complaint_that_cannot_be_analysed_is_kept_with_the_reason(api):
    report = complain(api, "POISON 被骗 13912345678")
    assert (report["state"], report["articles"]) == ("received", [])
    assert "cannot read" in report["error"]
    assert "13812345678" not in report["error"]  # reasons stand in logs: masked


def test_without_a_model_a_complaint_is_accepted_and_analysis_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(engine_module, "READY_SECONDS", 0.1)
    with serving(settings_at(tmp_path, "tests.fake_analyzer:no_such_function")) as api:
        report = ok(api.post("/v1/reports", json={"text": TEXT}, headers=OPERATOR), 202)
        assert report["state"] == "received"
        refused = api.post("/v1/analyze", json={"documents": [{"text": "a"}]}, headers=OPERATOR)
        problem(refused, 503)
        assert int(refused.headers["retry-after"]) > 0
        ready = api.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["model"] not in ("ok", "loading")
        assert api.get("/healthz").status_code == 200
    with serving(settings_at(tmp_path)) as api:  # the next start finds a model and finishes what was accepted
        again = ok(api.post("/v1/reports", json={"text": TEXT}, headers=OPERATOR), 200)
        assert (again["id"], again["state"]) == (report["id"], "analysed")


def test_a_document_is_accepted_once_and_shown_by_role(api):
    sent = {
        "text": TEXT.replace("受害人：赵小红 ", ""),
        "title": "昆明破获一案",
        "publisher": "某报",
        "url": "https://news.example.invalid/1",
    }
    first = publish(api, **sent)
    assert (first["outcome"], first["state"], len(first["incidents"])) == ("new", "done", 1)
    again = api.post("/v1/documents", json=sent, headers=OPERATOR)
    assert (again.status_code, again.json()["outcome"]) == (200, "already")
    other_publisher = publish(api, **(sent | {"publisher": "另一报"}))
    assert other_publisher["document_id"] != first["document_id"]
    full = ok(api.get(f"/v1/documents/{first['document_id']}", headers=OPERATOR))
    assert full["text"].startswith("昆明破获一案\n")
    assert full["articles"][0]["label"] == FIRST
    shown = ok(api.get(f"/v1/documents/{first['document_id']}"))
    assert "text" not in shown
    assert "articles" not in shown
    assert shown["url"] == sent["url"]


def test_analysis_stores_nothing_and_names_a_text_that_failed(api):
    body = {
        "documents": [
            {"doc_id": "甲", "text": TEXT},
            {"text": "POISON 13812345678"},
            {"text": "无关的话", "title": "题"},
        ]
    }
    answer = ok(api.post("/v1/analyze", json=body, headers=OPERATOR))
    assert [line["doc_id"] for line in answer["documents"]] == ["甲", "text-2", "text-3"]
    assert answer["documents"][0]["articles"][0]["cases"][0]["amounts"][0]["cny_max"] == 32800
    assert "cannot read 138****5678" in answer["documents"][1]["error"]
    assert answer["documents"][2]["articles"][0]["kind"] == "unrelated"
    assert ok(api.get("/v1/incidents", headers=OPERATOR))["incidents"] == []
