"""Logging in with name and password, staying so by a cookie, logging out.

In: a store, name, password, the address of the client. Out: `LoggedIn` with the token for the cookie. The token has 256 random bits; the
store keeps its SHA-256. A log-in ends after twelve hours, or two of silence. Every log-in, failure and log-out is audited.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from nlp.errors import FanzhaError
from serving import audit
from serving.people import attempts
from serving.people.passwords import fits_password
from serving.people.who import Who
from serving.store import Store
from serving.store.identity import now
from serving.store.tables_people import LoginRow, PersonRow

COOKIE = "fanzha_login"
# A shift; and the break after which somebody else may sit at the desk.
LIFE_SECONDS = 12 * 3600
IDLE_SECONDS = 2 * 3600
# `seen` is written this often, not with every request.
SEEN_SECONDS = 60


class BadLoginError(FanzhaError):
    """Name or password is wrong; which of the two is not told."""

    status = 401
    code = "bad_login"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`token` goes into the cookie and nowhere else; `csrf` comes back as X-CSRF-Token with whatever changes something."""

    token: str
    csrf: str
    who: Who


def log_in(store: Store, name: str, password: str, address: str) -> LoggedIn:
    """Raises BadLoginError, and TooManyError after too many failures (see `attempts`)."""
    with store.reading() as session:
        attempts.check(session, name, address)
        person = session.scalar(sa.select(PersonRow).where(PersonRow.name == name))
    # Hashing takes 0.1 s: outside of any transaction.
    usable = person is not None and person.active
    right = fits_password(person.password if person is not None and usable else "", password)
    with store.writing() as session:
        if person is None or not right:
            attempts.failed(session, name, address)
            # Who is unknown is not named: people type their password into the wrong field.
            audit.record(session, person.name if person else "", "", "login_failed", detail={"address": address})
        else:
            attempts.succeeded(session, name, address)
            token = secrets.token_urlsafe(32)
            at = time.time()
            session.execute(sa.delete(LoginRow).where(LoginRow.expires < at))
            session.add(
                LoginRow(id=_digest(token), person_id=person.id, created_at=now(), seen=at, expires=at + LIFE_SECONDS)
            )
            audit.record(session, person.name, person.role, "login", detail={"address": address})
            who = Who(person.name, person.role, "cookie", person_id=person.id, csrf=csrf_of(token))
            return LoggedIn(token, who.csrf, who)
    raise BadLoginError("名字或密码不对", where="登录", advice="向管理员核对；忘记密码请管理员重设")


def log_out(store: Store, token: str) -> None:
    """End this log-in; harmless when it has ended."""
    with store.writing() as session:
        row = session.get(LoginRow, _digest(token))
        if row is not None:
            person = session.get_one(PersonRow, row.person_id)
            session.delete(row)
            audit.record(session, person.name, person.role, "logout")


def logged_in(session: Session, token: str) -> tuple[Who, bool] | None:
    """Whose cookie this is, and whether `touch` should be called; None for one that is unknown or has ended."""
    row = session.get(LoginRow, _digest(token))
    at = time.time()
    # Seen in the future is from before the clock was set back: taken as now.
    if row is None or row.expires <= at or row.expires > at + 2 * LIFE_SECONDS or at - row.seen > IDLE_SECONDS:
        return None
    person = session.get_one(PersonRow, row.person_id)
    if not person.active:
        return None
    who = Who(person.name, person.role, "cookie", person_id=person.id, csrf=csrf_of(token))
    return who, abs(at - row.seen) > SEEN_SECONDS


def touch(session: Session, token: str) -> None:
    """Note that the cookie was used now."""
    session.execute(sa.update(LoginRow).where(LoginRow.id == _digest(token)).values(seen=time.time()))


def csrf_of(token: str) -> str:
    """What only a page that belongs to this log-in can know: derived from the token, which no script can read."""
    return hmac.new(token.encode(), b"fanzha csrf", hashlib.sha256).hexdigest()[:32]


def cookie_header(token: str, *, secure: bool) -> str:
    """The Set-Cookie header of a log-in; with "" as token, of a log-out. secure: the page came over https."""
    life = LIFE_SECONDS if token else 0
    return f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life}" + ("; Secure" if secure else "")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
