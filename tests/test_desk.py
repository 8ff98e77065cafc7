"""Requests that wait for an analysis are read together: one pass, one transaction, a bound, a failing text alone, an orderly end."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from nlp import model_folder
from nlp.records import Document, Reading
from serving import inbox, reports
from serving.api import desk as desk_module
from serving.api.desk import Desk
from serving.api.problems import BusyError
from serving.inbox import Claim
from serving.store import Store, open_store
from serving.store.tables import ReportRow
from serving.worker import Worker, file_readings
from tests.api_world import FAKE, KEY, OPERATOR, complain, ok, problem, serving, settings_at
from tests.fake_analyzer import FakeAnalyzer
from tests.processes import server, until_it_answers, wait_for

TEXT = "被骗了 受害人：赵小红 地点：云南省/昆明市 530100 损失：32800"


class Recording(FakeAnalyzer):
    """Tells how many documents came in each pass; the first waits until `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.passes: list[list[str]] = []
        self.begun, self.go = threading.Event(), threading.Event()

    def analyze(self, documents: Iterable[Document]) -> Iterator[Reading]:
        documents = list(documents)
        self.passes.append([document.doc_id for document in documents])
        self.begun.set()
        assert self.go.wait(60)
        yield from super().analyze(documents)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/desk.db")
    yield opened
    opened.close()


def claimed(store: Store, number: int, text: str = TEXT) -> Claim:
    """A complaint, accepted and claimed in one transaction, as a request does it."""
    with store.writing() as session:
        got = reports.receive(session, Document("", f"{text} 第{number}件"), external_id=f"n{number}")
        (claim,) = inbox.claim(session, inbox.this_worker(), limit=1, only=[got.document_id])
    return claim


def busy_desk(store: Store, *, places: int = 100) -> tuple[Desk, Recording]:
    """A desk in the middle of its first pass, which ends when `go` is set."""
    analyzer = Recording()
    desk = Desk(store, lambda: analyzer, places=places)
    desk.start()
    desk.read([Document("first", "x")])
    assert analyzer.begun.wait(60)
    return desk, analyzer


def states(store: Store) -> dict[str, int]:
    with store.reading() as session:
        return {state: number for state, number in inbox.counts(session).items() if number}


def test_what_comes_while_a_pass_is_under_way_is_read_in_the_next_one_together(store: Store) -> None:
    desk, analyzer = busy_desk(store)
    futures = [desk.file(claimed(store, number)) for number in range(5)]
    analyzer.go.set()
    readings = [future.result(60) for future in futures]
    assert [len(names) for names in analyzer.passes] == [1, 5]
    assert all(isinstance(reading, Reading) for reading in readings)
    assert states(store) == {"done": 5}  # filed before anybody is told
    desk.close(60)


def test_the_next_pass_is_read_while_the_one_before_is_filed_and_is_filed_after_it(store: Store, monkeypatch) -> None:
    filed, filing, go_on = [], threading.Event(), threading.Event()

    def slowly(of, claims, readings):
        filing.set()
        assert go_on.wait(60)
        filed.append([claim.document.metadata["external_id"] for claim in claims])
        return file_readings(of, claims, readings)

    monkeypatch.setattr(desk_module, "file_readings", slowly)
    analyzer = Recording()
    analyzer.go.set()
    desk = Desk(store, lambda: analyzer, places=9)
    claims = [claimed(store, number) for number in range(3)]
    desk.start()
    first = desk.file(claims[0])
    assert filing.wait(60)
    second = desk.file(claims[1])
    wait_for(lambda: len(analyzer.passes) == 2)  # read, while the first is not filed yet
    loose = desk.read([Document("loose", "x")])[0]
    assert not first.done()
    assert states(store) == {"working": 3}
    closing = threading.Thread(target=desk.close, args=(60,))  # both passes that are under way are finished
    go_on.set()
    first.result(60)
    second.result(60)
    loose.result(60)
    closing.start()
    closing.join(60)
    assert filed == [["n0"], ["n1"]]
    assert states(store) == {"done": 2, "working": 1}
    assert not desk.alive


def test_a_text_that_fails_fails_alone(store: Store) -> None:
    desk, analyzer = busy_desk(store)
    futures = [desk.file(claimed(store, number, text)) for number, text in enumerate((TEXT, "POISON", TEXT))]
    loose = desk.read([Document("a", "POISON"), Document("b", "骗")])
    analyzer.go.set()
    kinds = [type(future.result(60)) for future in (*futures, *loose)]
    assert kinds == [Reading, ValueError, Reading, ValueError, Reading]
    assert states(store) == {"done": 2, "failed": 1}
    desk.close(60)


def test_complaints_go_first_and_a_large_request_moves_on_all_the_same(store: Store, monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "MOST_DOCUMENTS", 2)
    desk, analyzer = busy_desk(store)
    loose = desk.read([Document(f"loose {number}", "x") for number in range(3)])
    filed = [desk.file(claimed(store, number)) for number in range(4)]
    analyzer.go.set()
    for future in (*loose, *filed):
        future.result(60)
    told = [["loose" if name.startswith("loose") else "filed" for name in names] for names in analyzer.passes[1:]]
    assert told == [["filed", "filed", "loose"], ["filed", "filed", "loose"], ["loose"]]
    desk.close(60)


def test_what_a_request_gave_up_is_not_read(store: Store) -> None:
    desk, analyzer = busy_desk(store)
    first, second = desk.read([Document("given up", "x"), Document("wanted", "x")])
    first.cancel()
    analyzer.go.set()
    second.result(60)
    assert analyzer.passes == [["first"], ["wanted"]]
    desk.close(60)


def test_places_and_waiting_characters_are_bounded(store: Store, monkeypatch) -> None:
    desk, analyzer = busy_desk(store, places=2)
    with desk.place(), desk.place(), pytest.raises(BusyError), desk.place():
        pass
    with desk.place():  # given back
        pass
    monkeypatch.setattr(desk_module, "MOST_LOOSE", 10)
    desk.read([Document("large", "x" * 100)])  # one may always wait
    with pytest.raises(BusyError):
        desk.read([Document("more", "x")])
    assert desk.refused == 2
    analyzer.go.set()
    desk.close(60)


def test_no_more_is_taken_in_than_can_be_done_in_the_time_that_is_promised(store: Store) -> None:
    desk = Desk(store, FakeAnalyzer, places=100)
    desk.pace = 0.5  # a second is two units' worth: seven units in three and a half seconds
    with ExitStack() as taken:
        for _ in range(7):
            taken.enter_context(desk.place())
        with pytest.raises(BusyError), desk.place():
            pass
        desk.pace = 0.4
        taken.enter_context(desk.place())
    desk.pace = 4.0  # the largest request there is finds a place where nobody waits
    with desk.place(10_000_000), pytest.raises(BusyError), desk.place():
        pass
    desk.pace = 60.0  # a store that was locked: a few still come in, and show how fast it goes now
    with ExitStack() as taken:
        for _ in range(int(desk_module.LEAST_UNITS)):
            taken.enter_context(desk.place())
        with pytest.raises(BusyError), desk.place():
            pass
    assert desk.refused == 3
    assert desk.waiting == 0
    desk.start()
    for number in range(12):
        desk.file(claimed(store, number)).result(60)
    assert desk.pace < 30.0  # and it does
    desk.close(60)


def test_stopping_finishes_what_is_being_read_and_gives_back_the_rest(store: Store) -> None:
    analyzer = Recording()
    desk = Desk(store, lambda: analyzer, places=9)
    desk.start()
    begun = desk.file(claimed(store, 1))
    assert analyzer.begun.wait(60)
    waiting, loose = desk.file(claimed(store, 2)), desk.read([Document("a", "x")])[0]
    closing = threading.Thread(target=desk.close, args=(60,))
    closing.start()
    wait_for(waiting.cancelled)
    analyzer.go.set()
    closing.join(60)
    assert isinstance(begun.result(0), Reading)
    with pytest.raises(CancelledError):
        loose.result(0)
    late = desk.file(claimed(store, 3))
    assert late.cancelled()
    with pytest.raises(BusyError), desk.place():
        pass
    assert states(store) == {"accepted": 2, "done": 1}
    with store.reading() as session:  # never begun: they count as never tried
        assert sorted(row.attempts for row in session.query(inbox.InboxRow)) == [0, 0, 1]
    assert not desk.alive


def test_a_database_that_fails_gives_the_complaints_back_and_the_desk_goes_on(store: Store, monkeypatch) -> None:
    desk, analyzer = busy_desk(store)
    analyzer.go.set()
    monkeypatch.setattr(desk_module, "file_readings", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        desk.file(claimed(store, 1)).result(60)
    assert states(store) == {"accepted": 1}
    monkeypatch.undo()
    desk.file(claimed(store, 2)).result(60)
    assert states(store) == {"accepted": 1, "done": 1}
    desk.close(60)


def test_when_all_places_are_taken_nothing_is_stored_and_the_sender_is_told_when_to_come_back(tmp_path: Path) -> None:
    with serving(replace(settings_at(tmp_path), places=1)) as api:
        asked = [
            ("post", "/v1/reports", {"text": TEXT}), ("post", "/v1/documents", {"text": TEXT}),
            ("post", "/v1/analyze", {"documents": [{"text": TEXT}]}),
        ]  # fmt: skip
        with api.app.state.engine.desk.place():
            for method, address, body in asked:
                refused = api.request(method, address, json=body, headers=OPERATOR)
                assert problem(refused, 503)["type"].endswith(":busy")
                assert refused.headers["retry-after"] == "5"
            assert ok(api.get("/v1/reports", headers=OPERATOR))["reports"] == []  # questions are answered meanwhile
            assert states(api.app.state.engine.store) == {}
        for method, address, body in asked:
            ok(api.request(method, address, json=body, headers=OPERATOR))


def test_many_complaints_at_once_are_answered_as_each_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(desk_module, "PROMISE_SECONDS", 600.0)  # a busy machine refuses none here
    texts = [f"被骗了 受害人：赵小红 损失：{1000 + 7 * number}" for number in range(10)]

    def told(report):
        return [report["label"], report["kind"], report["state"], report["articles"], report["text"]]

    with serving(settings_at(tmp_path / "one")) as api:
        alone = [told(complain(api, text)) for text in texts]
    with serving(settings_at(tmp_path / "two")) as api, ThreadPoolExecutor(5) as pool:
        together = list(pool.map(lambda text: told(complain(api, text)), texts))
        assert states(api.app.state.engine.store) == {"done": 10}
    assert together == alone


@pytest.mark.skipif(
    not (model_folder.MODELS / "default.txt").is_file(), reason="needs the default model under nlp/models"
)
def test_the_shipped_model_reads_a_text_the_same_whatever_is_read_beside_it(store: Store) -> None:
    from nlp.analyze import Analyzer

    analyzer = Analyzer(model_folder.load_default())
    texts = [
        "我在网上刷单被骗，先后转账5笔共计32800元，对方把我拉黑了。", "本市昨日举行植树活动，三百人参加。",
        "警方提醒：凡是要求先交解冻费的网络贷款都是诈骗。" * 8, "昆明市公安局打掉一个诈骗团伙，抓获陈某等12人，涉案金额300余万元。",
    ]  # fmt: skip
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    alone = [next(analyzer.analyze([document])) for document in documents]
    desk = Desk(store, lambda: analyzer, places=9)
    together = desk.read(documents)  # before it starts: one pass
    desk.start()
    assert [future.result(120) for future in together] == alone
    desk.close(60)


def test_a_server_that_is_stopped_loses_no_complaint(tmp_path: Path) -> None:
    """SIGTERM in the middle of twelve: each is answered, or was never accepted, or waits in the inbox; the next start finishes it."""
    accepted, store = [], tmp_path / "f.db"
    more = {"FANZHA_ANALYZER": FAKE, "FAKE_PAUSE": "0.2", "FANZHA_OPERATOR_KEY": KEY}

    def send(address: str, number: int) -> None:
        body = {"text": f"被骗了 损失：{number}", "external_id": f"n{number}"}
        try:
            answer = httpx.post(f"{address}/v1/reports", json=body, headers=OPERATOR, timeout=60)
        except httpx.TransportError:
            return
        if answer.status_code in (201, 202):
            accepted.append(json.loads(answer.text)["id"])

    with server(tmp_path, "--store", str(store), **more) as (address, running):
        until_it_answers(f"{address}/readyz", running, tmp_path)
        senders = [threading.Thread(target=send, args=(address, number)) for number in range(12)]
        for sender in senders:
            sender.start()
        wait_for(lambda: accepted)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) is not None
        for sender in senders:
            sender.join(60)
    opened = open_store(f"sqlite:///{store}")
    with opened.reading() as session:
        left = inbox.counts(session)
    assert left["working"] == left["failed"] == left["set_aside"] == 0
    Worker(opened, FakeAnalyzer()).drain()  # what the next start does
    with opened.reading() as session:
        there = {row.id for row in session.query(ReportRow) if row.state == "analysed"}
    opened.close()
    assert len(there) == left["accepted"] + left["done"]
    assert set(accepted) <= there
