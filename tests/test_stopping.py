"""A request that a stopping server breaks off is told so: 503 and when to come again, not 500 in plain text."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from serving.api.guard import Guard


def _asked(*, begun: bool) -> list[dict[str, Any]]:
    """What is sent where the application is cancelled as uvicorn does at its end; begun: after half an answer."""
    said: list[dict[str, Any]] = []

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(60)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    async def whole() -> None:
        state = SimpleNamespace(metrics=SimpleNamespace(observe=lambda *_: None))
        scope = {
            "type": "http", "method": "POST", "path": "/v1/reports", "query_string": b"", "headers": [], "app": SimpleNamespace(state=state),
        }  # fmt: skip
        task = asyncio.create_task(Guard(application)(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    if begun:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(whole())
    else:
        asyncio.run(whole())
    return said


def test_it_is_told_to_come_again() -> None:
    start, body = _asked(begun=False)
    assert start["status"] == 503
    headers = dict(start["headers"])
    assert int(headers[b"retry-after"]) > 0
    told = json.loads(body["body"])
    assert told["type"].endswith("stopping")
    assert "重发" in told["advice"]


def test_half_an_answer_is_not_gone_on_with() -> None:
    assert [message["type"] for message in _asked(begun=True)] == ["http.response.start"]
