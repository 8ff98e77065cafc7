"""Spans: none and nothing imported unless asked for; where they are, they tell how long what took and nothing of anybody."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from serving import telemetry
from tests.api_world import FAKE, OPERATOR, complain, ok, publish, serving, settings_at
from tests.fake_analyzer import FakeAnalyzer
from tests.processes import environment

# Invented; planted wherever a caller can put something.
CANARIES = ("欧阳测试", "13912345678", "6222021234567890123", "canary-in-a-header", "%E6%AC%A7%E9%98%B3")
STORY = "骗案 受害人：欧阳测试 嫌疑人：陈大丰 电话13912345678，卡6222021234567890123 损失：32810"
needs_sdk = pytest.mark.skipif(
    not telemetry.find_spec("opentelemetry") or not telemetry.find_spec("opentelemetry.sdk"),
    reason="needs the extra telemetry (make test-all)",
)


class Spans:
    """What went to the collector's place, as the SDK writes it."""

    def __init__(self, exporter: Any) -> None:
        self._exporter = exporter

    def all(self) -> tuple[Any, ...]:
        return tuple(self._exporter.get_finished_spans())

    def text(self) -> str:
        return "\n".join(span.to_json(indent=None) + ascii_free(span) for span in self.all())


def ascii_free(span: Any) -> str:
    """Name, attributes, events, status, links and resource as Python says them, without \\u escapes."""
    told = (span.name, dict(span.attributes or {}), span.status.description, dict(span.resource.attributes))
    return f"{told} {[(e.name, dict(e.attributes)) for e in span.events]} {[dict(k.attributes) for k in span.links]}"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    made = telemetry.of(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", lambda: made)
    return Spans(exporter)


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, False),
    ],
)
def test_the_standard_variables_turn_it_on_and_off(variables: dict[str, str], on: bool) -> None:
    assert telemetry.wanted(variables) is on


def _child(code: str, **more: str) -> str:
    kept = {name: value for name, value in environment(**more).items() if not name.startswith("OTEL_") or name in more}
    ran = subprocess.run([sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout + ran.stderr


def test_off_it_imports_nothing() -> None:
    code = "import sys\nfrom serving import telemetry\nfrom serving.worker import read_through\nfrom tests.fake_analyzer import FakeAnalyzer\n"
    code += "from nlp.records import Document\nread_through(FakeAnalyzer(), [Document('a', '骗案')])\ntelemetry.Request({})\n"
    assert _child(f"{code}print([name for name in sys.modules if name.startswith('opentelemetry')])").strip() == "[]"


def test_asked_for_and_not_installed_it_says_so_once_and_goes_on() -> None:
    code = "import sys, logging\nlogging.basicConfig()\nfrom serving import telemetry\ntelemetry.find_spec = lambda name: None\n"
    said = _child(
        code + "for _ in range(3):\n  with telemetry.span('read'): print('went on')", OTEL_TRACES_EXPORTER="otlp"
    )
    assert said.count("went on") == 3
    assert said.count("fanzha[telemetry]") == 1


@needs_sdk
def test_requests_and_the_way_of_a_document_have_spans_and_nobody_is_in_them(spans: Spans, tmp_path: Path) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with serving(settings_at(tmp_path, FAKE)) as api:
        complain(api, STORY, external_id="欧阳测试-1")
        publish(api, STORY, title="欧阳测试被骗", url="https://a.invalid/?who=欧阳测试")
        told = {
            "traceparent": f"00-{trace}-{parent}-01",
            "tracestate": "a=canary-in-a-header",
            "baggage": "a=canary-in-a-header",
        }
        ok(api.get("/v1/incidents", params={"q": "欧阳测试"}, headers=told | {"User-Agent": "canary-in-a-header"}))
        assert api.get("/v1/incidents/欧阳测试").status_code == 422
        assert api.get("/欧阳测试").status_code == 404
        assert api.request("CANARY-IN-A-HEADER", "/healthz").status_code in (404, 405)
        api.post("/v1/reports", json={"text": 5, "name": "欧阳测试"}, headers=OPERATOR)
    text = spans.text()
    for canary in CANARIES:
        assert canary.lower() not in text.lower(), canary
    names = {span.name for span in spans.all()}
    assert {
        "fanzha.analyse",
        "fanzha.file",
        "fanzha.resolve",
        "fanzha.rebuild",
        "POST /v1/reports",
        "GET /v1/incidents",
    } <= names
    by_id = {span.context.span_id: span for span in spans.all()}
    resolve = next(span for span in spans.all() if span.name == "fanzha.resolve")
    assert by_id[resolve.parent.span_id].name == "fanzha.file"
    (asked,) = (span for span in spans.all() if span.name == "GET /v1/incidents")
    assert (f"{asked.context.trace_id:032x}", f"{asked.parent.span_id:016x}") == (trace, parent)
    assert dict(asked.attributes) == {
        "http.route": "/v1/incidents", "http.request.method": "GET", "fanzha.role": "reader", "http.response.status_code": 200,
    }  # fmt: skip


@needs_sdk
def test_an_error_leaves_its_type_and_not_what_it_says(spans: Spans) -> None:
    with pytest.raises(ValueError, match="欧阳测试"), telemetry.span("analyse", documents=1):
        raise ValueError("欧阳测试 13912345678")
    (span,) = spans.all()
    assert (span.status.is_ok, span.attributes["error.type"], span.events) == (False, "ValueError", ())
    assert "欧阳测试" not in spans.text()


@needs_sdk
def test_reading_a_folder_has_spans_without_the_names_of_its_files(spans: Spans, tmp_path: Path) -> None:
    from serving.ingest import ingest
    from tests.stores import fresh_store

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "欧阳测试.txt").write_text(STORY * 3, encoding="utf-8")
    store = fresh_store(tmp_path)
    assert ingest(store, [tmp_path / "in"], FakeAnalyzer).work.done == 1
    store.close()
    assert [span.name for span in spans.all()][:2] == ["fanzha.read", "fanzha.accept"]
    for canary in CANARIES:
        assert canary not in spans.text()


@needs_sdk
def test_a_collector_gets_them_by_http() -> None:
    """A real exporter and a real server, on loopback."""
    got: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = "from serving import telemetry\nwith telemetry.span('read'): pass"
    _child(code, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{server.server_port}", OTEL_SERVICE_NAME="centre-7")
    server.shutdown()
    server.server_close()
    assert b"fanzha.read" in b"".join(got)
    assert b"centre-7" in b"".join(got)
