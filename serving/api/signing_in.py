"""Logging in with name and password, asking who one is, logging out: for browsers; programs send a key instead.

In: name and password as JSON. Out: who that is, the token that pages send back against forged forms, and the cookie.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from serving import people
from serving.api import problems
from serving.api.bodies import JsonBody, Line, Strict
from serving.api.problems import ForbiddenError
from serving.api.viewer import Anybody, Asker, Reader, same_site

router = APIRouter(prefix="/v1/session", tags=["登录"])


class LoginIn(Strict):
    """名字和密码。"""

    name: Annotated[Line, Field(min_length=1, max_length=60)] = Field(description="名字", examples=["wangwu"])
    password: Annotated[Line, Field(min_length=1, max_length=200)] = Field(
        description="密码", examples=["a-long-password-of-mine"]
    )


class WhoOut(BaseModel):
    """现在是谁。"""

    name: str = Field("", description="名字，读者为空", examples=["wangwu"])
    role: str = Field(description="reader 读者、analyst 值守、editor 编辑、admin 管理员", examples=["analyst"])
    by: str = Field(
        description="凭什么：cookie 登录、key 密钥、operator_key 值守密钥、demo 演示、nobody 无", examples=["cookie"]
    )
    scopes: list[str] = Field(
        [],
        description="密钥可做的事：read 查、send 送、edit 改、manage 管",
        examples=[["read", "send", "edit", "manage"]],
    )
    csrf: str = Field(
        "", description="登录后凡是改动都要在 X-CSRF-Token 头中带上", examples=["0f5c2e7d9a1b4c3d0f5c2e7d9a1b4c3d"]
    )


def _shown(who: people.Who) -> dict[str, Any]:
    return {"name": who.name, "role": who.role, "by": who.by, "scopes": sorted(who.scopes), "csrf": who.csrf}


def address_of(request: Request) -> str:
    """Where a request comes from, for counting failures."""
    return request.client.host if request.client else ""


@router.post("", summary="登录", response_model=WhoOut, responses=problems.documented(413, 415, 429))
def log_in(body: LoginIn, request: Request, response: Response, _: Anybody, _kind: JsonBody) -> Any:
    """名字和密码对了，得到一个浏览器自动带上、脚本读不到的 Cookie；连续错五次要等，越错等得越久（429 和 `Retry-After`）。"""
    if not same_site(request):
        raise ForbiddenError("别的网站不能代人登录", where="Origin", expected="本站的页面")
    done = people.log_in(request.app.state.engine.store, body.name, body.password, address_of(request))
    response.headers["Set-Cookie"] = people.cookie_header(done.token, secure=request.url.scheme == "https")
    return _shown(done.who)


@router.get("", summary="现在是谁", response_model=WhoOut)
def read_session(who: Asker, _: Reader) -> Any:
    """名字、角色、凭什么认出；没有登录也没有密钥即读者。"""
    return _shown(who)


@router.delete("", summary="退出", response_model=WhoOut)
def log_out(request: Request, response: Response, _: Reader) -> Any:
    """登录就此失效，Cookie 清除。没有登录也无妨。"""
    if token := request.cookies.get(people.COOKIE):
        people.log_out(request.app.state.engine.store, token)
        response.headers["Set-Cookie"] = people.cookie_header("", secure=request.url.scheme == "https")
    return _shown(people.NOBODY)
