"""`fanzha ingest` without its screen: unfinished work first, then sources into the inbox, then the inbox through the worker.

In: a store, sources, how to get an analyzer. Out: a summary; two callbacks say how far it is. It prints nothing.
Everything read is accepted (on disk) before the first document is analysed: from then on a crash loses nothing and a later start
goes on where this one stopped. The model is loaded only when something waits for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpora.object_store import is_address, plain
from nlp.errors import InputError
from nlp.records import Document
from serving import batches, inbox, telemetry
from serving.crew import Crew
from serving.crew_worker import CrewWorker
from serving.store import Store
from serving.worker import Analyzer, Worker, WorkSummary

# One transaction of the reading step. Each costs one fsync (about 5 ms on a disk), so a document pays 1/200 of it; the
# characters bound memory when documents are large.
CHUNK_DOCUMENTS = 200
CHUNK_CHARACTERS = 4_000_000
# Who turns sources into documents: sources, column map, nature.
SourceReader = Callable[[Sequence[str | Path], Mapping[str, str] | None, str | None], Iterator[Document | InputError]]


@dataclass(slots=True)
class IngestSummary:
    """What became of everything. refused: errors as `batches.explain` writes them. resumed: rows left over from before."""

    batch_id: str = ""
    new: int = 0
    already: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    resumed: int = 0
    work: WorkSummary = field(default_factory=WorkSummary)
    waiting: int = 0

    @property
    def readable(self) -> int:
        """Documents that could be read at all."""
        return self.new + self.already


def ingest(
    store: Store, sources: Sequence[str | Path], analyzer: Callable[[], Analyzer], *,
    columns: Mapping[str, str] | None = None, nature: str | None = None, batch: int = 32,
    on_read: Callable[[IngestSummary], None] | None = None, on_work: Callable[[WorkSummary, int], None] | None = None,
    crew: Callable[[], Crew] | None = None, reader: SourceReader | None = None,
) -> IngestSummary:  # fmt: skip
    """Read `sources` into the store and analyse all that waits there; what was left unfinished before goes first.

    on_read: after every transaction of reading. on_work: summary of the work so far and how many it will be in all.
    crew: who analyses instead of `analyzer` in this process; it is let go at the end. reader: who reads the sources, `read_sources` if None.
    Raises ModelError when there is work and no model, StoreError when the database fails; both leave everything accepted.
    """
    summary = IngestSummary()
    # 1. What an earlier run accepted and did not finish.
    with store.writing() as session:
        inbox.give_back_lost(session)
    with store.reading() as session:
        summary.resumed = inbox.counts(session)["accepted"]
    # 2. Everything readable onto the disk.
    if sources:
        items = (reader or read_sources)(sources, columns, nature)
        accept_all(store, items, summary, " ".join(map(_named, sources)), nature, on_read)
    # 3. Through the worker, oldest first.
    with store.reading() as session:
        summary.waiting = inbox.counts(session)["accepted"]
    if summary.waiting:
        total = summary.waiting

        def report(work: WorkSummary) -> None:
            summary.work, summary.waiting = work, max(0, total - work.done - work.failed)
            if on_work:
                on_work(work, total)

        if crew is None:
            summary.work = Worker(store, analyzer(), batch=batch).drain(report)
        else:
            with contextlib.closing(crew()) as readers:
                summary.work = CrewWorker(store, readers, batch=batch).drain(report)
        summary.waiting = 0
    return summary


def _named(source: str | Path) -> str:
    """A source as it is kept: an address without its options."""
    return plain(str(source)) if is_address(source) else str(source)


def read_sources(
    sources: Sequence[str | Path], columns: Mapping[str, str] | None, nature: str | None
) -> Iterator[Document | InputError]:
    """Documents and refusals of files, folders, globs, addresses and "-" (stdin)."""
    from corpora.read import read

    return read(sources, columns=columns, nature=nature)


def accept_all(
    store: Store, items: Iterable[Document | InputError], summary: IngestSummary, source: str, nature: str | None,
    on_read: Callable[[IngestSummary], None] | None = None,
) -> None:  # fmt: skip
    """Accept a stream of documents and refusals as one batch, chunk by chunk, and count into `summary`."""
    with store.writing() as session:
        summary.batch_id = batches.start(session, source, nature or "")
    chunks = _chunks(items)
    while True:
        with telemetry.span("read"):
            chunk = next(chunks, None)
        if chunk is None:
            break
        with telemetry.span("accept", documents=len(chunk)), store.writing() as session:
            rows = batches.add(session, summary.batch_id, chunk)
        summary.new += sum(row.state == "new" for row in rows)
        summary.already += sum(row.state == "already" for row in rows)
        summary.refused += [row.error for row in rows if row.error]
        if on_read:
            on_read(summary)
    with store.writing() as session:
        batches.finish(session, summary.batch_id)


def _chunks(items: Iterable[Document | InputError]) -> Iterator[list[Document | InputError]]:
    chunk: list[Document | InputError] = []
    characters = 0
    for item in items:
        chunk.append(item)
        characters += len(item.text) if isinstance(item, Document) else 0
        if len(chunk) >= CHUNK_DOCUMENTS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
