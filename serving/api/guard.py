"""The outermost layer: what every request meets before the application and every answer after it.

In: any HTTP request. Out: its answer with security headers and a request id, or a refusal as problem+json, and one line in the access log.
1. In demo mode only loopback is served, under a loopback name, and no other site may write: without keys this is the whole defence
   (DNS rebinding, cross-site forms). 2. NUL in an address is refused. 3. A body over the limit is refused, also one that does
   not tell its length. 4. What nobody foresaw is answered as 500 and logged without what it says; what a stopping server breaks off as 503.
5. A web socket (the console's) is opened for pages of this very site alone: browsers let any site try.
It looks at no body and knows no role.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
import time
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from corpora.limits import Limits
from nlp.errors import FanzhaError, InputError, TooLargeError
from serving import telemetry
from serving.api import problems
from serving.log_lines import event

log = logging.getLogger("fanzha.access")
# A million characters of JSON, escaped as \uXXXX, are 6 MB; files go through the batch import.
MAX_BODY = 8_000_000
# One file of the size that the readers take, and its envelope.
MAX_UPLOAD = Limits().file_bytes + 100_000
UPLOADS = "/v1/batches"
_CONSOLE_UPLOADS = re.compile(r"/console/_nicegui/client/[^/]+/upload/[^/]+")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nothing is loaded from anywhere; a page with its own style sheet names that sheet's hash instead.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    # Personal data may be in any answer: no shared cache keeps it.
    "Cache-Control": "no-store",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_OUR_ID = re.compile(r"[dicrb]-[0-9a-f]{16}")


class Guard:
    """ASGI middleware; `demo`: see 1. above."""

    def __init__(self, app: ASGIApp, *, demo: bool = False) -> None:
        self.app = app
        self.demo = demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket" and not self._may_open(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # 1. Who, and under which number.
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0
        request = telemetry.Request(headers)
        metrics = scope["app"].state.metrics  # now: what is mounted inside (the console) puts itself there

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                answered["X-Request-Id"] = request_id
                for name, value in scope["state"].get("rate", {}).items():
                    answered[name] = value
            await send(message)

        # 2. Refuse, or let the application answer.
        try:
            self._check(scope, headers)
            await self.app(scope, _counted(receive, _limit(scope)), send_guarded)
        except FanzhaError as error:
            await problems.answer(scope["path"], problems.fields_of(error))(scope, receive, send_guarded)
        except asyncio.CancelledError:
            # The server stops and has waited long enough: 500 in plain text, if nobody says otherwise.
            if status:
                raise
            await problems.answer(scope["path"], problems.fields_of(StoppingError()))(scope, receive, send_guarded)
        except Exception as error:
            if status:  # half an answer is out: the server closes the connection
                raise
            await problems.unforeseen(scope["path"], error, request_id)(scope, receive, send_guarded)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "")
            metrics.observe(scope["method"], route, status, seconds)
            request.end(scope["method"], route, status, scope["state"].get("role", "-"))
            # 3. One line, without queries and without what is not an id of ours: both may hold names.
            event(log, **_line(scope, request_id, status, seconds))

    def _may_open(self, scope: Scope) -> bool:
        """Does a web socket come from a page of this site, and in the demo from this machine?"""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            if self.demo:
                _check_demo({**scope, "method": "GET"}, headers)
        except _DemoError:
            return False
        return origin is None or origin in (f"http://{host}", f"https://{host}")

    def _check(self, scope: Scope, headers: Headers) -> None:
        if self.demo:
            _check_demo(scope, headers)
        if b"\0" in unquote_to_bytes(scope.get("query_string", b"")) or "\0" in scope["path"]:
            raise _Malformed("地址中有空字符（%00）", where=scope["path"].replace("\0", "�"), advice="去掉后重发")
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            raise _Malformed("Content-Length 不是数字", where="Content-Length")
        limit = _limit(scope)
        if int(length[:20]) > limit:
            raise TooLargeError(
                "请求体过大",
                where="Content-Length",
                expected=f"不超过 {limit} 字节",
                advice="分几次发送，或用 fanzha ingest 在服务器上导入",
            )


class StoppingError(FanzhaError):
    """The server is being stopped and what was asked is not done; it may be done all the same."""

    status = 503
    code = "stopping"

    def __init__(self) -> None:
        super().__init__("服务正在停止", advice="稍后重发；同一编号（external_id、Idempotency-Key）再送一次不会重复")


class _Malformed(InputError):
    status = 400
    code = "malformed"


class _DemoError(problems.ForbiddenError):
    code = "demo_only"


def _check_demo(scope: Scope, headers: Headers) -> None:
    client = scope.get("client")
    if not client or not _is_loopback(client[0]):
        raise _DemoError(
            "演示只供本机访问", where="客户端地址", expected="127.0.0.1", advice="正式部署请去掉 --demo 并设置值守密钥"
        )
    host = headers.get("host", "")
    if _name_of(f"//{host}") not in _LOOPBACK_NAMES:
        raise _DemoError("演示只应答本机的名字", where="Host", expected="localhost 或 127.0.0.1")
    if scope["method"] in _SAFE:
        return
    origin = headers.get("origin")
    foreign = origin is not None and origin not in (f"http://{host}", f"https://{host}")
    if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise _DemoError("别的网站不能在演示中写入", where="Origin", expected="本站的页面或命令行工具")


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _limit(scope: Scope) -> int:
    large = scope["path"] == UPLOADS or _CONSOLE_UPLOADS.fullmatch(scope["path"])
    return MAX_UPLOAD if large else MAX_BODY


def _counted(receive: Receive, limit: int) -> Receive:
    """`receive`, raising 413 once more than `limit` bytes have come: a chunked body tells no length beforehand."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            # An HTTPException, because FastAPI turns any other error of reading a body into its own 400.
            raise HTTPException(413, headers={"Connection": "close"})
        return message

    return counting


def _line(scope: Scope, request_id: str, status: int, seconds: float) -> dict[str, Any]:
    route = scope.get("route")
    named: dict[str, Any] = {
        "request": request_id, "method": scope["method"], "route": getattr(route, "path", "") or "（无此地址）", "status": status,
        "ms": round(seconds * 1000, 1), "role": scope["state"].get("role", "-"),
    }  # fmt: skip
    ids = [value for value in scope.get("path_params", {}).values() if _OUR_ID.fullmatch(str(value))]
    return named | ({"id": ids[0]} if ids else {})
