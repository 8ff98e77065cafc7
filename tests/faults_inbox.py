"""Killed on the way from a sender to the feed: while accepting, while analysing, while filing and resolving; and saved while others write.

As in `faults`: each takes a folder of its own and a number, which says where the fault falls, and returns whether it fell.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import kept_world
import sqlalchemy as sa
from dying import killed, once
from fake_analyzer import FakeAnalyzer
from faults import whole
from stores import empty_address, fresh_address
from test_worker import DENGZHOU, LUQUAN, complaint, told, unlike

from nlp.records import Document
from serving import inbox
from serving.keeping import backup, backup_file, restore
from serving.store import Store, open_store
from serving.store.tables import ArticleRow, CaseRow, DocumentRow, ReportRow
from serving.worker import Worker


def sent() -> list[Document]:
    """What a sender sends: five tellings of three cases, one of something else, two complaints."""
    complaints = [complaint(f"我被骗了，{unlike(at)}\n损失：{at}00", f"TS-{at}") for at in (31, 32)]
    return [
        told("甲报", more=unlike(1)), told("乙报", more=unlike(1) + "，警方介入"), complaints[0],
        told("丙报", "胡某某", LUQUAN, 3460, unlike(2)), Document("丁", "今年大丰收"),
        told("戊报", "孙某海", DENGZHOU, 990, unlike(3)), complaints[1],
        told("己报", "胡某某", LUQUAN, 3460, unlike(4)),
    ]  # fmt: skip


def accept(folder: Path, number: int) -> bool:
    """Killed while documents are accepted one by one: what was answered for is there, and all can be sent again."""
    address = empty_address(folder)
    answered = folder / "answered.txt"
    answered.touch()
    code = (
        "from faults_inbox import sent\nfrom serving import inbox\nfrom serving.store import open_store\n"
        f"store = open_store({address!r})\nlisten()\nwith open({str(answered)!r}, 'a') as file:\n    for document in sent():\n"
        "        with store.writing() as session:\n            inbox.accept(session, document)\n"
        "        step()\n        file.write(document.doc_id + chr(10))\n        file.flush()\n        step()\n"
    )
    was_killed = killed(code, number, events=())
    names = [document.doc_id for document in sent()]
    promised = answered.read_text().split()
    store = open_store(address)
    with store.reading() as session:
        there = list(session.scalars(sa.select(DocumentRow.doc_id)))
        # What was committed and not yet answered for may be there, too.
        once(names[: max(len(promised), min(len(there), len(promised) + 1))], there)
        assert inbox.counts(session)["accepted"] == len(there)
    with store.writing() as session:  # the sender who heard nothing sends all of it again
        for document in sent():
            inbox.accept(session, document)
    Worker(store, FakeAnalyzer()).drain()
    _as_undisturbed(store)
    return was_killed


def analyse(folder: Path, number: int) -> bool:
    """Killed while documents are being read by a worker: another one finishes them, each once."""
    code = (
        "from fake_analyzer import FakeAnalyzer\nfrom serving.store import open_store\nfrom serving.worker import Worker\n"
        "class Dying(FakeAnalyzer):\n    def _read(self, document):\n        step()\n        read = super()._read(document)\n"
        "        step()\n        return read\n"
        "Worker(open_store({address!r}), Dying(), batch=3).drain()\n"
    )
    return _worker(folder, number, code)


def resolve(folder: Path, number: int) -> bool:
    """Killed at a statement of filing: readings, cases, incidents, numbers and the mark "done" are all there or none is."""
    code = (
        "from fake_analyzer import FakeAnalyzer\nfrom serving import worker\nfrom serving.store import open_store\n"
        "store, real, began = open_store({address!r}), worker.file_readings, []\n"
        "def filing(*words):\n    began or (began.append(1), listen())\n    return real(*words)\n"
        "worker.file_readings = filing\nworker.Worker(store, FakeAnalyzer(), batch=3).drain()\n"
    )
    return _worker(folder, number, code)


def backup_while_writing(folder: Path, number: int) -> bool:
    """Saved while two threads accept and file: the copy is one moment, verified, and holds what was answered for before it began."""
    store = open_store(kept_world.filled(folder))
    with store.reading() as session:
        first = list(session.scalars(sa.select(DocumentRow.doc_id)))
    stop, failures, answered = threading.Event(), [], list(first)

    def go_on(thread: int) -> None:
        try:
            for at in range(500):
                if stop.is_set():
                    return
                document = told(f"{thread}-{at}", f"{chr(0x5E00 + at)}某{chr(0x6E00 + at)}", more=unlike(9 + at % 40))
                with store.writing() as session:
                    inbox.accept(session, document)
                answered.append(document.doc_id)
                Worker(store, FakeAnalyzer()).step()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=go_on, args=(thread,)) for thread in range(2)]
    for thread in threads:
        thread.start()
    try:
        while len(answered) < len(first) + 1 + number % 10:
            stop.wait(0.005)
            assert not failures, failures
        before = list(answered)
        backup.write(store, file := folder / "saved.fanzha", actor="测试")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    backup_file.verify(file)
    restore.restore(file, address := fresh_address(folder), actor="测试")
    again = open_store(address)
    with again.reading() as session:
        there = list(session.scalars(sa.select(DocumentRow.doc_id)))
    once(before + [name for name in dict.fromkeys(there) if name not in set(before)], there)
    assert set(there) <= set(answered)
    whole(again)
    Worker(again, FakeAnalyzer()).drain()  # what was accepted and not yet read at that moment is read now
    with again.reading() as session:
        assert inbox.counts(session)["accepted"] == 0
    whole(again)
    store.close()
    again.close()
    os.unlink(file)
    return True


def _worker(folder: Path, number: int, code: str) -> bool:
    """A worker runs `code` on a store in which all that is sent waits, and is killed; another one does the rest."""
    address = empty_address(folder)
    store = open_store(address)
    with store.writing() as session:
        for document in sent():
            inbox.accept(session, document)
    store.close()
    was_killed = killed(code.replace("{address!r}", repr(address)), number, events=())
    store = open_store(address)
    Worker(store, FakeAnalyzer()).drain()
    _as_undisturbed(store)
    return was_killed


def _as_undisturbed(store: Store) -> None:
    """Documents, reports, articles, cases and incidents are those of a store that nobody disturbed. Closes the store."""
    found = _told(store)
    for what, rows in undisturbed().items():
        once(rows, found[what])
    whole(store)
    store.close()


@cache
def undisturbed() -> dict[str, list[Any]]:
    """What a store holds after all that is sent, where nobody disturbed it."""
    store = open_store("sqlite://")
    with store.writing() as session:
        for document in sent():
            inbox.accept(session, document)
    Worker(store, FakeAnalyzer()).drain()
    found = _told(store)
    store.close()
    return found


def _told(store: Store) -> dict[str, list[Any]]:
    with store.reading() as session:
        incidents: dict[str, set[str]] = {}
        for case, incident in session.execute(sa.select(CaseRow.id, CaseRow.incident_id)):
            incidents.setdefault(incident, set()).add(case)
        return {
            "documents": list(session.scalars(sa.select(DocumentRow.doc_id))),
            "reports": list(session.scalars(sa.select(ReportRow.external_id))),
            "articles": [tuple(row) for row in session.execute(sa.select(ArticleRow.document_id, ArticleRow.number, ArticleRow.kind))],
            "cases": [case for cases in incidents.values() for case in sorted(cases)],
            "incidents": [tuple(sorted(cases)) for cases in incidents.values()],
            "states": [state for state, count in inbox.counts(session).items() for _ in range(count)],
        }  # fmt: skip


__all__ = ["accept", "analyse", "backup_while_writing", "resolve", "sent", "undisturbed"]
