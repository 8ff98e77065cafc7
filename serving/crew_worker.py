"""A worker with a crew: claims batches from the inbox, has several read at once, files them in the order they were claimed.

In: a store, a crew. Out: filed documents; counts. The order of filing is that of one worker alone, so the store ends the same whoever
read: numbers, incidents and changes do not depend on which process was quicker. What is claimed and not filed when it stops goes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from nlp.records import Reading
from serving.crew import Crew
from serving.inbox import Claim
from serving.store import Store
from serving.worker import WorkSummary, claim_batch, file_readings, give_back

# Batches given out beyond those being read: one for each reader, so that nobody waits while a batch is filed.
AHEAD = 2


class CrewWorker:
    """Drains an inbox with a crew. One thread."""

    def __init__(self, store: Store, crew: Crew, *, batch: int = 32) -> None:
        self.store, self.crew, self.batch = store, crew, batch

    def drain(self, on_progress: Callable[[WorkSummary], None] | None = None) -> WorkSummary:
        """Work until nothing waits; `on_progress` gets the summary so far after every batch. Raises StoreError, ModelError."""
        summary = WorkSummary()
        out: deque[tuple[list[Claim], Callable[[], list[Reading | Exception]]]] = deque()
        try:
            while True:
                # 1. Keep everybody busy.
                while len(out) < AHEAD * self.crew.size and (claims := claim_batch(self.store, self.batch)):
                    out.append((claims, self.crew.submit([claimed.document for claimed in claims])))
                if not out:
                    return summary
                # 2. File the oldest.
                claims, readings = out[0]
                summary = summary.plus(file_readings(self.store, claims, readings()))
                out.popleft()
                if on_progress:
                    on_progress(summary)
        except BaseException:
            give_back(self.store, [claimed for claims, _ in out for claimed in claims])
            raise
