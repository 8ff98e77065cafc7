"""The door that opens at once: `/healthz` answers while the application is still being imported (FastAPI, SQLAlchemy, schemas: 1.8 s).

In: a function that makes the ASGI application. Out: an ASGI application. Until the real one stands, `/healthz` is answered here
and every other request waits; then everything is passed on. A failure to make or start it is kept in `failure` and ends the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_ALIVE = b'{"status":"ok"}'


class Doorway:
    """`make()` runs in a thread after the server listens; `on_failure()` is called when it or the start-up fails."""

    def __init__(self, make: Callable[[], Any], on_failure: Callable[[], None]) -> None:
        self.make = make
        self.on_failure = on_failure
        self.failure: BaseException | None = None
        self._application: Any = None
        self._settled: asyncio.Event | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._application is None and scope.get("path") == "/healthz":
            headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"" if scope.get("method") == "HEAD" else _ALIVE})
        else:
            if self._application is None and self._settled is not None:
                await self._settled.wait()
            if self._application is None:
                await send({"type": "http.response.start", "status": 503, "headers": [(b"retry-after", b"5")]})
                await send({"type": "http.response.body", "body": b""})
                return
            await self._application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Answer the server at once, start the application behind it, stop it when the server stops."""
        self._settled = asyncio.Event()
        await receive()
        stop = asyncio.Event()
        inner = asyncio.create_task(self._run(stop))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        stop.set()
        await inner
        await send({"type": "lifespan.shutdown.complete"})

    async def _run(self, stop: asyncio.Event) -> None:
        assert self._settled is not None
        try:
            application = await asyncio.to_thread(self.make)
            async with application.router.lifespan_context(application):
                self._application = application
                self._settled.set()
                await stop.wait()
        except Exception as error:  # told by the command, which knows how to say it
            self.failure = error
            self._settled.set()
            self.on_failure()
