"""Schemathesis over the whole OpenAPI document: generated requests, good and bad; no 5xx, no answer that breaks the schema.

A smoke test with few examples an operation, against a real server on loopback, since the generated client speaks HTTP.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings

from serving.api.app import create_app
from tests.api_world import KEY, OPERATOR, ok, settings_at
from tests.processes import free_port

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (make test-all)")
from schemathesis.checks import not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
]
# FANZHA_SCHEMATHESIS=200 looks harder.
EXAMPLES = int(os.environ.get("FANZHA_SCHEMATHESIS", "5"))


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """A served application with one published case and one complaint in it."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANZHA_OPERATOR_KEY", KEY)
        patch.setenv("FANZHA_STREAM_SECONDS", "0")
        app = create_app(settings_at(tmp_path_factory.mktemp("schemathesis")))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    found = f"http://127.0.0.1:{port}"
    story = "被骗 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800"
    ok(httpx.post(f"{found}/v1/documents", json={"text": story}, headers=OPERATOR, timeout=60))
    ok(httpx.post(f"{found}/v1/reports", json={"text": "被骗 受害人：赵小红"}, headers=OPERATOR, timeout=60))
    yield found
    server.should_exit = True
    thread.join(10)


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_requests_meet_no_defect_and_no_surprise(address, mode):
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    wanted = schemathesis.GenerationMode(mode)
    failures: dict[str, str] = {}
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        def run(case: Any) -> None:
            nonlocal tried
            tried += 1
            # A part of a form is bytes, whatever "type" the generator meant to violate in it.
            lenient = [checks.negative_data_rejection] if case.operation.label == "POST /v1/batches" else []
            case.call_and_validate(headers=OPERATOR, checks=[check for check in CHECKS if check not in lenient])

        quick = settings(
            max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            quick(given(case=operation.as_strategy(generation_mode=wanted))(run))()
        except Exception as error:
            if "Unsatisfiable" not in type(error).__name__:  # an operation without parameters has no bad request
                failures[operation.label] = str(error)[:1500]
    assert not failures, "\n\n".join(f"{label}: {told}" for label, told in failures.items())
    assert tried >= 20
    print(f"\n{mode}: {tried} requests")
