"""Requests to every operation of the API, good and bad, made by Schemathesis from the description that the API gives of itself.

In: how many an operation. Out: how many were sent, how many were answered with 5xx, how many came late. The server is a real one on
loopback: the generated client speaks HTTP.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings

from serving.api.app import create_app
from tests.api_world import KEY, OPERATOR, UNLIMITED, ok, settings_at
from tests.bad_inputs import Tried
from tests.processes import free_port

# By the clock, since the work is another thread's: what hangs, on a machine that may be busy.
LIMIT_SECONDS = 30.0


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a served application with one published case and one complaint in it."""
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FANZHA_OPERATOR_KEY", KEY)
        patch.setenv("FANZHA_STREAM_SECONDS", "0")
        app = create_app(settings_at(folder, **UNLIMITED))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    found = f"http://127.0.0.1:{port}"
    story = "被骗 嫌疑人：钱大山 地点：云南省/昆明市 530100 损失：32800"
    for path, text in (("documents", story), ("reports", "被骗 受害人：赵小红")):
        sent = httpx.post(f"{found}/v1/{path}", json={"text": text}, headers=OPERATOR, timeout=60)
        ok(sent, 200, 201, 202)  # a busy machine has read it a little later
    yield found
    server.should_exit = True
    thread.join(10)


def generated(
    address: str, mode: str, examples: int, send: Callable[[Any], None], *, fixed: bool = True
) -> dict[str, str]:
    """Call `send` with `examples` requests an operation; mode: positive or negative. Operation → what `send` raised.

    fixed: the same requests every time.
    """
    schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
    wanted = schemathesis.GenerationMode(mode)
    failures: dict[str, str] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        quick = settings(
            max_examples=examples, deadline=None, derandomize=fixed, database=None, phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        try:
            quick(given(case=operation.as_strategy(generation_mode=wanted))(send))()
        except Exception as error:
            if "Unsatisfiable" not in type(error).__name__:  # an operation without parameters has no bad request
                failures[operation.label] = str(error)[:1500]
    return failures


def tried(folder: Path, examples: int) -> Tried:
    """`examples` good and as many bad requests an operation; an answer of 5xx counts as raised."""
    told = Tried()

    def send(case: Any) -> None:
        told.tried += 1
        began = time.monotonic()
        try:
            status = case.call(headers=OPERATOR).status_code
        except Exception as error:  # no answer at all
            status, case = 599, f"{case!r} {error!r}"
        if status >= 500:
            told.raised += 1
            told.note(f"{status} {case!r}")
        if time.monotonic() - began > LIMIT_SECONDS:
            told.slow += 1
            told.note(f"slow: {case!r}")

    with served(folder) as address:
        for mode in ("positive", "negative"):
            for label, failure in generated(address, mode, examples, send, fixed=False).items():
                told.raised += 1
                told.note(f"{label}: {failure}")
    return told
