"""Hangs the console into the application: `/console` and everything below it.

In: the FastAPI application, not started yet. Out: the same one with NiceGUI mounted. One process only: NiceGUI keeps its state there.
Its pages may load from this machine alone: the policy below is sent with every answer, a browser test watches that it is enough.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cache
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlp.errors import FanzhaError
from serving.console.room import BASE, Room

STATIC = Path(__file__).with_name("static")
# NiceGUI compiles its templates in the browser and writes its elements into the page: without eval and inline scripts it does not run.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1d5a8e" d="M16 1 28 5v10c0 8-5 13-12 16C9 28 4 23 4 15V5z"/>'
    '<path fill="none" stroke="#fff" stroke-width="3" d="m10 16 4.500 4.500L23 11"/></svg>'
)
log = logging.getLogger("fanzha.console")


@cache
def version() -> str:
    """A short hash over our own script and style sheet: a new version is fetched, an old one is kept by the browser."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(STATIC.iterdir()))).hexdigest()[:10]


class _Policy:
    """ASGI middleware of NiceGUI's part: the guard's policy would let nothing run."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Content-Security-Policy"] = POLICY
            await send(message)

        await self.app(scope, receive, send_marked if scope["type"] == "http" else send)


def attach(app: FastAPI) -> None:
    """Mount the console under `/console`. Raises FanzhaError where NiceGUI is not installed."""
    try:
        from nicegui import app as pages
        from nicegui import ui
    except ImportError as error:
        raise FanzhaError(
            "没有安装工作台所需的 NiceGUI",
            where="fanzha serve --console",
            advice="pip install 'fanzha[console]' 后重试",
        ) from error
    from serving.console import (
        agreement_screen,
        annotate_screen,
        desk_screen,
        exchange_screen,
        frame,
        import_screen,
        incident_screen,
        incident_sheet,
        models_screen,
        overview_screen,
        taxonomy_screen,
    )

    room = Room(app)
    pages.add_static_files("/static", STATIC, max_cache_age=31_536_000)  # their address changes with them
    pages.add_middleware(_Policy)
    for screen in (
        frame,
        overview_screen,
        incident_screen,
        incident_sheet,
        desk_screen,
        annotate_screen,
        agreement_screen,
        exchange_screen,
        import_screen,
        taxonomy_screen,
        models_screen,
    ):
        screen.register(room)
    frame.register_errors(room)

    def front() -> RedirectResponse:
        return RedirectResponse(f"{BASE}/")

    app.add_api_route(BASE, front, methods=["GET"], include_in_schema=False)
    ui.run_with(
        app, mount_path=BASE, title="反诈", favicon=ICON, language="zh-CN", dark=None, tailwind=False, show_welcome_message=False,
        reconnect_timeout=20.0, binding_refresh_interval=None, message_history_length=200,
    )  # fmt: skip
