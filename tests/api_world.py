"""The real application over a temporary SQLite store with the analyzer of `tests.fake_analyzer`: what the API tests share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from serving.api.app import create_app
from serving.settings import Settings
from tests.processes import wait_for

KEY = "operator-key-for-tests"
OPERATOR = {"Authorization": f"Bearer {KEY}"}
FAKE = "tests.fake_analyzer:make"
PROBLEM = "application/problem+json"


def settings_at(folder: Path, analyzer: str = FAKE, **more: Any) -> Settings:
    """Settings of a store in `folder`."""
    return Settings(store=f"sqlite:///{folder}/fanzha.db", analyzer=analyzer, **more)


# For whoever asks thousands of times; 0 is no limit of rates.
UNLIMITED = {"rate": 0, "rate_anonymous": 0}


@contextlib.contextmanager
def serving(
    settings: Settings, *, demo: bool = False, client: tuple[str, int] = ("127.0.0.1", 50000), base: str = "http://127.0.0.1:8000",
) -> Iterator[TestClient]:  # fmt: skip
    """A started application; the client raises nothing, it gets what a caller over the network would get."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANZHA_OPERATOR_KEY", "" if demo else KEY)
        patch.setenv("FANZHA_STREAM_SECONDS", "0")  # a stream tells what is there and ends
        app: FastAPI = create_app(settings, demo=demo)
    with TestClient(
        app, base_url=base, client=client, raise_server_exceptions=False, follow_redirects=False
    ) as started:
        yield started


def ok(response: Any, *statuses: int) -> Any:
    """The JSON of an answer that went well."""
    assert response.status_code in (statuses or (200, 201)), response.text
    return response.json()


def problem(response: Any, status: int) -> dict[str, Any]:
    """The JSON of an answer that is an error of the house's one shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "where", "expected", "advice", "instance"}
    assert body["status"] == status
    assert body["type"].startswith("urn:fanzha:problem:")
    return body


def publish(api: TestClient, text: str, **more: Any) -> dict[str, Any]:
    """A published article, analysed; returns the answer."""
    return _analysed(api, "/v1/documents", {"text": text, **more})


def complain(api: TestClient, text: str, **more: Any) -> dict[str, Any]:
    """A complaint, analysed; returns the report."""
    return _analysed(api, "/v1/reports", {"text": text, **more})


def _analysed(api: TestClient, address: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer once it is analysed: on a busy machine the first is "accepted" (202), and the same sent again changes nothing."""

    def told() -> dict[str, Any] | None:
        response = api.post(address, json=body, headers=OPERATOR)
        return None if response.status_code == 202 else ok(response)

    return wait_for(told, pause=0.2)


def finished(api: TestClient, batch_id: str) -> dict[str, Any]:
    """The batch once nothing of it waits any more."""

    def told() -> dict[str, Any] | None:
        batch = ok(api.get(f"/v1/batches/{batch_id}", headers=OPERATOR))
        return None if batch["progress"]["accepted"] + batch["progress"]["working"] else batch

    return wait_for(told, pause=0.05)
