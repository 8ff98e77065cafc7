"""What is remembered of watched addresses: which lists and pages there are, what is due, how each went.

In: sessions, links, results. Out: rows. It fetches nothing. A page and what became of it are written in the transaction that accepts its
text, so a kill between the two is not possible.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from corpora.page_links import Link
from serving.store.identity import now
from serving.store.watch_tables import WatchedRow
from serving.watch_sources import DAY, Source

# Seconds after each failure until a page is asked for again; after the last one it is given up until its list says it changed.
BACKOFF = (600.0, 3600.0, 4 * 3600.0, DAY, 2 * DAY, 4 * DAY, 7 * DAY)
# What is final for the host (404, robots.txt) may still be a slip: asked for again this often only.
FINAL_TRIES = 2
# Lists that say of every page that it changed just now: a page is asked for again at most once a day.
AGAIN_SECONDS = DAY
_CHUNK = 500


def key_of(url: str) -> str:
    """What an address is found by."""
    return hashlib.sha256(url.encode()).hexdigest()


def find(session: Session, url: str) -> WatchedRow | None:
    """The row of an address."""
    return session.scalar(sa.select(WatchedRow).where(WatchedRow.key == key_of(url)))


def remember(session: Session, source: Source, sort: str, links: Sequence[Link]) -> int:
    """Note what a list names; a page that changed since it was had waits again. How many are new."""
    new = 0
    for start in range(0, len(links), _CHUNK):
        chunk = {key_of(link.url): link for link in links[start : start + _CHUNK]}
        known = {row.key: row for row in session.scalars(sa.select(WatchedRow).where(WatchedRow.key.in_(chunk)))}
        for key, row in known.items():
            link = chunk[key]
            row.published = link.published or row.published
            if link.changed != row.told:
                row.told = link.changed
            if row.state != "waiting" and row.told and row.told != row.had and row.sort == sort == "page":
                row.state, row.attempts = "waiting", 0
                row.due = max(row.due, _seconds(row.fetched_at) + AGAIN_SECONDS) if row.digest else 0.0
        fresh = [
            {
                "key": key, "url": link.url, "source": source.name, "sort": sort, "state": "waiting", "told": link.changed, "had": "",
                "published": link.published, "etag": "", "modified": "", "digest": "", "document_id": "", "attempts": 0, "due": 0.0,
                "error": "", "fetched_at": "",
            }
            for key, link in chunk.items() if key not in known
        ]  # fmt: skip
        if fresh:
            session.execute(sa.insert(WatchedRow), fresh)
        new += len(fresh)
    session.flush()
    return new


def lists(session: Session, source: Source) -> list[WatchedRow]:
    """The lists of a source: its own address and the sitemaps that its index names."""
    query = sa.select(WatchedRow).where(WatchedRow.source == source.name, WatchedRow.sort == "list")
    return list(session.scalars(query.order_by(WatchedRow.id)))


def due(session: Session, sources: Iterable[Source]) -> list[WatchedRow]:
    """The pages whose time has come, of each source at most as many as a round takes, what changed last first."""
    found: list[WatchedRow] = []
    moment = time.time()
    for source in sources:
        stale = sa.false()
        if source.recheck:
            before = _iso(moment - source.recheck)
            stale = (WatchedRow.state == "had") & (WatchedRow.fetched_at < before)
        ours = sa.select(WatchedRow).where(WatchedRow.source == source.name, WatchedRow.sort == "page")
        waits = WatchedRow.state.in_(("waiting", "failed")) & (WatchedRow.due <= moment)
        query = ours.where(waits | stale).order_by(WatchedRow.told.desc(), WatchedRow.id)
        # What the source no longer wants (an `exclude` since then) is passed over, not forgotten.
        wanted = (row for row in session.scalars(query) if source.sort == "pages" or not source.declines(row.url))
        found += [row for row, _ in zip(wanted, range(source.most), strict=False)]
    return found


def settle(session: Session, row_id: int, *, etag: str, modified: str, digest: str = "", document_id: str = "") -> None:
    """It was had, or a 304 says it is as it was (no digest then)."""
    row = session.get_one(WatchedRow, row_id)
    row.state, row.attempts, row.error, row.due, row.had, row.fetched_at = "had", 0, "", 0.0, row.told, now()
    row.etag, row.modified = etag, modified
    row.digest, row.document_id = digest or row.digest, document_id or row.document_id


def fail(session: Session, row_id: int, reason: str, *, final: bool = False) -> WatchedRow:
    """It could not be had: the reason, and when it is tried again."""
    row = session.get_one(WatchedRow, row_id)
    row.attempts += 1
    row.error, row.fetched_at = reason[:2000], now()
    over = row.attempts > (FINAL_TRIES if final else len(BACKOFF))
    row.state = "given_up" if over else "failed"
    row.due = 0.0 if over else time.time() + (DAY if final else BACKOFF[row.attempts - 1])
    return row


def postpone(session: Session, row_id: int, reason: str, until: float) -> None:
    """Its host does not want to be asked now; that is no failure of the page."""
    row = session.get_one(WatchedRow, row_id)
    row.error, row.due = reason[:2000], until


def counts(session: Session, source: Source) -> dict[str, int]:
    """Pages of a source by state."""
    query = sa.select(WatchedRow.state, sa.func.count()).where(
        WatchedRow.source == source.name, WatchedRow.sort == "page"
    )
    return {str(state): int(number) for state, number in session.execute(query.group_by(WatchedRow.state))}


def _iso(seconds: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment).timestamp() if moment else 0.0
