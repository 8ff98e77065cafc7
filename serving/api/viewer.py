"""Who is looking: the person and the role of a request, and the dependencies by which every route names the role it needs.

In: the request and the app's settings. Out: a role of `nlp.mask` (reader, analyst, …), or the `Who` behind it.
Without a key everybody is a reader. A key of the API (`Authorization: Bearer fz_…`), the operator's key (`FANZHA_OPERATOR_KEY`, an
administrator) or a log-in cookie raises him. In demo mode, which the guard allows from loopback only, a request without any of these is
an administrator's; `?viewer=reader` shows what a reader would see and can only lower.
Whatever shows unmasked data or changes something is in the audit log before it is answered (not in the demo, where nobody is anybody).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer

from nlp import mask
from nlp.errors import InputError
from serving import audit, secret
from serving.api.bodies import known_query
from serving.api.problems import ForbiddenError
from serving.api.rates import RateError
from serving.people import COOKIE, NOBODY, RANKS, Who, roster, who_is
from serving.people.who import UnauthorizedError

# 16 characters of a random key are beyond guessing; shorter ones are words.
KEY_LENGTH = 16
SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER = "X-CSRF-Token"
# Parameters that say how much and in which order, not of whom: they stand in the audit log as they are. Others as keyed tokens.
_PLAIN = frozenset(
    ("limit", "cursor", "after", "label", "kind", "place", "since", "until", "status", "basis", "state", "viewer")
)
_MOST = 12
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="密钥",
    description="fanzha people key 发给的密钥，或 FANZHA_OPERATOR_KEY 的值；不带密钥即读者",
)


def checked_key(key: str, where: str = "FANZHA_OPERATOR_KEY") -> str:
    """A key from the environment, "" for none; raises InputError for one that could be guessed."""
    if key and (len(key) < KEY_LENGTH or not key.isascii()):
        raise InputError(
            f"密钥只有 {len(key)} 个字符或含非 ASCII 字符", where=where, expected=f"至少 {KEY_LENGTH} 个 ASCII 字符",
            advice="可用 python -c 'import secrets; print(secrets.token_urlsafe(32))' 生成",
        )  # fmt: skip
    return key


def asker(
    request: Request,
    _known: Annotated[None, Depends(known_query)],
    _: Annotated[object, Depends(_bearer)] = None,
    viewer: Annotated[
        Literal["reader", "analyst", "editor", "admin"] | None,
        Query(description="以较低的角色查看；只能降低，不能升高", examples=["reader"]),
    ] = None,
) -> Who:
    """Who sends this request, in the role he sends it in. Raises UnauthorizedError, ForbiddenError for a forged form, RateError."""
    state = request.app.state
    try:
        who = who_is(
            state.engine.store, authorization=request.headers.get("authorization"), cookie=request.cookies.get(COOKIE),
            operator_key=state.operator_key, demo=state.demo,
        )  # fmt: skip
    except UnauthorizedError:
        _count(request, NOBODY)  # keys made up one after the other are one address's requests
        raise
    _count(request, who)
    if who.by == "cookie" and request.method not in SAFE:
        check_csrf(request, who)
    if viewer is not None and RANKS.index(viewer) < RANKS.index(who.role):
        who = replace(who, role=viewer)
    request.state.role, request.state.who = who.role, who
    return who


def _count(request: Request, who: Who) -> None:
    """One request of his; what is left of his allowance goes into the answer. Raises RateError."""
    try:
        left = request.app.state.rates.take(who, request.client.host if request.client else "")
    except RateError as error:
        request.state.rate = error.left.fields
        raise
    request.state.rate = left.fields if left is not None else {}


def check_csrf(request: Request, who: Who) -> None:
    """A browser sends the cookie with whatever any site makes it send: only a page of ours knows the token. Raises ForbiddenError."""
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), who.csrf.encode()) or not same_site(request):
        raise ForbiddenError(
            "缺少本站页面的凭证", where=CSRF_HEADER, expected="登录时得到的 csrf", advice="从本站页面操作；程序请用密钥，不用登录",
        )  # fmt: skip


def same_site(request: Request) -> bool:
    """Does a browser say that the request comes from a page of this very site? Programs say nothing, which passes."""
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    known = origin is None or origin in (f"http://{host}", f"https://{host}")
    return known and request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")


def at_least(minimum: str) -> Callable[[Request, Who], str]:
    """A dependency that lets only this role and higher ones pass; a test reads `minimum` off every route."""

    def check(request: Request, who: Annotated[Who, Depends(asker)]) -> str:
        if RANKS.index(who.role) < RANKS.index(minimum):
            raise ForbiddenError(
                "当前角色无权使用", where="Authorization", expected=f"角色 {minimum} 或更高", advice="带上密钥：Authorization: Bearer …，或先登录",
            )  # fmt: skip
        scope = scope_of(request.method, minimum)
        if scope not in who.scopes:
            raise ForbiddenError(
                "这个密钥没有此项权限", where="Authorization", expected=f"权限 {scope}", advice="向管理员另要一个密钥"
            )
        _write_down(request, who)
        return who.role

    check.minimum = minimum  # type: ignore[attr-defined]
    return check


def scope_of(method: str, minimum: str) -> str:
    """What a key must be allowed for a route: by its method, and manage for what only administrators may do."""
    if minimum == "admin":
        return "manage"
    return "read" if method in SAFE else "send" if method == "POST" else "edit"


def _write_down(request: Request, who: Who) -> None:
    """Unmasked data is shown, or something changed: a line in the audit log, on disk before the answer."""
    if who.by == "demo" or not (mask.sees_all(who.role) or request.method not in SAFE):
        return
    route = getattr(request.scope.get("route"), "path", request.url.path[:80])
    asked = {
        name: value[:80] if name in _PLAIN else secret.token("query", value) or "（从略）"
        for name, value in list(request.query_params.multi_items())[:_MOST]
    }
    named = next(iter(request.path_params.values()), "")
    detail = (
        {"route": f"{request.method} {route}"}
        | ({"asked": asked} if asked else {})
        | ({"key": who.key_id} if who.key_id else {})
    )
    action = "read" if request.method in SAFE else "write"
    with request.app.state.engine.store.writing() as session:
        audit.record(
            session, who.name, who.role, action, str(named), detail=detail, request=getattr(request.state, "request_id", "")
        )  # fmt: skip


def signature(request: Request, who: Who, claimed: str) -> str:
    """The name that a decision is written under: a person signs with his own, whatever he claims.

    The operator's key and the demo are nobody: they may say for whom they decide, but not for one who can sign himself (ForbiddenError).
    """
    if who.person_id:
        return who.name
    with request.app.state.engine.store.reading() as session:
        if claimed and roster.known(session, claimed):
            raise ForbiddenError(
                f"{claimed} 须以本人的密钥或登录签名", where="by", expected="空，或不是本站人员的名字",
                advice="用本人的密钥：fanzha people key",
            )  # fmt: skip
    return claimed or who.role


def anybody(_known: Annotated[None, Depends(known_query)]) -> str:
    """The answer is the same for everyone and holds nothing about anyone: no key is looked at."""
    return "anybody"


anybody.minimum = "anybody"  # type: ignore[attr-defined]

Reader = Annotated[str, Depends(at_least("reader"))]
Analyst = Annotated[str, Depends(at_least("analyst"))]
Editor = Annotated[str, Depends(at_least("editor"))]
Admin = Annotated[str, Depends(at_least("admin"))]
Anybody = Annotated[str, Depends(anybody)]
Asker = Annotated[Who, Depends(asker)]
