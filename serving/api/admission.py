"""A place at the desk for a request that wants an analysis: taken on the event loop, before any thread, any key and any storing.

In: a request. Out: nothing, or 503 at once when all places are taken or too much waits already. A request that is refused here costs no thread and no
transaction, so that many of them do not slow down those who are being served.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import Depends, Request


async def place(request: Request) -> AsyncIterator[None]:
    """Hold a place until the request is answered. Raises BusyError."""
    told = request.headers.get("content-length", "")
    with request.app.state.engine.desk.place(int(told) if told.isdecimal() and len(told) < 12 else 0):
        yield


Place = Depends(place)
