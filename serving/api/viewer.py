"""Who is looking: the role of a request, and the dependencies by which every route names the role it needs.

In: the request and the app's settings. Out: a role of `nlp.mask` (reader, analyst, …).
Without a key everybody is a reader. The operator's key (`FANZHA_OPERATOR_KEY`, as `Authorization: Bearer …`) is an administrator.
In demo mode, which the guard allows from loopback only, a request without a key is the operator's; `?viewer=reader`
shows there what a reader would see. Users, keys and scopes of their own are a later step.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer

from nlp.errors import InputError
from nlp.mask import DEFAULT_VIEWER
from serving.api.bodies import known_query
from serving.api.problems import ForbiddenError, UnauthorizedError

RANKS = ("reader", "analyst", "editor", "admin")
OPERATOR = "admin"
# 16 characters of a random key are beyond guessing; shorter ones are words.
KEY_LENGTH = 16
_bearer = HTTPBearer(
    auto_error=False, scheme_name="值守密钥", description="环境变量 FANZHA_OPERATOR_KEY 的值；不带密钥即读者"
)


def checked_key(key: str) -> str:
    """The operator's key from the environment, "" for none; raises InputError for one that could be guessed."""
    if key and (len(key) < KEY_LENGTH or not key.isascii()):
        raise InputError(
            f"值守密钥只有 {len(key)} 个字符或含非 ASCII 字符", where="FANZHA_OPERATOR_KEY", expected=f"至少 {KEY_LENGTH} 个 ASCII 字符",
            advice="可用 python -c 'import secrets; print(secrets.token_urlsafe(32))' 生成",
        )  # fmt: skip
    return key


def role_of(
    request: Request,
    _known: Annotated[None, Depends(known_query)],
    _: Annotated[object, Depends(_bearer)] = None,
    viewer: Annotated[
        Literal["reader", "analyst", "editor", "admin"] | None,
        Query(description="以较低的角色查看；只能降低，不能升高", examples=["reader"]),
    ] = None,
) -> str:
    """The role of this request; raises UnauthorizedError for a key that is not ours."""
    key: str = request.app.state.operator_key
    sent = request.headers.get("authorization")
    role: str = DEFAULT_VIEWER
    if sent is not None:
        scheme, _space, given = sent.partition(" ")
        known = bool(key) and hmac.compare_digest(given.strip().encode(), key.encode())
        if scheme.lower() != "bearer" or not known:
            raise UnauthorizedError(
                "密钥不对",
                where="Authorization",
                expected="Bearer 加值守密钥",
                advice="向管理员核对密钥；不带密钥即读者",
            )
        role = OPERATOR
    elif request.app.state.demo:
        role = OPERATOR
    if viewer is not None and RANKS.index(viewer) < RANKS.index(role):
        role = viewer
    request.state.role = role
    return role


def at_least(minimum: str) -> Callable[[str], str]:
    """A dependency that lets only this role and higher ones pass; a test reads `minimum` off every route."""

    def check(viewer: Annotated[str, Depends(role_of)]) -> str:
        if RANKS.index(viewer) < RANKS.index(minimum):
            raise ForbiddenError(
                "当前角色无权使用", where="Authorization", expected=f"角色 {minimum} 或更高", advice="带上值守密钥：Authorization: Bearer …",
            )  # fmt: skip
        return viewer

    check.minimum = minimum  # type: ignore[attr-defined]
    return check


def anybody(_known: Annotated[None, Depends(known_query)]) -> str:
    """The answer is the same for everyone and holds nothing about anyone: no key is looked at."""
    return "anybody"


anybody.minimum = "anybody"  # type: ignore[attr-defined]

Reader = Annotated[str, Depends(at_least("reader"))]
Analyst = Annotated[str, Depends(at_least("analyst"))]
Editor = Annotated[str, Depends(at_least("editor"))]
Anybody = Annotated[str, Depends(anybody)]
