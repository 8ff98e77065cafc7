"""One error shape for the whole API: RFC 9457 problem+json, its status a class attribute of the error.

In: any exception of a request. Out: {"type", "title", "status", "detail", "where", "expected", "advice", "instance"}.
What a sender typed is never repeated: it may be somebody's name or number. A defect of ours is told without its inside.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from nlp.errors import FanzhaError
from serving.store.outage import is_outage

log = logging.getLogger("fanzha.api")
MEDIA_TYPE = "application/problem+json"
# Seconds after which a sender may try again: a model loads in one, a queue of ten analyses is through in about five.
RETRY_AFTER = 5
# Parts of a field's path that may be repeated: our own field names, and numbers of list items.
_FIELD = re.compile(r"[A-Za-z_][A-Za-z_-]{0,39}")
_TITLES = {
    400: "请求无法读取", 404: "没有这个地址", 405: "该地址不支持这种方法", 413: "内容过大", 415: "不支持这种内容类型",
}  # fmt: skip
# Pydantic's kinds of errors in the reader's language; {} takes the limit that was broken.
_SAID: Mapping[str, str] = {
    "missing": "缺少", "extra_forbidden": "没有这个字段", "json_invalid": "不是合法的 JSON", "string_type": "应为文字",
    "string_too_long": "超过 {max_length} 个字符", "string_too_short": "不足 {min_length} 个字符", "string_unicode": "不是合法的 Unicode 文字",
    "string_pattern_mismatch": "写法不合，应合 {pattern}", "int_parsing": "应为整数", "int_type": "应为整数", "int_parsing_size": "数字过大",
    "int_from_float": "应为整数", "bool_parsing": "应为 true 或 false", "bool_type": "应为 true 或 false", "dict_type": "应为对象",
    "greater_than_equal": "应不小于 {ge}", "less_than_equal": "应不大于 {le}", "literal_error": "应为 {expected} 之一",
    "list_type": "应为数组", "too_long": "超过 {max_length} 项", "too_short": "不足 {min_length} 项", "model_attributes_type": "应为对象",
    "value_error": "{error}",
}  # fmt: skip


class ForbiddenError(FanzhaError):
    """The viewer's role does not reach this far."""

    status = 403
    code = "forbidden"


class MediaTypeError(FanzhaError):
    """The body is of a kind that this address does not read."""

    status = 415
    code = "media_type"


class NotReadyError(FanzhaError):
    """Something a request needs is still loading."""

    status = 503
    code = "not_ready"


class BusyError(FanzhaError):
    """More is under way than this process can do at once."""

    status = 503
    code = "busy"


class Problem(BaseModel):
    """一切错误的写法（RFC 9457）。"""

    type: str = Field(description="错误种类，供机器判断", examples=["urn:fanzha:problem:not_found"])
    title: str = Field(description="发现了什么", examples=["没有这个事件"])
    status: int = Field(description="HTTP 状态码", examples=[404])
    detail: str = Field(
        "", description="一句话说全：在哪里、发现什么、应为什么、怎么办", examples=["i-0123456789abcdef：没有这个事件"]
    )
    where: str = Field("", description="在哪里：字段、行、编号", examples=["i-0123456789abcdef"])
    expected: str = Field("", description="应为什么", examples=["GET /v1/incidents 列出的 id"])
    advice: str = Field("", description="怎么办", examples=["从列表重新取得 id"])
    instance: str = Field("", description="请求的地址（不含参数）", examples=["/v1/incidents/i-0123456789abcdef"])


def answer(path: str, problem: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A problem as a response; `instance` is the path only, queries may hold names."""
    body = Problem(instance=printable(path), **problem).model_dump()
    more = dict(headers or {})
    if problem["status"] == 503:
        more.setdefault("Retry-After", str(RETRY_AFTER))
    if problem["status"] == 401:
        more.setdefault("WWW-Authenticate", "Bearer")
    return JSONResponse(body, status_code=problem["status"], media_type=MEDIA_TYPE, headers=more)


def printable(text: str) -> str:
    """`text` without what UTF-8 cannot carry, at most 200 characters."""
    return text[:200].encode("utf-8", "replace").decode("utf-8")


def fields_of(error: FanzhaError) -> dict[str, Any]:
    """An error of the house as the fields of a problem."""
    return {
        "type": f"urn:fanzha:problem:{error.code}", "title": printable(error.found), "status": error.status,
        "detail": str(error).encode("utf-8", "replace").decode("utf-8"), "where": printable(error.where),
        "expected": error.expected, "advice": error.advice,
    }  # fmt: skip


def http_fields(status: int, title: str) -> dict[str, Any]:
    """A problem of the protocol: an unknown address, a method that is not served, a body over the limit."""
    title = _TITLES.get(status, title)
    return {"type": f"urn:fanzha:problem:http_{status}", "title": title, "status": status, "detail": title}


def unforeseen(path: str, error: Exception, request_id: str) -> JSONResponse:
    """A defect of ours: logged with its frames but without its message, which may quote a complaint."""
    frames = "".join(traceback.format_tb(error.__traceback__)[-8:])
    log.error("request %s failed: %s\n%s", request_id, type(error).__name__, frames)
    return answer(
        path,
        {
            "type": "urn:fanzha:problem:internal", "title": "服务内部出错", "status": 500,
            "detail": "已记入日志；已受理的内容不会丢失", "advice": f"稍后重试；若再次出现，请把请求号 {request_id} 告诉管理员",
        },
    )  # fmt: skip


def _fanzha(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FanzhaError)
    later = getattr(error, "retry_after", None)  # seconds, where an error says when to come again
    return answer(request.url.path, fields_of(error), {"Retry-After": str(later)} if later else None)


def field_path(loc: Sequence[Any]) -> str:
    """body.documents.3.text; what is not a name of ours (a heading somebody chose) is left out."""
    return ".".join(
        str(part) if isinstance(part, int) or _FIELD.fullmatch(str(part)) else "（键名从略）" for part in loc
    )


def _said(item: Mapping[str, Any]) -> str:
    template = _SAID.get(item["type"], "不合要求")
    try:
        return template.format(**item.get("ctx") or {})
    except KeyError:
        return "不合要求"


def _validation(request: Request, error: Exception) -> JSONResponse:
    """Pydantic's list as one line, the first five of it."""
    assert isinstance(error, RequestValidationError)
    items = error.errors()[:5]
    malformed = any(item["type"] == "json_invalid" for item in items)
    places = [field_path(item["loc"]) for item in items]
    return answer(
        request.url.path,
        {
            "type": f"urn:fanzha:problem:{'malformed' if malformed else 'invalid_request'}",
            "title": _TITLES[400] if malformed else "请求不符合接口的约定", "status": 400 if malformed else 422,
            "detail": "；".join(f"{place}：{_said(item)}" for place, item in zip(places, items, strict=True)),
            "where": "、".join(dict.fromkeys(places)), "expected": "见 /docs 中该接口的字段说明", "advice": "改正所列字段后重发",
        },
    )  # fmt: skip


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return answer(request.url.path, http_fields(error.status_code, str(error.detail)), error.headers)


def _database(request: Request, error: Exception) -> JSONResponse:
    """The database is down, full or locked: nobody's request is wrong, and a later one will do."""
    if not is_outage(error):  # this statement will fail again: a defect of ours, answered as one by the guard
        raise error
    log.error("database failed: %s", type(getattr(error, "orig", error)).__name__)
    return answer(
        request.url.path,
        {
            "type": "urn:fanzha:problem:store", "title": "事件库暂不可用", "status": 503,
            "detail": "事件库读写失败；已受理的内容不会丢失", "advice": "稍后重试；管理员请检查磁盘空间与数据库",
        },
    )  # fmt: skip


def install(app: FastAPI) -> None:
    """Make `app` answer every foreseen error in this shape; the guard answers the unforeseen ones (`unforeseen`)."""
    app.add_exception_handler(FanzhaError, _fanzha)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(sa.exc.OperationalError, _database)
    app.add_exception_handler(sa.exc.TimeoutError, _database)  # every connection of the pool is in use


_WHEN: Mapping[int, str] = {
    400: "请求无法读取：不是合法的 JSON、编码不对，或地址中有空字符", 401: "带了密钥而密钥不对", 403: "当前角色无权使用，或演示被本机以外访问",
    404: "没有，或当前角色看不到", 406: "没有安装写这种形式所需的组件",
    409: "与现状矛盾：编号或键已用于不同内容、已撤回、已撤销", 413: "请求体过大", 415: "不支持这种内容类型",
    422: "字段不合约定", 429: "太多次，`Retry-After` 秒后再试", 503: "模型还在载入、正忙或事件库暂不可用；`Retry-After` 秒后再试",
}  # fmt: skip
# What every route may answer: the guard and the checks of addresses stand before all of them.
ALWAYS = (400, 401, 403, 422, 429, 503)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for OpenAPI. `reference.describe` gives each its shape and an example."""
    return {status: {"description": _WHEN[status]} for status in (*statuses,)}


def described(status: int) -> dict[str, Any]:
    """One error in OpenAPI: problem+json with an example."""
    example = {
        "type": f"urn:fanzha:problem:{'not_found' if status == 404 else 'http_' + str(status)}", "title": _WHEN[status].split("：")[0],
        "status": status, "detail": _WHEN[status], "where": "", "expected": "", "advice": "改正后重发", "instance": "/v1/…",
    }  # fmt: skip
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": _WHEN[status], "content": {MEDIA_TYPE: content}}
