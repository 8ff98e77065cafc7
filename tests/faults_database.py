"""PostgreSQL goes down and comes back while the server runs and people send complaints and follow the feed.

In: a server of PostgreSQL of our own, how often. Out: what was answered. Two programs run against one database: `fanzha serve`, with its
worker, is asked over HTTP by senders and followers; a worker of another process analyses beside it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from dying import once
from faults import whole
from stores import fresh_address

from serving import inbox
from serving.store import open_store
from serving.store.tables import DocumentRow, ReportRow
from tests.api_world import KEY, OPERATOR, PROBLEM
from tests.postgres_server import Postgres
from tests.processes import server, until_it_answers, wait_for

FAKE = "tests.fake_analyzer:make"


@dataclass
class Senders:
    """People who send a complaint after the other and note what they were answered; one thread each."""

    address: str
    stop: threading.Event = field(default_factory=threading.Event)
    accepted: list[str] = field(default_factory=list)
    refused: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)

    def send(self, who: int) -> None:
        """Until `stop`; what is refused is sent again under its number, the last one to its end."""
        number = 0
        with httpx.Client(base_url=self.address, headers=OPERATOR, timeout=60) as client:
            while not self.stop.is_set():
                number += 1
                while not self.one(client, f"TS-{who}-{number}") and not self.surprises:
                    time.sleep(0.3)
                time.sleep(0.02)

    def one(self, client: httpx.Client, name: str) -> bool:
        """One complaint; True where it was kept (2xx), or it is refused with one clear 503; anything else is a surprise."""
        try:
            answered = client.post("/v1/reports", json={"text": f"我被骗了 {name}\n损失：100", "external_id": name})
        except httpx.HTTPError as error:
            self.surprises.append(f"{type(error).__name__} for {name}")
            return False
        self.answers[f"POST {answered.status_code}"] += 1
        if answered.status_code in (200, 201, 202):
            self.accepted.append(name)
            return True
        self.refused += 1
        self.clear(answered)
        return False

    def follow(self) -> None:
        """Read the feed from where one stands, until `stop`: no number twice, none left out."""
        after = 0
        with httpx.Client(base_url=self.address, headers=OPERATOR, timeout=60) as client:
            while not self.stop.is_set():
                answered = client.get("/v1/changes", params={"after": after, "limit": 100})
                self.answers[f"GET {answered.status_code}"] += 1
                if answered.status_code == 200:
                    for change in answered.json()["changes"]:
                        if change["sequence"] <= after:
                            self.surprises.append(f"{change['sequence']} after {after}")
                        after = change["sequence"]
                else:
                    self.clear(answered)
                time.sleep(0.1)

    def clear(self, answered: httpx.Response) -> None:
        """Is a refusal the one that says what to do?"""
        told = answered.headers.get("content-type", "") == PROBLEM and answered.json()
        if answered.status_code != 503 or not told or not told["advice"] or "retry-after" not in answered.headers:
            self.surprises.append(f"{answered.status_code} {answered.text[:300]}")


@contextlib.contextmanager
def _worker(address: str) -> Iterator[Any]:
    """A worker of another process, as `Worker.run` is; ended at last."""
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_work, args=(address,), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def _work(address: str) -> None:
    from serving.worker import Worker
    from tests.fake_analyzer import FakeAnalyzer

    Worker(open_store(address), FakeAnalyzer()).run(threading.Event())


def down_and_back(postgres: Postgres, folder: Path, times: int, senders: int = 3) -> dict[str, int]:
    """Stop and start the database `times` times under load; returns how often what was answered. Raises AssertionError."""
    os.environ["FANZHA_TEST_POSTGRES"] = postgres.url
    try:
        address = fresh_address(folder)
    finally:
        del os.environ["FANZHA_TEST_POSTGRES"]
    options = {"FANZHA_STORE": address, "FANZHA_ANALYZER": FAKE, "FANZHA_OPERATOR_KEY": KEY, "FANZHA_RATE": "100000"}
    with server(folder, **options) as (url, running), _worker(address) as worker:
        until_it_answers(f"{url}/readyz", running, folder)
        load = Senders(url)
        threads = [threading.Thread(target=load.send, args=(who,)) for who in range(senders)]
        threads.append(threading.Thread(target=load.follow))
        for thread in threads:
            thread.start()
        try:
            for turn in range(times):
                before = len(load.accepted)
                wait_for(lambda before=before: len(load.accepted) >= before + 5 or load.surprises)
                refused = load.refused
                postgres.stop("fast" if turn % 2 else "immediate")
                wait_for(lambda refused=refused: load.refused >= refused + 3 or load.surprises)
                assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
                assert httpx.get(f"{url}/readyz", timeout=60).status_code == 503
                postgres.start()
                assert running.poll() is None, (folder / "serve.log").read_text()[-3000:]
                assert worker.exitcode is None
                wait_for(lambda: httpx.get(f"{url}/readyz", timeout=60).status_code == 200)
        finally:
            load.stop.set()
            for thread in threads:
                thread.join()
        assert load.surprises == []
        # All is read by itself, without anybody being started anew.
        store = open_store(address)

        def all_read() -> bool:
            with store.reading() as session:
                return not sum(count for state, count in inbox.counts(session).items() if state != "done")

        wait_for(all_read, pause=0.2)
    with store.reading() as session:
        reports = list(session.scalars(sa.select(ReportRow.external_id)))
        documents = list(session.scalars(sa.select(DocumentRow.doc_id)))
    once(load.accepted, reports)
    assert len(documents) == len(reports)
    whole(store)
    store.close()
    return dict(load.answers)
