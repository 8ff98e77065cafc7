"""What readers never see: complaints that nobody reviewed, and of the rest no name, number or handle. Canaries are invented.

A canary stands in every field that a sender can fill and in every kind of mention; every address a reader can ask is asked, in every
shape, with every filter that could confirm it, before and after a person's review.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from nlp.incident import Evidence, Fact, Incident, Source
from nlp.records import Account, Contact, Mention, PersonName
from serving.api import reference
from serving.views import names_told
from tests import fake_analyzer
from tests.api_world import OPERATOR, complain, ok, publish, serving, settings_at

VICTIM, SUSPECT = "赵小红", "钱大山"
NUMBERS = {
    "phone": "13912345678",
    "bank_card": "6222021234567890123",
    "id_number": "53010219900307123X",
    "wechat": "wxhong_8891",
    "qq": "970314265",
}
CANARIES = (
    VICTIM,
    "小红",
    SUSPECT,
    "大山",
    *NUMBERS.values(),
    "5678901",
    "0219900307",
    "hong_8891",
    "秘密渠道",
    "密室七号",
)
STORY = (
    f"被骗经过 受害人：{VICTIM} 嫌疑人：{SUSPECT} 地点：云南省/昆明市 530100 损失：32810 "
    f"我叫{VICTIM}，电话{NUMBERS['phone']}，身份证{NUMBERS['id_number']}，把钱转到卡{NUMBERS['bank_card']}，"
    f"对方微信{NUMBERS['wechat']}，QQ{NUMBERS['qq']}，他说他叫{SUSPECT}。"
)
CARELESS = f"昆明破获一案 诈骗 嫌疑人：{SUSPECT} 地点：云南省/昆明市 530100 损失：32810 联系电话{NUMBERS['phone']} 卡号{NUMBERS['bank_card']}"


class Finder(fake_analyzer.FakeAnalyzer):
    """The fake analyzer, which finds the accounts and contacts of the canaries too."""

    def _read(self, document):
        from dataclasses import replace

        read = super()._read(document)
        text = document.text
        found = {
            sort: Mention(
                "account" if sort in ("bank_card", "id_number") else "contact",
                at,
                at + len(value),
                value,
                Account(value, sort, True) if sort in ("bank_card", "id_number") else Contact(value, sort),
                "",
                1.0,
                "rule:fake",
            )
            for sort, value in NUMBERS.items()
            if (at := text.find(value)) >= 0
        }
        accounts = tuple(mention for mention in found.values() if mention.kind == "account")
        contacts = tuple(mention for mention in found.values() if mention.kind == "contact")
        cases = tuple(replace(case, accounts=accounts, contacts=contacts) for case in read.cases)
        return replace(
            read, cases=cases, mentions=tuple(sorted((*read.mentions, *found.values()), key=lambda m: m.start))
        )


def make() -> Finder:
    """What FANZHA_ANALYZER names here."""
    return Finder()


@pytest.fixture
def api(tmp_path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path, "tests.test_api_privacy:make")) as started:
        yield started


def everything_a_reader_gets(api: TestClient) -> dict[str, str]:
    """Address → text of the answer, for every address a reader can think of."""
    operator = ok(api.get("/v1/incidents", params={"limit": 500}, headers=OPERATOR))["incidents"]
    reports = ok(api.get("/v1/reports", params={"limit": 100}, headers=OPERATOR))["reports"]
    documents = {source["document_id"] for incident in operator for source in incident["sources"]} | {
        r["document_id"] for r in reports
    }
    batches = ok(api.get("/v1/batches", headers=OPERATOR))["batches"]
    addresses = [
        "/",
        "/docs",
        "/openapi.json",
        "/readyz",
        "/healthz",
        "/v1/taxonomy",
        "/v1/incidents",
        "/v1/incidents?limit=1",
        "/v1/changes",
        "/v1/reports",
        "/v1/batches",
        *(f"/v1/incidents?q={quote(canary)}" for canary in CANARIES),
        *(f"/v1/incidents?q={quote(canary[:2])}*" for canary in CANARIES),
        *(f"/v1/incidents/{incident['id']}" for incident in operator),
        *(f"/v1/incidents/i-{report['id'][2:]}" for report in reports),
        *(f"/v1/documents/{document}" for document in documents),
        *(f"/v1/reports/{report['id']}" for report in reports),
        *(f"/v1/batches/{batch['id']}" for batch in batches),
        *(f"/v1/changes?after={after}" for after in range(8)),
    ]
    answers = {}
    for address in addresses:
        for shape in ({}, {"Accept": "text/html"}, {"Accept": "application/x-ndjson"}):
            response = api.get(address, headers=shape)
            assert response.status_code < 500
            answers[f"{address} {shape}"] = response.text + str(dict(response.headers))
    answers |= {  # what is refused must not tell either
        "POST": api.post("/v1/reports", json={"text": STORY}).text,
        "PUT": api.put(
            f"/v1/reports/{reports[0]['id']}" if reports else "/v1/reports/r-0123456789abcdef", json={"accept": True}
        ).text,
        "wrong key": api.get("/v1/reports", headers={"Authorization": "Bearer wrong"}).text,
    }
    # The operator who steps down sees what a reader sees.
    answers |= {
        f"{address} stepped down": api.get(address, params={"viewer": "reader"}, headers=OPERATOR).text
        for address in addresses[:9]
        if "?" not in address
    }
    return answers


# What an answer can be asked to be. A route that does not know one answers as it likes; nobody may get more by asking oddly.
SHAPES = (
    "application/json", "text/html", "text/csv", "application/atom+xml", "application/feed+json", "application/stix+json;version=2.1",
    "application/taxii+json;version=2.1", "application/x-ndjson", "*/*",
)  # fmt: skip


def walk(api: TestClient, **ids: list[str]) -> Iterator[tuple[str, str]]:
    """Address and answer of every route there is, whoever added it, for a reader: each in every shape, with every id that exists."""
    for route in reference.routes_of(api.app):
        addresses = [route.path]
        for name in re.findall(r"{(\w+)}", route.path):
            known = [value for kind, values in ids.items() if name.startswith(kind) for value in values] or ["x"]
            addresses = [address.replace(f"{{{name}}}", value) for address in addresses for value in known]
        for address in addresses:
            for method in sorted(route.methods):
                for shape in SHAPES if method == "GET" else SHAPES[:1]:
                    headers = {"Accept": shape}
                    answered = api.request(method, address, headers=headers, json=None if method == "GET" else {})
                    assert answered.status_code < 500, (method, address, shape, answered.status_code)
                    assert answered.status_code != 429, "the limit of rates hides what is asked for"
                    yield f"{method} {address} {shape}", answered.text + str(dict(answered.headers))


def test_no_route_in_any_shape_tells_a_reader_a_canary(api, caplog, monkeypatch):
    monkeypatch.setenv("FANZHA_STREAM_SECONDS", "1")  # the stream of changes is read to its end, too
    ids = plant(api)
    caplog.clear()
    caplog.set_level("DEBUG")
    answers = dict(walk(api, **ids))
    assert len(answers) > 150
    assert any("钱某山" in text for text in answers.values())  # the walk reaches what there is to see
    assert_no_canary(answers | {"the log": caplog.text}, quote(SUSPECT))


def assert_no_canary(answers: dict[str, str], *more: str) -> None:
    for address, text in answers.items():
        for canary in (
            *CANARIES,
            *(found for found in more if found not in address),
        ):  # an error names the id that was asked for
            assert canary not in text, f"{canary} in {address}: …{text[max(0, text.index(canary) - 60) :][:160]}"


def complain_everywhere(api: TestClient) -> dict:
    """A complaint with canaries in every field."""
    return complain(
        api,
        STORY,
        title=f"{VICTIM}被骗",
        external_id=f"工单-{NUMBERS['phone']}",
        source="秘密渠道",
        details={"姓名": VICTIM, "卡号": NUMBERS["bank_card"], "备注": "密室七号"},
    )


def plant(api: TestClient) -> dict[str, list[str]]:
    """Canaries in every field that a sender can fill and in every kind of mention; the ids of what holds them."""
    report = complain_everywhere(api)
    ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True, "note": "密室七号"}, headers=OPERATOR))
    other = complain(api, STORY.replace("32810", "99117").replace("昆明", "大理"), title=f"{VICTIM}又被骗")
    document = publish(
        api, CARELESS, title=f"{SUSPECT}落网", doc_id=f"{SUSPECT}-{NUMBERS['phone']}.html", publisher="某报",
        url=f"https://a.invalid/s?tel={NUMBERS['phone']}&who={quote(SUSPECT)}",
    )  # fmt: skip
    incidents = ok(api.get("/v1/incidents", params={"limit": 500}, headers=OPERATOR))["incidents"]
    return {
        "incident": [incident["id"] for incident in incidents],
        "report": [report["id"], other["id"]],
        "document": [report["document_id"], other["document_id"], document["document_id"]],
        "batch": [batch["id"] for batch in ok(api.get("/v1/batches", headers=OPERATOR))["batches"]],
        "collection": [found["id"] for found in api.get("/taxii2/feed/collections/").json()["collections"]],
        "shape": ["json", "csv", "atom", "stix", "feed"],
    }


def test_a_complaint_that_nobody_reviewed_is_in_no_readers_answer(api):
    report = complain_everywhere(api)
    answers = everything_a_reader_gets(api)
    incident = report["incidents"][0]["id"]
    assert_no_canary(answers, incident, report["document_id"], "32810", "3.281", "3281000")
    assert ok(api.get("/v1/incidents"))["incidents"] == []
    assert ok(api.get("/v1/changes"))["changes"] == []
    for address in (f"/v1/incidents/{incident}", f"/v1/documents/{report['document_id']}"):
        assert api.get(address).status_code == 404
    assert api.get(f"/v1/reports/{report['id']}").status_code == 403


def test_after_review_readers_see_the_incident_and_no_canary(api):
    report = complain_everywhere(api)
    ok(
        api.put(
            f"/v1/reports/{report['id']}",
            json={"accept": True, "by": "值班员辛巳", "note": "密室七号"},
            headers=OPERATOR,
        )
    )
    (incident,) = ok(api.get("/v1/incidents"))["incidents"]
    assert incident["totals"] == [{"role": "loss", "min": 32810, "max": 32810}]
    assert {person["name"] for person in incident["persons"]} == {"赵某", "钱某山"}
    shown = ok(api.get(f"/v1/incidents/{incident['id']}"))
    assert {fact["kind"] for fact in shown["facts"]} >= {"person", "amount", "place", "account", "contact"}
    assert not any(fact["evidence"] for fact in shown["facts"])  # a complaint's words are no reader's
    assert_no_canary(everything_a_reader_gets(api), "辛巳")
    full = ok(api.get(f"/v1/incidents/{incident['id']}", headers=OPERATOR))
    told = str(full)
    assert all(value in told for value in (VICTIM, SUSPECT, *NUMBERS.values()))  # the test can see what it forbids


def test_names_and_numbers_in_a_published_article_are_masked(api):
    document = publish(
        api, CARELESS, title=f"{SUSPECT}落网", doc_id=f"{SUSPECT}-{NUMBERS['phone']}.html", publisher="某报"
    )
    shown = ok(api.get(f"/v1/documents/{document['document_id']}"))
    assert shown["title"] == "钱某山落网"
    assert_no_canary(everything_a_reader_gets(api))


def test_an_article_and_a_reviewed_complaint_together_show_no_canary(api):
    report = complain_everywhere(api)
    publish(api, CARELESS, title="昆明破获一案", publisher="某报")
    ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True}, headers=OPERATOR))
    (incident,) = ok(api.get("/v1/incidents"))["incidents"]
    assert len(incident["sources"]) == 2
    assert_no_canary(everything_a_reader_gets(api))


def test_an_unreviewed_complaint_adds_nothing_to_what_readers_see_of_a_published_case(api):
    publish(api, CARELESS, title="昆明破获一案", publisher="某报")
    before = ok(api.get("/v1/incidents"))["incidents"]
    published = ok(api.get(f"/v1/incidents/{before[0]['id']}"))
    report = complain(
        api,
        STORY.replace("损失：32810", "损失：32810 损失：99117").replace(
            "昆明市 530100", "昆明市 530100 地点：云南省/大理白族自治州 532900"
        ),
    )
    (incident,) = ok(api.get("/v1/incidents", headers=OPERATOR))["incidents"]
    assert len(incident["sources"]) == 2  # they are one case
    answers = everything_a_reader_gets(api)
    assert_no_canary(answers, report["document_id"], "99117", "131927", "大理", "532900", "9911700")
    assert ok(api.get("/v1/incidents", params={"place": "5329"}))["incidents"] == []
    assert ok(api.get("/v1/incidents", params={"loss_min": "90000"}))["incidents"] == []
    after = ok(api.get(f"/v1/incidents/{incident['id']}"))
    assert after == published  # revision, sequence and moments too: a reader cannot tell that anything came
    full = ok(api.get(f"/v1/incidents/{incident['id']}", headers=OPERATOR))
    assert "99117" in str(full)
    ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True}, headers=OPERATOR))
    assert ok(api.get("/v1/incidents", params={"place": "5329"}))["incidents"] != []


def test_the_role_of_a_request_can_be_lowered_and_never_raised(api):
    report = complain_everywhere(api)
    for role in ("analyst", "editor", "admin"):
        assert api.get("/v1/reports", params={"viewer": role}).status_code == 403
        assert api.get(f"/v1/reports/{report['id']}", params={"viewer": role}, headers=OPERATOR).status_code == 200
    assert api.get(f"/v1/reports/{report['id']}", params={"viewer": "reader"}, headers=OPERATOR).status_code == 403
    for sent in (
        "Bearer wrong",
        "Bearer ",
        "Basic b3BlcmF0b3I6",
        "operator-key-for-tests",
        "Bearer operator-key-for-test",
        "Bearer 钥".encode().decode("latin-1"),
    ):
        response = api.get("/v1/incidents", headers={"Authorization": sent.encode("latin-1")})
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


def test_the_page_escapes_what_articles_say(api):
    publish(api, "被骗 <script>alert(1)</script> 损失：5", title="<img src=x onerror=alert(1)>破案")
    page = api.get("/").text
    assert "<img" not in page
    assert "<script" not in page
    assert "&lt;img src=x" in page
    assert "script" not in api.get("/docs").text.lower().replace("javascript", "").replace("不含脚本", "")


def test_whom_complaints_alone_name_is_private_and_a_verdict_of_others_is_not_his():
    def person(name: str, role: str, document: str, quote: str = "") -> Fact:
        evidence = Evidence(document, 0, 3, quote or f"{name}在场。", "rule:fake")
        return Fact("person", role, name, PersonName(name), 1.0, (evidence,))

    told = Incident(
        "i-1", "other", "", "", 1.0, "convicted", "court", public=True, review=False,
        sources=(Source("d-1", "a"), Source("d-2", "b", nature="complaint", reviewed=True)),
        facts=(
            person("钱大山", "suspect", "d-1", "法院判处钱大山有期徒刑三年。"), person("郑五岭", "suspect", "d-1"),
            person("孙小海", "suspect", "d-2", "法院判处孙小海有期徒刑三年。"), person("李二河", "other", "d-2"),
            person("周三江", "official", "d-2"), person("吴四湖", "official", "d-1"),
        ),
    )  # fmt: skip
    assert names_told(told, told) == {
        "钱大山": "convicted", "郑五岭": "suspect", "孙小海": "suspect", "李二河": "victim", "周三江": "victim", "吴四湖": "official",
    }  # fmt: skip
