"""Incidents and changes over the web: filters, pages, redirects, followers. The whole application, the fake analyzer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from nlp import taxonomy
from tests.api_world import OPERATOR, complain, ok, problem, publish, serving, settings_at

FIRST, SECOND = taxonomy.load().label_ids[:2]
# Letters that keep invented stories apart: no two share a place, a name or a sum.
CITIES = {
    "云南省/昆明市": "530100", "河南省/南阳市": "411300", "山东省/济南市": "370100", "广西壮族自治区/贵港市": "450800", "四川省/成都市": "510100",
    "陕西省/西安市": "610100", "江西省/赣州市": "360700",
    "辽宁省/沈阳市": "210100", "福建省/泉州市": "350500", "湖南省/长沙市": "430100", "贵州省/遵义市": "520300", "甘肃省/兰州市": "620100",
}  # fmt: skip


def story(number: int, *, label: str = FIRST, loss: int | None = None) -> str:
    """One invented case; numbers tell them apart."""
    city, code = list(CITIES.items())[number % len(CITIES)]
    surname = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"[number % 16]
    return f"被骗第{number}案 类型：{label} 嫌疑人：{surname}大{chr(0x4E00 + 37 * number)} 地点：{city} {code} 损失：{loss or 1000 + 137 * number}"


@pytest.fixture
def api(tmp_path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path)) as started:
        yield started


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[TestClient]:
    """Seven published cases; nobody changes them."""
    with serving(settings_at(tmp_path_factory.mktemp("filled"))) as started:
        for number in range(7):
            publish(started, story(number, label=SECOND if number == 3 else FIRST, loss=(number + 1) * 10_000))
        yield started


def ids(api: TestClient, **asked) -> list[str]:
    return [incident["id"] for incident in ok(api.get("/v1/incidents", params=asked))["incidents"]]


def test_filters_narrow_and_combine(filled):
    everything = ids(filled)
    assert len(everything) == 7
    (relabelled,) = ids(filled, label=SECOND)
    assert set(ids(filled, label=[FIRST, SECOND])) == set(everything)
    for prefix in ("53", "5301", "530100"):
        assert len(ids(filled, place=prefix)) == 1
    assert ids(filled, place="12") == []
    assert len(ids(filled, loss_min="30000", loss_max="50000")) == 3
    assert ids(filled, loss_min="30000.01", loss_max="40000", label=SECOND) == [relabelled]
    assert ids(filled, kind="advisory") == []
    assert len(ids(filled, q="贵港")) == 1
    assert ids(filled, q="贵港 昆明") == []
    assert len(ids(filled, status="alleged", basis="published")) == 7
    assert ids(filled, basis="court") == []


def test_pages_follow_their_links_to_every_incident_once(filled):
    address, seen = "/v1/incidents?limit=3", []
    while address:
        response = filled.get(address)
        page = ok(response)
        seen += [incident["id"] for incident in page["incidents"]]
        address = page["next"]
        assert response.headers.get("link") == (f'<{address}>; rel="next"' if address else None)
    assert len(seen) == len(set(seen)) == 7
    assert set(seen) == set(ids(filled))


def test_links_keep_the_filters(filled):
    page = ok(
        filled.get("/v1/incidents", params={"limit": 2, "q": "昆明*", "label": [FIRST, SECOND], "viewer": "reader"})
    )
    assert page["next"] is None
    page = ok(filled.get("/v1/incidents", params={"limit": 2, "loss_min": "20000", "label": FIRST, "viewer": "reader"}))
    assert all(part in page["next"] for part in ("loss_min=20000", f"label={FIRST}", "viewer=reader", "limit=2"))
    following = ok(filled.get(page["next"]))
    assert not {row["id"] for row in page["incidents"]} & {row["id"] for row in following["incidents"]}


def test_paging_sees_every_incident_once_while_new_ones_arrive(api):
    for number in range(5):
        publish(api, story(number))
    before = set(ids(api))
    first = page = ok(api.get("/v1/incidents", params={"limit": 2}))
    seen = []
    for number in range(5, 12):
        seen += [incident["id"] for incident in page["incidents"]]
        publish(api, story(number))
        if page["next"] is None:
            break
        page = ok(api.get(page["next"]))
    assert len(seen) == len(set(seen))
    assert set(seen) == before
    # What came or changed meanwhile stands in the changes after the first page's number: nothing is missed.
    later = ok(api.get("/v1/changes", params={"after": first["last"]}))
    assert {change["incident_id"] for change in later["changes"]} == set(ids(api)) - before


def test_changes_have_no_gap_and_go_on_from_the_last_number(api):
    reports = [complain(api, story(number)) for number in range(4)]
    ok(api.put(f"/v1/reports/{reports[0]['id']}", json={"accept": True}, headers=OPERATOR))
    ok(api.put(f"/v1/reports/{reports[1]['id']}", json={"label": SECOND}, headers=OPERATOR))
    ok(api.delete(f"/v1/reports/{reports[2]['id']}", headers=OPERATOR))
    after, numbers, more = 0, [], True
    while more:
        page = ok(api.get("/v1/changes", params={"after": after, "limit": 2}, headers=OPERATOR))
        numbers += [change["sequence"] for change in page["changes"]]
        after, more = page["last"], page["more"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 7
    assert ok(api.get("/v1/changes", params={"after": after}, headers=OPERATOR)) == {
        "changes": [],
        "last": after,
        "more": False,
    }
    seen = ok(api.get("/v1/changes"))
    assert [change["incident_id"] for change in seen["changes"]] == [reports[0]["incidents"][0]["id"]]
    assert seen["changes"][0]["summary"]["before"] is None  # what it was while it was not public
    assert seen["last"] == after


def test_a_filtered_follower_hears_when_an_incident_leaves(api):
    document = publish(api, story(1))
    incident = document["incidents"][0]
    start = ok(api.get("/v1/changes", params={"label": FIRST}))["last"]
    report = complain(api, story(2))
    ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True}, headers=OPERATOR))
    ok(api.put(f"/v1/reports/{report['id']}", json={"label": SECOND}, headers=OPERATOR))
    left = ok(api.get("/v1/changes", params={"label": FIRST, "after": start}))["changes"][-1]
    assert (left["summary"]["before"]["label"], left["summary"]["after"]["label"]) == (FIRST, SECOND)
    assert left["incident_id"] == report["incidents"][0]["id"] != incident
    assert not ok(api.get("/v1/changes", params={"place": "12"}))["changes"]


def test_one_incident_carries_evidence_that_quotes_the_document(filled):
    head = ok(filled.get("/v1/incidents", params={"place": "530100"}))["incidents"][0]
    incident = ok(filled.get(f"/v1/incidents/{head['id']}"))
    assert {key: incident[key] for key in head} == head
    loss = next(fact for fact in incident["facts"] if fact["kind"] == "amount")
    evidence = loss["evidence"][0]
    assert (loss["role"], loss["value"]["cny_max"], loss["sources"]) == ("loss", 10_000, 1)
    document = ok(filled.get(f"/v1/documents/{evidence['document_id']}", headers=OPERATOR))
    assert document["text"][evidence["start"] : evidence["end"]] == "10000"
    assert "10000" in evidence["quote"]
    assert len(evidence["quote"]) <= 120
    suspect = next(fact for fact in incident["facts"] if fact["kind"] == "person")
    assert "某" in suspect["text"]
    assert "大" not in suspect["text"]


def test_a_merged_incident_redirects_to_where_it_went(api):
    # Two complaints with nothing in common but the label; the article tells both names and both sums.
    first = complain(api, "被骗 嫌疑人：诸葛小明 地点：云南省/昆明市 530100 损失：23456")
    second = complain(api, "受骗了 嫌疑人：欧阳大川 损失：98765")
    joined = publish(
        api, "两案并破 诈骗 嫌疑人：诸葛小明 嫌疑人：欧阳大川 地点：云南省/昆明市 530100 损失：23456 损失：98765"
    )
    kept = joined["incidents"][0]
    old = {report["incidents"][0]["id"] for report in (first, second)} - {kept}
    if not old:
        pytest.fail("nothing was merged")
    response = api.get(f"/v1/incidents/{old.pop()}", params={"viewer": "reader"})
    assert response.status_code == 308
    assert response.headers["location"] == f"/v1/incidents/{kept}?viewer=reader"
    assert ok(api.get(response.headers["location"]))["id"] == kept


def test_what_is_not_there_is_a_problem(filled):
    for address in (
        "/v1/incidents/i-0123456789abcdef",
        "/v1/documents/d-0123456789abcdef",
        "/v1/nothing",
        "/v1/incidents/",
    ):
        problem(filled.get(address), 404)
    problem(filled.get("/v1/incidents/13812345678"), 422)
    refused = filled.delete("/v1/incidents")
    problem(refused, 405)
    assert refused.headers["allow"] == "GET"


def test_an_unknown_label_is_refused_and_the_taxonomy_lists_the_known(filled):
    body = problem(filled.get("/v1/incidents", params={"label": "no_such_type"}), 422)
    assert "GET /v1/taxonomy" in body["detail"]
    problem(filled.get("/v1/changes", params={"label": "no_such_type"}), 422)
    listed = ok(filled.get("/v1/taxonomy"))
    assert tuple(label["id"] for label in listed["labels"]) == taxonomy.load().label_ids
    assert all(label["name"] and label["meaning"] for label in listed["labels"])
    assert [kind["id"] for kind in listed["kinds"]] == ["case", "advisory", "unrelated"]
