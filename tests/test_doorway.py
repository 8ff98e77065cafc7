"""The door answers `/healthz` before the application stands, holds other requests, and tells of a failure."""

import asyncio
import threading
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from serving.doorway import Doorway


class Application:
    """An ASGI application that says 204 to everything and notes its start and stop."""

    def __init__(self):
        self.noted = []
        self.router = SimpleNamespace(lifespan_context=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, _):
        self.noted.append("started")
        yield
        self.noted.append("stopped")

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 204, "headers": []})


async def ask(door, path):
    sent = []

    async def send(message):
        sent.append(message)

    await door({"type": "http", "path": path, "method": "GET"}, None, send)
    return sent[0]["status"]


async def opened(door):
    """The door with its lifespan begun; returns the queue that ends it and the task."""
    inbox: asyncio.Queue = asyncio.Queue()
    started = asyncio.Event()

    async def send(message):
        if message["type"] == "lifespan.startup.complete":
            started.set()

    task = asyncio.create_task(door({"type": "lifespan"}, inbox.get, send))
    await inbox.put({"type": "lifespan.startup"})
    await started.wait()
    return inbox, task


def test_healthz_answers_first_and_the_rest_waits():
    application, go = Application(), threading.Event()

    def make():
        go.wait(10)
        return application

    async def scene():
        door = Doorway(make, lambda: None)
        inbox, task = await opened(door)
        assert await ask(door, "/healthz") == 200
        waiting = asyncio.create_task(ask(door, "/v1/incidents"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        go.set()
        assert await waiting == 204
        assert await ask(door, "/healthz") == 204
        await inbox.put({"type": "lifespan.shutdown"})
        await task

    asyncio.run(scene())
    assert application.noted == ["started", "stopped"]


def test_a_failure_ends_the_server_and_is_kept():
    stopped = []

    def make():
        raise ValueError("no store")

    async def scene():
        door = Doorway(make, lambda: stopped.append(True))
        inbox, task = await opened(door)
        assert await ask(door, "/v1/incidents") == 503
        await inbox.put({"type": "lifespan.shutdown"})
        await task
        return door

    door = asyncio.run(scene())
    assert stopped
    with pytest.raises(ValueError, match="no store"):
        raise door.failure
