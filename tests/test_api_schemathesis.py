"""Schemathesis over the whole OpenAPI document: generated requests, good and bad; no 5xx, no answer that breaks the schema.

A smoke test with few examples an operation, against a real server on loopback; `make trust` looks harder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_world import OPERATOR

pytest.importorskip("schemathesis", reason="needs schemathesis (make test-all)")
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.bad_requests import generated, served

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
    with served(tmp_path_factory.mktemp("schemathesis")) as found:
        yield found


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_generated_requests_meet_no_defect_and_no_surprise(address, mode):
    tried = 0

    def run(case: Any) -> None:
        nonlocal tried
        tried += 1
        # A part of a form is bytes, whatever "type" the generator meant to violate in it.
        lenient = [checks.negative_data_rejection] if case.operation.label == "POST /v1/batches" else []
        case.call_and_validate(headers=OPERATOR, checks=[check for check in CHECKS if check not in lenient])

    failures = generated(address, mode, EXAMPLES, run)
    assert not failures, "\n\n".join(f"{label}: {told}" for label, told in failures.items())
    assert tried >= 20
    print(f"\n{mode}: {tried} requests")
