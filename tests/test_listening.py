"""Several processes serve one address over one store: each complaint is done once, who is killed is replaced, all stop together."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from nlp.errors import InputError
from serving import inbox
from serving.command import app
from serving.store import open_store
from serving.store.tables import InboxRow, ReportRow
from tests.api_world import FAKE, KEY, OPERATOR
from tests.processes import server, until_it_answers, wait_for
from tests.stores import fresh_address

MORE = {"FANZHA_ANALYZER": FAKE, "FAKE_PAUSE": "0.05", "FANZHA_OPERATOR_KEY": KEY}


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def serving_processes(process: int) -> list[int]:
    """The children that serve; multiprocessing keeps another that only watches."""
    return [child for child in children(process) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_two_processes_share_one_inbox_and_one_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    address_of_store, accepted = fresh_address(tmp_path), set()

    def send(number: int) -> None:
        body = {"text": f"被骗了 损失：{number}", "external_id": f"n{number}"}
        for _ in range(20):  # whose process is killed sends again, under the same number
            try:
                answer = httpx.post(f"{address}/v1/reports", json=body, headers=OPERATOR, timeout=60)
            except httpx.TransportError:
                continue
            if answer.status_code in (200, 201, 202):
                accepted.add(answer.json()["id"])
                return

    with server(tmp_path, "--store", address_of_store, "--workers", "2", **MORE) as (address, running):
        until_it_answers(f"{address}/readyz", running, tmp_path)
        before = serving_processes(running.pid)
        assert len(before) == 2
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(send, number) for number in range(40)]
            wait_for(lambda: len(accepted) > 5)
            os.kill(before[0], signal.SIGKILL)
            for each in sent:
                each.result(120)
        assert len(accepted) == 40
        after = wait_for(lambda: len(now := serving_processes(running.pid)) == 2 and now)
        assert before[1] in after
        assert before[0] not in after
        until_it_answers(f"{address}/readyz", running, tmp_path)
        store = open_store(address_of_store)

        def states() -> dict[str, int]:
            with store.reading() as session:
                return {state: count for state, count in inbox.counts(session).items() if count}

        wait_for(lambda: states() == {"done": 40})
        with store.reading() as session:
            assert {row.id for row in session.query(ReportRow) if row.state == "analysed"} == accepted
            owners = {row.claimed_by for row in session.query(InboxRow)}
        store.close()
        assert len(owners) >= 2  # both worked
        running.send_signal(signal.SIGTERM)
        running.wait(120)
        assert not any(Path(f"/proc/{child}").exists() for child in after)


def test_processes_that_cannot_start_end_with_the_reason(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}"  # a folder
    with server(tmp_path, "--store", store, "--workers", "2", **MORE) as (_, running):
        assert running.wait(120) == 1
    assert "事件库" in (tmp_path / "serve.log").read_text(encoding="utf-8")


def test_the_console_is_one_process() -> None:
    told = CliRunner().invoke(app, ["serve", "--console", "--workers", "2"])
    assert isinstance(told.exception, InputError)
    with pytest.raises(InputError, match="只能有一个进程"):
        raise told.exception
