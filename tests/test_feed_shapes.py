"""The feed's shapes, read by the programs that people read them with; nothing here speaks to a mock."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from nlp import taxonomy
from serving.api.app import create_app
from serving.formats import flat_table, stix_bundle
from tests.api_world import KEY, OPERATOR, complain, ok, problem, publish, serving, settings_at
from tests.processes import free_port, wait_for
from tests.test_api_feed import story

FIRST, SECOND = taxonomy.load().label_ids[:2]
HOSTILE = '=HYPERLINK("http://evil.invalid","点我"),\n"引号"\x0b 破案'


@contextmanager
def served(folder: Any, seconds: str = "0") -> Iterator[tuple[str, FastAPI]]:
    """The application on a port of loopback, for clients that speak HTTP themselves; `seconds` a stream."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANZHA_OPERATOR_KEY", KEY)
        patch.setenv("FANZHA_STREAM_SECONDS", seconds)
        app = create_app(settings_at(folder))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}", app
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Iterator[TestClient]:
    """Nine published cases, one told twice, one with a hostile headline, one complaint that nobody reviewed. Nobody changes them."""
    with serving(settings_at(tmp_path_factory.mktemp("shapes"))) as started:
        for number in range(9):
            title = HOSTILE if number == 4 else f"第{number}案告破"
            publish(started, story(number, label=SECOND if number % 2 else FIRST), title=title, publisher="某报",
                    url=f"https://news.example.invalid/{number}.html", published=f"2026-03-0{number + 1}")  # fmt: skip
        publish(started, f"再报 {story(0)}", title="第0案再报", publisher="某台")
        complain(started, story(11))
        yield started


def ids_of(api: TestClient) -> set[str]:
    return {incident["id"] for incident in ok(api.get("/v1/incidents", params={"limit": 500}))["incidents"]}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", "application/json"), ("*/*", "application/json"), ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"), ("application/jsonl", "application/x-ndjson"),
        ("application/feed+json", "application/feed+json"), ("application/atom+xml", "application/atom+xml; charset=utf-8"),
        ("text/csv;q=0.5, application/stix+json;q=0.9", "application/stix+json;version=2.1"), ("text/csv", "text/csv; charset=utf-8"),
        ("application/json;q=0.1, text/csv;q=0", "application/json"), ("text/csv;q=nonsense", "application/json"),
    ],
)  # fmt: skip
def test_accept_decides_the_shape(filled, accept, media):
    response = filled.get("/v1/incidents", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == media
    assert "Accept" in response.headers["vary"]


def test_suffix_and_accept_say_the_same_and_pages_link_on(filled):
    for suffix, media in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
        by_suffix = filled.get(f"/v1/incidents.{suffix}", params={"limit": 4})
        assert by_suffix.text == filled.get("/v1/incidents", params={"limit": 4}, headers={"Accept": media}).text
    address, seen = "/v1/incidents.jsonl?limit=4&place=", []
    while address:
        response = filled.get(address)
        seen += [json.loads(line) for line in response.text.splitlines()]
        address = response.links["next"]["url"] if "next" in response.links else ""
    assert {incident["id"] for incident in seen} == ids_of(filled)
    assert len(seen) == 9
    one = seen[0]["id"]
    assert ok(filled.get(f"/v1/incidents/{one}.json")) == seen[0]
    assert json.loads(filled.get(f"/v1/incidents/{one}", headers={"Accept": "application/x-ndjson"}).text) == seen[0]
    problem(filled.get("/v1/incidents.docx"), 422)
    problem(filled.get("/v1/incidents/i-0123456789abcdef.stix"), 404)


def test_a_caller_who_holds_the_answer_gets_304_until_it_changes(tmp_path):
    with serving(settings_at(tmp_path)) as api:
        publish(api, story(1))
        incident = next(iter(ids_of(api)))
        for address in (
            "/v1/incidents",
            "/v1/incidents.csv",
            f"/v1/incidents/{incident}",
            f"/v1/incidents/{incident}.stix",
        ):
            first = api.get(address)
            tag = first.headers["etag"]
            assert first.headers["cache-control"] == "private, no-cache"
            again = api.get(address, headers={"If-None-Match": f'"other", {tag}'})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            # Who sees more gets another answer under another tag, and it is kept nowhere.
            full = api.get(address, headers=OPERATOR | {"If-None-Match": tag})
            assert full.status_code == 200
            assert full.headers["cache-control"] == "no-store"
        tags = {address: api.get(address).headers["etag"] for address in ("/v1/incidents", f"/v1/incidents/{incident}")}
        publish(api, story(2))
        assert api.get("/v1/incidents", headers={"If-None-Match": tags["/v1/incidents"]}).status_code == 200
        unmoved = f"/v1/incidents/{incident}"
        assert api.get(unmoved, headers={"If-None-Match": tags[unmoved]}).status_code == 304


def test_csv_is_read_back_and_no_cell_is_a_formula(filled):
    text = filled.get("/v1/incidents.csv", params={"limit": 500}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == [column.name for column in flat_table.COLUMNS]
    assert {row["id"] for row in rows} == ids_of(filled)
    hostile = next(row for row in rows if "HYPERLINK" in row["title"])
    assert hostile["title"].startswith("'=")
    for row in rows:
        for value in row.values():
            assert not value.startswith(("=", "+", "-", "@", "\t", "\r")), value
    assert {row["loss_min"] for row in rows} >= {"1137.0", "1274.0"}
    assert rows[0]["province"].endswith(("省", "区", "市"))


def test_a_cell_that_would_be_a_formula_gets_an_apostrophe():
    for bad in (
        "=1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "＝1",
        "=cmd|' /C calc'!A0",
        " =1",
        "\u3000＝1",
        "\ufeff=1",
        "\n=1",
    ):
        assert flat_table.cell(bad) == f"'{bad}"
    assert [flat_table.cell(value) for value in ("陈某", None, True, -3, 1.5)] == ["陈某", "", "true", -3, 1.5]


def test_pandas_and_polars_read_the_tables(filled):
    pandas = pytest.importorskip("pandas", reason="needs pandas (make test-all)")
    polars = pytest.importorskip("polars", reason="needs polars (make test-all)")
    pytest.importorskip("pyarrow", reason="needs pyarrow (make test-all)")
    as_csv, as_parquet = (filled.get(f"/v1/incidents.{s}", params={"limit": 500}).content for s in ("csv", "parquet"))
    frames = [
        pandas.read_csv(io.BytesIO(as_csv), dtype={"place_code": str}), pandas.read_parquet(io.BytesIO(as_parquet)),
        polars.read_csv(as_csv, schema_overrides={"place_code": polars.String}).to_pandas(),
        polars.read_parquet(as_parquet).to_pandas(),
    ]  # fmt: skip
    for frame in frames:
        assert set(frame["id"]) == ids_of(filled)
        assert frame["loss_max"].sum() == sum(1000 + 137 * number for number in range(9))
        assert set(frame["place_code"]) >= {"530100", "411300"}
        assert (frame["confidence"] > 0).all()


def test_parquet_without_pyarrow_says_so(filled, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    body = problem(filled.get("/v1/incidents.parquet"), 406)
    assert "fanzha[tables]" in body["advice"]


def test_feedparser_reads_atom(filled):
    feedparser = pytest.importorskip("feedparser", reason="needs feedparser (make test-all)")
    feed = feedparser.parse(filled.get("/v1/incidents.atom", params={"limit": 5}).content)
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.feed.title == "反诈 fanzha：诈骗事件"
    assert {link.rel for link in feed.feed.links} == {"self", "alternate", "next"}
    assert len(feed.entries) == 5
    heads = {incident["id"]: incident for incident in ok(filled.get("/v1/incidents"))["incidents"]}
    for entry in feed.entries:
        incident = heads[entry.id.rsplit(":", 1)[1]]
        assert entry.updated == incident["revised_at"]
        assert entry.updated_parsed
        assert entry.link.endswith(f"/v1/incidents/{incident['id']}")
        assert incident["label"] in {tag.term for tag in entry.tags}
        assert "损失" in entry.content[0].value
    assert feed.feed.updated == max(entry.updated for entry in feed.entries)


# JSON Feed 1.1 (jsonfeed.org/version/1.1) as a schema: what it demands and the types of what it allows.
_LINK = {"type": "string", "pattern": "^https?://"}
JSON_FEED = {
    "type": "object", "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"}, "title": {"type": "string"}, "home_page_url": _LINK,
        "feed_url": _LINK, "next_url": _LINK, "description": {"type": "string"}, "language": {"type": "string"},
        "authors": {"type": "array", "items": {"type": "object", "minProperties": 1}},
        "items": {"type": "array", "items": {
            "type": "object", "required": ["id"], "anyOf": [{"required": ["content_text"]}, {"required": ["content_html"]}],
            "properties": {
                "id": {"type": "string"}, "url": _LINK, "external_url": _LINK, "title": {"type": "string"},
                "content_text": {"type": "string"}, "summary": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}},
                "date_published": {"type": "string", "format": "date-time"}, "date_modified": {"type": "string", "format": "date-time"},
                "language": {"type": "string"}, "_fanzha": {"type": "object"},
            },
            "additionalProperties": False,
        }},
    },
    "additionalProperties": False,
}  # fmt: skip


def test_json_feed_holds_to_its_schema(filled):
    schemas = pytest.importorskip("jsonschema_rs", reason="needs jsonschema-rs (make test-all)")
    validator = schemas.validator_for(JSON_FEED, validate_formats=True)
    first = ok(filled.get("/v1/incidents.feed", params={"limit": 5}))
    validator.validate(first)
    assert len(first["items"]) == 5
    following = first["next_url"].removeprefix("http://127.0.0.1:8000")
    second = ok(filled.get(following))
    validator.validate(second)
    assert len({item["id"] for item in first["items"] + second["items"]}) == 9
    broken = {key: value for key, value in first.items() if key != "version"}
    assert not validator.is_valid(broken)


def test_two_hundred_stix_bundles_are_valid_and_a_broken_one_is_not(tmp_path):
    stix2validator = pytest.importorskip("stix2validator", reason="needs stix2-validator (make test-all)")
    schemas = pytest.importorskip("jsonschema_rs", reason="needs jsonschema-rs (make test-all)")
    with serving(settings_at(tmp_path)) as api:
        for number in range(40):
            publish(api, story(number), title=f"第{number}案 {HOSTILE if number % 7 == 0 else ''}", publisher="某报",
                    url=f"https://news.example.invalid/{number}.html")  # fmt: skip
        complain(api, story(50))
        schema = ok(api.get("/v1/stix/incident-extension.json"))
        views = [
            ok(api.get(f"/v1/incidents/{incident}", params={"viewer": viewer}, headers=OPERATOR))
            for viewer in ("reader", "admin")
            for incident in sorted(ids_of(api))
        ]
        bundles = [ok(api.get(f"/v1/incidents/{view['id']}.stix")) for view in views[:40]]
        whole = ok(api.get("/v1/incidents.stix", params={"limit": 500}))
    # Masked and unmasked, in every marking, with and without each list.
    for count, level in enumerate(stix_bundle.TLP):
        for view in views[count::5]:
            told = view | {"tlp": level}
            bare = told | {"places": [], "totals": [], "facts": []}
            for each in (
                told,
                told | {"tactics": ["引流拉群"], "first_date": "2024-05"},
                bare,
                bare | {"persons": [], "sources": []},
            ):
                bundles.append(stix_bundle.bundle([each], "http://127.0.0.1:8000"))
    assert len(bundles) >= 200
    options = stix2validator.ValidationOptions(version="2.1")
    for found in [*bundles[:200], whole]:
        result = stix2validator.validate_instance(found, options)
        assert result.is_valid, [str(error) for error in result.errors][:3]
    for spoil in ({"name": None}, {"id": "incident--nonsense"}, {"created": "gestern"}):
        broken = json.loads(json.dumps(bundles[0]))
        incident = next(found for found in broken["objects"] if found["type"] == "incident")
        incident |= spoil
        incident = {key: value for key, value in incident.items() if value is not None}
        broken["objects"] = [incident]
        assert not stix2validator.validate_instance(broken, options).is_valid, spoil
    # What our extension says is what its served schema allows, and the schema refuses something.
    validator = schemas.validator_for(schema)
    told = [
        found["extensions"][stix_bundle.EXTENSION]
        for bundle in bundles
        for found in bundle["objects"]
        if found["type"] == "incident"
    ]
    for extension in told:
        validator.validate(extension)
    assert any("amounts" in extension for extension in told)
    assert not validator.is_valid(told[0] | {"amounts": [{"role": "loss", "min": "viel", "max": 3, "currency": "CNY"}]})
    definition = next(found for found in whole["objects"] if found["type"] == "extension-definition")
    assert definition["id"] == stix_bundle.EXTENSION
    assert definition["schema"] == "http://127.0.0.1:8000/v1/stix/incident-extension.json"


def test_stix_ids_are_the_same_every_time_and_every_reference_is_in_the_bundle(filled):
    first, second = (ok(filled.get("/v1/incidents.stix", params={"limit": 500})) for _ in range(2))
    assert first == second
    ids = [found["id"] for found in first["objects"]]
    assert len(ids) == len(set(ids))
    for found in first["objects"]:
        refs = [*found.get("object_marking_refs", ()), *found.get("object_refs", ())]
        refs += [found[key] for key in ("source_ref", "target_ref", "created_by_ref") if key in found]
        assert set(refs) <= set(ids), found
    kinds = {found["type"] for found in first["objects"]}
    assert kinds == {
        "identity",
        "extension-definition",
        "marking-definition",
        "incident",
        "location",
        "note",
        "relationship",
    }
    notes = [found for found in first["objects"] if found["type"] == "note"]
    assert all("「" in note["content"] for note in notes)


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A served feed of 23 incidents, one of them merged away and one withdrawn."""
    with served(tmp_path_factory.mktemp("served")) as (found, _app):
        for number in range(9):
            post(found, "documents", text=story(number), title=f"第{number}案")
        report = post(found, "reports", text="被骗 嫌疑人：诸葛小明 地点：西藏自治区/拉萨市 540100 损失：23456")
        other = post(found, "reports", text="受骗了 嫌疑人：欧阳大川 损失：98765")
        for each in (report, other):
            put(found, f"reports/{each['id']}", accept=True)
        post(
            found,
            "documents",
            text="两案并破 诈骗 嫌疑人：诸葛小明 嫌疑人：欧阳大川 地点：西藏自治区/拉萨市 540100 损失：23456 损失：98765",
        )
        gone = post(found, "reports", text="被骗 嫌疑人：司马小河 地点：青海省/西宁市 630100 损失：71234")
        put(found, f"reports/{gone['id']}", accept=True)
        httpx.delete(f"{found}/v1/reports/{gone['id']}", headers=OPERATOR, timeout=60).raise_for_status()
        yield found


def post(address: str, what: str, **body: Any) -> dict[str, Any]:
    return httpx.post(f"{address}/v1/{what}", json=body, headers=OPERATOR, timeout=60).raise_for_status().json()  # type: ignore[no-any-return]


def put(address: str, what: str, **body: Any) -> dict[str, Any]:
    return httpx.put(f"{address}/v1/{what}", json=body, headers=OPERATOR, timeout=60).raise_for_status().json()  # type: ignore[no-any-return]


def test_taxii2_client_pages_through_the_collection_and_gets_every_object_once(address):
    taxii = pytest.importorskip("taxii2client.v21", reason="needs taxii2-client (make test-all)")
    server = taxii.Server(f"{address}/taxii2/")
    (root,) = server.api_roots
    assert server.default.url == root.url
    assert taxii.MEDIA_TYPE_TAXII_V21.replace(" ", "") in [version.replace(" ", "") for version in root.versions]
    (collection,) = root.collections
    assert collection.can_read
    assert not collection.can_write
    whole = [
        found for page in taxii.as_pages(collection.get_objects, per_request=1000) for found in page.get("objects", ())
    ]
    for size in (1, 7, 50):
        paged = [
            found
            for page in taxii.as_pages(collection.get_objects, per_request=size)
            for found in page.get("objects", ())
        ]
        assert paged == whole, size
    ids = [found["id"] for found in whole]
    assert len(ids) == len(set(ids))
    incidents = [found for found in whole if found["type"] == "incident"]
    log = httpx.get(f"{address}/v1/changes?limit=500", timeout=60).json()["changes"]
    gone = {line["incident_id"] for line in log if line["kind"] in ("merged", "withdrawn")}
    there = httpx.get(f"{address}/v1/incidents?limit=500", timeout=60).json()["incidents"]
    revoked = {found["id"] for found in incidents if found.get("revoked")}
    assert revoked == {stix_bundle.incident_id(name) for name in gone}
    assert len(incidents) == len(there) + len(gone)
    ties = [found for found in whole if found.get("relationship_type") == "duplicate-of"]
    assert len(ties) == len([line for line in log if line["kind"] == "merged"]) >= 1
    assert {tie["source_ref"] for tie in ties} < revoked
    # Filters.
    listed = collection.get_objects(type=["incident"], limit=1000)["objects"]
    assert [found["id"] for found in listed] == [found["id"] for found in incidents]
    one = incidents[3]
    assert collection.get_object(one["id"])["objects"] == [one]
    assert collection.get_objects(id=[one["id"], incidents[5]["id"]], limit=1000)["objects"] == [one, incidents[5]]
    assert collection.get_objects(type="note", version=one["modified"], limit=1000)["objects"]
    assert collection.get_objects(spec_version="2.0") == {"more": False}
    # The manifest says when each was added; what was added after that moment is the rest.
    manifest = collection.get_manifest(limit=1000)["objects"]
    assert [entry["id"] for entry in manifest] == ids
    added = [entry["date_added"] for entry in manifest]
    assert added == sorted(added)
    middle = added[len(added) // 2]
    later = collection.get_objects(added_after=middle, limit=1000)["objects"]
    assert [found["id"] for found in later] == [entry["id"] for entry in manifest if entry["date_added"] > middle]
    assert collection.get_objects(added_after=added[-1]) == {"more": False}
    problem(httpx.get(f"{address}/taxii2/feed/collections/{collection.id}/objects/?next=DROP"), 422)
    problem(httpx.get(f"{address}/taxii2/feed/collections/nothing/objects/"), 404)
    # The bundle of all that came is valid STIX.
    stix2validator = pytest.importorskip("stix2validator", reason="needs stix2-validator (make test-all)")
    whole_bundle = {"type": "bundle", "id": "bundle--0b1c0c5e-6a57-4d2f-9d0c-2f0c6d3f6a55", "objects": whole}
    result = stix2validator.validate_instance(whole_bundle, stix2validator.ValidationOptions(version="2.1"))
    assert result.is_valid, [str(error) for error in result.errors][:3]


def test_httpx_sse_reconnects_without_a_missing_or_double_event(tmp_path):
    httpx_sse = pytest.importorskip("httpx_sse", reason="needs httpx-sse (make test-all)")
    with served(tmp_path, seconds="60") as (found, app):

        def write() -> None:
            for number in range(8):
                post(found, "documents", text=story(number))

        writer = threading.Thread(target=write)
        writer.start()
        seen: list[int] = []
        connections = 0
        position = ""
        with httpx.Client(timeout=60) as client:
            while len(seen) < 8:
                connections += 1
                headers = {"Last-Event-ID": position} if position else {}
                with httpx_sse.connect_sse(client, "GET", f"{found}/v1/changes/stream", headers=headers) as source:
                    for event in source.iter_sse():
                        position = event.id or position
                        if event.event == "change":
                            line = json.loads(event.data)
                            assert event.id == str(line["sequence"])
                            seen.append(line["sequence"])
                            if len(seen) % 3 == 0:  # cut off, in the middle of whatever comes
                                break
        writer.join()
        assert connections >= 3
        assert seen == list(range(1, 9))
        # A filtered follower is told how far the log is, though nothing in it is for him.
        with (
            httpx.Client(timeout=60) as client,
            httpx_sse.connect_sse(client, "GET", f"{found}/v1/changes/stream", params={"place": "12"}) as source,
        ):
            event = next(event for event in source.iter_sse() if event.data)
            assert (event.event, event.id) == ("position", "8")
        asked = {"q": json.loads(httpx.get(f"{found}/v1/incidents").text)["incidents"][0]["title"][:6]}
        with (
            httpx.Client(timeout=60) as client,
            httpx_sse.connect_sse(client, "GET", f"{found}/v1/changes/stream", params=asked) as source,
        ):
            event = next(event for event in source.iter_sse() if event.data)
            assert (event.event, json.loads(event.data)["filter"]) == ("change", "entered")
        wait_for(lambda: app.state.followers == 0)


def test_a_stream_of_no_time_tells_what_is_there_and_ends(filled):
    response = filled.get("/v1/changes/stream", params={"after": 2})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert next(line for line in response.text.splitlines() if line.startswith("id: ")) == "id: 3"
    assert response.text.startswith("retry: ")
    resumed = filled.get("/v1/changes/stream", headers={"Last-Event-ID": "8"})
    assert "id: 8\n" not in resumed.text
    problem(filled.get("/v1/changes/stream", headers={"Last-Event-ID": "-1; drop"}), 422)


def test_no_shape_shows_a_reader_what_he_may_not_see(tmp_path):
    from tests.test_api_privacy import CANARIES, CARELESS, complain_everywhere

    with serving(settings_at(tmp_path, "tests.test_api_privacy:make")) as api:
        publish(api, CARELESS, title="昆明破获一案", publisher="某报")
        complain_everywhere(api)
        complain(api, story(5))
        (incident,) = ids_of(api)
        collection = "/taxii2/feed/collections/"
        root = ok(api.get(collection))["collections"][0]["id"]
        shapes = ("json", "jsonl", "feed", "atom", "csv", "stix")
        addresses = [f"/v1/incidents.{shape}" for shape in shapes] + [
            f"/v1/incidents/{incident}.{shape}" for shape in shapes
        ]
        addresses += [
            f"{collection}{root}/objects/",
            f"{collection}{root}/manifest/",
            "/v1/changes/stream",
            f"/v1/incidents?as_of={2}",
        ]
        for address in addresses:
            response = api.get(address)
            assert response.status_code == 200, (address, response.text)
            assert not [canary for canary in CANARIES if canary in response.text], address
            assert (
                "32810" in response.text.replace(",", "")
                or "csv" in address
                or "stream" in address
                or "manifest" in address
            ), address
        full = api.get("/v1/incidents.jsonl", headers=OPERATOR).text
        assert all(canary in full for canary in ("赵小红", "13912345678"))
        assert os.environ.get("FANZHA_STREAM_SECONDS") is None
