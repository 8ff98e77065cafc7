"""What the application works with: the store, the model once it has loaded, the worker that finishes the inbox, and who may wait.

In: `Settings`. Out: an `Engine` that requests ask for an analysis. Analysing is CPU work: one thread does it for all requests together
(`serving.api.desk`), a bounded number of requests waits for it, the rest is told to come back (503). What is on disk already and takes
too long is answered "will be done" (202). It knows no HTTP.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager

from sqlalchemy.orm import Session

from nlp.errors import ModelError
from nlp.records import Document, Reading
from nlp.segment import tokens
from serving import heap, inbox, model_choice, queries, sourced
from serving.api.desk import ADVICE, Desk
from serving.api.problems import BusyError, NotReadyError
from serving.delivery import Sender
from serving.inbox import Claim
from serving.keeping import keeper, retention
from serving.settings import Settings
from serving.store import StoreError, open_store, search
from serving.worker import Worker, give_back, load_analyzer, log_reason, reason_of

log = logging.getLogger("fanzha.api")
# The model loads this long after the start, or when it is first asked for. /healthz has answered by then (serving.doorway); a longer
# pause only put /readyz off (0.3 s did, towards its five seconds).
LATE_SECONDS = 0.05
# How long a request waits for a model that is still loading: it loads in about a second, ten on a machine in trouble.
READY_SECONDS = 10.0
# How long a request waits for its own document: a complaint takes 0.1 s, a newspaper page a second, behind others what the desk promises
# (`desk.PROMISE_SECONDS`); whoever waits three times as long is told that it will be done (202), and his place is free again.
ANSWER_SECONDS = 10.0
# The same for texts that are only read: the largest request is a million characters.
READ_SECONDS = 120.0
# Whether another model was put in use is looked at this often: one small file is read.
MODEL_SECONDS = 2.0
# What is being read when the server stops is finished; a newspaper page on a slow machine takes seconds.
STOP_SECONDS = 30.0
# Pages of an SQLite store that this process keeps in memory, over all its connections: each may fill 64 MB once it has written.
PAGES_BYTES = 32_000_000
# What it keeps of cases for comparing and building anew: 4 kB and 10 kB each. A case that is not among them is read again, a tenth of a
# millisecond; with 20,000 and four times the text, as an import keeps them, a server grew by 17 MB with every thousand complaints.
CASES_KEPT, CHARACTERS_KEPT = 1_000, 800_000
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
        self.store.bound_pages(PAGES_BYTES)
        sourced.keep_at_most(CASES_KEPT, CHARACTERS_KEPT)
        self.desk = Desk(self.store, lambda: self.worker().analyzer, places=settings.places)
        self.uploading = Gate(UPLOADS, 0, ANSWER_SECONDS)
        self.failure: Exception | None = None
        self._loaded = threading.Event()
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._worker: Worker | None = None
        self._thread = threading.Thread(target=self._run, name="fanzha-worker", daemon=True)
        sender = Sender(self.store, settings.private_hosts)
        self._sender = threading.Thread(target=sender.run, args=(self._stop,), name="fanzha-webhooks", daemon=True)

        self._chosen = model_choice.stamp()
        self._follower = threading.Thread(target=self._follow_model, name="fanzha-model", daemon=True)
        rules = retention.load(settings.retention) if settings.retention else []
        self._keeper = threading.Thread(
            target=keeper.run, args=(self.store, rules, self._stop), name="fanzha-retention", daemon=True
        )

    def start(self) -> None:
        """Load the model in the background, then finish what the inbox holds, until `close`."""
        self._thread.start()
        self.desk.start()
        if self.settings.model is None and not self.settings.analyzer:
            self._follower.start()
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
        """Do the threads run that finish the inbox and answer requests?"""
        return self._thread.is_alive() and self.desk.alive

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

    @property
    def owner(self) -> str:
        """Under which name a new document is taken in the moment it is accepted; "" where there is no model and never will be."""
        return inbox.this_worker() if self.failure is None else ""

    def change_model(self) -> str:
        """Read with the default model as it is chosen now, from the next document on; returns its name. Raises ModelError, and goes on as before."""
        self._chosen = model_choice.stamp()
        from nlp.model_folder import adopt_labels  # NumPy comes with it: not before somebody serves

        adopt_labels(self.settings.model)
        analyzer = load_analyzer(self.settings)
        self.worker().analyzer = analyzer
        return str(getattr(getattr(analyzer, "classifier", None), "model", ""))

    def claim(self, session: Session, document_id: str) -> Claim | None:
        """Take a document that was here already for the request that brings it again, in the transaction that accepts it.

        None where it is done, in other hands, or where there is no model and never will be.
        """
        if self.failure is not None:
            return None
        return next(iter(inbox.claim(session, inbox.this_worker(), limit=1, only=[document_id])), None)

    def finish(self, document_id: str, claimed: Claim | None, request: str = "") -> bool:
        """Have an accepted document analysed and wait for it; False when that must be left to the inbox.

        Without a claim another worker has it, or had it before: then its end is waited for. request: the number that the log tells.
        """
        if claimed is not None:
            try:
                self._ready_for(claimed)
                filed = self.desk.file(claimed, request)
                search.prepare([claimed.document.text])  # what filing will need, while the desk reads
                filed.result(ANSWER_SECONDS)
                return True
            except (NotReadyError, ModelError, StoreError, TimeoutError, CancelledError) as error:
                log.info("left to the inbox: %s", type(error).__name__)
                return False
        end = time.monotonic() + (ANSWER_SECONDS if self.failure is None else 0.0)
        while True:
            with self.store.reading() as session:
                row = queries.inbox_of(session, document_id)
            if row is None or row.state not in ("accepted", "working"):
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL_SECONDS)

    def read(self, documents: Sequence[Document]) -> list[Reading | Exception]:
        """Readings, or what went wrong, in order; nothing is stored. Raises NotReadyError, ModelError, BusyError."""
        self.worker()
        futures = self.desk.read(documents)
        end = time.monotonic() + READ_SECONDS
        try:
            return [future.result(max(0.0, end - time.monotonic())) for future in futures]
        except (TimeoutError, CancelledError) as error:
            for future in futures:
                future.cancel()
            raise BusyError("排队太久，或服务正在停止", where="分析", advice=ADVICE) from error

    def close(self) -> None:
        """Stop after what is being read now and close the store; what was claimed and not begun goes back to the inbox."""
        self._stop.set()
        self._asked.set()
        self.desk.close(STOP_SECONDS)
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        if self._follower.is_alive():
            self._follower.join(STOP_SECONDS)
        if self._sender.is_alive():
            self._sender.join(STOP_SECONDS)
        if self._keeper.is_alive():
            self._keeper.join(STOP_SECONDS)
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
        heap.settle()
        while not self._stop.is_set():
            try:
                self._worker.run(self._stop)
            except Exception as error:
                log.error("收件处理中断，%s 秒后继续：%s", AGAIN_SECONDS, log_reason(error))
                self._stop.wait(AGAIN_SECONDS)

    def _follow_model(self) -> None:
        """Read with a model that another process of this installation put in use, without a restart; one that cannot be loaded is told once."""
        while not self._stop.wait(MODEL_SECONDS):
            if not self._loaded.is_set() or model_choice.stamp() == self._chosen:
                continue
            try:
                log.info("换用模型 %s", self.change_model())
            except Exception as error:
                log.warning("换用的模型未能载入，照旧用原来的：%s", reason_of(error))

    def _ready_for(self, claimed: Claim) -> None:
        """Wait for the model; without one the document goes back."""
        try:
            self.worker()
        except BaseException:
            give_back(self.store, [claimed])
            raise

    def _warm(self) -> None:
        """Read one invented sentence, so that jieba, spaCy and the gazetteer are there before the first complaint."""
        if self._worker is None or self.settings.analyzer:
            return
        try:
            list(self._worker.analyzer.analyze([Document("warm", WARM)]))
            tokens(WARM)
        except Exception as error:  # the first document will meet the same and be told
            log.warning("预热未成：%s", reason_of(error))
