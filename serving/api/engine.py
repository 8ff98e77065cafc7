"""What the application works with: the store, the model once it has loaded, the worker that finishes the inbox, and who may wait.

In: `Settings`. Out: an `Engine` that requests ask for an analysis. Analysing is CPU work: few requests do it at once, a few more wait,
the rest is told to come back (503) or, where the document is on disk already, that it will be done (202). It knows no HTTP.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from nlp.errors import ModelError
from nlp.records import Document
from nlp.segment import tokens
from serving import queries
from serving.api.problems import BusyError, NotReadyError
from serving.delivery import Sender
from serving.keeping import keeper, retention
from serving.settings import Settings
from serving.store import StoreError, open_store
from serving.worker import Worker, load_analyzer, log_reason, reason_of

log = logging.getLogger("fanzha.api")
# The model loads this long after the start, or when it is first asked for. /healthz has answered by then (serving.doorway); a longer
# pause only put /readyz off (0.3 s did, towards its five seconds).
LATE_SECONDS = 0.05
# How long a request waits for a model that is still loading: it loads in about a second, ten on a machine in trouble.
READY_SECONDS = 10.0
# How long a request waits for its own document: a complaint takes 0.1 s, a newspaper page a second, behind others some more.
ANSWER_SECONDS = 30.0
# Requests that wait for a free core. Starlette has 40 threads: the others keep answering questions to the store.
WAITING = 8
# Uploads read at a time: each may hold 100 MB in memory.
UPLOADS = 2
# The worker is started again after an error that nobody foresaw; at once would fill the log.
AGAIN_SECONDS = 5.0
_POLL_SECONDS = 0.05
WARM = "昆明市公安局通报：李某以兼职刷单为名诈骗王某3万元，已被刑事拘留。"


class Gate:
    """Lets `running` threads in at once and `waiting` more wait for at most `seconds`; raises BusyError for the rest."""

    def __init__(self, running: int, waiting: int, seconds: float) -> None:
        self.seconds = seconds
        self._room = threading.BoundedSemaphore(running + waiting)
        self._running = threading.BoundedSemaphore(running)

    @contextmanager
    def entered(self, where: str) -> Iterator[None]:
        """Inside the gate."""
        if not self._room.acquire(blocking=False):
            raise BusyError("同时处理的请求太多", where=where, advice="稍后重试，或改用批量导入")
        try:
            if not self._running.acquire(timeout=self.seconds):
                raise BusyError("排队太久", where=where, advice="稍后重试，或改用批量导入")
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._room.release()


class Engine:
    """Store, worker and gates of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = open_store(settings.store)
        self.analysing = Gate(max(1, os.cpu_count() or 1), WAITING, ANSWER_SECONDS)
        self.uploading = Gate(UPLOADS, 0, ANSWER_SECONDS)
        self.failure: Exception | None = None
        self._loaded = threading.Event()
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._run, name="fanzha-worker", daemon=True)
        sender = Sender(self.store, settings.private_hosts)
        self._sender = threading.Thread(target=sender.run, args=(self._stop,), name="fanzha-webhooks", daemon=True)

        rules = retention.load(settings.retention) if settings.retention else []
        self._keeper = threading.Thread(
            target=keeper.run, args=(self.store, rules, self._stop), name="fanzha-retention", daemon=True
        )

    def start(self) -> None:
        """Load the model in the background, then finish what the inbox holds, until `close`."""
        self._thread.start()
        if self.settings.webhooks:
            self._sender.start()
        if self.settings.retention:
            self._keeper.start()

    @property
    def model_state(self) -> str:
        """ "ok", "loading" or "failed"; why it failed stands in the log and in `fanzha doctor`, it is nobody else's business."""
        if not self._loaded.is_set():
            return "loading"
        return "ok" if self.failure is None else "failed"

    @property
    def working(self) -> bool:
        """Does the thread that finishes the inbox run?"""
        return self._thread.is_alive()

    def worker(self, seconds: float = READY_SECONDS) -> Worker:
        """The worker, waiting for a model that is still loading. Raises NotReadyError, ModelError."""
        self._asked.set()
        if not self._loaded.wait(seconds):
            raise NotReadyError("模型仍在载入", where="/readyz", advice="几秒后重试")
        if self._worker is None:
            raise ModelError(
                "没有可用的模型", where="/readyz", advice="管理员请看 /readyz 与 fanzha doctor"
            ) from self.failure
        return self._worker

    def finish(self, document_id: str) -> bool:
        """Analyse an accepted document now and wait for it; False when that must be left to the inbox.

        The background worker, or another process, may have taken it first: then its end is waited for.
        """
        end = time.monotonic() + ANSWER_SECONDS
        try:
            with self.analysing.entered("分析"):
                self.worker().process([document_id])
        except (BusyError, NotReadyError, ModelError, StoreError) as error:
            log.info("left to the inbox: %s", type(error).__name__)
            return False
        while time.monotonic() < end:
            with self.store.reading() as session:
                row = queries.inbox_of(session, document_id)
            if row is None or row.state not in ("accepted", "working"):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def close(self) -> None:
        """Stop the worker after its batch and close the store; what it had claimed goes back to the inbox."""
        self._stop.set()
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)
        if self._sender.is_alive():
            self._sender.join(timeout=30)
        if self._keeper.is_alive():
            self._keeper.join(timeout=30)
        self.store.close()

    def _run(self) -> None:
        self._asked.wait(LATE_SECONDS)
        try:
            self._worker = Worker(self.store, load_analyzer(self.settings), batch=self.settings.batch)
        except Exception as error:  # told by /readyz and by every request that needs the model
            self.failure = error
            log.error("模型未能载入：%s", reason_of(error))
            return
        finally:
            self._loaded.set()
        self._warm()
        while not self._stop.is_set():
            try:
                self._worker.run(self._stop)
            except Exception as error:
                log.error("收件处理中断，%s 秒后继续：%s", AGAIN_SECONDS, log_reason(error))
                self._stop.wait(AGAIN_SECONDS)

    def _warm(self) -> None:
        """Read one invented sentence, so that jieba, spaCy and the gazetteer are there before the first complaint."""
        if self._worker is None or self.settings.analyzer:
            return
        try:
            list(self._worker.analyzer.analyze([Document("warm", WARM)]))
            tokens(WARM)
        except Exception as error:  # the first document will meet the same and be told
            log.warning("预热未成：%s", reason_of(error))
