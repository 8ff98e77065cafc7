"""`fanzha analyze` without its screen: sources in, one JSON object a line out, nothing stored.

In: files, folders, globs, "-". Out: lines of DESIGN §7 on a file or standard output, in the order of the documents, whoever read them; what
was skipped and why. A file is written beside its name and moved there at the end, so a half-written one never looks whole.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from nlp.errors import FanzhaError, InputError
from nlp.records import Document, Reading
from nlp.wire import to_line
from serving.ingest import read_sources
from serving.settings import Settings
from serving.worker import load_analyzer, read_through, reason_of


@dataclass(slots=True)
class Analysed:
    """How many lines were written, and one sentence for everything that was not."""

    written: int = 0
    problems: list[str] = field(default_factory=list)


def analyse_to(
    sources: Sequence[str], output: Path | None, settings: Settings, *, columns: Mapping[str, str] | None = None,
    nature: str | None = None, on_progress: Callable[[int], None] | None = None, workers: int = 1,
) -> Analysed:  # fmt: skip
    """Analyse `sources` into `output` (None: standard output), in `workers` processes. Raises ModelError, and InputError where it cannot be
    written.
    """
    result = Analysed()
    with _writing(output) as stream:
        batches = _batches(read_sources(sources, columns, nature), settings.batch, result)
        for documents, readings in _together(batches, settings, workers) if workers > 1 else _here(batches, settings):
            for document, reading in zip(documents, readings, strict=True):
                if isinstance(reading, Exception):
                    result.problems.append(f"{document.doc_id}：分析失败：{reason_of(reading)}")
                    continue
                stream.write(json.dumps(to_line(reading), ensure_ascii=False) + "\n")
                result.written += 1
            stream.flush()
            if on_progress:
                on_progress(result.written)
    return result


_Read = Iterator[tuple[list[Document], list[Reading | Exception]]]


def _here(batches: Iterator[list[Document]], settings: Settings) -> _Read:
    """Every batch with its readings, read in this process; the model is loaded when the first one is there."""
    analyzer = None
    for documents in batches:
        analyzer = analyzer or load_analyzer(settings)
        yield documents, read_through(analyzer, documents)


def _together(batches: Iterator[list[Document]], settings: Settings, workers: int) -> _Read:
    """The same from several processes, in the same order; at most `AHEAD` batches for each of them are in hand."""
    from serving.crew import ProcessCrew
    from serving.crew_worker import AHEAD

    crew = ProcessCrew(settings, workers)
    given: deque[tuple[list[Document], Callable[[], list[Reading | Exception]]]] = deque()
    try:
        for documents in batches:
            given.append((documents, crew.submit(documents)))
            if len(given) == AHEAD * workers:
                first, readings = given.popleft()
                yield first, readings()
        for first, readings in given:
            yield first, readings()
    finally:
        crew.close()


def _batches(items: Iterator[Document | InputError], size: int, result: Analysed) -> Iterator[list[Document]]:
    batch: list[Document] = []
    for item in items:
        if isinstance(item, FanzhaError):
            result.problems.append(str(item))
            continue
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    part = output.with_name(output.name + ".part")
    try:
        stream = part.open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"不能写入：{error.strerror}", where=str(output), advice="检查文件夹与权限") from error
    with stream:
        yield stream
    part.replace(output)
