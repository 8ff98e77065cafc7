"""`/v1/changes/stream`: the changes as they come, as server-sent events (WHATWG HTML §9.2).

In: a position (`Last-Event-ID`, else `after`), a filter. Out: an event a change, its id the sequence number, so that a client that was
cut off goes on where it was. A stream ends after `FANZHA_STREAM_SECONDS`; clients of the protocol come again by themselves. The log is
asked twice a second: followers of any number of processes see every change, whichever process made it.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from nlp.errors import InputError
from serving.api import problems
from serving.api.feed import Wanted, changes_after
from serving.api.problems import BusyError
from serving.api.viewer import Reader
from serving.queries import IncidentFilter

router = APIRouter(prefix="/v1", tags=["事件"])
# An idle follower costs one indexed query each time.
POLL_SECONDS = 0.5
# Proxies cut connections that are silent for a minute.
ALIVE_SECONDS = 15.0
# What a client waits before it comes again.
RETRY_MILLISECONDS = 2000
FOLLOWERS = 100
_EVENT = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "event", "data")}}
PAGE = 200


def stream_seconds() -> float:
    """How long one stream lasts, from the environment; raises InputError for nonsense."""
    told = os.environ.get("FANZHA_STREAM_SECONDS", "600")
    if not told.isdecimal() or int(told) > 86_400:
        raise InputError(f"FANZHA_STREAM_SECONDS={told}", expected="0 到 86400 的整数")
    return float(told)


@router.get(
    "/changes/stream", summary="跟随变更（SSE）", response_class=StreamingResponse,
    responses={200: {"description": "事件流", "content": {"text/event-stream": {"schema": _EVENT}}}}
    | problems.documented(503),
)  # fmt: skip
async def stream_changes(
    request: Request, viewer: Reader, filters: Wanted,
    after: Annotated[int, Query(ge=0, le=2**62, description="从这个序号之后开始", examples=[128])] = 0,
    last_event_id: Annotated[str, Header(description="断线前最后一个事件的 id，优先于 after", examples=["128"], pattern=r"^[0-9]{0,18}$")] = "",
) -> Any:  # fmt: skip
    """每条变更一个事件（`event: change`，`id` 为序号，`data` 与 `GET /v1/changes` 的一条相同）；筛选之外的进展以 `event: position` 告知。
    断线后客户端带 `Last-Event-ID` 重连，不漏不重。
    """
    state = request.app.state
    if state.followers >= FOLLOWERS:
        raise BusyError("同时跟随的太多", where="/v1/changes/stream", advice="稍后再连，或改用 GET /v1/changes")
    start = int(last_event_id) if last_event_id else after

    async def counted() -> AsyncIterator[str]:
        state.followers += 1
        try:
            async for piece in _events(state.engine, viewer, filters, start, state.stream_seconds):
                yield piece
        finally:
            state.followers -= 1

    # No buffering by nginx; the guard adds "no-store".
    return StreamingResponse(counted(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _events(engine: Any, viewer: str, wanted: IncidentFilter, after: int, seconds: float) -> AsyncIterator[str]:
    end = time.monotonic() + seconds
    spoken = time.monotonic()
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    while True:
        lines, position, more = await run_in_threadpool(changes_after, engine.store, after, PAGE, viewer, wanted)
        for line in lines:
            yield f"id: {line['sequence']}\nevent: change\ndata: {json.dumps(line, ensure_ascii=False)}\n\n"
        if position > max(after, lines[-1]["sequence"] if lines else 0):
            yield f'id: {position}\nevent: position\ndata: {{"last": {position}}}\n\n'
        if position > after:
            after, spoken = position, time.monotonic()
        if more:
            continue
        if time.monotonic() >= end:
            return
        if time.monotonic() - spoken > ALIVE_SECONDS:
            spoken = time.monotonic()
            yield ": 还在\n\n"
        await asyncio.sleep(min(POLL_SECONDS, max(0.0, end - time.monotonic())))
