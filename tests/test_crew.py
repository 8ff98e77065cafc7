"""Several processes read, the store ends as after one: row by row, also when a process is killed or a document kills it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from test_command import done, fanzha
from test_kill import write_documents
from whole_store import rows_of

from nlp.errors import InputError, ModelError
from nlp.records import Document, Reading
from serving import inbox, ingest_command
from serving.crew import DiedWhileReading, ProcessCrew
from serving.crew_worker import CrewWorker
from serving.settings import Settings
from serving.store import open_store

FAKE = Settings(analyzer="tests.fake_analyzer:make")


def document(name: str, text: str = "一起骗局") -> Document:
    return Document(name, f"{text} {name}")


def test_a_crew_leaves_the_store_that_one_worker_leaves(tmp_path: Path) -> None:
    write_documents(tmp_path, 200)
    for name, workers in (("alone.db", "1"), ("crew.db", "3")):
        ran = fanzha(tmp_path, "ingest", "documents.jsonl", "--store", name, "--workers", workers, FANZHA_BATCH="8")
        assert ran.returncode == 0, ran.stderr
    assert done(tmp_path / "crew.db") == 200
    alone, crew = rows_of(tmp_path / "alone.db"), rows_of(tmp_path / "crew.db")
    assert set(alone) >= {"documents", "articles", "cases", "incidents", "changes", "inbox"}
    assert all(alone[table] for table in ("incidents", "changes"))
    assert {table: crew[table] == rows for table, rows in alone.items()} == dict.fromkeys(alone, True)


def test_readings_come_back_in_order_and_a_bad_document_alone_fails() -> None:
    crew = ProcessCrew(FAKE, 2)
    try:
        first = crew.submit([document("a"), document("b", "POISON"), document("c")])
        second = crew.submit([document("d")])
        a, b, c = first()
        assert [getattr(reading, "doc_id", None) for reading in (a, c, *second())] == ["a", "c", "d"]
        assert isinstance(b, ValueError)
    finally:
        crew.close()


@pytest.mark.slow
def test_a_document_that_kills_its_process_is_given_up_and_its_neighbours_are_read() -> None:
    crew = ProcessCrew(FAKE, 2)
    try:
        taken = [
            crew.submit([document("a"), document("b", "DIE"), document("c")]),
            crew.submit([document("d")]),
            crew.submit([document("e")]),
        ]
        readings = [reading for take in taken for reading in take()]
        assert isinstance(readings[1], DiedWhileReading)
        assert [reading.doc_id for reading in readings if isinstance(reading, Reading)] == ["a", "c", "d", "e"]
    finally:
        crew.close()


@pytest.mark.slow
def test_a_process_that_is_killed_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PAUSE", "0.2")
    crew = ProcessCrew(FAKE, 2)
    try:
        taken = [crew.submit([document(f"{n}-{m}") for m in range(3)]) for n in range(4)]
        while not crew._pool._processes:
            time.sleep(0.01)
        os.kill(next(iter(crew._pool._processes)), signal.SIGKILL)
        readings = [reading for take in taken for reading in take()]
        assert [getattr(reading, "doc_id", reading) for reading in readings] == [
            f"{n}-{m}" for n in range(4) for m in range(3)
        ]
    finally:
        crew.close()


class Failing:
    """A crew whose second batch never comes back."""

    size = 2

    def __init__(self, error: BaseException) -> None:
        self.error, self.given = error, 0

    def submit(self, documents: Sequence[Document]) -> Callable[[], list[Reading | Exception]]:
        self.given += 1
        number = self.given

        def take() -> list[Reading | Exception]:
            if number == 2:
                raise self.error
            return [ValueError("unreadable") for _ in documents]

        return take

    def close(self) -> None:
        pass


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ModelError("没有模型")])
def test_what_was_given_out_and_not_filed_goes_back(tmp_path: Path, error: BaseException) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with store.writing() as session:
        for number in range(40):
            inbox.accept(session, document(str(number)))
    with pytest.raises(type(error)):
        CrewWorker(store, Failing(error), batch=4).drain()
    with store.reading() as session:
        assert inbox.counts(session) == {"accepted": 36, "working": 0, "done": 0, "failed": 4, "set_aside": 0}
    store.close()


def test_no_process_outlives_the_one_that_gives_out_work(tmp_path: Path) -> None:
    crew = ProcessCrew(FAKE, 2)
    crew.submit([document("a")])()
    running = list(crew._pool._processes)
    closing = threading.Thread(target=crew.close)
    closing.start()
    closing.join(60)
    assert not closing.is_alive()
    assert not [number for number in running if Path(f"/proc/{number}").exists()]


@pytest.mark.parametrize(
    ("engine", "address", "said"), [("spark", "", "local 或 ray"), ("local", "10.0.0.1:6379", "--engine ray")]
)
def test_an_engine_there_is_not_is_refused(engine: str, address: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ingest_command._crew(FAKE, 2, engine, address)
