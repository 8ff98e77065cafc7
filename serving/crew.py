"""Several processes that analyse for one worker: each loads the model once and is given batches of documents.

In: batches of documents. Out: for each batch its readings in order, whoever read it. A process that dies (killed, out of memory, a text
that crashes a library) is replaced; the batches it held are read again one document at a time, and a document in whose hands a process
died twice is given up with the reason. It touches no store: claiming and filing are `serving.crew_worker`'s.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from nlp.errors import FanzhaError
from nlp.records import Document, Reading
from serving.settings import Settings
from serving.worker import Analyzer, load_analyzer, read_through

# A document that is alone in a process when it dies may have met another's end (a machine short of memory): one more try.
DEATHS_ALLOWED = 2


class Crew(Protocol):
    """Who analyses: processes of this machine (`ProcessCrew`) or actors of a Ray cluster (`serving.crew_ray.RayCrew`)."""

    size: int

    def submit(self, documents: Sequence[Document]) -> Callable[[], list[Reading | Exception]]:
        """Give out one batch; calling what comes back waits for its readings, one for each document, in order."""

    def close(self) -> None:
        """Let everybody go."""


class DiedWhileReading(FanzhaError):
    """The process that read a document died, and died again on a second try."""


class ProcessCrew:
    """`size` processes of this machine. Not for use from several threads at once."""

    def __init__(self, settings: Settings, size: int) -> None:
        """Processes start with the first batch; `size` ≥ 1."""
        self.size = size
        self._settings = settings
        self._pool = self._new_pool()

    def submit(self, documents: Sequence[Document]) -> Callable[[], list[Reading | Exception]]:
        """See `Crew.submit`. Raises what loading the model raises (ModelError), when the readings are asked for."""
        batch = list(documents)
        pool = self._pool
        future = self._given(batch)
        return lambda: self._take(batch, future, pool)

    def close(self) -> None:
        """End the processes without waiting for what they read: it was not filed, so it goes back to the inbox."""
        for process in list((self._pool._processes or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _new_pool(self) -> ProcessPoolExecutor:
        # spawn: a fork of a process with threads and an open database is a process with broken locks.
        context = multiprocessing.get_context("spawn")
        threads = max(1, (os.cpu_count() or 1) // self.size)
        return ProcessPoolExecutor(self.size, context, _begin, (self._settings, threads))

    def _given(self, batch: list[Document]) -> Future[list[Reading | Exception]]:
        try:
            return self._pool.submit(_read, batch)
        except BrokenProcessPool as error:
            failed: Future[list[Reading | Exception]] = Future()
            failed.set_exception(error)
            return failed

    def _take(
        self, batch: list[Document], future: Future[list[Reading | Exception]], pool: ProcessPoolExecutor
    ) -> list[Reading | Exception]:
        try:
            return future.result()
        except BrokenProcessPool:
            if self._pool is pool:
                self._replace()
        return [self._alone(document) for document in batch]

    def _alone(self, document: Document) -> Reading | Exception:
        """The reading of one document that shares its process with nobody."""
        for _ in range(DEATHS_ALLOWED):
            try:
                return self._given([document]).result()[0]
            except BrokenProcessPool:
                self._replace()
        return DiedWhileReading("分析此文档时进程中断", where=document.doc_id, advice="请单独检查此文档")

    def _replace(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new_pool()


_analyzer: Analyzer | None = None
_settings: Settings | None = None


def _begin(settings: Settings, threads: int) -> None:
    """In a new process: Ctrl-C is for the one who gives out work, and without that one there is no work."""
    global _settings  # noqa: PLW0603 - one process reads with one analyzer
    _settings = settings
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(batch: list[Document]) -> list[Reading | Exception]:
    global _analyzer  # noqa: PLW0603
    if _analyzer is None:
        if _settings is None:
            raise RuntimeError("the process was never told its settings")
        _analyzer = load_analyzer(_settings)
    return read_through(_analyzer, batch)
