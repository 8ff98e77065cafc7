"""Ray reads, the store ends as after one process: on a cluster of several nodes, one of them killed in the middle."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_command import done, environment, fanzha
from test_kill import write_documents
from whole_store import rows_of

from nlp.errors import InputError
from nlp.records import Document, Reading
from serving.crew import DiedWhileReading
from serving.settings import Settings
from tests.processes import ROOT, TESTS, wait_for

# Read when Ray is imported: no node has an address but loopback, a busy machine is slow and not broken, nothing is reported to anybody.
LOOPBACK = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_raylet_start_wait_time_s": "200",
    "RAY_agent_register_timeout_ms": "200000",
    "RAY_USAGE_STATS_ENABLED": "0",
}
os.environ.update(LOOPBACK)
ray = pytest.importorskip("ray", reason="needs the extra scale (make test-all)")
pytestmark = pytest.mark.slow
FAKE = Settings(analyzer="tests.fake_analyzer:make")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that gives out work and two nodes that do it, all on loopback."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{TESTS}")
    monkeypatch.setenv("FAKE_PAUSE", "0.03")
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "node_ip_address": "127.0.0.1"})
    for _ in range(2):
        nodes.add_node(num_cpus=1, node_ip_address="127.0.0.1")
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def test_a_node_that_is_killed_in_the_middle_changes_nothing(tmp_path: Path, cluster: Any) -> None:
    write_documents(tmp_path, 400)
    assert fanzha(tmp_path, "ingest", "documents.jsonl", "--store", "alone.db", FANZHA_BATCH="8").returncode == 0
    command = [sys.executable, "-m", "serving.command", "ingest", "documents.jsonl", "--store", "ray.db", "--json"]
    options = ["--engine", "ray", "--address", cluster.address, "--workers", "2"]
    store = tmp_path / "ray.db"
    with subprocess.Popen(
        [*command, *options], cwd=tmp_path, env=environment(FANZHA_BATCH="8", **LOOPBACK),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        wait_for(lambda: done(store) > 60 or running.poll() is not None)
        assert running.poll() is None, running.communicate()
        gone = cluster.list_all_nodes()[-1]
        cluster.remove_node(gone, allow_graceful=False)
        killed_at = done(store)
        cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
        _, errors = running.communicate(timeout=200)
    assert running.returncode == 0, errors
    assert killed_at < 400, "the kill came too late to show anything"
    with sqlite3.connect(store) as connection:
        assert connection.execute("SELECT state, error, count(*) FROM inbox GROUP BY 1, 2").fetchall() == [
            ("done", "", 400)
        ]
    alone, by_ray = rows_of(tmp_path / "alone.db"), rows_of(store)
    assert len(alone["documents"]) == 400
    assert {table: by_ray[table] == rows for table, rows in alone.items()} == dict.fromkeys(alone, True)


def test_nodes_read_what_lies_at_an_address_and_the_store_ends_as_after_one_process(
    tmp_path: Path, cluster: Any
) -> None:
    """Parquet, a crawl in JSON Lines, pages, one bad file: the same rows in the same order, whoever opened the files."""
    from pyarrow import Table, parquet

    folder = tmp_path / "corpus"
    (folder / "b").mkdir(parents=True)
    rows = [{"id": f"p{n}", "正文": f"嫌疑人：张某{n} 骗 损失：{n}"} for n in range(250)]
    parquet.write_table(
        Table.from_pylist([*rows, {"id": "leer", "正文": ""}]), folder / "b" / "part.parquet", row_group_size=40
    )
    for n in range(30):
        (folder / f"{n:02}.txt").write_text(f"骗 第{n}起 损失：{1000 + n}")
    (folder / "alt.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    source = f"file://{folder}"
    alone = fanzha(tmp_path, "ingest", source, "--store", "alone.db", "--json", FANZHA_BATCH="8")
    by_ray = fanzha(
        tmp_path, "ingest", source, "--store", "ray.db", "--json", "--engine", "ray", "--address", cluster.address,
        "--workers", "2", FANZHA_BATCH="8", **LOOPBACK,
    )  # fmt: skip
    again = fanzha(
        tmp_path, "ingest", source, "--store", "ray.db", "--json", "--engine", "ray", "--address", cluster.address,
        **LOOPBACK,
    )  # fmt: skip
    assert alone.returncode == by_ray.returncode == again.returncode == 0, (alone.stderr, by_ray.stderr, again.stderr)
    one, other, third = (json.loads(ran.stdout) for ran in (alone, by_ray, again))
    assert one["refused"] == other["refused"]
    assert len(one["refused"]) == 2
    assert (other["new"], third["new"], third["already"]) == (280, 0, 280)
    by_one, by_nodes = rows_of(tmp_path / "alone.db"), rows_of(tmp_path / "ray.db")
    assert len(by_one["documents"]) == 280
    # The second reading is a batch of its own; all else is as after one process.
    assert {table: by_nodes[table] == rows for table, rows in by_one.items()} == dict.fromkeys(by_one, True)


def test_a_document_that_kills_its_actor_is_given_up(cluster: Any) -> None:
    from serving.crew_ray import RayCrew

    crew = RayCrew(FAKE, 2, cluster.address)
    try:
        bad = crew.submit([Document("a", "骗 a"), Document("b", "DIE"), Document("c", "POISON")])
        good = crew.submit([Document("d", "骗 d")])
        a, b, c = bad()
        assert isinstance(a, Reading)
        assert isinstance(b, DiedWhileReading)
        assert isinstance(c, Exception)
        assert [reading.doc_id for reading in good()] == ["d"]
    finally:
        crew.close()


def test_a_cluster_that_does_not_answer_is_one_clear_error() -> None:
    from serving.crew_ray import RayCrew

    with pytest.raises(InputError, match="连不上 Ray 集群"):
        RayCrew(FAKE, 1, "127.0.0.1:1")
