"""Takes accepted documents from the inbox, analyses them, and files what was read, so that nothing is lost or done twice.

In: a store and an analyzer (anything with `analyze(documents) -> readings`). Out: filed documents; counts. Analysis runs outside
any transaction; filing, resolving, numbering and the mark "done" are one transaction. A document that cannot be analysed or
filed is retried alone and then marked failed with its reason; the rest goes on. When the database itself fails (disk full, server
gone) the claims go back to the inbox and `StoreError` is raised: that is no document's fault.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from nlp import mask
from nlp.errors import FanzhaError, InputError
from nlp.records import Document, Reading
from serving import changes, filing, gone_texts, in_hand, inbox, incidents, tally, telemetry
from serving.inbox import Claim
from serving.settings import Settings
from serving.store import Store, StoreError, search
from serving.store.outage import is_outage
from serving.taxonomies import carrying, versions

log = logging.getLogger(__name__)

# How long an idle worker waits before it looks again; a second is unnoticed by people and costs one indexed query.
IDLE_SECONDS = 1.0
# A database that is down is asked again after this long.
DOWN_SECONDS = 5.0


class Analyzer(Protocol):
    """What the worker needs of `nlp.analyze.Analyzer`."""

    def analyze(self, documents: Iterable[Document]) -> Iterator[Reading]:
        """A reading for every document, in order."""


@dataclass(frozen=True, slots=True)
class WorkSummary:
    """What a stretch of work came to. `failures`: (document id, name, reason)."""

    done: int = 0
    failed: int = 0
    failures: tuple[tuple[str, str, str], ...] = ()

    def plus(self, other: WorkSummary) -> WorkSummary:
        """The two together."""
        return WorkSummary(self.done + other.done, self.failed + other.failed, self.failures + other.failures)


def load_analyzer(settings: Settings) -> Analyzer:
    """The analyzer of these settings; loads the model. Raises ModelError when there is none, InputError for a bad test hook."""
    if settings.analyzer:
        module, _, function = settings.analyzer.partition(":")
        try:
            return getattr(importlib.import_module(module), function)()  # type: ignore[no-any-return]
        except (ImportError, AttributeError) as error:
            raise InputError(f"FANZHA_ANALYZER={settings.analyzer}", expected="模块:函数", advice=str(error)) from error
    from nlp import model_folder
    from nlp.analyze import Analyzer as RealAnalyzer

    return RealAnalyzer(model_folder.load(settings.model), gated=settings.gate)


def read_through(analyzer: Analyzer, documents: Sequence[Document]) -> list[Reading | Exception]:
    """A reading, or what went wrong, for every document in order; one bad document does not spoil its neighbours."""
    try:
        with telemetry.span("analyse", documents=len(documents)):
            readings: list[Reading | Exception] = list(analyzer.analyze(documents))
        if len(readings) == len(documents):
            return readings
    except Exception as error:
        if len(documents) == 1:
            return [error]
    if len(documents) == 1:
        return [RuntimeError("分析器没有给出结果")]
    return [read_through(analyzer, [document])[0] for document in documents]


def reason_of(error: BaseException) -> str:
    """An error as one line that may stand in logs and tables: our own texts in full, others by type, numbers masked."""
    text = str(error) if isinstance(error, FanzhaError) else f"{type(error).__name__}: {error}"
    return mask.render(" ".join(text.split())[:500], "text")


def log_reason(error: BaseException) -> str:
    """The same for the log: of errors that are not ours only the type, for their message may quote a complaint."""
    return reason_of(error) if isinstance(error, FanzhaError) else type(error).__name__


class Worker:
    """One worker on one store. Methods may be called from several threads; each call claims for itself."""

    def __init__(self, store: Store, analyzer: Analyzer, *, batch: int = 32) -> None:
        self.store = store
        self.analyzer = analyzer
        self.batch = batch

    def step(self, only: Sequence[str] | None = None) -> WorkSummary | None:
        """Claim one batch and finish it; None when nothing waits. `only`: these documents. Raises StoreError."""
        claims = claim_batch(self.store, self.batch, only)  # 1. claim
        if not claims:
            return None
        try:
            readings = read_through(self.analyzer, [claimed.document for claimed in claims])  # 2. analyse
            return file_readings(self.store, claims, readings)  # 3. file
        except BaseException:  # stopped, or the database failed
            give_back(self.store, claims)
            raise

    def drain(self, on_progress: Callable[[WorkSummary], None] | None = None) -> WorkSummary:
        """Work until nothing waits; `on_progress` gets the summary so far after every batch. Raises StoreError."""
        summary = WorkSummary()
        while (step := self.step()) is not None:
            summary = summary.plus(step)
            if on_progress:
                on_progress(summary)
        return summary

    def process(self, document_ids: Sequence[str]) -> WorkSummary:
        """Finish these documents now, for a request that waits; those in another worker's hands are left to it."""
        summary = WorkSummary()
        while (step := self.step(document_ids)) is not None:
            summary = summary.plus(step)
        return summary

    def _keep_up(self) -> bool:
        """Know the version of the taxonomy in force, and bring some of what is on file under it; False where nothing was left to do."""
        with _told_as_store_error(self.store):
            with self.store.reading() as session:
                versions.refresh(session)
            return carrying.step(self.store) is not None

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set: for a background thread. A database that is down is waited for."""
        while not stop.is_set():
            try:
                if self.step() is None and not self._keep_up():
                    stop.wait(IDLE_SECONDS)
            except StoreError as error:
                log.warning("事件库暂不可用，%s 秒后再试：%s", DOWN_SECONDS, error)
                stop.wait(DOWN_SECONDS)


def claim_batch(store: Store, limit: int, only: Sequence[str] | None = None) -> list[Claim]:
    """Up to `limit` waiting documents for this process, oldest first; `only` these where given. Raises StoreError."""
    with _told_as_store_error(store), store.writing() as session:
        return inbox.claim(session, inbox.this_worker(), limit=limit, only=only)


def give_back(store: Store, claims: Sequence[Claim]) -> None:
    """Return what was claimed and is not filed. When even that fails, the next claim of this process brings it back."""
    with contextlib.suppress(sa.exc.SQLAlchemyError), store.writing() as session:
        inbox.give_back(session, claims)
    in_hand.release(store.engine, [claimed.inbox_id for claimed in claims])


def file_readings(store: Store, claims: Sequence[Claim], readings: Sequence[Reading | Exception]) -> WorkSummary:
    """File the readings of claimed documents, in the order of the claims; what cannot be filed is marked failed alone.

    Raises StoreError when the database itself fails.
    """
    with _told_as_store_error(store), telemetry.span("file", documents=len(claims)):
        summary = _file(store, list(zip(claims, readings, strict=True)))
    in_hand.release(store.engine, [claimed.inbox_id for claimed in claims])
    return summary


def _file(store: Store, pairs: Sequence[tuple[Claim, Reading | Exception]]) -> WorkSummary:
    try:
        return _file_together(store, pairs)
    except Exception as error:
        if is_outage(error):
            raise
        if len(pairs) == 1:
            return _give_up(store, pairs[0][0], error)
        log.warning("一批 %d 件未能一起入库，改为逐件：%s", len(pairs), log_reason(error))
    summary = WorkSummary()
    for pair in pairs:
        summary = summary.plus(_file(store, [pair]))
    return summary


def _file_together(store: Store, pairs: Sequence[tuple[Claim, Reading | Exception]]) -> WorkSummary:
    """All of a batch in one transaction, incidents rebuilt once at its end."""
    done, failed, touched = 0, [], set()
    filed: list[Reading] = []
    search.prepare([claimed.document.text for claimed, _ in pairs])
    with store.writing() as session:
        changes.lock(session)
        versions.refresh(session)  # what is filed is filed under the version of the taxonomy in force
        for claimed, reading in pairs:
            if isinstance(reading, Exception):
                if inbox.fail(session, claimed, reason_of(reading)):
                    failed.append((claimed, reading))
            elif gone_texts.lost_words(session, claimed.document_id, claimed.redacted_at):
                inbox.give_back(session, [claimed])  # the reading still tells what went meanwhile
            # Not ours any more: another worker took it over after our lease, and files it itself.
            elif inbox.finish(session, claimed):
                touched |= filing.file_reading(session, claimed.document_id, claimed.document, reading)
                filed.append(reading)
                done += 1
        with telemetry.span("rebuild", incidents=len(touched)):
            incidents.rebuild(session, touched)
    _count(filed, done, len(failed))
    for claimed, error in failed:
        log.warning("文档 %s 分析失败：%s", claimed.document_id, log_reason(error))
    return WorkSummary(done, len(failed), tuple(_failure(claimed, error) for claimed, error in failed))


def _count(filed: Sequence[Reading], done: int, failed: int) -> None:
    """For `/metrics`: how many, of which kinds and types, and how many of them were left to a person."""
    tally.count("fanzha_documents", "done", by=done)
    tally.count("fanzha_documents", "failed", by=failed)
    for reading in filed:
        for analysis in reading.analyses:
            verdict = analysis.verdict
            label = verdict.label if verdict.kind != "unrelated" else ""
            tally.count("fanzha_articles", verdict.kind, label, "yes" if verdict.review else "no")


def _give_up(store: Store, claimed: Claim, error: Exception) -> WorkSummary:
    with store.writing() as session:
        ours = inbox.fail(session, claimed, reason_of(error))
    frames = "".join(traceback.format_tb(error.__traceback__)[-8:])
    log.warning("文档 %s 入库失败：%s\n%s", claimed.document_id, log_reason(error), frames)
    if not ours:
        return WorkSummary()
    tally.count("fanzha_documents", "failed")
    return WorkSummary(failed=1, failures=(_failure(claimed, error),))


def _failure(claimed: Claim, error: Exception) -> tuple[str, str, str]:
    return claimed.document_id, claimed.document.doc_id, reason_of(error)


@contextlib.contextmanager
def _told_as_store_error(store: Store) -> Iterator[None]:
    """A database that fails inside is a StoreError outside: no document's fault."""
    try:
        yield
    except (sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
        if not is_outage(error):
            raise
        raise StoreError(
            f"事件库读写失败：{getattr(error, 'orig', error)}",
            where=store.address,
            advice="检查磁盘空间与数据库；已收下的文档不会丢，恢复后自动继续",
        ) from error
