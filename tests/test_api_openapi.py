"""The description of the API is complete: every path, parameter, field, error and role; and the pages that show it load nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from nlp import records, wire
from nlp.records import Document
from serving.api import reference
from serving.api.readings import ArticleOut, CaseOut, LineOut, MentionOut, PersonOut
from serving.api.viewer import RANKS
from serving.people import roster
from tests.api_world import OPERATOR, PROBLEM, ok, serving, settings_at
from tests.fake_analyzer import FakeAnalyzer

CHINESE = re.compile("[一-鿿]")
DOCS = Path(__file__).resolve().parents[1] / "docs" / "api.md"


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[TestClient]:
    with serving(settings_at(tmp_path_factory.mktemp("openapi"))) as started:
        yield started


@pytest.fixture(scope="module")
def document(api) -> dict[str, Any]:
    return ok(api.get("/openapi.json"))


def operations(document) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def described(field: dict[str, Any]) -> bool:
    return bool(CHINESE.search(field.get("description", "")))


def has_example(field: dict[str, Any]) -> bool:
    return "example" in field or bool(field.get("examples")) or "examples" in field.get("schema", {})


def test_every_operation_parameter_and_field_has_a_chinese_description_and_an_example(document):
    lacking = []
    for name, operation in operations(document):
        lacking += [f"{name}: summary"] * (not CHINESE.search(operation["summary"]))
        lacking += [f"{name}: description"] * (not described(operation))
        for parameter in operation.get("parameters", []):
            lacking += [f"{name} {parameter['name']}"] * (not (described(parameter) and has_example(parameter)))
        for status, response in operation["responses"].items():
            # FastAPI's own words for the good answer are English; what each means stands in the operation's description.
            lacking += [f"{name} {status}"] * (int(status) >= 300 and not described(response))
    for name, schema in document["components"]["schemas"].items():
        lacking += [f"{name}: description"] * (not described(schema) and not name.startswith("Body_"))
        for field, told in schema.get("properties", {}).items():
            lacking += [f"{name}.{field}"] * (not (described(told) and has_example(told)))
    assert not lacking


def test_the_walk_would_find_a_field_without_words_or_example():
    assert not described({"description": "plain"})
    assert not has_example({"description": "有"})
    assert not has_example({"examples": []})


def test_every_error_is_documented_as_problem_json_and_nothing_else(document):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and not (name == "GET /readyz" and status == "503"):
                assert list(response["content"]) == [PROBLEM], (name, status)
                assert response["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}
        assert {"400", "401", "403", "422"} <= set(operation["responses"]), name


def test_every_route_names_the_one_role_it_needs(api, document):
    routes = list(reference.routes_of(api.app))
    roles = {}
    for route in routes:
        named = reference.roles_of(route)
        assert len(named) == 1, route.path
        for method in route.methods:
            roles[f"{method} {route.path}"] = named[0]
    # Nothing else is served: the application holds these routers and no route beside them.
    assert len(api.app.router.routes) == len(api.app.state.rooms)
    assert set(roles) == {name for name, _ in operations(document)}
    assert {name: operation["x-role"] for name, operation in operations(document)} == roles
    anybody = {name for name, role in roles.items() if role == "anybody"}
    assert anybody == {
        "GET /healthz", "GET /readyz", "GET /v1/taxonomy", "GET /docs", "GET /openapi.json", "GET /v1/stix/incident-extension.json",
        "POST /v1/session",
    }  # fmt: skip
    readers = {name for name, role in roles.items() if role == "reader"}
    assert {name for name in readers if "/taxii2/" not in name} == {
        "GET /", "GET /v1/incidents", "GET /v1/incidents/{incident_id}", "GET /v1/changes", "GET /v1/documents/{document_id}",
        "GET /v1/incidents.{shape}", "GET /v1/incidents/{incident_id}.{shape}", "GET /v1/changes/stream",
        "GET /v1/incidents/{incident_id}/history", "GET /v1/incidents/{incident_id}/evidence", "GET /v1/incidents/{incident_id}/similar",
        "GET /v1/stats", "GET /v1/session", "DELETE /v1/session",
    }  # fmt: skip
    assert all(name.startswith("GET ") or name == "DELETE /v1/session" for name in readers)


def test_every_route_refuses_those_below_its_role(api, document):
    for name, operation in operations(document):
        method, path = name.split(" ", 1)
        role = operation["x-role"]
        address = re.sub(r"\{(.)[a-z]*_id\}", r"\1-0123456789abcdef", path)
        response = api.request(method, address)
        assert (response.status_code == 403) == (role in RANKS[1:]), (name, response.status_code)
        assert response.status_code < 500
        wrong = api.request(method, address, headers={"Authorization": "Bearer no"})
        assert (wrong.status_code == 401) == (role in RANKS), name
        lowered = api.request(method, address, params={"viewer": "reader"}, headers=OPERATOR)
        assert (lowered.status_code == 403) == (role in RANKS[1:]), name


def test_what_an_analysis_says_is_declared_field_by_field():
    """A field that `nlp.wire` writes and no model declares would vanish from the answers."""
    text = "被骗 受害人：赵小红 地点：云南省/昆明市 530100 损失：32800"
    (reading,) = FakeAnalyzer().analyze([Document("d", text)])
    line = wire.to_line(reading)
    (article,) = line["articles"]
    (case,) = article["cases"]

    def declared(model: Any) -> set[str]:
        return {field.alias or name for name, field in model.model_fields.items()}

    assert set(line) <= declared(LineOut)
    assert set(article) <= declared(ArticleOut)
    assert set(case) <= declared(CaseOut)
    assert all(set(mention) <= declared(MentionOut) for mention in article["mentions"])
    assert all(set(person) <= declared(PersonOut) for person in case["persons"])


def test_every_value_of_a_mention_is_declared():
    declared = {field.alias or name for name, field in MentionOut.model_fields.items()}
    values = [records.Amount, records.Place, records.PersonName, records.Organisation, records.Moment, records.Count,
              records.Account, records.Contact, records.Platform, records.Outcome]  # fmt: skip
    for value in values:
        assert is_dataclass(value)
        if value is records.Amount:
            filled: Any = records.Amount(Decimal(1), Decimal(2), "CNY", "条", "a1", "a2", "a3")
        else:
            filled = value(**{field.name: 1 if "int" in str(field.type) else "x" for field in fields(value)})
        written = wire.value_fields(records.Mention("place", 0, 1, "x", filled))
        assert set(written) <= declared, value


@pytest.mark.parametrize("address", ["/", "/docs"])
def test_pages_load_nothing_from_anywhere(api, address):
    response = api.get(address)
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy
    assert "unsafe" not in policy
    page = response.text
    assert not re.search(
        r"<(script|img|link|iframe|object|embed|form|base|meta http)|\son\w+=|\sstyle=|url\(|@import|javascript:", page
    )
    for link in re.findall(r'(?:href|src)="([^"]*)"', page):
        assert link.startswith(("/", "#", "https://www.rfc-editor.org/")), link


def test_the_docs_page_shows_every_operation_and_object(api, document):
    page = api.get("/docs").text
    for name, _operation in operations(document):
        assert f"<code>{name}</code>" in page
    for schema in document["components"]["schemas"]:
        assert f'id="{schema}"' in page
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(document["components"]["schemas"])


def test_the_written_documentation_names_every_path(document):
    text = DOCS.read_text(encoding="utf-8")
    missing = [name for name, _ in operations(document) if f"`{name}`" not in text]
    assert not missing
    told = set(re.findall(r"^### `((?:GET|POST|PUT|DELETE) /\S*)`", text, re.M))
    assert told == {name for name, _ in operations(document)}


def test_examples_of_bodies_are_accepted(api, document):
    """The request examples that the description shows are requests that work."""
    schemas = document["components"]["schemas"]

    def example(name: str) -> dict[str, Any]:
        return {field: told["examples"][0] for field, told in schemas[name]["properties"].items()}

    with api.app.state.engine.store.writing() as session:  # the one who logs in with the example of LoginIn
        roster.add(session, schemas["LoginIn"]["properties"]["name"]["examples"][0], "admin",
                   schemas["LoginIn"]["properties"]["password"]["examples"][0])  # fmt: skip
    for name, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content:
            method, path = name.split(" ", 1)
            if "{report_id}" in path:
                report = ok(api.post("/v1/reports", json=example("ReportIn"), headers=OPERATOR))
                path = f"/v1/reports/{report['id']}"
            body = example(content["schema"]["$ref"].rsplit("/", 1)[-1])
            filled = re.sub(r"\{(.)[a-z]*_id\}", r"\1-0123456789abcdef", path.replace("{decision_id}", "99"))
            response = api.request(method, filled, json=json.loads(json.dumps(body)), headers=OPERATOR)
            # What the other addresses name does not exist; that is said after the body was found good.
            assert response.status_code in ((404,) if "{" in path else (200, 201)), (name, response.text)
