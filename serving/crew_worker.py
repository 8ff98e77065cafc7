"""A worker with a crew: claims batches from the inbox, has several read at once, files them in the order they were claimed.

In: a store, a crew. Out: filed documents; counts. The order of filing is that of one worker alone, so the store ends the same whoever
read: numbers, incidents and changes do not depend on which process was quicker. What is claimed and not filed when it stops goes back.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from nlp.records import Reading
from serving import inbox
from serving.crew import Crew
from serving.inbox import Claim
from serving.store import Store
from serving.worker import Worker, WorkSummary, told_as_store_error

# Batches given out beyond those being read: one for each reader, so that nobody waits while a batch is filed.
AHEAD = 2


class CrewWorker:
    """Drains an inbox with a crew. One thread."""

    def __init__(self, store: Store, crew: Crew, *, batch: int = 32) -> None:
        self.store, self.crew, self.batch = store, crew, batch
        self._filer = Worker(store, _Nobody(), batch=batch)

    def drain(self, on_progress: Callable[[WorkSummary], None] | None = None) -> WorkSummary:
        """Work until nothing waits; `on_progress` gets the summary so far after every batch. Raises StoreError, ModelError."""
        summary = WorkSummary()
        out: deque[tuple[list[Claim], Callable[[], list[Reading | Exception]]]] = deque()
        try:
            while True:
                # 1. Keep everybody busy.
                while len(out) < AHEAD * self.crew.size and (claims := self._claim()):
                    out.append((claims, self.crew.submit([claimed.document for claimed in claims])))
                if not out:
                    return summary
                # 2. File the oldest.
                claims, readings = out[0]
                with told_as_store_error(self.store):
                    summary = summary.plus(self._filer.file(claims, readings()))
                out.popleft()
                if on_progress:
                    on_progress(summary)
        except BaseException:
            self._give_back([claims for claims, _ in out])
            raise

    def _claim(self) -> list[Claim]:
        with told_as_store_error(self.store), self.store.writing() as session:
            return inbox.claim(session, inbox.this_worker(), limit=self.batch)

    def _give_back(self, batches: Sequence[Sequence[Claim]]) -> None:
        # When even this fails, the lease brings them back.
        with contextlib.suppress(sa.exc.SQLAlchemyError), self.store.writing() as session:
            for claims in batches:
                inbox.give_back(session, claims)


class _Nobody:
    """The filing worker reads nothing itself."""

    def analyze(self, documents: object) -> object:
        raise RuntimeError("a crew reads, not its worker")
