"""One round of `fanzha watch`: lists are looked at, new and changed pages fetched, their texts accepted into the inbox.

In: a store, a plan, a visitor. Out: a summary; a callback says how far it is. It analyses nothing and prints nothing.

Steps: 1. every list of every source (a 304 costs nothing); what it names is noted in the transaction that notes its ETag. 2. Pages that
are due, always the one whose host is ready first. 3. Each text into the inbox, in one transaction with what is remembered of its page.
What fails is told with its reason and stays for later; the rest goes on. A source that another process reads
at the moment is left to it. A kill at any moment loses nothing that was accepted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from corpora import page_links
from corpora.page_links import Link
from corpora.response import read_response
from nlp.errors import FanzhaError, InputError
from nlp.records import Document
from serving import batches, watch_pages
from serving.store import Store
from serving.store.identity import now
from serving.store.watch_tables import WatchedRow
from serving.watch_fetch import LIST_BYTES, PAGE_BYTES, Fetched, Later, Refused, Visitor, in_turn
from serving.watch_leases import Leases
from serving.watch_sources import Plan, Source

# Sitemaps of one index that are looked at in one round: a large site has some hundred, most of them never change again.
NESTED = 100


@dataclass(slots=True)
class Trouble:
    """Something that could not be had: its address, why, and when it is tried again (seconds since the epoch, 0: not by itself)."""

    source: str
    url: str
    reason: str
    due: float = 0.0


@dataclass(slots=True)
class Round:
    """What became of one round. listed: pages that were named for the first time. waiting: pages left for later rounds. elsewhere: names
    of sources that another process was reading."""

    batch_id: str = ""
    lists: int = 0
    listed: int = 0
    declined: dict[str, int] = field(default_factory=dict)
    to_fetch: int = 0
    fetched: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    waiting: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def once(store: Store, plan: Plan, visitor: Visitor, on_step: Callable[[Round, str], None] | None = None) -> Round:
    """One round; on_step hears the summary so far and the address that is asked for next."""
    done = Round()
    tell = on_step or (lambda _done, _url: None)
    leases = Leases(store, (source.name for source in plan.sources))
    sources = [source for source in plan.sources if source.name in leases.ours]
    try:
        for source in sources:
            for _named in look(store, source, visitor, done, lambda url: (leases.keep(), tell(done, url))):
                pass
        by_name = {source.name: source for source in sources}
        with store.reading() as session:
            rows = watch_pages.due(session, sources)
        done.to_fetch = len(rows)
        for row in in_turn(rows, lambda row: row.url, visitor):
            if row.source in leases.keep():
                tell(done, row.url)
                _page(store, by_name[row.source], row, visitor, done)
                done.fetched += 1
    finally:
        done.elsewhere = sorted(leases.elsewhere)
        leases.release()
        if done.batch_id:
            with store.writing() as session:
                batches.finish(session, done.batch_id)
    with store.reading() as session:
        states = [watch_pages.counts(session, source) for source in plan.sources]
    done.waiting = sum(state.get("waiting", 0) + state.get("failed", 0) for state in states)
    tell(done, "")
    return done


def preview(
    store: Store, plan: Plan, visitor: Visitor, on_step: Callable[[str], None] | None = None
) -> tuple[list[tuple[str, str, str]], Round]:
    """What a round would fetch: (source, address, why). Lists and robots.txt are asked for; no page is, and nothing is noted of any."""
    done = Round()
    found: list[tuple[str, str, str]] = []
    for source in plan.sources:
        named = [link for links in look(store, source, visitor, done, on_step or _quiet, keep=False) for link in links]
        why: dict[str, str] = {}
        with store.reading() as session:
            for row in watch_pages.due(session, [source]):
                why[row.url] = {"failed": "再试", "had": "到期复查"}.get(row.state, "等候")
            for link in named:
                known = watch_pages.find(session, link.url)
                if known is None:
                    why.setdefault(link.url, "新")
                elif known.state == "had" and link.changed and link.changed != known.had:
                    why.setdefault(link.url, "列表说有改动")
        for url, reason in list(why.items())[: source.most]:
            if forbidden := visitor.forbids(url, source):
                done.declined[forbidden] = done.declined.get(forbidden, 0) + 1
            else:
                found.append((source.name, url, reason))
    return found, done


def _quiet(_url: str) -> None:
    pass


def look(
    store: Store, source: Source, visitor: Visitor, done: Round, on_step: Callable[[str], object], *, keep: bool = True
) -> Iterator[list[Link]]:
    """List after list of a source, the pages that it names and that are wanted; `keep`: what they say is remembered."""
    if source.sort == "pages":
        named = [Link(address) for address in source.addresses]
        if keep:
            with store.writing() as session:
                done.listed += watch_pages.remember(session, source, "page", named)
        yield named
        return
    with store.writing() as session:
        watch_pages.remember(session, source, "list", [Link(address) for address in source.addresses])
        rows = watch_pages.lists(session, source)
    seen = {row.url for row in rows}
    while rows and len(seen) < NESTED + len(source.addresses):
        row = rows.pop(0)
        if row.url not in source.addresses and row.told and row.told == row.had and keep:
            continue  # its index says that it did not change
        on_step(row.url)
        links = _list(store, source, row, visitor, done, keep)
        for link in (link for link in links if link.nested and link.url not in seen):
            seen.add(link.url)
            with store.writing() as session:
                watch_pages.remember(session, source, "list", [replace(link, nested=False)])
                if (found := watch_pages.find(session, link.url)) is not None and found.sort == "list":
                    rows.append(found)
        yield [link for link in links if not link.nested]


def _list(store: Store, source: Source, row: WatchedRow, visitor: Visitor, done: Round, keep: bool) -> list[Link]:
    """The links of one list that are wanted; [] where it is as it was, or cannot be had (then the summary says why)."""
    if row.due > time.time() and keep:
        done.troubles.append(Trouble(source.name, row.url, row.error, row.due))
        return []
    try:
        remembered = {"etag": row.etag, "modified": row.modified} if keep else {}
        came = visitor.fetch(row.url, source, limit=LIST_BYTES, **remembered)
        done.lists += 1
        found = [] if came.unchanged else page_links.READERS[source.sort](came.body, came.content_type, came.url)
    except (Later, Refused, InputError) as error:
        _trouble(store, row, error, done, keep)
        return []
    wanted = []
    for link in found:
        reason = "" if link.nested else source.declines(link.url) or _too_old(link, source)
        if reason:
            done.declined[reason] = done.declined.get(reason, 0) + 1
        elif not (link.nested and source.elsewhere(link.url)):
            wanted.append(link)
    if keep:
        with store.writing() as session:
            done.listed += watch_pages.remember(session, source, "page", [link for link in wanted if not link.nested])
            watch_pages.settle(session, row.id, etag=came.etag, modified=came.modified)
    return wanted


def _page(store: Store, source: Source, row: WatchedRow, visitor: Visitor, done: Round) -> None:
    """Fetch one page and accept its text, or note why not."""
    # A page whose text was never had is asked for in full, whatever is remembered of it.
    known = {"etag": row.etag, "modified": row.modified} if row.digest else {}
    try:
        came = visitor.fetch(row.url, source, limit=PAGE_BYTES, **known)
        documents = [] if came.unchanged else _read(came, source, row)
    except (Later, Refused, InputError) as error:
        _trouble(store, row, error, done)
        return
    with store.writing() as session:
        if came.unchanged:
            watch_pages.settle(session, row.id, etag=came.etag, modified=came.modified)
            done.same += 1
        else:
            _accept(session, source, row, came, documents, done)


def _read(came: Fetched, source: Source, row: WatchedRow) -> list[Document]:
    """The documents of a page under its source's name; raises InputError where there is none."""
    found = list(read_response(came.body, came.content_type, url=came.url, fetched=now()))
    documents = [document for document in found if isinstance(document, Document)]
    if not documents:
        raise next((item for item in found if isinstance(item, InputError)), InputError("没有正文", where=came.url))
    return [
        replace(
            document, url=came.url, publisher=document.publisher or source.publisher, licence=document.licence or source.licence,
            published=document.published or row.published,
            metadata={**document.metadata, "source": source.name} | ({"earlier": row.document_id} if row.document_id else {}),
        )
        for document in documents
    ]  # fmt: skip


def _accept(
    session: Session, source: Source, row: WatchedRow, came: Fetched, documents: list[Document], done: Round
) -> None:
    """Into the inbox, unless the text is the one that was had: bytes change with every advertisement."""
    digest = hashlib.sha256("\x1f".join(document.text for document in documents).encode()).hexdigest()
    held = {row.digest}
    # The same page under the address that it led to, named by another list.
    other = watch_pages.find(session, came.url) if came.url != row.url else None
    if other is not None:
        held.add(other.digest)
    document_id = ""
    if digest in held:
        done.same += 1
    else:
        # Somebody who undid what came of this round so far did not mean what is still to come.
        if not done.batch_id or batches.get(session, done.batch_id).state == batches.UNDONE:
            done.batch_id = batches.start(session, "fanzha watch", "published")
        entries = batches.add(session, done.batch_id, documents)
        if refused := next((entry.error for entry in entries if entry.error), None):
            done.troubles.append(Trouble(source.name, row.url, batches.sentence(refused)))
        document_id = next((entry.document_id for entry in entries if entry.document_id), "")
        if not any(entry.state == "new" for entry in entries):
            done.same += 1
        elif row.digest:
            done.changed += 1
        else:
            done.new += 1
    watch_pages.settle(session, row.id, etag=came.etag, modified=came.modified, digest=digest, document_id=document_id)


def _trouble(store: Store, row: WatchedRow, error: FanzhaError, done: Round, keep: bool = True) -> None:
    """Tell it, and note when it is tried again."""
    due = error.due if isinstance(error, Later) else 0.0
    # The address stands beside it; another one (a redirect, robots.txt) belongs to the reason.
    reason = str(error).removeprefix(f"{row.url}：")
    if keep:
        with store.writing() as session:
            if isinstance(error, Later):
                watch_pages.postpone(session, row.id, error.found, due)
            else:
                due = watch_pages.fail(session, row.id, reason, final=isinstance(error, Refused) and error.final).due
    done.troubles.append(Trouble(row.source, row.url, reason, due))


def _too_old(link: Link, source: Source) -> str:
    told = link.published or link.changed
    return f"早于 {source.since}" if source.since and told and told < source.since else ""
