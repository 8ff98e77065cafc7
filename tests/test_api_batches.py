"""Files over the web: rows, errors, progress, undo. The whole application, the fake analyzer."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from serving.api import engine as engine_module
from serving.api.imports import file_name
from tests.api_world import OPERATOR, finished, ok, problem, serving, settings_at

TABLE = """工单编号,投诉内容,投诉时间
W-1,刷单被骗 损失：1200,2026-03-01
W-2,,2026-03-02
W-3,冒充客服被骗 损失：3400,2026-03-03
"""


@pytest.fixture
def api(tmp_path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path)) as started:
        yield started


def upload(api: TestClient, data: bytes | str, name: str = "三月投诉.csv", **fields: str | list[str]) -> dict:
    data = data.encode() if isinstance(data, str) else data
    response = api.post("/v1/batches", files={"file": (name, data)}, data=fields, headers=OPERATOR)
    batch = ok(response, 201)
    assert response.headers["location"] == f"/v1/batches/{batch['id']}"
    return batch


def test_a_table_with_a_bad_row_goes_in_but_for_that_row(api):
    batch = upload(api, TABLE)
    assert (batch["state"], batch["new"], batch["already"], batch["refused"]) == ("finished", 2, 0, 1)
    (refused,) = batch["rows"]
    assert refused["state"] == "refused"
    assert "三月投诉.csv" in refused["error"]["where"]
    assert "3" in refused["error"]["where"]  # line 3 of the file
    assert refused["error"]["found"]
    assert refused["error"]["advice"]
    done = finished(api, batch["id"])
    assert done["progress"]["done"] == 2
    reports = ok(api.get("/v1/reports", headers=OPERATOR))["reports"]
    assert {report["external_id"] for report in reports} == {"W-1", "W-3"}
    everything = ok(api.get(f"/v1/batches/{batch['id']}", params={"rows": "all"}, headers=OPERATOR))
    assert [row["state"] for row in everything["rows"]] == ["new", "refused", "new"]
    paged = ok(api.get(f"/v1/batches/{batch['id']}", params={"rows": "all", "limit": 2}, headers=OPERATOR))
    rest = ok(
        api.get(f"/v1/batches/{batch['id']}", params={"rows": "all", "after": paged["rows_after"]}, headers=OPERATOR)
    )
    assert paged["rows"] + rest["rows"] == everything["rows"]
    assert rest["rows_after"] is None


def test_the_same_file_again_changes_nothing_and_says_so(api):
    upload(api, TABLE)
    again = upload(api, TABLE)
    assert (again["new"], again["already"], again["refused"]) == (0, 2, 1)
    listed = ok(api.get("/v1/batches", headers=OPERATOR))["batches"]
    assert [batch["already"] for batch in listed] == [2, 0]


def test_undo_takes_back_what_came_with_the_batch_and_only_once(api):
    batch = upload(api, TABLE)
    finished(api, batch["id"])
    assert len(ok(api.get("/v1/incidents", headers=OPERATOR))["incidents"]) == 2
    undone = ok(api.delete(f"/v1/batches/{batch['id']}", headers=OPERATOR))
    assert (undone["state"], undone["withdrawn"], undone["kept"]) == ("undone", 2, 0)
    assert ok(api.get("/v1/incidents", headers=OPERATOR))["incidents"] == []
    assert {report["state"] for report in ok(api.get("/v1/reports", headers=OPERATOR))["reports"]} == {"withdrawn"}
    problem(api.delete(f"/v1/batches/{batch['id']}", headers=OPERATOR), 409)
    assert ok(api.get(f"/v1/batches/{batch['id']}", headers=OPERATOR))["state"] == "undone"
    again = upload(api, TABLE)  # and it can come back
    assert again["new"] == 2


def test_columns_can_be_named_and_the_nature_said(api):
    table = "甲,乙\n被骗 损失：77,X-9\n"
    batch = upload(api, table, columns=["text=甲", "id=乙"], nature="complaint")
    assert (batch["new"], batch["nature"]) == (1, "complaint")
    assert [report["external_id"] for report in ok(api.get("/v1/reports", headers=OPERATOR))["reports"]] == ["X-9"]
    for wrong in ("甲", "nope=甲", "text=", "text= ", "=甲", "text=\0", "text=" + "长" * 300):
        sent = {"files": {"file": ("a.csv", table.encode())}, "data": {"columns": ["id=乙", wrong]}}
        assert "columns" in problem(api.post("/v1/batches", headers=OPERATOR, **sent), 422)["where"]
    misspelt = {"files": {"file": ("a.csv", table.encode())}, "data": {"natur": "complaint"}}
    assert problem(api.post("/v1/batches", headers=OPERATOR, **misspelt), 422)["where"] == "body.natur"


def test_a_zip_of_pages_and_garbage_takes_what_it_can(api):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("甲.txt", "警方通报一起诈骗案，被骗人损失若干。")
        archive.writestr("乙.bin", bytes(range(256)) * 40)
        archive.writestr("丙.txt", "")
    batch = upload(api, packed.getvalue(), "包.zip")
    assert (batch["new"], batch["refused"]) == (1, 2)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("空.csv", b""),
        ("坏.xlsx", b"PK\x03\x04broken"),
        ("坏.pdf", b"%PDF-1.7\nbroken"),
        ("什么.xyz", b"\x00\x01\x02\x03" * 99),
        ("旧.doc", b"\xd0\xcf\x11\xe0"),
    ],
)
def test_a_file_that_cannot_be_read_leaves_one_reason_and_no_document(api, name, data):
    batch = upload(api, data, name)
    assert (batch["new"], batch["already"], batch["refused"]) == (0, 0, 1)
    error = batch["rows"][0]["error"]
    assert error["where"].startswith(name)
    assert error["found"]
    assert error["expected"] or error["advice"]


def test_rows_that_no_store_can_keep_do_not_break_the_batch(api):
    lines = [
        {"id": "1", "投诉内容": "被骗 \ud800 半个字"},
        {"id": "2", "投诉内容": "被骗 有\u0000空字符"},
        {"id": "3\u0000", "投诉内容": "被骗 编号有空字符"},
        {"id": "4", "投诉内容": "被骗 好的一件"},
    ]
    batch = upload(api, "\n".join(json.dumps(line) for line in lines), "坏字.jsonl")
    assert batch["new"] + batch["refused"] == 4
    done = finished(api, batch["id"])
    assert done["progress"]["failed"] == 0
    for report in ok(api.get("/v1/reports", headers=OPERATOR))["reports"]:
        assert "\0" not in report["text"] + (report["external_id"] or "")


def test_a_form_without_a_file_or_of_another_kind_is_refused(api):
    problem(api.post("/v1/batches", data={"nature": "complaint"}, files={"other": b"x"}, headers=OPERATOR), 422)
    problem(api.post("/v1/batches", content=b"text", headers=OPERATOR | {"content-type": "text/csv"}), 415)
    problem(api.post("/v1/batches", json={"file": "x"}, headers=OPERATOR), 415)
    broken = OPERATOR | {"content-type": "multipart/form-data; boundary=b"}
    response = api.post("/v1/batches", content=b"--b\r\nbroken", headers=broken)
    assert response.status_code in (400, 422)
    problem(response, response.status_code)
    problem(api.post("/v1/batches", files={"file": ("a.csv", b"x")}, data={"nature": "rumour"}, headers=OPERATOR), 422)


def test_names_of_uploads_lose_folders_and_what_cannot_be_printed(api):
    assert upload(api, TABLE, "../../etc/三月投诉.csv")["source"] == "三月投诉.csv"
    for sent, kept in (
        ("..\\a\\b.csv", "b.csv"),
        ("a\x07\x00b.csv", "ab.csv"),
        ("\ud800.csv", ".csv"),
        ("", "upload"),
        (None, "upload"),
    ):
        assert file_name(sent) == kept
    assert file_name("长" * 500 + ".xlsx").endswith("长.xlsx")
    assert len(file_name("长" * 500 + ".xlsx")) <= 200


def test_uploads_beyond_the_limit_are_told_to_come_back(api, monkeypatch):
    monkeypatch.setattr(api.app.state.engine, "uploading", engine_module.Gate(1, 0, 0.01))
    with api.app.state.engine.uploading.entered("test"):
        response = api.post("/v1/batches", files={"file": ("a.csv", b"x")}, headers=OPERATOR)
    problem(response, 503)
    assert response.headers["retry-after"] == "5"
    assert ok(api.get("/v1/batches", headers=OPERATOR))["batches"] == []


def test_what_is_undone_while_it_comes_in_brings_nothing_more_and_stays_undone(tmp_path):
    """Somebody undoes an import while it is still being read: the rest must not come in under a batch that nobody can undo."""
    from nlp.errors import ConflictError
    from nlp.records import Document
    from serving import batches, inbox
    from serving.ingest import IngestSummary, accept_all
    from tests.stores import fresh_store

    store, summary = fresh_store(tmp_path), IngestSummary()

    def items(count: int) -> Iterator[Document]:
        yield from (Document(f"{n}", f"第 {n} 件，被骗 {n} 元") for n in range(count))
        with store.writing() as session:
            batches.undo(session, summary.batch_id)
        yield Document("后来", "撤销以后才读到的，被骗九元")

    with pytest.raises(ConflictError, match="已经撤销"):
        accept_all(store, items(2000), summary, "大文件.csv", None)
    with store.writing() as session:
        assert batches.finish(session, summary.batch_id).state == batches.UNDONE
        assert [row.name for row in batches.rows(session, summary.batch_id, after=2000)] == []
        assert inbox.counts(session)["accepted"] <= 2000
    store.close()
