"""Ways in which a name, a village or an address got past the mask, one test each. All names are invented."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from nlp import mask
from nlp.incident import QUOTE_LENGTH
from nlp.records import Document, Mention, Place, Reading
from nlp.resolve.build import quote as quoted
from tests import fake_analyzer
from tests.api_world import OPERATOR, complain, ok, publish, serving, settings_at
from tests.processes import wait_for

PAGE_BREAK = "\n====\n"


class PageReader(fake_analyzer.FakeAnalyzer):
    """Reads every stretch between lines of ==== as an article of its own; `住址：path code` is where a victim lives."""

    def analyze(self, documents):
        for document in documents:
            analyses, at = [], 0
            for piece in document.text.split(PAGE_BREAK):
                read = self._read(Document(document.doc_id, piece, title=document.title))
                homes = tuple(_homes(piece))
                cases = tuple(replace(case, places=case.places + homes) for case in read.cases)
                mentions = tuple(sorted((*read.mentions, *homes), key=lambda mention: mention.start))
                analyses.append(_moved(replace(read, cases=cases, mentions=mentions), at))
                at += len(piece) + len(PAGE_BREAK)
            yield Reading(document.doc_id, tuple(analyses))


def _homes(text: str) -> Iterator[Mention]:
    import re

    for found in re.finditer(r"住址：(\S+) (\d{6})", text):
        value = Place(found[1], found[2], "village")
        yield Mention("place", *found.span(1), found[1], value, "victim_home", 1.0, "rule:fake")


def _moved(read, by: int):
    def mention(one):
        return replace(one, start=one.start + by, end=one.end + by)

    def case(one):
        people = tuple(replace(p, mentions=tuple(map(mention, p.mentions))) for p in one.persons)
        return replace(
            one, start=one.start + by, end=one.end + by, persons=people, places=tuple(map(mention, one.places)),
            amounts=tuple(map(mention, one.amounts)),
        )  # fmt: skip

    return replace(
        read, start=read.start + by, end=read.end + by, mentions=tuple(map(mention, read.mentions)),
        cases=tuple(map(case, read.cases)),
    )  # fmt: skip


def make() -> PageReader:
    """What FANZHA_ANALYZER names here."""
    return PageReader()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path, "tests.test_api_leaks:make")) as started:
        yield started


def as_reader(api: TestClient) -> str:
    """All that a reader gets of every incident there is, as one text."""
    listed = ok(api.get("/v1/incidents", params={"limit": 500}))["incidents"]
    whole = [ok(api.get(f"/v1/incidents/{incident['id']}")) for incident in listed]
    documents = {source["document_id"] for incident in whole for source in incident["sources"]}
    heads = [api.get(f"/v1/documents/{document}").json() for document in sorted(documents)]
    changes = ok(api.get("/v1/changes"))
    return json.dumps([listed, whole, heads, changes, api.get("/").text], ensure_ascii=False)


# a. a quote is never cut through a name ------------------------------------------------------------------------------


@pytest.mark.parametrize("room", range(50, 66))
def test_a_quote_is_not_cut_through_a_name(room):
    name = "欧阳大丰"
    text = "一" * 80 + name + "一" * room + "三万元" + "一" * room + name + "一" * 80
    at = text.index("三万元")
    first, last = text.index(name), text.rindex(name)
    words, left = quoted(text, at, at + 3, None, [(first, first + 4), (last, last + 4)])
    assert len(words) <= QUOTE_LENGTH
    assert text[left:].startswith(words)
    assert words.replace(name, "").strip("一") == "三万元"  # the whole name or none of it


def test_a_quote_is_not_cut_through_a_number_that_nobody_found():
    for room in range(50, 66):
        text = "一" * 80 + "13912345678" + "一" * room + "三万元" + "一" * room + "6222021234567890123" + "一" * 80
        at = text.index("三万元")
        words, _ = quoted(text, at, at + 3)
        assert set(words.replace("13912345678", "").replace("6222021234567890123", "")) == set("一三万元")


@pytest.mark.parametrize(
    ("text", "names", "seen"),
    [
        ("落网的是陈大", {"陈大丰": "suspect"}, "落网的是陈某"),
        ("落网的是陈", {"陈大丰": "suspect"}, "落网的是陈"),
        ("大丰落网", {"陈大丰": "suspect"}, "某落网"),
        ("丰落网", {"陈大丰": "suspect"}, "丰落网"),  # a reader sees 陈某丰 anyway
        ("红报了警", {"王小红": "victim"}, "某报了警"),
        ("转到卡6222021", {"6222021234567890123": "account"}, "转到卡*******"),
        ("好人一生平安", {"陈大丰": "suspect"}, "好人一生平安"),
    ],
)
def test_a_piece_of_a_name_at_the_edge_of_a_quote_is_masked(text, names, seen):
    assert mask.render(text, "quote", "reader", names) == seen


def test_a_text_that_was_shortened_with_dots_hides_the_piece_before_them():
    assert mask.render("事主王小…", "text", "reader", {"王小红": "victim"}) == "事主王某…"


@pytest.mark.parametrize("room", range(44, 60))
def test_no_piece_of_a_name_is_in_a_readers_quotes(api, room):
    story = f"昆明骗案 损失：32810 {'一' * room} 嫌疑人：欧阳大丰 {'二' * 60}"
    publish(api, story, title="昆明破获一案", publisher="某报")
    told = as_reader(api)
    assert "32810" in told
    for piece in ("欧阳大", "大丰"):
        assert piece not in told


# b. the names of the whole page ---------------------------------------------------------------------------------------


def test_a_page_title_that_names_the_victim_of_its_other_case_is_masked(api):
    page = f"刷单骗案 受害人：赵小红 地点：云南省/昆明市 530100 损失：32810{PAGE_BREAK}投资骗案 受害人：孙小海 地点：河南省/南阳市 411300 损失：990"
    publish(api, page, title="赵小红等人被骗，孙小海报警", publisher="某报", doc_id="page-1")
    told = as_reader(api)
    assert len(ok(api.get("/v1/incidents"))["incidents"]) == 2
    for canary in ("赵小红", "孙小海", "小红", "小海"):
        assert canary not in told
        assert ok(api.get("/v1/incidents", params={"q": canary}))["incidents"] == []
    assert "赵某等人被骗，孙某报警" in told
    assert "赵小红" in json.dumps(ok(api.get("/v1/incidents", headers=OPERATOR)), ensure_ascii=False)


# c. places ------------------------------------------------------------------------------------------------------------

VILLAGE = "河南省/南阳市/邓州市/文渠镇/孟楼村"


def test_a_complaints_places_go_to_readers_no_nearer_than_the_county(api):
    report = complain(api, f"刷单骗案 受害人：赵小红 地点：{VILLAGE} 411381 损失：32810")
    ok(api.put(f"/v1/reports/{report['id']}", json={"accept": True}, headers=OPERATOR))
    (incident,) = ok(api.get("/v1/incidents"))["incidents"]
    assert incident["places"] == [
        {"region": "河南省/南阳市/邓州市", "code": "411381", "role": "scene", "sources": 1},
    ]
    assert "孟楼" not in as_reader(api)
    assert "文渠" not in as_reader(api)
    assert VILLAGE in json.dumps(ok(api.get(f"/v1/incidents/{incident['id']}", headers=OPERATOR)), ensure_ascii=False)


def test_a_victims_home_goes_to_readers_no_nearer_than_the_city(api):
    story = f"刷单骗案 受害人：赵小红 住址：{VILLAGE} 411381 损失：32810 她在孟楼村家中接到电话"
    publish(api, story, title="文渠镇孟楼村一村民被骗", publisher="某报")
    (incident,) = ok(api.get("/v1/incidents"))["incidents"]
    assert [(place["region"], place["code"]) for place in incident["places"]] == [("河南省/南阳市", "411300")]
    told = as_reader(api)
    assert "孟楼" not in told
    assert "文渠" not in told
    assert '"411381"' not in told  # no place, facet or value has the code
    assert "某镇某村一村民被骗" in told
    # Nor does a filter or a search confirm it.
    assert ok(api.get("/v1/incidents", params={"place": "411381"}))["incidents"] == []
    assert ok(api.get("/v1/changes", params={"place": "411381"}))["changes"] == []
    assert ok(api.get("/v1/incidents", params={"q": "孟楼村"}))["incidents"] == []
    # A county's anti-fraud centre finds its people.
    assert len(ok(api.get("/v1/incidents", params={"place": "411381"}, headers=OPERATOR))["incidents"]) == 1
    assert len(ok(api.get("/v1/changes", params={"place": "411381"}, headers=OPERATOR))["changes"]) == 1


def test_a_published_scene_is_shown_as_published(api):
    publish(
        api, "刷单骗案 地点：河南省/新乡市/封丘县/应举镇 410727 损失：32810", title="应举镇破获一案", publisher="某报"
    )
    (incident,) = ok(api.get("/v1/incidents"))["incidents"]
    assert incident["places"][0]["region"] == "河南省/新乡市/封丘县/应举镇"
    assert incident["title"] == "应举镇破获一案"


# d. readiness ---------------------------------------------------------------------------------------------------------


def test_readiness_does_not_tell_why_a_model_failed(tmp_path):
    with serving(settings_at(tmp_path, "tests.fake_analyzer:secret_place")) as api:
        wait_for(lambda: api.get("/readyz").json()["model"] != "loading")
        told = api.get("/readyz").json()
        assert told["model"] == "failed"
        assert "secret_place" not in json.dumps(told)


# e. addresses of sources ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://a.invalid/s?who=赵小红", "赵小红"),
        (f"https://a.invalid/s?who={quote('赵小红')}", quote("赵小红")),
        (f"https://a.invalid/{quote('赵小红案')}.html", quote("小红")),
        (f"https://a.invalid/s?who={quote(quote('赵小红'))}", quote(quote("小红"))),
        (f"https://a.invalid/s?who={quote('赵小红', encoding='gb18030')}", quote("小红", encoding="gb18030")),
        ("https://a.invalid/s?tel=13912345678", "13912345678"),
        ("https://a.invalid/u/53010219900307123X", "19900307"),
        ("https://user:13912345678@a.invalid/s", "user"),
        ("https://a.invalid/#6222021234567890123", "6222021234567890123"),
        ("https://a.invalid/?mail=someone@mail.invalid", "someone@"),
        ("javascript:alert(1)", "javascript"),
    ],
)
def test_an_address_tells_a_reader_no_name_or_number(url, hidden):
    assert hidden in url
    assert hidden not in mask.render(url, "url", "reader", {"赵小红": "victim"})
    assert mask.render(url, "url", "analyst", {"赵小红": "victim"}) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://mp.weixin.invalid/s?__biz=MzA4MTk3NTk2Mg==&mid=2650123456&idx=1&sn=0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "https://news.invalid/2026/0308/20260308123456.html",
        f"https://news.invalid/{quote('反诈')}/1700000000123.shtml?from=timeline#top",
    ],
)
def test_an_address_without_names_stays_letter_for_letter(url):
    assert mask.render(url, "url", "reader", {"赵小红": "victim"}) == url


def test_the_address_of_a_source_is_masked_for_readers(api):
    publish(
        api, "刷单骗案 受害人：赵小红 损失：32810", title="一案", url=f"https://a.invalid/s?who={quote('赵小红')}&tel=13912345678"
    )  # fmt: skip
    told = as_reader(api)
    assert "13912345678" not in told
    assert quote("赵小红") not in told
    assert "https://a.invalid/s?who=" in told


@pytest.mark.parametrize("path", ["/v1/analyze"])
def test_what_is_answered_unmasked_is_for_analysts_only(api, path):
    body = {"documents": [{"text": "骗案 受害人：赵小红"}]}
    assert api.post(path, json=body).status_code == 403
    assert api.post(path, json=body, params={"viewer": "reader"}, headers=OPERATOR).status_code == 403
    assert "赵小红" in json.dumps(ok(api.post(path, json=body, headers=OPERATOR)), ensure_ascii=False)


# a store of an older program --------------------------------------------------------------------------------------------


def as_the_first_version_left_it(file: Path) -> None:
    """Move all rows into a store with the schema of 0001, without what that version did not know."""
    from alembic import command

    from serving.migrations.run import configuration

    newer = file.rename(file.with_suffix(".newer"))
    engine = sa.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "0001")
    with sqlite3.connect(file) as connection:
        connection.execute("ATTACH ? AS newer", (str(newer),))
        tables = [name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table == "alembic_version" or table.startswith(("sqlite_", "search_index_")):
                continue
            columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f"PRAGMA main.table_info({table})"))
            columns = f"rowid, {columns}" if table == "search_index" else columns
            connection.execute(f"DELETE FROM main.{table}")
            connection.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM newer.{table}")
        connection.execute("DELETE FROM main.counters WHERE name <> 'sequence'")
        connection.execute("UPDATE main.incidents SET data = json_remove(data, '$.names')")
    engine.dispose()


def test_a_store_of_the_first_version_is_masked_after_its_migration(tmp_path):
    """0001 knew no names of pages and gave villages to readers; its rows are built anew when it is opened."""
    settings = settings_at(tmp_path, "tests.test_api_leaks:make")
    with serving(settings) as api:
        page = (
            f"刷单骗案 受害人：赵小红 住址：{VILLAGE} 411381 损失：32810{PAGE_BREAK}投资骗案 受害人：孙小海 损失：990"
        )
        publish(api, page, title="赵小红、孙小海被骗", publisher="某报")
    as_the_first_version_left_it(tmp_path / "fanzha.db")
    with serving(settings) as api:
        told = as_reader(api)
        assert len(ok(api.get("/v1/incidents"))["incidents"]) == 2
        for canary in ("赵小红", "孙小海", "孟楼"):
            assert canary not in told
        assert ok(api.get("/v1/incidents", params={"q": "孙小海"}))["incidents"] == []
        assert ok(api.get("/v1/incidents", params={"place": "411381"}))["incidents"] == []
