"""Asks hosts politely: robots.txt, one request at a time with a pause, back-off where they say no, redirects looked at one by one.

In: an address and what was remembered of it. Out: what the host answered. It raises `Later` where the host does not want to be asked
now, `Refused` where it may not or need not be asked again soon. What it knows of hosts is kept in the store, so that a restart is no
excuse. Every request goes through `serving.outbound`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

from corpora.limits import MEGABYTE, Limits
from corpora.page_links import plain_url
from nlp.errors import FanzhaError
from serving import outbound
from serving.outbound import Answer, OutboundError, PrivateAddressError
from serving.store import Store
from serving.store.watch_tables import WatchedHostRow
from serving.watch_sources import DAY, Plan, Source, origin_of

# The name under which robots.txt speaks of us.
AGENT = "fanzha"
FORBIDDEN = "robots.txt 不允许"
# RFC 9309: robots.txt is kept for at most a day, 500 KiB of it are read, five redirects are followed.
ROBOTS_SECONDS = DAY
ROBOTS_BYTES = 500 * 1024
HOPS = 5
# A host that says 429 or 503 and no time: a minute, doubled each time; never longer than a day, whatever it asks for.
REFUSED_SECONDS = 60.0
# robots.txt could not be had: nothing may be read then (RFC 9309), and it is asked for again after ten minutes, doubled each time.
UNREACHABLE_SECONDS = 600.0
# A host that wants longer pauses than this is left for the next round, so that it does not hold up the others.
PATIENCE_SECONDS = 300.0
# A sitemap holds at most 50 MB unpacked (its own standard); a page what `corpora` reads.
LIST_BYTES = 50 * MEGABYTE
PAGE_BYTES = Limits().page_bytes
_LATER = frozenset({429, 503})
_MOVED = frozenset({301, 302, 303, 307, 308})

Get = Callable[..., Answer]
Asked = TypeVar("Asked")


class Later(FanzhaError):
    """Not now. `due`: seconds since the epoch."""

    status = 503
    code = "later"

    def __init__(self, found: str, due: float, *, where: str = "") -> None:
        super().__init__(found, where=where)
        self.due = due


class Refused(FanzhaError):
    """It could not be had: the reason. `final`: asking again soon is no use (robots.txt, 404)."""

    status = 502
    code = "refused"

    def __init__(self, found: str, *, where: str = "", final: bool = False) -> None:
        super().__init__(found, where=where)
        self.final = final


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: `url` after redirects. unchanged: a 304, no body."""

    url: str
    body: bytes
    content_type: str
    etag: str
    modified: str
    unchanged: bool = False


class Visitor:
    """One caller for all hosts of a plan. get: how a GET is sent (tests resolve and connect in their own way); sleep as in `time`."""

    def __init__(
        self, store: Store, plan: Plan, *, get: Get = outbound.get, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.store, self.plan = store, plan
        self._get, self._sleep = get, sleep
        contact = f" (+{plan.contact})" if plan.contact else ""
        self._headers = {"User-Agent": f"{AGENT}/{version('fanzha')}{contact}", "Accept-Language": "zh-CN,zh;q=0.9"}

    def ready(self, url: str) -> float:
        """Seconds since the epoch from which the host of `url` may be asked."""
        return self._host(origin_of(url)).not_before

    def forbids(self, url: str, source: Source) -> str:
        """Why a page may not be read as its host's robots.txt has it, "" where it may."""
        try:
            robots = self._robots(url, source)
        except (Later, Refused) as error:
            return error.found
        return FORBIDDEN if robots is not None and not robots.can_fetch(url, AGENT) else ""

    def fetch(self, url: str, source: Source, *, limit: int, etag: str = "", modified: str = "") -> Fetched:
        """What stands at `url`; raises Later, Refused. Waits until the host may be asked."""
        remembered = {"If-None-Match": etag} if etag else {"If-Modified-Since": modified} if modified else {}
        asked = url
        for _ in range(HOPS + 1):
            # 1. May we, and when.
            robots = self._robots(asked, source)
            if robots is not None and not robots.can_fetch(asked, AGENT):
                raise Refused(FORBIDDEN, where=asked, final=True)
            pause = max(self.plan.delay, float((robots.crawl_delay(AGENT) if robots else None) or 0.0))
            # 2. Ask.
            answer = self._ask(asked, source, pause, limit, remembered)
            # 3. What it means.
            if answer.status in _MOVED and (target := plain_url(answer.headers.get("location", ""), asked)):
                if reason := source.elsewhere(target):
                    raise Refused(f"转到的地址{reason}", where=asked, final=True)
                asked = target
                continue
            if answer.status == 304:
                return Fetched(asked, b"", "", etag, modified, unchanged=True)
            if answer.status != 200:
                final = answer.status in (401, 403, 404, 410, 451)
                raise Refused(f"对方答 {answer.status}", where=asked, final=final)
            body = answer.body
            if body.startswith(b"\x1f\x8b"):  # sitemap.xml.gz
                body = self._unpacked(body, limit, asked)
            return Fetched(
                asked, body, answer.headers.get("content-type", ""), answer.headers.get("etag", "")[:500],
                answer.headers.get("last-modified", "")[:100],
            )  # fmt: skip
        raise Refused(f"转了 {HOPS} 次还没有到", where=url, final=True)

    def _ask(self, url: str, source: Source, pause: float, limit: int, headers: Mapping[str, str]) -> Answer:
        """One request to a host whose turn it is; notes when it may be asked again. Raises Later, Refused."""
        origin = origin_of(url)
        host = self._host(origin)
        wait = host.not_before - time.time()
        # A clock that was set back must not silence a host for ever.
        if max(PATIENCE_SECONDS, self.plan.delay) < wait <= 2 * DAY:
            raise Later(host.reason or "这个主机要等", host.not_before, where=url)
        if 0 < wait <= 2 * DAY:
            self._sleep(wait)
        private = (urlsplit(url).hostname or "",) if self._may_be_private(url, source) else ()
        try:
            answer = self._get(url, {**self._headers, **headers}, limit=limit, private_hosts=private)
        except OutboundError as error:
            self._note(origin, time.time() + pause, refusals=host.refusals, reason="")
            raise Refused(str(error), where=url, final=isinstance(error, PrivateAddressError)) from error
        if answer.status in _LATER:
            due = time.time() + max(pause, retry_after(answer.headers.get("retry-after", ""), host.refusals))
            self._note(origin, due, refusals=host.refusals + 1, reason=f"对方答 {answer.status}，要求稍后再来")
            raise Later(f"对方答 {answer.status}，要求稍后再来", due, where=url)
        self._note(origin, time.time() + pause, refusals=0, reason="")
        return answer

    def _may_be_private(self, url: str, source: Source) -> bool:
        """A private host is reached only by a source that stands there itself: a public list must not lead into the house."""
        return (urlsplit(url).hostname or "") in self.plan.private and origin_of(url) in source.origins

    def _robots(self, url: str, source: Source) -> Any:
        """The robots.txt of a host as Protego reads it, None where it has none. Raises Later where it cannot be had, Refused for a private host."""
        origin = origin_of(url)
        host = self._host(origin)
        age = time.time() - host.robots_at
        if host.robots is None or not 0 <= age < ROBOTS_SECONDS:
            asked = f"{origin}/robots.txt"
            for _ in range(HOPS + 1):
                try:
                    answer = self._ask(asked, source, self.plan.delay, 2 * ROBOTS_BYTES, {})
                except Refused as error:
                    if error.final:
                        raise
                    raise self._unreachable(origin, host, error.found) from error
                target = plain_url(answer.headers.get("location", ""), asked) if answer.status in _MOVED else ""
                if not target:
                    break
                asked = target
            if answer.status >= 500:
                raise self._unreachable(origin, host, f"对方答 {answer.status}")
            text = answer.body[:ROBOTS_BYTES].decode("utf-8", "replace") if answer.status == 200 else ""
            with self.store.writing() as session:
                row = session.get_one(WatchedHostRow, origin)
                row.robots, row.robots_at = text.replace("\x00", ""), time.time()
            host = self._host(origin)
        return parsed(host.robots or "")

    def _unreachable(self, origin: str, host: WatchedHostRow, found: str) -> Later:
        due = time.time() + min(DAY, UNREACHABLE_SECONDS * 2.0 ** min(host.refusals, 20))
        reason = f"robots.txt 取不到（{found}），按不许读处理"
        self._note(origin, due, refusals=host.refusals + 1, reason=reason)
        return Later(reason, due, where=origin)

    def _host(self, origin: str) -> WatchedHostRow:
        with self.store.reading() as session:
            return session.get(WatchedHostRow, origin[:300]) or WatchedHostRow(
                origin=origin[:300], not_before=0.0, refusals=0, reason="", robots=None, robots_at=0.0
            )

    def _note(self, origin: str, not_before: float, *, refusals: int, reason: str) -> None:
        with self.store.writing() as session:
            row = session.get(WatchedHostRow, origin[:300])
            if row is None:
                row = WatchedHostRow(origin=origin[:300], robots_at=0.0)
                session.add(row)
            row.not_before, row.refusals, row.reason = not_before, refusals, reason

    @staticmethod
    def _unpacked(body: bytes, limit: int, where: str) -> bytes:
        try:
            return outbound.unpacked(body, "gzip", limit, where)
        except OutboundError as error:
            raise Refused(str(error), where=where) from error


def in_turn(asked: Iterable[Asked], address: Callable[[Asked], str], visitor: Visitor) -> Iterator[Asked]:
    """Each once, always one of the host that may be asked first, so that a slow host holds up nobody else; one host's in their order."""
    waiting: dict[str, list[Asked]] = defaultdict(list)
    for each in reversed(list(asked)):
        waiting[origin_of(address(each))].append(each)
    while waiting:
        first = min(waiting, key=lambda origin: visitor.ready(address(waiting[origin][-1])))
        yield waiting[first].pop()
        if not waiting[first]:
            del waiting[first]


@lru_cache(maxsize=256)
def parsed(text: str) -> Any:
    """A robots.txt; None for an empty one, which forbids nothing."""
    if not text.strip():
        return None
    from protego import Protego

    return Protego.parse(text)


def retry_after(header: str, refusals: int) -> float:
    """Seconds that a host asks for: a number or a date (RFC 9110); a minute, doubled each time, where it says nothing."""
    try:
        told = float(header) if header.strip().isdecimal() else parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        told = REFUSED_SECONDS * 2.0 ** min(refusals, 20)
    return min(DAY, max(1.0, told))
