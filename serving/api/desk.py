"""Where requests that wait for an analysis meet: what comes within a few milliseconds is read in one pass and filed in one transaction.

In: claimed documents (to be filed) and loose texts (only to be read), from any number of threads. Out: for each of them a future.
Two threads do the work, outside the event loop: one reads, the other files the pass before, for reading is mostly the encoder, which
lets the interpreter go, and filing is not. Passes are filed in the order in which they were taken. Places are few, and no more of them are
given than can be served in the time that is promised, at the pace of the last passes: who finds none is told to come back (503) before
anything of his is stored. A text that fails fails alone. What a text gets does not depend on what is read beside it (`nlp.analyze`).

1. Take what waits: complaints and documents first, then at least one loose text. 2. One pass of the analyzer; who only wanted to
read is told. 3. One transaction files what is to be filed. 4. Everybody else is told. It knows no HTTP; whoever waits too long for a claimed
document leaves it to the desk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue

from nlp.records import Document, Reading
from serving import heap
from serving.api.problems import BusyError
from serving.inbox import Claim
from serving.log_lines import event
from serving.store import Store
from serving.worker import Analyzer, file_readings, give_back, log_reason, read_through

log = logging.getLogger("fanzha.api")
work = logging.getLogger("fanzha.work")
# How long the first of a pass waits for others that have a place already and are still being stored. A request that is alone
# waits for nobody. Storing a complaint takes about as long; more would only be felt.
GATHER_SECONDS = 0.004
# One pass: enough that a transaction is shared by many, few enough that nobody behind waits for more than a second or so.
MOST_DOCUMENTS = 32
MOST_CHARACTERS = 20_000
# How long somebody who gets a place may have to wait at the pace of the last passes. A bound in numbers alone let 80 complaints wait
# 18 s on a machine that was slow that day; with this one an overload is over within five seconds of its end, and 64 senders who each wait
# for their answer all have a place where a complaint takes 54 ms or less.
PROMISE_SECONDS = 3.5
# So much may always wait, however slow the last pass was: a store that was locked for a minute says nothing of the next one.
LEAST_UNITS = 4.0
# A unit of work: a text of up to so many characters costs about what a complaint costs, a longer one as many times more. A large request
# weighs no more than one pass: complaints are taken before the rest of it.
UNIT_CHARACTERS = 1000
# Bytes of a request a character, where its length stands in the header alone.
_BYTES = 3
# What the last pass counts for in the pace; the pace of a burst is known after two or three.
_LATEST = 0.5
# Loose characters that may wait: two of the largest requests that the API takes.
MOST_LOOSE = 2_000_000
# After so many documents the C library gives free pages back: some milliseconds, a hundredth of one a document.
TRIM_EVERY = 256
ADVICE = "稍后重试，或改用批量导入"


@dataclass(slots=True, eq=False)
class _Item:
    document: Document
    claim: Claim | None
    request: str = ""
    future: Future[Reading | Exception] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Pass:
    """Documents of one pass that are read and not filed: each with its claim, and the moment at which reading began."""

    items: Sequence[_Item]
    readings: Sequence[Reading | Exception]
    together: int  # documents of the whole pass, loose ones too
    units: float
    began: float


class Desk:
    """Places, a queue and two threads. `places`: requests that may be under way at once, the one that is being read included."""

    def __init__(self, store: Store, analyzer: Callable[[], Analyzer], *, places: int) -> None:
        self.store, self.places = store, places
        self.refused = 0  # requests that found no place since the start
        self.pace = 0.0  # seconds a unit of work took lately, 0 before the first pass
        self._analyzer = analyzer
        self._taken = 0
        self._units = 0.0
        self._filed: deque[_Item] = deque()
        self._loose: deque[_Item] = deque()
        self._loose_characters = 0
        self._condition = threading.Condition()
        self._stopped = False
        # What is read goes to the other thread when that one is free: one pass is being read, one filed, and none lies between them.
        self._read: SimpleQueue[_Pass | None] = SimpleQueue()
        self._free = threading.Semaphore(1)
        self._filing = 0
        self._filed_since = 0
        self._ended = 0.0  # when the last pass was over
        self._reader = threading.Thread(target=self._run, name="fanzha-desk", daemon=True)
        self._filer = threading.Thread(target=self._file_passes, name="fanzha-filing", daemon=True)

    def start(self) -> None:
        """Begin to work; what was asked before waits until now."""
        self._reader.start()
        self._filer.start()

    @property
    def alive(self) -> bool:
        """Do its threads run?"""
        return self._reader.is_alive() and self._filer.is_alive()

    @property
    def waiting(self) -> int:
        """Requests that have a place."""
        return self._taken

    @contextmanager
    def place(self, size: int = 0) -> Iterator[None]:
        """A place while inside. size: bytes of the request, 0 where nobody knows.

        Raises BusyError when all are taken, when those who have one will keep the desk busy for longer than is promised, or when it has
        stopped.
        """
        units = _units(size // _BYTES)
        with self._condition:
            late = self._units + units > LEAST_UNITS and (self._units + units) * self.pace > PROMISE_SECONDS
            if self._taken >= self.places or (late and self._taken) or self._stopped:
                self.refused += 1
                raise BusyError("同时处理的请求太多", where="分析", advice=ADVICE)
            self._taken += 1
            self._units += units
        try:
            yield
        finally:
            with self._condition:
                self._taken -= 1
                self._units = self._units - units if self._taken else 0.0
                self._condition.notify_all()  # somebody gathering may have waited for this one

    def file(self, claim: Claim, request: str = "") -> Future[Reading | Exception]:
        """Read and file a claimed document of this request. The future ends when that is done; CancelledError: back in the inbox."""
        item = _Item(claim.document, claim, request)
        with self._condition:
            if not self._stopped:
                self._filed.append(item)
                self._condition.notify_all()
                return item.future
        give_back(self.store, [claim])
        item.future.cancel()
        return item.future

    def read(self, documents: Sequence[Document]) -> list[Future[Reading | Exception]]:
        """Only read these. Raises BusyError when too much waits already."""
        items = [_Item(document, None) for document in documents]
        size = sum(len(item.document.text) for item in items)
        with self._condition:
            if self._stopped or (self._loose and self._loose_characters + size > MOST_LOOSE):
                self.refused += 1
                raise BusyError("等待分析的文字太多", where="分析", advice=ADVICE)
            self._loose.extend(items)
            self._loose_characters += size
            self._condition.notify_all()
        return [item.future for item in items]

    def close(self, seconds: float) -> None:
        """Finish the passes that are under way, for at most `seconds`; what has not begun goes back to the inbox."""
        with self._condition:
            self._stopped = True
            left = [*self._filed, *self._loose]
            self._filed.clear()
            self._loose.clear()
            self._loose_characters = 0
            self._condition.notify_all()
        give_back(self.store, [item.claim for item in left if item.claim])
        for item in left:
            item.future.cancel()
        end = time.monotonic() + seconds
        for thread in (self._reader, self._filer):
            if thread.is_alive():
                thread.join(max(0.0, end - time.monotonic()))

    def _run(self) -> None:
        try:
            while (items := self._take()) is not None:
                try:
                    self._read_pass(items)
                except Exception as error:
                    self._not_done(items, error)
        finally:
            self._read.put(None)

    def _file_passes(self) -> None:
        while (read := self._read.get()) is not None:
            try:
                self._file_pass(read)
            except Exception as error:  # the database failed: no document's fault, and no reason to stop
                self._not_done(read.items, error)
            finally:
                with self._condition:
                    self._filing = 0
                self._free.release()

    def _take(self) -> list[_Item] | None:
        """The next pass, None once stopped."""
        with self._condition:
            while not (self._filed or self._loose or self._stopped):
                self._condition.wait()
            end = time.monotonic() + GATHER_SECONDS
            # Those who have a place, are not being filed and have not asked yet are a moment away.
            while not self._stopped and self._gathered() < min(self._taken - self._filing, MOST_DOCUMENTS):
                if (left := end - time.monotonic()) <= 0:
                    break
                self._condition.wait(left)
            if self._stopped:
                return None
            items: list[_Item] = []
            size = 0
            while self._filed and (not items or _fits(items, size, self._filed[0])):
                items.append(self._filed.popleft())
                size += len(items[-1].document.text)
            # At least one loose text each time, so that complaints cannot keep it waiting for ever.
            first = True
            while self._loose and (first or _fits(items, size, self._loose[0])):
                item = self._loose.popleft()
                self._loose_characters -= len(item.document.text)
                if item.future.set_running_or_notify_cancel():  # its request may have given up
                    items.append(item)
                    size += len(item.document.text)
                    first = False
        return items

    def _gathered(self) -> int:
        return len(self._filed) + len(self._loose)

    def _read_pass(self, items: Sequence[_Item]) -> None:
        """Read; tell those who wanted no more, hand the rest over to be filed."""
        claims = [item.claim for item in items if item.claim]
        units = sum(_units(len(item.document.text)) for item in items)
        try:
            analyzer = self._analyzer()  # which may still be loading: that is not the pace of the work
            began = time.monotonic()
            readings = read_through(analyzer, [item.document for item in items])
        except BaseException:
            give_back(self.store, claims)
            raise
        for item, reading in zip(items, readings, strict=True):
            if item.claim is None:
                item.future.set_result(reading)
        if not claims:
            self._note_pace(began, units)
            return
        told = [(item, reading) for item, reading in zip(items, readings, strict=True) if item.claim]
        self._free.acquire()
        with self._condition:
            self._filing = len(told)
        self._read.put(_Pass([item for item, _ in told], [reading for _, reading in told], len(items), units, began))

    def _file_pass(self, read: _Pass) -> None:
        claims = [item.claim for item in read.items if item.claim]
        try:
            file_readings(self.store, claims, read.readings)
        except BaseException:
            give_back(self.store, claims)
            raise
        self._note_pace(read.began, read.units)
        self._filed_since += len(claims)
        if self._filed_since >= TRIM_EVERY:
            self._filed_since = 0
            heap.give_back()
        for item, reading in zip(read.items, read.readings, strict=True):
            outcome = "done" if isinstance(reading, Reading) else "failed"
            name = item.claim.document_id if item.claim else ""
            event(work, event="analysed", request=item.request, id=name, outcome=outcome, together=read.together)
            item.future.set_result(reading)

    def _not_done(self, items: Sequence[_Item], error: Exception) -> None:
        """Tell those who were not told yet; what was claimed is back in the inbox."""
        log.warning("一批 %d 件未能完成，已退回收件箱：%s", len(items), log_reason(error))
        for item in items:
            if not item.future.done():
                item.future.set_exception(error)

    def _note_pace(self, began: float, units: float) -> None:
        """Passes overlap: what counts is how long after the one before it a pass is over."""
        with self._condition:
            now = time.monotonic()
            pace = (now - max(began, self._ended)) / units
            self._ended = now
            self.pace = self.pace + _LATEST * (pace - self.pace) if self.pace else pace


def _units(characters: int) -> float:
    """How many complaints' worth of work a text is."""
    return max(1.0, min(characters, MOST_CHARACTERS) / UNIT_CHARACTERS)


def _fits(items: Sequence[_Item], size: int, following: _Item) -> bool:
    return len(items) < MOST_DOCUMENTS and size + len(following.document.text) <= MOST_CHARACTERS
