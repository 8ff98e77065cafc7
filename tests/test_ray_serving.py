"""`fanzha serve --engine ray`: replicas share one inbox, who is killed is replaced and loses nothing, all stop together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from benchmarks.process_figures import family
from serving import inbox
from serving.store import open_store
from serving.store.tables import InboxRow, ReportRow
from tests.api_world import FAKE, KEY, OPERATOR
from tests.processes import environment, server, wait_for

# As in test_ray.py: nothing but loopback, a busy machine is slow and not broken.
PATIENT = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_raylet_start_wait_time_s": "200",
    "RAY_agent_register_timeout_ms": "200000",
    "RAY_USAGE_STATS_ENABLED": "0",
}
os.environ.update(PATIENT)
ray = pytest.importorskip("ray", reason="needs the extra scale (make test-all)")
pytest.importorskip("ray.serve", reason="needs the extra scale (make test-all)")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MORE = {"FANZHA_ANALYZER": FAKE, "FAKE_PAUSE": "0.05", "FANZHA_OPERATOR_KEY": KEY, **PATIENT}
COMPLAINTS = 40


def replicas_of(process: int) -> set[int]:
    """The processes of replicas among all that a process started."""
    return {each for each in family(process) if _called(each).startswith(b"ray::ServeReplica")}


def _called(process: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def until_ready(address: str, running: subprocess.Popen[bytes], folder: Path) -> None:
    """Ray takes a quarter of a minute, on a busy machine several."""

    def answered() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{address}/readyz", timeout=60).status_code == 200
        return False

    wait_for(lambda: answered() or running.poll() is not None, seconds=400, pause=0.2)
    assert running.poll() is None, (folder / "serve.log").read_text()


def test_replicas_share_one_inbox_and_one_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    accepted: set[str] = set()

    def send(number: int) -> None:
        body = {"text": f"被骗了 损失：{number}", "external_id": f"n{number}"}
        for _ in range(100):  # whose replica is killed sends again, under the same number
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.post(f"{address}/v1/reports", json=body, headers=OPERATOR, timeout=60)
                if answer.status_code in (200, 201, 202):
                    accepted.add(answer.json()["id"])
                    return

    with server(tmp_path, "--store", "s.db", "--engine", "ray", "--replicas", "2", **MORE) as (address, running):
        until_ready(address, running, tmp_path)
        log = tmp_path / "serve.log"
        wait_for(lambda: "副本已就绪" in log.read_text() or running.poll() is not None, seconds=400)  # all of them
        before = wait_for(lambda: len(now := replicas_of(running.pid)) == 2 and now)
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(send, number) for number in range(COMPLAINTS)]
            wait_for(lambda: len(accepted) > 5)
            os.kill(min(before), signal.SIGKILL)
            for each in sent:
                each.result(300)
        assert len(accepted) == COMPLAINTS
        after = wait_for(lambda: len(now := replicas_of(running.pid)) == 2 and now, seconds=400)
        assert min(before) not in after
        until_ready(address, running, tmp_path)
        store = open_store(f"sqlite:///{tmp_path}/s.db")

        def states() -> dict[str, int]:
            with store.reading() as session:
                return {state: count for state, count in inbox.counts(session).items() if count}

        wait_for(lambda: states() == {"done": COMPLAINTS})
        with store.reading() as session:
            assert {row.id for row in session.query(ReportRow) if row.state == "analysed"} == accepted
            assert len({row.claimed_by for row in session.query(InboxRow)}) >= 2  # both worked
        # Whichever replica answers: every change once, in order, none left out.
        told = list(changes_of(address))
        assert [change["sequence"] for change in told] == list(range(1, len(told) + 1))
        assert sum(len(incident["sources"]) for incident in incidents_of(address)) == COMPLAINTS
        _stopping(address, running, states)
        store.close()


def changes_of(address: str) -> Iterator[dict[str, int]]:
    """The feed, page by page, each page on a connection of its own."""
    after = 0
    while True:
        page = httpx.get(
            f"{address}/v1/changes", params={"after": after, "limit": 7}, headers=OPERATOR, timeout=60
        ).json()
        yield from page["changes"]
        after = page["last"]
        if not page["more"]:
            return


def incidents_of(address: str) -> list[dict[str, list[str]]]:
    page = httpx.get(f"{address}/v1/incidents", params={"limit": 500}, headers=OPERATOR, timeout=60).json()
    return [
        httpx.get(f"{address}/v1/incidents/{each['id']}", headers=OPERATOR, timeout=60).json()
        for each in page["incidents"]
    ]


def _stopping(address: str, running: subprocess.Popen[bytes], states: object) -> None:
    """Stopped while somebody follows and others send: each is answered, told to come again or cut off, and nothing stays in hand."""
    began, statuses = threading.Event(), []

    def follow() -> None:
        with contextlib.suppress(httpx.TransportError), httpx.stream(
            "GET", f"{address}/v1/changes/stream", headers=OPERATOR, timeout=120
        ) as stream:  # fmt: skip
            for _ in stream.iter_lines():
                began.set()

    def send(number: int) -> None:
        with contextlib.suppress(httpx.TransportError):
            body = {"text": f"又被骗 损失：{number}", "external_id": f"late{number}"}
            answer = httpx.post(f"{address}/v1/reports", json=body, headers=OPERATOR, timeout=120)
            statuses.append(answer.status_code)

    processes = set(family(running.pid))
    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    assert began.wait(60)
    with ThreadPoolExecutor(8) as pool:
        late = [pool.submit(send, number) for number in range(16)]
        wait_for(lambda: len(statuses) > 2)
        running.send_signal(signal.SIGTERM)
        for each in late:
            each.result(120)
    assert running.wait(200) == 0
    assert set(statuses) <= {201, 202, 503}, statuses
    counts = states()  # type: ignore[operator]
    assert set(counts) <= {"done", "accepted"}
    assert sum(counts.values()) >= COMPLAINTS + sum(status in (201, 202) for status in statuses)
    wait_for(lambda: not [each for each in processes if Path(f"/proc/{each}").exists()])


def test_nodes_with_other_settings_are_one_clear_error(tmp_path: Path) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "node_ip_address": "127.0.0.1"})
    try:
        command = [sys.executable, "-m", "serving.command", "serve", "--engine", "ray", "--address", cluster.address]
        ran = subprocess.run(
            command, cwd=tmp_path, env=environment(FANZHA_PLACES="7", **MORE), capture_output=True, text=True, timeout=400, check=False
        )  # fmt: skip
    finally:
        cluster.shutdown()
    assert ran.returncode == 1, ran.stderr
    assert "设置与下命令的进程不同" in ran.stderr
    assert "FANZHA_OPERATOR_KEY" in ran.stderr
    assert KEY not in ran.stderr
    assert "Traceback" not in ran.stderr
