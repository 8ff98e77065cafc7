"""The same tests on PostgreSQL: a server of our own on a free port, the tests of inbox and worker against it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import faults_database
import pytest

from tests.postgres_server import controlled, missing, running
from tests.processes import TESTS, environment, wait_for

SAME = (
    ("test_inbox.py", "test_worker.py", "test_feed_sequence.py", "test_backup.py"),
    ("test_rulings.py", "test_standing.py", "test_retold.py", "test_retold_stays.py"),
    ("test_sealed.py", "test_retention.py", "test_gone_texts.py", "test_held.py"),
    ("test_old_stores.py",),
    (
        "test_listening.py",
        "test_index_pages.py",
    ),  # several API processes, one inbox, one of them killed; lists by the index
    ("test_annotation_store.py", "test_annotation_queue.py", "test_taxonomies.py"),
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a running server, without a database."""
    if reason := missing():
        pytest.skip(reason)
    with running("fsync=off") as url:  # nothing here takes the power from it
        yield url


@pytest.mark.parametrize("files", SAME)
def test_the_same_holds_on_postgresql(server: str, files: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files], cwd=TESTS, capture_output=True, text=True,
        env=os.environ | {"FANZHA_TEST_POSTGRES": server, "FANZHA_TEST_OF": str(os.getpid()), "PYTHONPATH": str(TESTS.parent)}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-6000:]


def test_a_server_goes_with_whoever_started_it_also_by_kill_9() -> None:
    if reason := missing():
        pytest.skip(reason)
    code = "from tests.postgres_server import Postgres\np = Postgres()\np.start()\nprint(p.folder, flush=True)\ninput()"
    owner = subprocess.Popen(
        [sys.executable, "-c", code], cwd=TESTS.parent, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{server}").exists()
    owner.kill()
    owner.communicate()
    wait_for(lambda: not folder.exists() and not Path(f"/proc/{server}").exists())


def test_a_database_that_goes_down_and_comes_back_loses_nothing_and_needs_nobody(tmp_path: Path) -> None:
    """Under the server and a worker: one clear 503 meanwhile, then all goes on by itself. `faults_database` does it as often as one likes."""
    if reason := missing():
        pytest.skip(reason)
    with controlled() as postgres:
        answers = faults_database.down_and_back(postgres, tmp_path, 2)
    assert answers["POST 503"] >= 6
    assert answers["POST 201"] + answers.get("POST 202", 0) >= 10
