"""Who is asking: a person by cookie, a program by key, the operator, or nobody.

In: what a request brings, the store. Out: a frozen `Who`. It reads two rows and decides nothing about any route.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from nlp.errors import FanzhaError
from nlp.mask import DEFAULT_VIEWER
from serving.store import Store

RANKS = ("reader", "analyst", "editor", "admin")
# What a key may do, whatever its role: ask (GET), send in (POST), change (PUT, PATCH, DELETE), manage people and keys.
SCOPES = ("read", "send", "edit", "manage")


class UnauthorizedError(FanzhaError):
    """A key was sent and is not ours, or no longer."""

    status = 401
    code = "unauthorized"


@dataclass(frozen=True, slots=True)
class Who:
    """`name` is written into the audit log and into corrections. by: cookie, key, operator_key, demo, nobody."""

    name: str
    role: str
    by: str
    scopes: frozenset[str] = frozenset(SCOPES)
    person_id: str = ""
    key_id: str = ""
    csrf: str = ""


NOBODY = Who("", DEFAULT_VIEWER, "nobody")
DEMO = Who("演示", "admin", "demo")
OPERATOR = Who("值守", "admin", "operator_key")


def weaker(first: str, second: str) -> str:
    """The lower of two roles."""
    return min(first, second, key=RANKS.index)


def who_is(
    store: Store,
    *,
    authorization: str | None = None,
    cookie: str | None = None,
    operator_key: str = "",
    demo: bool = False,
) -> Who:
    """Who sends this Authorization header or this log-in cookie. A header counts before a cookie.

    A cookie that has ended makes nobody of its sender; a wrong key raises UnauthorizedError.
    """
    from serving.people import api_keys, logins  # they name this module's records

    if authorization is not None:
        scheme, _space, given = authorization.partition(" ")
        given = given.strip()
        if scheme.lower() == "bearer" and operator_key and hmac.compare_digest(given.encode(), operator_key.encode()):
            return OPERATOR
        if scheme.lower() == "bearer" and api_keys.FORM.fullmatch(given):
            with store.reading() as session:
                if (found := api_keys.opens(session, given)) is not None:
                    key, person = found
                    return Who(
                        person.name, weaker(key.role, person.role), "key", frozenset(key.scopes), person.id, key.id
                    )
        raise UnauthorizedError(
            "密钥不对", where="Authorization", expected="Bearer 加密钥", advice="密钥可能已过期或被撤销，向管理员核对；不带密钥即读者",
        )  # fmt: skip
    if cookie:
        with store.reading() as session:
            known = logins.logged_in(session, cookie)
        if known is not None:
            who, stale = known
            if stale:
                with store.writing() as session:
                    logins.touch(session, cookie)
            return who
    return DEMO if demo else NOBODY
